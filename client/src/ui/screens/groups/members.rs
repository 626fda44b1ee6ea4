//! Lists the members of a group, with the actions for each.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, MemberView, Reply, Role};
use parley_protocol::ids::AccountId;

use super::panel::{ADD, Panel, section};
use super::sharing::{self, Sharing};
use crate::model::chats::SEARCH_FROM;
use crate::model::mention;
use crate::model::route::Route;
use crate::platform::page;
use crate::platform::unicode::Browser;
use crate::ui::app::state::{Dialog, go};
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, parts};
use crate::ui::words;

/// All members, and below them the people who are being added.
pub(super) fn members(panel: Panel) -> AnyView {
    let sought = RwSignal::new(String::new());
    let count = Memo::new(move || panel.with(|view| view.members.len()));
    let shown = Memo::new(move || {
        panel.with(|view| {
            let fits = |it: &&MemberView| sought.with(|sought| is_sought(it, sought));
            view.members.iter().filter(fits).map(|it| it.account).collect::<Vec<_>>()
        })
    });
    // Removing a member also removes the button that has the focus.
    Effect::new(move |_| {
        shown.with(|_| ());
        request_animation_frame(|| page::keep_focus(ADD));
    });
    let items = For(ForProps::builder()
        .each(move || shown.get())
        .key(|account| *account)
        .children(move |account| row(panel, account))
        .build());
    let list = html::ul().class("members").attr("role", "list").attr("aria-label", "Members");
    let body = vec![
        parts::maybe(move || (count.get() >= SEARCH_FROM).then(|| search(sought))),
        list.child(items.into_any()).into_any(),
        parts::maybe(move || shown.with(Vec::is_empty).then(|| parts::text("note", words::NO_MEMBERS_FOUND))),
        being_added(panel),
    ];
    section("Members", body)
}

fn is_sought(member: &MemberView, sought: &str) -> bool {
    let sought = sought.trim();
    let of = |text: &str| mention::fits(text, sought, &Browser);
    let by_username = |username: &String| of(username) || format!("@{username}").starts_with(sought);
    sought.is_empty() || of(&member.name) || member.username.as_ref().is_some_and(by_username)
}

fn search(sought: RwSignal<String>) -> AnyView {
    html::div()
        .class("search")
        .child((
            icons::search(),
            html::input()
                .attr("type", "search")
                .attr("aria-label", "Search members")
                .attr("placeholder", "Search members")
                .attr("autocomplete", "off")
                .value(move || sought.get())
                .on(ev::input, move |event| sought.set(event_target_value(&event))),
        ))
        .into_any()
}

fn being_added(panel: Panel) -> AnyView {
    let adding = Memo::new(move || {
        panel.with(|view| view.adding.iter().map(|it| it.name.clone()).collect::<Vec<_>>())
    });
    let changing = {
        let chat = panel.app.chat(panel.id);
        Memo::new(move || {
            chat.with(|chat| {
                chat.as_ref().and_then(|it| it.group.as_ref()).is_some_and(|group| group.changing)
            })
        })
    };
    let said = Memo::new(move || {
        let adding = adding.get();
        if adding.is_empty() {
            return if changing.get() { words::CHANGING.to_owned() } else { String::new() };
        }
        words::adding(&words::listed(&adding))
    });
    parts::status("quiet group-changing", parts::live(move || said.get()))
}

/// A member in their current state.
fn row(panel: Panel, account: AccountId) -> AnyView {
    let member =
        Memo::new(move || panel.with(|view| view.members.iter().find(|it| it.account == account).cloned()));
    let mine = Memo::new(move || panel.role());
    let open = Memo::new(move || panel.options.get() == Some(account));
    let is_me = panel.app.me() == Some(account);
    // An owner may step down if there is another one. There is nothing else that a member can do about themselves here.
    let has_options = Memo::new(move || !is_me || mine.get() == Role::Owner && panel.owners() > 1);
    let asked = RwSignal::new(None::<Question>);
    Effect::new(move |_| {
        if !open.get() {
            asked.set(None);
        }
    });
    let head = move || member.get().map(|member| about(panel, &member, is_me, has_options.get(), open));
    let options = move || {
        let member = (open.get() && has_options.get()).then(|| member.get()).flatten()?;
        Some(options(panel, &member, (is_me, mine.get()), asked))
    };
    html::li().class("member").child((parts::maybe(head), parts::maybe(options))).into_any()
}

fn about(panel: Panel, member: &MemberView, is_me: bool, has_options: bool, open: Memo<bool>) -> AnyView {
    let (account, name) = (member.account, member.name.clone());
    let mut called = vec![html::strong().attr("dir", "auto").child(name.clone()).into_any()];
    if member.verified {
        called.push(icons::verified());
        called.push(html::span().class("sr-only").child("verified").into_any());
    }
    let marks = [is_me.then_some("You"), words::role(member.role)];
    called.extend(
        marks.into_iter().flatten().map(|mark| html::span().class("chat-mark").child(mark).into_any()),
    );
    let username = member.username.as_ref().map(|username| format!("@{username}"));
    let devices = Some(words::devices(member.devices));
    let leaving = member.leaving.then(|| words::REMOVING.to_owned());
    let below = [username, devices, leaving].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let more = html::button()
        .class("icon-button")
        .attr("id", options_id(account))
        .attr("type", "button")
        .attr("aria-label", format!("Options for {name}"))
        .attr_live("aria-expanded", move || Some(if open.get() { "true" } else { "false" }))
        .on(ev::click, move |_| {
            panel.options.update(|it| *it = if *it == Some(account) { None } else { Some(account) });
        })
        .child(icons::more());
    html::div()
        .class("member-row")
        .child((
            avatar::person(&member.name, member.colour, ""),
            html::div().class("person-name").child((
                html::span().class("member-name").child(called),
                html::span().class("quiet").child(below),
            )),
            has_options.then_some(more),
        ))
        .into_any()
}

/// The id by which the page finds the button again.
fn options_id(account: AccountId) -> String {
    format!("options-{}", crate::model::hex::encode(account.as_bytes()))
}

/// The question before an action.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Remove,
    StepDown(Role),
    Share,
}

/// The actions on a member that the person's own role permits.
fn options(
    panel: Panel,
    member: &MemberView,
    (is_me, mine): (bool, Role),
    asked: RwSignal<Option<Question>>,
) -> AnyView {
    let (account, name, conversation) = (member.account, member.name.clone(), panel.id);
    let failed = RwSignal::new(None::<&'static str>);
    let back = move || request_animation_frame(move || page::focus(&options_id(account)));
    let does = move |command| {
        panel.change(command);
        panel.options.set(None);
        back();
    };
    let cancel = move || {
        asked.set(None);
        back();
    };
    let is = member.clone();
    let has_links = Memo::new(move || panel.with(|view| !view.links.is_empty()));
    parts::dynamic(move || {
        match asked.get() {
            Some(Question::Remove) => {
                let question = parts::alert("", words::remove(&name, has_links.get()));
                let remove = move || does(Command::RemoveFromGroup { conversation, account });
                return parts::confirm(question, "Remove", remove, cancel);
            }
            Some(Question::StepDown(role)) => {
                let question = parts::alert("", words::STEP_DOWN);
                let set = move || does(Command::SetRole { conversation, account, role });
                return parts::confirm(question, "Step down", set, cancel);
            }
            Some(Question::Share) => return share(panel, account, &name, cancel, back),
            None => {}
        }
        let quiet = |name: &'static str, act: Box<dyn Fn()>| parts::button(name, "button button-quiet", act);
        let mut buttons = Vec::new();
        if !is_me {
            buttons.push(quiet("Message", Box::new(move || message(panel, account, failed))));
        }
        if let Some(chat) = is.chat {
            buttons.push(quiet("Safety number", Box::new(move || panel.app.show(Dialog::Contact(chat)))));
        }
        let adds = panel.with(|view| view.permissions.add <= view.role);
        if !is_me && adds && sharing::is_agreed(panel) {
            let ask = Box::new(move || {
                asked.set(Some(Question::Share));
                request_animation_frame(|| page::focus(sharing::CHOICE));
            });
            buttons.push(quiet("Share earlier messages…", ask));
        }
        if mine == Role::Owner {
            for role in [Role::Owner, Role::Admin, Role::Member].into_iter().filter(|it| *it != is.role) {
                let set = move || {
                    if is_me {
                        asked.set(Some(Question::StepDown(role)));
                    } else {
                        does(Command::SetRole { conversation, account, role });
                    }
                };
                buttons.push(quiet(words::make(role), Box::new(set)));
            }
        }
        if mine > is.role && !is.leaving {
            buttons.push(quiet("Remove from group", Box::new(move || asked.set(Some(Question::Remove)))));
        }
        parts::several(vec![
            html::div()
                .class("member-options")
                .attr("role", "group")
                .attr("aria-label", format!("What you can do about {name}"))
                .child(buttons)
                .into_any(),
            parts::maybe(move || failed.get().map(|said| parts::alert("note note-bad", said))),
        ])
    })
}

/// Asks how much is shared with somebody who is there already.
fn share(
    panel: Panel,
    account: AccountId,
    name: &str,
    cancel: impl Fn() + Copy + 'static,
    back: impl Fn() + Copy + 'static,
) -> AnyView {
    let (shares, said) = (Sharing::new(1), words::sharing_earlier(name));
    let share = move || {
        let Ok(command) = shares.command(panel.id, account) else { return };
        if let Some(command) = command {
            panel.app.announce(said.clone());
            panel.change(command);
        }
        panel.options.set(None);
        back();
    };
    let buttons = vec![parts::primary("Share"), parts::button("Cancel", "button button-quiet", cancel)];
    parts::form(share, vec![shares.view(), parts::stack("actions", buttons)])
}

/// Opens the chat with a member, making it if need be.
fn message(panel: Panel, account: AccountId, failed: RwSignal<Option<&'static str>>) {
    panel.app.ask(Command::StartConversation(account), move |reply| match reply {
        Reply::Conversation(id) => go(&Route::Conversation(id)),
        Reply::Failed(error) => {
            let _ = failed.try_set(Some(words::command_error(error)));
        }
        _ => {}
    });
}
