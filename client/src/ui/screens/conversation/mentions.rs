//! The list from which a writer in a group chooses whom the message mentions.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, MemberView, Reply};

use crate::model::mention::{self, Typing};
use crate::platform::dom;
use crate::platform::unicode::Browser;
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, parts};
use crate::ui::words;

/// The most people that the list offers.
const OFFERED: usize = 6;
/// The id of the list, with which the ids of its options begin.
const LIST: &str = "mentions";

/// The state of the mention that a person is typing.
#[derive(Clone, Copy)]
pub(super) struct Mentions {
    app: App,
    id: ConversationId,
    area: NodeRef<leptos::html::Textarea>,
    typing: RwSignal<Option<Typing>>,
    members: RwSignal<Vec<MemberView>>,
    /// The members whose name fits.
    found: Memo<Vec<MemberView>>,
    /// The index of the member that Enter takes.
    chosen: RwSignal<usize>,
    /// The `@` whose list the person has closed.
    dismissed: StoredValue<Option<usize>>,
}

impl Mentions {
    /// Begins in the composer of a group. Other chats have nobody to mention.
    pub(super) fn begin(app: App, id: ConversationId, area: NodeRef<leptos::html::Textarea>) -> Option<Self> {
        let in_group = app.chats.with_untracked(|chats| chats.get(id).is_some_and(|it| it.group.is_some()));
        let (typing, members) = (RwSignal::new(None::<Typing>), RwSignal::new(Vec::<MemberView>::new()));
        in_group.then(|| {
            let me = app.me();
            let found = Memo::new(move || {
                let Some(typing) = typing.get() else { return Vec::new() };
                let fits = |it: &&MemberView| {
                    Some(it.account) != me && mention::fits(&it.name, &typing.sought, &Browser)
                };
                members.with(|members| members.iter().filter(fits).take(OFFERED).cloned().collect())
            });
            app.announce_begin(move || {
                let count = found.with(Vec::len);
                (count > 0).then(|| words::found_members(count))
            });
            let (chosen, dismissed) = (RwSignal::new(0), StoredValue::new(None));
            Self { app, id, area, typing, members, found, chosen, dismissed }
        })
    }

    /// Takes the typed text.
    pub(super) fn typed(self, text: &str) {
        let caret = dom::caret(self.area).map(|units| mention::byte_of(text, units));
        let typing = caret.and_then(|caret| mention::typing(text, caret));
        if typing.is_none() {
            self.dismissed.set_value(None);
        }
        let typing = typing.filter(|it| self.dismissed.get_value() != Some(it.at));
        if typing.is_some() && self.typing.with_untracked(Option::is_none) {
            self.load();
        }
        self.chosen.set(0);
        self.typing.set(typing);
    }

    fn load(self) {
        self.app.ask(Command::ShowGroup(self.id), move |reply| {
            if let Reply::Group(view) = reply {
                let _ = self.members.try_set(view.members);
            }
        });
    }

    /// Closes the list for the current text.
    pub(super) fn dismiss(self) {
        // A composer that is removed from the page loses the focus only after it is gone.
        let Some(at) = self.typing.try_with_untracked(|it| it.as_ref().map(|it| it.at)) else { return };
        self.dismissed.set_value(at);
        self.typing.set(None);
    }

    /// Handles a key in the composer; `take` gets the text with the name in it. Returns whether the list took the key.
    pub(super) fn key(self, event: &ev::KeyboardEvent, take: impl FnOnce(String)) -> bool {
        let count = self.found.with_untracked(Vec::len);
        if count == 0 || dom::is_composing(event) || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return false;
        }
        match event.key().as_str() {
            "ArrowDown" => self.chosen.update(|it| *it = (*it + 1) % count),
            "ArrowUp" => self.chosen.update(|it| *it = (*it + count - 1) % count),
            "Enter" | "Tab" if !event.shift_key() => self.pick(self.chosen.get_untracked(), take),
            "Escape" => self.dismiss(),
            "ArrowLeft" | "ArrowRight" | "Home" | "End" => {
                self.dismiss();
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Puts the name of a member into the text.
    fn pick(self, place: usize, take: impl FnOnce(String)) {
        let name = self.found.with_untracked(|found| found.get(place).map(|it| it.name.clone()));
        let (Some(name), Some(typing)) = (name, self.typing.get_untracked()) else { return };
        let text = dom::text_of(self.area);
        let (text, caret) = mention::complete(&text, &typing, &name);
        dom::write(self.area, &text, mention::units_of(&text, caret));
        take(text);
        self.dismissed.set_value(Some(typing.at));
        self.typing.set(None);
    }

    /// The id of the list, while it is shown, for the text area.
    pub(super) fn list(self) -> Option<&'static str> {
        (!self.found.with(Vec::is_empty)).then_some(LIST)
    }

    /// The id of the option that Enter takes.
    pub(super) fn active(self) -> Option<String> {
        (!self.found.with(Vec::is_empty)).then(|| option_id(self.chosen.get()))
    }

    /// The list of members.
    pub(super) fn view(self, take: impl Fn(String) + Copy + Send + 'static) -> AnyView {
        parts::maybe(move || {
            let found = self.found.get();
            let options: Vec<AnyView> =
                found.iter().enumerate().map(|(place, member)| self.option(place, member, take)).collect();
            (!options.is_empty()).then(|| {
                html::ul()
                    .class("mentions")
                    .attr("id", LIST)
                    .attr("role", "listbox")
                    .attr("aria-label", "Members to mention")
                    .child(options)
                    .into_any()
            })
        })
    }

    fn option(
        self,
        place: usize,
        member: &MemberView,
        take: impl Fn(String) + Copy + Send + 'static,
    ) -> AnyView {
        let chosen = move || self.chosen.get() == place;
        let username = member.username.as_ref().map(|username| format!("@{username}"));
        html::li()
            .attr("id", option_id(place))
            .attr("role", "option")
            .attr_live("aria-selected", move || Some(if chosen() { "true" } else { "false" }))
            // The focus stays in the composer.
            .on(ev::mousedown, |event| event.prevent_default())
            .on(ev::click, move |_| self.pick(place, take))
            .child((
                avatar::person(&member.name, member.colour, ""),
                html::span().attr("dir", "auto").child(member.name.clone()),
                html::span().class("quiet").child(username.unwrap_or_default()),
            ))
            .into_any()
    }
}

fn option_id(place: usize) -> String {
    format!("{LIST}-{place}")
}
