//! Shows a message's text: links, emoji, and only the beginning of a long text.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::BodyView;

use crate::model::fold;
use crate::model::links::{Piece, pieces};
use crate::model::markup::{self, Block, Span, Style};
use crate::model::mention;
use crate::platform::text;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::screens::conversation::messages::Unfolding;
use crate::ui::words;

/// Whether links can be clicked: not before the person has accepted the sender.
#[derive(Clone, Copy)]
pub(crate) struct Links(pub(crate) Memo<bool>);

/// The person's own name in this group, so that mentions of it are highlighted.
#[derive(Clone, Copy)]
pub(crate) struct OwnName(pub(crate) Memo<String>);

/// Whether the text is so few emoji that the app shows them large.
pub(crate) fn is_emoji(body: &BodyView) -> bool {
    matches!(body, BodyView::Text(said) if text::is_only_emoji(said))
}

/// The text. A long one shows its beginning and a button for more.
pub(crate) fn said(text: String) -> AnyView {
    if fold::cut(&text, 0).is_none() {
        return if markup::may_have(&text) { marked_up(&text) } else { paragraph(&text, text.len()) };
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
                    // The lines that the person has read keep their place.
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

/// A text with its markup. The app shows a long text as it was written.
fn marked_up(text: &str) -> AnyView {
    let line = |text: &str| html::p().class("said").attr("dir", "auto").child(inline(text)).into_any();
    let blocks = markup::blocks(text);
    if let [Block::Text(text)] = blocks[..] {
        return line(text);
    }
    let items = |items: Vec<&str>| -> Vec<AnyView> {
        items.into_iter().map(|item| html::li().attr("dir", "auto").child(inline(item)).into_any()).collect()
    };
    let shown = blocks.into_iter().map(|block| match block {
        Block::Text(text) => line(text),
        Block::Code(code) => {
            html::pre().attr("dir", "ltr").child(html::code().child(code.to_owned())).into_any()
        }
        Block::Quote(lines) => html::blockquote().child(line(&lines.join("\n"))).into_any(),
        Block::List(None, list) => html::ul().child(items(list)).into_any(),
        Block::List(Some(first), list) => {
            html::ol().attr("start", first.to_string()).child(items(list)).into_any()
        }
    });
    parts::stack("marked-up", shown.collect())
}

/// A text with its styles. Addresses come first: a mark within an address is part of it.
fn inline(text: &str) -> Vec<AnyView> {
    let mut inside = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => inside.extend(markup::spans(plain).into_iter().map(span)),
            link @ Piece::Link(..) => inside.push(self::piece(link)),
        }
    }
    inside
}

fn span(span: Span<'_>) -> AnyView {
    let Style { bold, italic, struck, code } = span.style;
    let mut view = if code { html::code().child(span.text.to_owned()).into_any() } else { plain(span.text) };
    let elements: [(bool, fn() -> html::Element); 3] =
        [(struck, html::del), (italic, html::em), (bold, html::strong)];
    for (is, element) in elements {
        if is {
            view = element().child(view).into_any();
        }
    }
    view
}

/// The text up to a position. The whole text is searched for links, because half of an address leads elsewhere.
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
        Piece::Plain(text) => plain(text),
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

/// A text without links, with mentions of the person highlighted.
fn plain(text: &str) -> AnyView {
    let places = match use_context::<OwnName>() {
        Some(own) if text.contains('@') => own.0.with(|name| mention::mentions(text, name)),
        _ => Vec::new(),
    };
    if places.is_empty() {
        return parts::words(text.to_owned());
    }
    let (mut at, mut inside) = (0, Vec::new());
    for place in places {
        inside.push(parts::words(text.get(at..place.start).unwrap_or_default().to_owned()));
        let mentioned = text.get(place.clone()).unwrap_or_default().to_owned();
        inside.push(html::strong().class("mention").child(mentioned).into_any());
        at = place.end;
    }
    inside.push(parts::words(text.get(at..).unwrap_or_default().to_owned()));
    parts::several(inside)
}
