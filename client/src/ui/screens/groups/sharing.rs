//! Sharing earlier messages with who comes: how many, or since when.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, History};
use parley_protocol::ids::{AccountId, UnixMillis};

use super::panel::Panel;
use crate::model::time;
use crate::platform::clock;
use crate::ui::design::{html, parts};
use crate::ui::words;

/// The choice, and the date that goes with its last entry.
pub(super) const CHOICE: &str = "share-earlier";
const DATE: &str = "share-since";

/// What was chosen.
#[derive(Clone, Copy)]
pub(super) struct Sharing {
    chosen: RwSignal<usize>,
    since: RwSignal<String>,
    /// The date was not given.
    lacks: RwSignal<bool>,
}

/// Whether the group has agreed that members show newcomers something.
pub(super) fn is_agreed(panel: Panel) -> bool {
    panel.with(|view| view.history != History::Nothing)
}

impl Sharing {
    /// `first` is chosen, by its place.
    pub(super) fn new(first: usize) -> Self {
        let (since, lacks) = (RwSignal::new(String::new()), RwSignal::new(false));
        Self { chosen: RwSignal::new(first), since, lacks }
    }

    fn asks_for_date(self) -> bool {
        self.chosen.get() + 1 == words::SHARES.len()
    }

    /// What is to be asked of the group for this person: nothing, or a command; an error if the date is lacking.
    pub(super) fn command(
        self,
        conversation: ConversationId,
        account: AccountId,
    ) -> Result<Option<Command>, ()> {
        let last = words::SHARES.get(self.chosen.get_untracked()).map_or(0, |(_, last)| *last);
        let since: Option<UnixMillis> = if untrack(|| self.asks_for_date()) {
            let since = self.since.with_untracked(|date| time::begins(date, clock::minutes_east));
            self.lacks.set(since.is_none());
            Some(since.ok_or(())?)
        } else {
            None
        };
        Ok((last > 0).then_some(Command::ShareHistory { conversation, account, last, since }))
    }

    /// The choice, the date, and what it means.
    pub(super) fn view(self) -> AnyView {
        let names = words::SHARES.map(|(name, _)| name);
        let set = move |event| {
            let value = event_target_value(&event);
            if let Some(place) = names.iter().position(|name| *name == value) {
                self.chosen.set(place);
                self.lacks.set(false);
            }
        };
        let first = self.chosen.get_untracked();
        let options = names.iter().enumerate().map(|(place, name)| {
            let option = html::option().attr("value", *name).child(*name);
            if place == first { option.attr("selected", "") } else { option }.into_any()
        });
        let select = html::select().attr("id", CHOICE).on(ev::change, set).child(options.collect::<Vec<_>>());
        let line = vec![html::label().attr("for", CHOICE).child(words::SHARE).into_any(), select.into_any()];
        let date = move || {
            self.asks_for_date().then(|| {
                let input = html::input()
                    .attr("id", DATE)
                    .attr("type", "date")
                    .on(ev::input, move |event| self.since.set(event_target_value(&event)));
                let label = html::label().attr("for", DATE).child("Since");
                parts::stack("field", vec![label.into_any(), input.into_any()])
            })
        };
        parts::several(vec![
            parts::stack("field", line),
            parts::maybe(date),
            parts::maybe(move || {
                self.lacks.get().then(|| parts::alert("note note-bad", words::SHARE_NO_DATE))
            }),
            parts::maybe(move || (self.chosen.get() > 0).then(|| parts::text("quiet", words::SHARE_RESTS))),
        ])
    }
}
