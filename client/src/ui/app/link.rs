//! Links the view to the owner of the device, which is this tab's worker or another tab's.

use leptos::prelude::{LocalStorage, StoredValue, UpdateValue, WithValue};
use parley_engine::view::{Command, Reply, Request, ViewRequestId};

use crate::model::signal::{self, ToOwner, ToViews, Unreadable};
use crate::model::signal::{TO_OWNER, TO_VIEWS};
use crate::platform::broadcast::Broadcast;
use crate::platform::random;
use crate::platform::timer::Interval;

/// The interval at which the page repeats unanswered requests, in milliseconds.
const ASK_AGAIN: u32 = 2_000;

type OnReply = Box<dyn FnOnce(Reply)>;

/// Sends requests to the owner, and repeats unanswered ones, also to the next owner.
#[derive(Clone, Copy)]
pub(crate) struct Link(StoredValue<Inner, LocalStorage>);

struct Inner {
    _heard: Option<Broadcast>,
    channel: Option<Broadcast>,
    /// The unanswered requests in the order in which they were asked and are repeated.
    pending: Vec<Pending>,
}

struct Pending {
    id: ViewRequestId,
    command: Command,
    on_reply: OnReply,
    rounds: u32,
}

impl Link {
    /// Opens the channel. `hear` gets every signal on the channel; `late` runs while a request waits long for its answer.
    pub(crate) fn open(
        hear: impl Fn(Result<ToViews, Unreadable>) + 'static,
        late: impl Fn() + 'static,
    ) -> Self {
        let heard = Broadcast::open(TO_VIEWS, move |bytes| hear(signal::decode(&bytes)));
        let channel = Broadcast::open(TO_OWNER, |_| ());
        let link = Self(StoredValue::new_local(Inner { _heard: heard, channel, pending: Vec::new() }));
        Interval::new(ASK_AGAIN, move || {
            if link.ask_again() {
                late();
            }
        })
        .forget();
        link
    }

    /// Sends a command; `on_reply` gets its one reply.
    pub(crate) fn ask(self, command: Command, on_reply: impl FnOnce(Reply) + 'static) {
        self.ask_as(u64::from_le_bytes(random::bytes()), command, on_reply);
    }

    /// Sends a command under an id that the caller chose.
    pub(crate) fn ask_as(self, id: u64, command: Command, on_reply: impl FnOnce(Reply) + 'static) {
        let id = ViewRequestId(id);
        let request = ToOwner::Ask(Request { id, command: command.clone() });
        self.0.update_value(|inner| {
            inner.pending.push(Pending { id, command, on_reply: Box::new(on_reply), rounds: 0 });
            inner.say(&request);
        });
    }

    /// Sends a signal that has no reply to the owner.
    pub(crate) fn say(self, signal: &ToOwner) {
        self.0.with_value(|inner| inner.say(signal));
    }

    /// Takes a reply. Ignores replies to other views' requests.
    pub(crate) fn replied(self, id: ViewRequestId, reply: Reply) {
        let mut on_reply = None;
        self.0.update_value(|inner| {
            let place = inner.pending.iter().position(|pending| pending.id == id);
            on_reply = place.map(|place| inner.pending.remove(place).on_reply);
        });
        if let Some(on_reply) = on_reply {
            on_reply(reply);
        }
    }

    /// Repeats every unanswered request, because there is a new owner.
    pub(crate) fn ask_all(self) {
        self.0.with_value(|inner| {
            for Pending { id, command, .. } in &inner.pending {
                inner.say(&ToOwner::Ask(Request { id: *id, command: command.clone() }));
            }
        });
    }

    /// Forgets every unanswered request.
    pub(crate) fn forget(self) {
        self.0.update_value(|inner| inner.pending.clear());
    }

    /// Repeats the unanswered requests that are old enough. Returns whether there were any.
    fn ask_again(self) -> bool {
        let mut any = false;
        self.0.update_value(|inner| {
            let mut late = Vec::new();
            for pending in &mut inner.pending {
                pending.rounds = pending.rounds.saturating_add(1);
                if pending.rounds > 1 {
                    late.push(Request { id: pending.id, command: pending.command.clone() });
                }
            }
            any = !late.is_empty();
            for request in late {
                inner.say(&ToOwner::Ask(request));
            }
        });
        any
    }
}

impl Inner {
    fn say(&self, signal: &ToOwner) {
        if let (Some(channel), Some(bytes)) = (&self.channel, signal::encode(signal)) {
            channel.say(&bytes);
        }
    }
}
