//! The permissions of a group, and what newcomers see of its history.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, History, Permissions, Role};

use super::panel::{Panel, section};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::words;

/// A permission of the group.
#[derive(Clone, Copy)]
struct Rule {
    id: &'static str,
    name: &'static str,
    get: fn(&Permissions) -> Role,
    set: fn(&mut Permissions, Role),
}

const RULES: [Rule; 3] = [
    Rule { id: "may-add", name: words::MAY_ADD, get: |it| it.add, set: |it, least| it.add = least },
    Rule { id: "may-write", name: words::MAY_WRITE, get: |it| it.write, set: |it, least| it.write = least },
    Rule {
        id: "may-change",
        name: words::MAY_CHANGE,
        get: |it| it.change,
        set: |it, least| it.change = least,
    },
];

const HISTORIES: [History; 3] = [History::Nothing, History::Shared, History::Kept];
const ROLES: [Role; 3] = [Role::Member, Role::Admin, Role::Owner];

/// The three permissions. Admins can change them, others can read them.
pub(super) fn rules(panel: Panel) -> AnyView {
    let allowed = Memo::new(move || panel.role() >= Role::Admin);
    let inside = parts::dynamic(move || {
        let mut lines =
            Vec::from(RULES.map(|rule| if allowed.get() { choice(panel, rule) } else { fact(panel, rule) }));
        lines.push(newcomers(panel, allowed.get()));
        parts::stack("setting-lines", lines)
    });
    section("Permissions", vec![inside])
}

/// What newcomers see of the history, and what that costs.
fn newcomers(panel: Panel, allowed: bool) -> AnyView {
    let now = Memo::new(move || panel.with(|view| Some(view.history)).unwrap_or(History::Nothing));
    let name = words::NEWCOMERS_SEE;
    let line = if allowed {
        let set = move |event| {
            let value = event_target_value(&event);
            let Some(history) = HISTORIES.into_iter().find(|it| words::newcomers_see(*it) == value) else {
                return;
            };
            panel.change(Command::SetGroupHistory { conversation: panel.id, history });
        };
        let select = parts::dynamic(move || {
            let now = now.get();
            let options = HISTORIES.into_iter().map(|it| {
                let option =
                    html::option().attr("value", words::newcomers_see(it)).child(words::newcomers_see(it));
                if it == now { option.attr("selected", "") } else { option }
            });
            html::select()
                .attr("id", "newcomers-see")
                .on(ev::change, set)
                .child(options.collect::<Vec<_>>())
                .into_any()
        });
        vec![html::label().attr("for", "newcomers-see").child(name).into_any(), select]
    } else {
        let text = parts::live(move || words::newcomers_see(now.get()));
        vec![html::span().child(name).into_any(), html::span().class("quiet").child(text).into_any()]
    };
    let cost =
        parts::maybe(move || (now.get() == History::Kept).then(|| parts::text("quiet", words::KEPT_COSTS)));
    parts::stack("setting-lines", vec![parts::stack("setting-line", line), cost])
}

fn now(panel: Panel, rule: Rule) -> Memo<Role> {
    Memo::new(move || panel.with(|view| Some((rule.get)(&view.permissions))).unwrap_or(Role::Owner))
}

fn fact(panel: Panel, rule: Rule) -> AnyView {
    let least = now(panel, rule);
    let inside = vec![
        html::span().child(rule.name).into_any(),
        html::span().class("quiet").child(parts::live(move || words::least(least.get()))).into_any(),
    ];
    parts::stack("setting-line", inside)
}

fn choice(panel: Panel, rule: Rule) -> AnyView {
    let least = now(panel, rule);
    let set = move |event| {
        let value = event_target_value(&event);
        let Some(chosen) = ROLES.into_iter().find(|it| words::least(*it) == value) else { return };
        let Some(mut permissions) = untrack(|| panel.with(|view| Some(view.permissions))) else { return };
        (rule.set)(&mut permissions, chosen);
        panel.change(Command::SetPermissions { conversation: panel.id, permissions });
    };
    let select = parts::dynamic(move || {
        let least = least.get();
        // The app does not offer "only owners", but shows it in a group that has it.
        let offered = ROLES.into_iter().filter(|it| *it != Role::Owner || least == Role::Owner);
        let options = offered.map(|it| {
            let option = html::option().attr("value", words::least(it)).child(words::least(it));
            if it == least { option.attr("selected", "") } else { option }
        });
        html::select().attr("id", rule.id).on(ev::change, set).child(options.collect::<Vec<_>>()).into_any()
    });
    let inside = vec![html::label().attr("for", rule.id).child(rule.name).into_any(), select];
    parts::stack("setting-line", inside)
}
