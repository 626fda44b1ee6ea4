//! Shows what surrounds a message's text: the message that it answers, that it was forwarded, the reactions.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{About, BodyView, ConversationId, MessageRef, MessageView};

use crate::model::text;
use crate::ui::app::doing::Quoted;
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, parts};
use crate::ui::words;

/// The elements above the text.
pub(crate) fn above(app: App, id: ConversationId, about: &About, author: Memo<String>) -> Option<AnyView> {
    let forwarded = about.forwarded.then(|| parts::text("forwarded", words::FORWARDED));
    let quote = about.reply.map(|reply| quote(app, id, reply, author));
    (about.forwarded || about.reply.is_some()).then(|| parts::several((forwarded, quote)))
}

/// The quoted message that this one answers. A click leads to it.
fn quote(app: App, id: ConversationId, reply: MessageRef, author: Memo<String>) -> AnyView {
    app.quote(id, reply);
    let quoted = Memo::new(move || app.quoted(id, &reply));
    let of = Memo::new(move || {
        let name = quoted.with(|it| it.as_ref().and_then(Quoted::message).and_then(name_of));
        name.unwrap_or_else(|| if app.me() == Some(reply.author) { "You".to_owned() } else { author.get() })
    });
    let said = Memo::new(move || {
        let said = |it: &Quoted| it.message().map_or_else(|| words::NOT_HERE.to_owned(), shortly);
        quoted.with(|it| it.as_ref().map(said)).unwrap_or_default()
    });
    let colour = Memo::new(move || {
        let message =
            |it: &Option<Quoted>| it.as_ref().and_then(Quoted::message).and_then(|it| it.author.clone());
        quoted.with(message).map(|by| by.colour)
    });
    html::button()
        .class("quote")
        .attr("type", "button")
        .attr_live("aria-label", move || Some(words::in_reply_to(&of.get(), &said.get())))
        .on(ev::click, move |_| app.show_message(id, reply))
        .child((
            parts::dynamic(move || {
                let class = colour.get().map_or_else(|| "quote-name".to_owned(), avatar::who);
                html::strong().class(class).attr("dir", "auto").child(of.get()).into_any()
            }),
            html::span().class("quote-text").attr("dir", "auto").child(parts::live(move || said.get())),
        ))
        .into_any()
}

/// The author of a message, unless it is the contact of the chat.
pub(crate) fn name_of(message: &MessageView) -> Option<String> {
    match (&message.outgoing, &message.author) {
        (Some(_), _) => Some("You".to_owned()),
        (None, author) => author.as_ref().map(|author| author.name.clone()),
    }
}

/// The content of a message on one line.
pub(crate) fn shortly(message: &MessageView) -> String {
    match &message.body {
        BodyView::Text(said) => text::one_line(said).chars().take(160).collect(),
        BodyView::Deleted { .. } => words::DELETED_SHORT.to_owned(),
        _ => words::NEWER_SHORT.to_owned(),
    }
}

/// The reactions below the text: each emoji with its number of people. A click adds or removes the person's own reaction.
pub(crate) fn reactions(app: App, id: ConversationId, about: &About) -> Option<AnyView> {
    let named = about.named.filter(|_| !about.reactions.is_empty())?;
    let signs: Vec<AnyView> = about
        .reactions
        .iter()
        .map(|reaction| {
            let (sign, on) = (reaction.sign.clone(), !reaction.own);
            html::button()
                .class("reaction")
                .attr("type", "button")
                .attr("aria-label", words::reaction(reaction))
                .attr("aria-pressed", if reaction.own { "true" } else { "false" })
                .on(ev::click, move |_| app.react(id, named, sign.clone(), on))
                .child((reaction.sign.clone(), html::span().child(reaction.count.to_string())))
                .into_any()
        })
        .collect();
    let group = html::div().class("reactions").attr("role", "group").attr("aria-label", "Reactions");
    Some(group.child(signs).into_any())
}
