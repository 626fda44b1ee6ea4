//! A message's text: links, emoji, and the beginning of what is long.

use leptos::prelude::*;
use parley_engine::view::BodyView;

use crate::model::fold;
use crate::model::links::{Piece, pieces};
use crate::platform::text;
use crate::ui::design::{html, parts};
use crate::ui::words;

/// Whether it is so little and so merry that it is shown large.
pub(crate) fn is_emoji(body: &BodyView) -> bool {
    matches!(body, BodyView::Text(said) if text::is_only_emoji(said))
}

/// The text; of a long one the beginning, and a button for more.
pub(crate) fn said(text: String) -> AnyView {
    if fold::cut(&text, 0).is_none() {
        return paragraph(&text);
    }
    let steps = RwSignal::new(0);
    parts::dynamic(move || {
        let end = fold::cut(&text, steps.get());
        let shown = end.and_then(|end| text.get(..end)).unwrap_or(&text);
        let more = end.map(|_| {
            let more = move || steps.update(|steps| *steps += 1);
            parts::button(words::SHOW_MORE, "more", more)
        });
        parts::several((paragraph(shown), more))
    })
}

fn paragraph(text: &str) -> AnyView {
    let inside: Vec<AnyView> = pieces(text).into_iter().map(piece).collect();
    html::p().class("said").attr("dir", "auto").child(inside).into_any()
}

fn piece(piece: Piece<'_>) -> AnyView {
    match piece {
        Piece::Plain(text) => parts::words(text.to_owned()),
        Piece::Link(shown, address) => {
            let link = html::a().attr("target", "_blank").attr("rel", "noopener noreferrer");
            let link = match text::host(&address) {
                Some(host) => link.attr("title", host),
                None => link,
            };
            link.attr("href", address).child(shown.to_owned()).into_any()
        }
    }
}
