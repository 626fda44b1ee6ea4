//! The view's link to the owner of the device, which is this tab's worker or another's.

use std::collections::BTreeMap;

use leptos::prelude::{LocalStorage, StoredValue, UpdateValue, WithValue};
use parley_engine::view::{Command, Reply, Request, ViewRequestId};

use crate::host::channel::CHANNEL;
use crate::model::signal::{self, Signal, Unreadable};
use crate::model::slot::{FromWorker, Slot, ToWorker};
use crate::platform::broadcast::Broadcast;
use crate::platform::timer::Interval;
use crate::platform::worker::WorkerHandle;
use crate::platform::{local, random};

/// How often what was not answered is asked again, in milliseconds.
const ASK_AGAIN: u32 = 2_000;

type OnReply = Box<dyn FnOnce(Reply)>;

/// Asks the owner; what is not answered is asked again, also of the next owner.
#[derive(Clone, Copy)]
pub(super) struct Link(StoredValue<Inner, LocalStorage>);

struct Inner {
    channel: Option<Broadcast>,
    pending: BTreeMap<u64, Pending>,
}

struct Pending {
    command: Command,
    on_reply: OnReply,
    rounds: u32,
}

impl Link {
    /// Opens the channel; `hear` gets everything but requests of other views.
    pub(super) fn open(hear: impl Fn(Result<Signal, Unreadable>) + 'static) -> Self {
        let channel = Broadcast::open(CHANNEL, move |bytes| hear(signal::decode(&bytes)));
        let link = Self(StoredValue::new_local(Inner { channel, pending: BTreeMap::new() }));
        Interval::new(ASK_AGAIN, move || link.ask_again()).forget();
        link
    }

    /// Sends a command; `on_reply` gets its one reply.
    pub(super) fn ask(self, command: Command, on_reply: impl FnOnce(Reply) + 'static) {
        let id = u64::from_le_bytes(random::bytes());
        let request = Signal::Ask(Request { id: ViewRequestId(id), command: command.clone() });
        self.0.update_value(|inner| {
            inner.pending.insert(id, Pending { command, on_reply: Box::new(on_reply), rounds: 0 });
            inner.say(&request);
        });
    }

    /// Says something to the owner that has no reply.
    pub(super) fn say(self, signal: &Signal) {
        self.0.with_value(|inner| inner.say(signal));
    }

    /// Takes a reply; those to other views' requests are ignored.
    pub(super) fn replied(self, id: ViewRequestId, reply: Reply) {
        let mut on_reply = None;
        self.0.update_value(|inner| on_reply = inner.pending.remove(&id.0).map(|pending| pending.on_reply));
        if let Some(on_reply) = on_reply {
            on_reply(reply);
        }
    }

    /// Asks again everything that was not answered: there is a new owner.
    pub(super) fn ask_all(self) {
        self.0.with_value(|inner| {
            for (id, pending) in &inner.pending {
                inner.say(&Signal::Ask(Request { id: ViewRequestId(*id), command: pending.command.clone() }));
            }
        });
    }

    fn ask_again(self) {
        self.0.update_value(|inner| {
            let mut late = Vec::new();
            for (id, pending) in &mut inner.pending {
                pending.rounds = pending.rounds.saturating_add(1);
                if pending.rounds > 1 {
                    late.push(Request { id: ViewRequestId(*id), command: pending.command.clone() });
                }
            }
            for request in late {
                inner.say(&Signal::Ask(request));
            }
        });
    }
}

impl Inner {
    fn say(&self, signal: &Signal) {
        if let (Some(channel), Some(bytes)) = (&self.channel, signal::encode(signal)) {
            channel.say(&bytes);
        }
    }
}

/// Starts this tab's worker and lends it localStorage. `died` is called when it cannot go on.
pub(super) fn start_worker(died: impl Fn() + Clone + 'static) {
    let on_error = died.clone();
    let started = WorkerHandle::start(
        {
            let died = died.clone();
            move |worker, bytes| match signal::decode(&bytes) {
                Ok(FromWorker::Read) => {
                    let (vault, master) = (local::read(Slot::Vault), local::read(Slot::Master));
                    answer(worker, &ToWorker::Slots { vault, master });
                }
                Ok(FromWorker::Write { id, slot, value }) => {
                    let done = local::write(slot, value.as_deref());
                    answer(worker, &ToWorker::Written { id, done });
                }
                Ok(FromWorker::Died) | Err(_) => {
                    worker.end();
                    died();
                }
            }
        },
        move |worker| {
            worker.end();
            on_error();
        },
    );
    if started.is_err() {
        died();
    }
}

fn answer(worker: &WorkerHandle, message: &ToWorker) {
    if let Some(bytes) = signal::encode(message) {
        worker.say(&bytes);
    }
}
