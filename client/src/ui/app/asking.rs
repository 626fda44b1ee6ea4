//! What needs a connection is asked again once there is one.

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, Connection, Reply, UsernameStatus};

use crate::platform::timer;
use crate::ui::app::state::App;

/// An owner that was asked too early has not said yet that it has a connection; so long until it is asked again, in milliseconds.
const SOON: u64 = 1_000;

/// What waits for the connection.
#[derive(Default)]
pub(crate) struct Asking {
    /// Until it is known whether there will be one: it opens just now.
    opened: Vec<Box<dyn FnOnce()>>,
    /// Until there is one.
    online: Vec<Box<dyn FnOnce()>>,
}

/// Takes up what waits whenever the connection changes.
pub(crate) fn follow(app: App) {
    Effect::new(move |_| {
        let connection = app.connection.get();
        let mut due = Vec::new();
        app.asking.update_value(|asking| {
            if connection != Connection::Connecting {
                due.append(&mut asking.opened);
            }
            if is_online(connection) {
                due.append(&mut asking.online);
            }
        });
        untrack(|| due.into_iter().for_each(|act| act()));
    });
}

const fn is_online(connection: Connection) -> bool {
    matches!(connection, Connection::Online | Connection::CatchingUp)
}

/// Whether it was asked for want of a connection that nothing came of it.
const fn came_too_early(reply: &Reply) -> bool {
    matches!(reply, Reply::Failed(CommandError::Offline) | Reply::Username(UsernameStatus::Unknown))
}

/// Only these are refused for want of a connection; the others need not be kept to be asked again.
const fn needs_connection(command: &Command) -> bool {
    matches!(
        command,
        Command::CheckUsername(_)
            | Command::CreateAccount { .. }
            | Command::FindPerson(_)
            | Command::ShowLinkCode { .. }
            | Command::UseLinkCode { .. }
            | Command::RemoveDevice(_)
            | Command::ConfirmPhrase(_)
            | Command::Recover { .. }
            | Command::BackUpNow
    )
}

impl App {
    /// Sends a command; `on_reply` gets its one reply. While the connection opens, that waits until it is known how that ends.
    pub(crate) fn ask(self, command: Command, on_reply: impl FnOnce(Reply) + 'static) {
        let Some(link) = self.owner.get_value() else { return };
        if !needs_connection(&command) {
            return link.ask(command, on_reply);
        }
        let again = command.clone();
        link.ask(command, move |reply| {
            if came_too_early(&reply) && self.connection.get_untracked() == Connection::Connecting {
                let act: Box<dyn FnOnce()> = Box::new(move || link.ask(again, on_reply));
                self.asking.update_value(|asking| asking.opened.push(act));
            } else {
                on_reply(reply);
            }
        });
    }

    /// Asks, and asks again whenever there is a connection, as long as `waits` says that somebody still waits: it is called each
    /// time when there is none.
    pub(crate) fn ask_patiently(
        self,
        command: Command,
        waits: impl Fn() -> bool + 'static,
        on_reply: impl FnOnce(Reply) + 'static,
    ) {
        self.patiently(command, Box::new(waits), Box::new(on_reply));
    }

    fn patiently(self, command: Command, waits: Box<dyn Fn() -> bool>, on_reply: Box<dyn FnOnce(Reply)>) {
        let again = command.clone();
        self.ask(command, move |reply| {
            let online = is_online(self.connection.get_untracked());
            let refused = matches!(reply, Reply::Failed(CommandError::Offline));
            if !refused && (online || !came_too_early(&reply)) {
                return on_reply(reply);
            }
            if !waits() {
                return;
            }
            let act: Box<dyn FnOnce()> = Box::new(move || {
                if waits() {
                    self.patiently(again, waits, on_reply);
                }
            });
            if online {
                timer::after(SOON, act).forget();
            } else {
                self.asking.update_value(|asking| asking.online.push(act));
            }
        });
    }
}
