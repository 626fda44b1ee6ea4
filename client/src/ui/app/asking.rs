//! Repeats commands that need a connection once the device is connected.

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, Connection, Reply, UsernameStatus};

use crate::platform::timer;
use crate::ui::app::state::App;

/// An owner that was asked too early has not yet reported its connection. The pause before the page asks it again, in
/// milliseconds.
const SOON: u64 = 1_000;

/// The commands that wait for a connection.
pub(crate) type Asking = Vec<Box<dyn FnOnce()>>;

/// Runs the waiting commands each time that the connection comes up.
pub(crate) fn follow(app: App) {
    Effect::new(move |_| {
        if is_online(app.connection.get()) {
            let due = app.asking.try_update_value(core::mem::take).unwrap_or_default();
            untrack(|| due.into_iter().for_each(|act| act()));
        }
    });
}

const fn is_online(connection: Connection) -> bool {
    matches!(connection, Connection::Online | Connection::CatchingUp)
}

/// Whether the command had no result for want of a connection.
const fn came_too_early(reply: &Reply) -> bool {
    matches!(reply, Reply::Failed(CommandError::Offline) | Reply::Username(UsernameStatus::Unknown))
}

impl App {
    /// Sends a command, and repeats it at each new connection until it is answered. Each time that the connection is missing,
    /// the page calls `waits`; it gives up when `waits` returns false.
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
                self.asking.update_value(|asking| asking.push(act));
            }
        });
    }
}
