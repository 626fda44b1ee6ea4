//! Line icons. They are decoration: the element beside an icon has the name.

use leptos::prelude::*;
use leptos::svg;

fn lines(paths: &'static [&'static str], class: &'static str) -> AnyView {
    svg::svg()
        .attr("viewBox", "0 0 24 24")
        .attr("class", class)
        .attr("fill", "none")
        .attr("stroke", "currentColor")
        .attr("stroke-width", "1.75")
        .attr("stroke-linecap", "round")
        .attr("stroke-linejoin", "round")
        .attr("aria-hidden", "true")
        .child(paths.iter().map(|path| svg::path().attr("d", *path)).collect::<Vec<_>>())
        .into_any()
}

/// An arrow to the left.
pub(crate) fn back() -> AnyView {
    lines(&["M15 5l-7 7 7 7"], "icon")
}

/// A bubble with somebody in it.
pub(crate) fn requests() -> AnyView {
    lines(
        &[
            "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5z",
            "M12 7.2a1.7 1.7 0 1 1 0 3.4a1.7 1.7 0 1 1 0-3.4",
            "M8.8 13.6c.6-1.3 1.8-2 3.2-2s2.6.7 3.2 2",
        ],
        "icon",
    )
}

/// Two people.
pub(crate) fn group() -> AnyView {
    lines(
        &[
            "M9 5.5a3 3 0 1 1 0 6a3 3 0 1 1 0-6",
            "M3 19c.5-3.2 2.9-5 6-5s5.5 1.8 6 5",
            "M15.5 5.9a3 3 0 0 1 0 5.2",
            "M17.5 14.6c1.9.7 3.1 2.2 3.5 4.4",
        ],
        "icon",
    )
}

/// A pen on a sheet.
pub(crate) fn compose() -> AnyView {
    lines(
        &[
            "M12 5H6a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2h11a2 2 0 0 0 2-2v-6",
            "M18.4 3.6a1.9 1.9 0 0 1 2.7 2.7L13 14.4l-3.6.9.9-3.6z",
        ],
        "icon",
    )
}

/// Two sliders.
pub(crate) fn settings() -> AnyView {
    lines(
        &[
            "M4 8h9",
            "M19 8h1",
            "M16 5.5a2.5 2.5 0 1 1 0 5a2.5 2.5 0 1 1 0-5",
            "M4 16h1",
            "M11 16h9",
            "M8 13.5a2.5 2.5 0 1 1 0 5a2.5 2.5 0 1 1 0-5",
        ],
        "icon",
    )
}

/// A paper plane's arrow.
pub(crate) fn send() -> AnyView {
    lines(&["M12 19V5", "M6 11l6-6 6 6"], "icon")
}

/// A padlock.
pub(crate) fn lock() -> AnyView {
    lines(&["M6.5 11h11v8.5h-11z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3", "M12 14.5v1.5"], "icon")
}

/// A cross.
pub(crate) fn close() -> AnyView {
    lines(&["M6 6l12 12", "M18 6L6 18"], "icon")
}

/// Two sheets.
pub(crate) fn copy() -> AnyView {
    lines(
        &[
            "M9 9h9a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2z",
            "M5 15a2 2 0 0 1-1-1.7V6a2 2 0 0 1 2-2h7.3A2 2 0 0 1 15 5",
        ],
        "icon",
    )
}

/// An i in a circle.
pub(crate) fn info() -> AnyView {
    lines(&["M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 1 1 0-17", "M12 11.5v4.5", "M12 8v.01"], "icon")
}

/// A tick in a shield: the safety number was compared.
pub(crate) fn verified() -> AnyView {
    lines(
        &["M12 3l7 2.6v5.6c0 4.4-2.9 7.7-7 9.3-4.1-1.6-7-4.9-7-9.3V5.6z", "M8.8 11.8l2.3 2.3 4.2-4.4"],
        "icon icon-small verified",
    )
}

/// A triangle with a mark.
pub(crate) fn warning() -> AnyView {
    lines(&["M12 4.5L21 19.5H3z", "M12 10.5v4", "M12 17v.01"], "icon")
}

/// Three dots: more that can be done.
pub(crate) fn more() -> AnyView {
    lines(&["M6 12v.01", "M12 12v.01", "M18 12v.01"], "icon icon-dots")
}

/// A face.
pub(crate) fn smile() -> AnyView {
    lines(
        &[
            "M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 1 1 0-17",
            "M9 9.8v.01",
            "M15 9.8v.01",
            "M8.5 14c1.8 2.2 5.2 2.2 7 0",
        ],
        "icon",
    )
}

/// A bell that is struck out: nobody is told.
pub(crate) fn muted() -> AnyView {
    lines(
        &["M7 16v-5a5 5 0 0 1 8.5-3.5", "M17 11v5", "M5.5 16h13", "M10.5 19h3", "M4.5 4.5l15 15"],
        "icon icon-small",
    )
}

/// A pin.
pub(crate) fn pinned() -> AnyView {
    lines(&["M9 4h6l-.8 6 2.8 3.5H7L9.8 10z", "M12 13.5V20"], "icon icon-small")
}

/// A bin.
pub(crate) fn delete() -> AnyView {
    lines(&["M5 7h14", "M9.5 7V4.5h5V7", "M7 7l.8 12.5h8.4L17 7", "M10.5 11v5", "M13.5 11v5"], "icon")
}

/// An arrow down.
pub(crate) fn down() -> AnyView {
    lines(&["M6 9.5l6 6 6-6"], "icon")
}

/// A magnifying glass.
pub(crate) fn search() -> AnyView {
    lines(&["M11 5a6 6 0 1 1 0 12a6 6 0 1 1 0-12", "M15.5 15.5L20 20"], "icon")
}

/// A clock: waiting.
pub(crate) fn waiting() -> AnyView {
    lines(&["M12 5a7 7 0 1 1 0 14a7 7 0 1 1 0-14", "M12 8.5V12l2.3 1.6"], "icon tick")
}

/// An hourglass: it will disappear.
pub(crate) fn timer() -> AnyView {
    lines(&["M8 5h8", "M8 19h8", "M9 5v2.6L12 12l3-4.4V5", "M9 19v-2.6L12 12l3 4.4V19"], "icon tick")
}

/// One tick: sent.
pub(crate) fn sent() -> AnyView {
    lines(&["M6 12.5l4 4 8-9"], "icon tick")
}

/// Two ticks: delivered.
pub(crate) fn delivered() -> AnyView {
    lines(&["M2.5 12.5l4 4 8-9", "M10.5 15l1.5 1.5 8-9"], "icon tick")
}

/// A tick cut out of a disc: read. Another shape than two ticks, for whoever does not see another colour.
pub(crate) fn read() -> AnyView {
    let disc = "M12 3a9 9 0 1 1 0 18a9 9 0 1 1 0-18zM10.7 16.9l7-8.2-1.7-1.4-5.4 6.3-2.7-2.6-1.5 1.6z";
    svg::svg()
        .attr("viewBox", "0 0 24 24")
        .attr("class", "icon tick")
        .attr("fill", "currentColor")
        .attr("fill-rule", "evenodd")
        .attr("aria-hidden", "true")
        .child(svg::path().attr("d", disc))
        .into_any()
}

/// An exclamation mark in a circle: not sent.
pub(crate) fn failed() -> AnyView {
    lines(&["M12 4.5a7.5 7.5 0 1 1 0 15a7.5 7.5 0 1 1 0-15", "M12 8.5v4", "M12 15.5v.01"], "icon tick failed")
}

/// Parley's mark: two bubbles that overlap.
pub(crate) fn mark() -> AnyView {
    svg::svg()
        .attr("viewBox", "0 0 48 48")
        .attr("class", "mark")
        .attr("aria-hidden", "true")
        .child((
            svg::path().attr("class", "mark-back").attr(
                "d",
                "M20 6h18a6 6 0 0 1 6 6v12a6 6 0 0 1-6 6h-1v7l-7-7H20a6 6 0 0 1-6-6V12a6 6 0 0 1 6-6z",
            ),
            svg::path().attr("class", "mark-front").attr(
                "d",
                "M10 16h18a6 6 0 0 1 6 6v10a6 6 0 0 1-6 6H18l-7 7v-7h-1a6 6 0 0 1-6-6V22a6 6 0 0 1 6-6z",
            ),
        ))
        .into_any()
}

/// A clip.
pub(crate) fn attach() -> AnyView {
    lines(
        &[
            "M20 11.5l-8.2 8.2a5 5 0 0 1-7-7L13.3 4.2a3.3 3.3 0 0 1 4.7 4.7l-8.3 8.3a1.6 1.6 0 0 1-2.3-2.3l7.6-7.6",
        ],
        "icon",
    )
}

/// A microphone.
pub(crate) fn microphone() -> AnyView {
    lines(
        &["M12 4a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3", "M6 11.5a6 6 0 0 0 12 0", "M12 17.5V20"],
        "icon",
    )
}

/// A sheet.
pub(crate) fn file() -> AnyView {
    lines(
        &[
            "M7 3.5h7l4 4V19a1.5 1.5 0 0 1-1.5 1.5h-9.5A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5z",
            "M13.5 3.5V8H18",
        ],
        "icon",
    )
}

/// An arrow down onto a line.
pub(crate) fn save() -> AnyView {
    lines(&["M12 4v10", "M7.5 10l4.5 4.5 4.5-4.5", "M5 19.5h14"], "icon")
}

/// An arrow that goes round.
pub(crate) fn again() -> AnyView {
    lines(&["M19 12a7 7 0 1 1-2.2-5.1", "M17.5 3v4h-4"], "icon")
}

/// Two lines beside each other.
pub(crate) fn pause() -> AnyView {
    lines(&["M9 6v12", "M15 6v12"], "icon")
}

/// A triangle.
pub(crate) fn resume() -> AnyView {
    lines(&["M8 5.5v13l10.5-6.5z"], "icon")
}

/// An arrow to the right.
pub(crate) fn forward() -> AnyView {
    lines(&["M9 5l7 7-7 7"], "icon")
}

/// A plus.
pub(crate) fn plus() -> AnyView {
    lines(&["M12 6v12", "M6 12h12"], "icon")
}

/// A minus.
pub(crate) fn minus() -> AnyView {
    lines(&["M6 12h12"], "icon")
}
