//! A message's text: links, emoji, and the beginning of what is long.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::BodyView;

use crate::model::fold;
use crate::model::links::{Piece, pieces};
use crate::platform::text;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::screens::conversation::messages::Unfolding;
use crate::ui::words;

/// Whether what looks like a link can be clicked: not before somebody was accepted.
#[derive(Clone, Copy)]
pub(crate) struct Links(pub(crate) Memo<bool>);

/// Whether it is so little and so merry that it is shown large.
pub(crate) fn is_emoji(body: &BodyView) -> bool {
    matches!(body, BodyView::Text(said) if text::is_only_emoji(said))
}

/// The text; of a long one the beginning, and a button for more.
pub(crate) fn said(text: String) -> AnyView {
    if fold::cut(&text, 0).is_none() {
        return paragraph(&text, text.len());
    }
    let steps = RwSignal::new(0);
    let unfolding = use_context::<Unfolding>();
    parts::dynamic(move || {
        let cut = fold::cut(&text, steps.get());
        let more = cut.map(|_| {
            html::button()
                .class("more")
                .attr("type", "button")
                .on(ev::click, move |event| {
                    // The lines that were read stay where they are.
                    if let Some(unfolding) = unfolding {
                        unfolding.begins(&event);
                    }
                    steps.update(|steps| *steps += 1);
                })
                .child(words::SHOW_MORE)
                .into_any()
        });
        parts::several((paragraph(&text, cut.unwrap_or(text.len())), more))
    })
}

/// The text up to a place. What is a link is found in all of it: half of an address leads elsewhere.
fn paragraph(text: &str, end: usize) -> AnyView {
    let (mut at, mut inside) = (0, Vec::new());
    for piece in pieces(text) {
        let (Piece::Plain(shown) | Piece::Link(shown, _)) = &piece;
        let left = end.saturating_sub(at);
        at += shown.len();
        if left >= shown.len() {
            inside.push(self::piece(piece));
        } else {
            inside.push(parts::words(shown.get(..left).unwrap_or_default().to_owned()));
            break;
        }
    }
    html::p().class("said").attr("dir", "auto").child(inside).into_any()
}

fn piece(piece: Piece<'_>) -> AnyView {
    match piece {
        Piece::Plain(text) => parts::words(text.to_owned()),
        Piece::Link(shown, _) if use_context::<Links>().is_some_and(|links| !links.0.get()) => {
            parts::words(shown.to_owned())
        }
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
