//! Shows the group to which an invite link leads, and joins it.

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, Connection, GroupPreview, Reply};

use crate::model::route::Route;
use crate::model::signal::ToOwner;
use crate::platform::files::{self, File};
use crate::platform::page;
use crate::ui::app::state::{App, go};
use crate::ui::design::field::{Field, Note, lines};
use crate::ui::design::{avatar, html, parts};
use crate::ui::words;

/// The id of the button that joins.
const JOIN: &str = "join-group";
/// The field for a message to the admins.
const GREETING: &str = "join-greeting";

/// The progress of looking at the group.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Look {
    /// The relay is asked, now or once there is a connection.
    Looking,
    /// The group is shown.
    Seen(GroupPreview),
    /// The group cannot be shown.
    Failed(CommandError),
}

#[derive(Clone, Copy)]
struct Joining {
    app: App,
    link: StoredValue<String>,
    look: RwSignal<Look>,
    /// Counts the attempts to look at the group. Replies to an earlier one are ignored.
    attempt: StoredValue<u32>,
    /// The person wants to join, and waits.
    underway: RwSignal<bool>,
    /// There was no connection at the last change. A new attempt to connect changes nothing on the screen.
    offline: RwSignal<bool>,
    /// Why joining failed.
    failed: RwSignal<Option<CommandError>>,
}

/// The content of the dialog.
pub(crate) fn body(app: App, link: &str) -> AnyView {
    if link.is_empty() {
        // The page was reloaded, so only the source of the link still has it.
        request_animation_frame(move || app.close_dialog());
        return parts::nothing();
    }
    let joining = Joining {
        app,
        link: StoredValue::new(link.to_owned()),
        look: RwSignal::new(Look::Looking),
        attempt: StoredValue::new(0),
        underway: RwSignal::new(false),
        offline: RwSignal::new(false),
        failed: RwSignal::new(None),
    };
    Effect::new(move |_| match app.connection.get() {
        Connection::Connecting => {}
        Connection::Online | Connection::CatchingUp => joining.offline.set(false),
        Connection::Offline { .. } | Connection::ReloadNeeded | Connection::RelayTooOld => {
            joining.offline.set(true);
        }
    });
    joining.look();
    let inside = parts::dynamic(move || match joining.look.get() {
        Look::Looking => joining.looking(),
        Look::Seen(group) => joining.group(group),
        Look::Failed(error) => joining.nothing_there(error),
    });
    html::div().class("dialog-body").child(parts::stack("contact group-join", vec![inside])).into_any()
}

impl Joining {
    fn look(self) {
        self.look.set(Look::Looking);
        let attempt = self.attempt.get_value().wrapping_add(1);
        self.attempt.set_value(attempt);
        let waits = move || self.attempt.try_get_value() == Some(attempt);
        let asked = Command::LookAtGroup(self.link.get_value());
        self.app.ask_patiently(asked, waits, move |reply| match reply {
            _ if !waits() => {}
            Reply::Conversation(id) => go(&Route::Conversation(id)),
            Reply::GroupPreview(group) => {
                self.look.set(Look::Seen(*group));
                request_animation_frame(|| page::focus(JOIN));
            }
            Reply::Failed(error) => self.look.set(Look::Failed(error)),
            _ => {}
        });
    }

    /// The text until the group is shown. A request that waits for a connection also goes on by itself.
    fn looking(self) -> AnyView {
        let offline = self.offline;
        let said =
            parts::live(move || if offline.get() { words::JOIN_OFFLINE } else { words::LOOKING_AT_GROUP });
        let again = move || {
            self.app.say(&ToOwner::RetryNow);
            self.look();
        };
        parts::several(vec![
            parts::status("note", said),
            parts::maybe(move || {
                offline.get().then(|| parts::button("Try again", "button button-wide", again))
            }),
        ])
    }

    fn nothing_there(self, error: CommandError) -> AnyView {
        let button = if error.retry_helps() {
            parts::button("Try again", "button button-wide", move || self.look())
        } else {
            parts::button("OK", "button button-wide", move || self.app.close_dialog())
        };
        parts::several(vec![parts::alert("note note-bad", said(error)), button])
    }

    fn group(self, group: GroupPreview) -> AnyView {
        let GroupPreview { conversation, name, picture, people, by, approval } = group;
        let head = vec![
            avatar::group_seen(conversation, &name, shown(picture)),
            html::h3().class("contact-name").attr("dir", "auto").child(name).into_any(),
            html::p().class("quiet").child(words::people(people)).into_any(),
        ];
        let mut inside = vec![parts::stack("contact-head", head)];
        inside.extend(by.map(|by| parts::text("", words::invited_by(&by))));
        let failed =
            parts::maybe(move || self.failed.get().map(|error| parts::alert("note note-bad", said(error))));
        if approval {
            inside.push(parts::text("quiet", words::ASKS_FIRST));
            inside.push(self.asking(failed));
        } else {
            inside.push(parts::text("quiet", words::JOINING_BY_LINK));
            inside.extend([failed, self.buttons("Join", "Joining…", move || self.join())]);
        }
        parts::several(inside)
    }

    /// What is said to the admins, and asking them.
    fn asking(self, failed: AnyView) -> AnyView {
        let how =
            Field { id: GREETING, label: words::GREETING, autocomplete: "off", longest: "250", code: false };
        let greeting = RwSignal::new(String::new());
        let ask = move || self.ask_to_join(greeting.get_untracked());
        let inside = vec![
            lines(how, greeting, Signal::stored(Note::None), || ()),
            failed,
            self.buttons("Ask to join", "Asking…", ask),
        ];
        parts::form(ask, inside)
    }

    fn ask_to_join(self, greeting: String) {
        let link = self.link.get_value();
        self.begin("Asking…", Command::AskToJoin { link, greeting });
    }

    fn buttons(self, name: &'static str, underway: &'static str, act: impl Fn() + 'static) -> AnyView {
        let named = parts::live(move || match (self.underway.get(), self.failed.get()) {
            (true, _) => underway,
            (false, Some(_)) => "Try again",
            (false, None) => name,
        });
        let join = html::button()
            .class("button")
            .attr("id", JOIN)
            .attr("type", "button")
            .flag("aria-disabled", move || self.underway.get())
            .on(leptos::ev::click, move |_| act())
            .child(named);
        let not_now = parts::button("Not now", "button button-quiet", move || self.app.close_dialog());
        parts::stack("actions", vec![join.into_any(), not_now])
    }

    fn join(self) {
        self.begin("Joining…", Command::JoinByLink(self.link.get_value()));
    }

    fn begin(self, said: &'static str, command: Command) {
        if self.underway.get_untracked() {
            return;
        }
        self.underway.set(true);
        self.failed.set(None);
        self.app.announce(said);
        self.app.ask(command, move |reply| {
            // Whoever has gone elsewhere finds the group among the chats.
            if self.underway.try_set(false).is_some() {
                return;
            }
            match reply {
                Reply::Conversation(id) => go(&Route::Conversation(id)),
                Reply::Failed(error) if error.retry_helps() => self.failed.set(Some(error)),
                Reply::Failed(error) => self.look.set(Look::Failed(error)),
                _ => {}
            }
        });
    }
}

/// The person has to repeat joining themselves, unlike most requests that wait for a connection.
fn said(error: CommandError) -> &'static str {
    match error {
        CommandError::Offline => words::JOIN_OFFLINE,
        CommandError::TextLength => words::GREETING_LONG,
        other => words::command_error(other),
    }
}

/// The address of the picture, valid as long as this view.
fn shown(picture: Option<Vec<u8>>) -> Option<String> {
    let address = picture.and_then(|bytes| File::of_bytes(&bytes)?.address())?;
    let shown = address.clone();
    on_cleanup(move || files::forget(&shown));
    Some(address)
}
