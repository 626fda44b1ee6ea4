//! A lying relay: tests change its answers on their way out, and read and change its stored data.

use std::cell::RefCell;
use std::rc::Rc;

use parley_protocol::frame::{Answer, ClientFrame, InboxEntry, Push, Request, ServerFrame};
use parley_protocol::ids::{AccountId, LogId};

use super::{ConnectionId, Outgoing, VirtualRelay};

/// Frames with their receivers, caused by one request.
pub type Told = Vec<(ConnectionId, ServerFrame)>;

type Change = dyn FnMut(ConnectionId, &Request, &mut Told);

/// The change to everything that the relay sends.
#[derive(Clone, Default)]
pub(super) struct Lie(Option<Rc<RefCell<Change>>>);

impl Lie {
    pub(super) fn tell(&self, from: ConnectionId, asked: &[u8], outgoing: Outgoing) -> Outgoing {
        let Some(change) = &self.0 else { return outgoing };
        let request = ClientFrame::decode(asked).unwrap().request;
        let decoded = outgoing.into_iter().map(|(to, bytes)| (to, ServerFrame::decode(&bytes).unwrap()));
        let mut told: Told = decoded.collect();
        (*change.borrow_mut())(from, &request, &mut told);
        told.into_iter().map(|(to, frame)| (to, frame.encode().unwrap())).collect()
    }
}

impl VirtualRelay {
    /// From now on `change` may change, drop and add frames of the relay. It gets the asking connection, the request, and the
    /// frames that the relay would send.
    pub fn lie(&mut self, change: impl FnMut(ConnectionId, &Request, &mut Told) + 'static) {
        self.lie = Lie(Some(Rc::new(RefCell::new(change))));
    }

    /// From now on the relay says that every log begins at its end, and sends nothing from before.
    pub fn hide_what_is_in_logs(&mut self) {
        self.lie(|_, request, told| {
            let Request::SubscribeLog(_) = request else { return };
            for (_, frame) in told.iter_mut() {
                if let ServerFrame::Answer { result, .. } = frame
                    && let Ok(Answer::Subscribed(state)) = result
                {
                    let (state, start) = (*state, state.head);
                    *result = Ok(Answer::SubscribedFrom { state, start });
                }
            }
            told.retain(|(_, frame)| !matches!(frame, ServerFrame::Push(Push::Log { .. })));
        });
    }

    /// Ends the lie.
    pub fn stop_lying(&mut self) {
        self.lie = Lie::default();
    }

    /// The ids of all logs, oldest id first.
    #[must_use]
    pub fn log_ids(&self) -> Vec<LogId> {
        self.logs.keys().copied().collect()
    }

    /// The entries that wait in the inboxes of an account.
    #[must_use]
    pub fn inbox_of(&self, account: &AccountId) -> Vec<InboxEntry> {
        let of_account = self.inboxes.iter().filter(|(address, _)| address.account == *account);
        of_account.flat_map(|(_, inbox)| inbox.entries.iter().cloned()).collect()
    }

    /// The number of one-time KeyPackages that an account has left.
    #[must_use]
    pub fn one_time_left(&self, account: &AccountId) -> usize {
        let of_account = self.inboxes.iter().filter(|(address, _)| address.account == *account);
        of_account.map(|(_, inbox)| inbox.one_time.len()).sum()
    }
}
