//! The screen of a browser that another device removed: offers the texts that were never sent, until the person erases them.

use leptos::prelude::*;
use parley_engine::view::{Command, KeptText, RemovedView};

use crate::model::kept::as_text;
use crate::model::signal::Fault;
use crate::model::time::LocalTime;
use crate::platform::clock;
use crate::platform::files::{self, File};
use crate::ui::app::state::App;
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::welcome::invite;
use crate::ui::words;

/// Says what happened, and shows the texts with the actions on them.
pub(crate) fn screen(app: App) -> AnyView {
    let sure = RwSignal::new(false);
    let card = vec![
        icons::mark(),
        html::h1().child(words::trouble_heading(Fault::Removed).to_owned()).into_any(),
        parts::alert("", words::REMOVED.to_owned()),
        parts::dynamic(move || app.removed.with(|it| it.as_ref().map_or_else(parts::nothing, texts))),
        parts::dynamic(move || erase(app, sure)),
    ];
    html::main().class("centred").child(parts::stack("card removed", card)).into_any()
}

fn texts(removed: &RemovedView) -> AnyView {
    if removed.texts.is_empty() {
        return parts::nothing();
    }
    let rows: Vec<AnyView> = removed.texts.iter().map(row).collect();
    let list = html::ul().class("kept").attr("role", "list").attr("aria-label", "Texts that weren't sent");
    let all = as_text(removed, |place| removed.texts.get(place).map(about).unwrap_or_default());
    parts::stack(
        "kept-part",
        vec![
            parts::text("callout", words::kept(removed)),
            list.child(rows).into_any(),
            parts::stack("actions", vec![download(&all), invite::copy(all, "Copy texts")]),
        ],
    )
}

fn row(kept: &KeptText) -> AnyView {
    let text = html::p().class("kept-text").attr("dir", "auto").child(kept.text.clone());
    html::li().child(vec![parts::text("quiet", about(kept)), text.into_any()]).into_any()
}

fn about(kept: &KeptText) -> String {
    let time = LocalTime::new(kept.time, clock::minutes_east(kept.time));
    words::kept_about(&kept.name, &time.date(), &time.clock(), kept.state)
}

fn download(all: &str) -> AnyView {
    let Some(address) = File::of_bytes(all.as_bytes()).and_then(|file| file.address()) else {
        return parts::nothing();
    };
    let old = address.clone();
    on_cleanup(move || files::forget(&old));
    html::a()
        .class("button")
        .attr("href", address)
        .attr("download", "parley-not-sent.txt")
        .child("Download as a text file")
        .into_any()
}

fn erase(app: App, sure: RwSignal<bool>) -> AnyView {
    if !sure.get() {
        return parts::button("Erase and start over…", "button button-quiet", move || sure.set(true));
    }
    let erase = move || {
        app.starts_over.set_value(true);
        app.ask(Command::EraseKept, |_| {});
    };
    parts::confirm(parts::text("", words::KEPT_ERASE), "Erase these texts", erase, move || sure.set(false))
}
