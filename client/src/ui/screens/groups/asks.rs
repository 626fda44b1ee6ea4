//! Who asks to join a group, for those who govern it: what they say, their safety number, letting them in or not.

use leptos::prelude::*;
use parley_engine::view::{AskView, Command};
use parley_protocol::ids::AccountId;

use super::panel::{Panel, section};
use crate::model::hex;
use crate::model::time::LocalTime;
use crate::platform::{clock, page};
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, parts};
use crate::ui::words;

/// What is open below one of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opened {
    Number(AccountId),
    Question(AccountId),
}

#[derive(Clone, Copy)]
struct Asks {
    panel: Panel,
    opened: RwSignal<Option<Opened>>,
}

/// The section; nothing where nobody asks, or this person does not say so.
pub(super) fn asks(panel: Panel) -> AnyView {
    let asks = Asks { panel, opened: RwSignal::new(None) };
    let accounts =
        Memo::new(move || panel.with(|view| view.asks.iter().map(|it| it.account).collect::<Vec<_>>()));
    parts::maybe(move || {
        let accounts = accounts.get();
        (!accounts.is_empty()).then(|| {
            let rows: Vec<AnyView> = accounts.into_iter().map(|account| asks.row(account)).collect();
            let list = html::ul()
                .class("group-asks")
                .attr("role", "list")
                .attr("aria-label", "Requests to join")
                .child(rows);
            section("Requests to join", vec![list.into_any()])
        })
    })
}

impl Asks {
    fn row(self, account: AccountId) -> AnyView {
        let ask = Memo::new(move || {
            self.panel.with(|view| view.asks.iter().find(|it| it.account == account).cloned())
        });
        let row = move || ask.get().map(|ask| self.ask(&ask));
        html::li().class("group-ask").child(parts::maybe(row)).into_any()
    }

    fn ask(self, ask: &AskView) -> AnyView {
        let (account, name) = (ask.account, ask.name.clone());
        let local = LocalTime::new(ask.came, clock::minutes_east(ask.came));
        let about = words::asks_by(&ask.by, &format!("{}, {}", local.date(), local.clock()));
        let who = html::div().class("person-name").child((
            html::strong().attr("dir", "auto").child(name.clone()),
            html::span().class("quiet").child(about),
        ));
        let colour = account.as_bytes().first().copied().unwrap_or_default();
        let head = html::div().class("member-row").child((avatar::person(&name, colour, ""), who));
        let greeting = (!ask.greeting.is_empty())
            .then(|| html::p().class("said").attr("dir", "auto").child(ask.greeting.clone()).into_any());
        let mut inside = vec![head.into_any()];
        inside.extend(greeting);
        if ask.adding {
            inside.push(parts::text("quiet", words::adding(&name)));
            return parts::several(inside);
        }
        inside.push(parts::stack("member-options", self.buttons(account)));
        let number = ask.safety_number.clone();
        inside.push(parts::maybe(move || match self.opened.get() {
            Some(Opened::Number(open)) if open == account => Some(safety(&number)),
            Some(Opened::Question(open)) if open == account => Some(self.question(account, &name)),
            _ => None,
        }));
        parts::several(inside)
    }

    fn buttons(self, account: AccountId) -> Vec<AnyView> {
        let open = Memo::new(move || self.opened.get() == Some(Opened::Number(account)));
        let turn = move || {
            let number = Some(Opened::Number(account));
            self.opened.update(|opened| *opened = if *opened == number { None } else { number });
        };
        let number =
            parts::live(move || if open.get() { "Hide safety number" } else { "Show safety number" });
        let decline = html::button()
            .class("button button-quiet")
            .attr("id", decline_id(account))
            .attr("type", "button")
            .on(leptos::ev::click, move |_| self.opened.set(Some(Opened::Question(account))))
            .child("Decline…");
        vec![
            parts::button("Let in", "button", move || self.answer(account, true)),
            decline.into_any(),
            parts::button_around(number, "button button-quiet", turn),
        ]
    }

    fn question(self, account: AccountId, name: &str) -> AnyView {
        let decline = move || self.answer(account, false);
        parts::confirm(parts::alert("", words::decline_ask(name)), "Decline", decline, move || {
            self.opened.set(None);
            request_animation_frame(move || page::focus(&decline_id(account)));
        })
    }

    fn answer(self, account: AccountId, lets_in: bool) {
        self.opened.set(None);
        self.panel.change(Command::AnswerAsk { conversation: self.panel.id, account, lets_in });
        request_animation_frame(|| page::keep_focus(super::panel::ADD));
    }
}

fn safety(number: &[String]) -> AnyView {
    let groups: Vec<AnyView> =
        number.iter().map(|group| html::span().child(group.clone()).into_any()).collect();
    let number = html::div()
        .class("safety")
        .attr("role", "group")
        .attr("aria-label", "Safety number")
        .attr("dir", "ltr")
        .child(groups);
    parts::several(vec![number.into_any(), parts::text("quiet", words::ASK_NUMBER)])
}

fn decline_id(account: AccountId) -> String {
    format!("decline-{}", hex::encode(account.as_bytes()))
}
