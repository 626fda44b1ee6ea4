//! Checks what must hold at the end of every run.

use std::collections::BTreeSet;

use parley_engine::view::{BodyView, Command, ConversationView, Delivery, MessageView, Reply};

use super::DeviceIndex;
use super::run::{NAMES, Run};

type Checked = Result<(), String>;

impl Run {
    /// Checks everything. Returns the number of messages that arrived.
    pub(super) fn check(&mut self) -> Result<usize, String> {
        self.keys()?;
        for who in 0..self.world.devices.len() {
            self.nobody_is_stuck(who)?;
            self.live_is_as_fresh(who)?;
            if !self.restored.contains(&who) {
                self.unread_is_counted(who)?;
            }
        }
        let mut arrived = 0;
        for from in 0..self.world.devices.len() {
            for to in (0..self.world.devices.len()).filter(|to| *to != from) {
                arrived += self.arrived(from, to)?;
                self.views_agree(from, to)?;
            }
        }
        Ok(arrived)
    }

    fn keys(&self) -> Checked {
        let devices = self.world.devices.iter().map(|device| &device.seals);
        match devices.chain([&self.world.ledger]).flat_map(|ledger| &ledger.violations).next() {
            Some(violation) => Err(violation.clone()),
            None => Ok(()),
        }
    }

    fn nobody_is_stuck(&self, who: DeviceIndex) -> Checked {
        let name = NAMES[who];
        if !self.world.is_online(who) {
            return Err(format!("{name} is stuck: {:?}", self.world.devices[who].connection));
        }
        if let Some(sent) = self.sent.iter().find(|sent| sent.from == who && sent.unanswered()) {
            return Err(format!("{name} was never told about {:?}", sent.text));
        }
        let screen = &self.world.devices[who].screen;
        match screen.conversations.values().find(|view| view.preparing || view.warning.is_some()) {
            Some(view) => Err(format!("{name} is not done with a conversation: {view:?}")),
            None => Ok(()),
        }
    }

    /// Checks that every accepted text arrived once and in order, and that no unsent text is there.
    fn arrived(&self, from: DeviceIndex, to: DeviceIndex) -> Result<usize, String> {
        let sent: Vec<_> = self.sent.iter().filter(|sent| sent.from == from && sent.to == to).collect();
        let restored = self.restored.contains(&from) || self.restored.contains(&to);
        let others = |text: &String| !(text.starts_with('>') || restored && text.starts_with("[Gap("));
        let mut received: Vec<String> = self.texts(to, from).into_iter().filter(others).collect();
        if restored {
            // Texts written between the copy and the rollback come again, after texts written since.
            received.sort_by_key(|text| sent.iter().position(|sent| sent.text == *text));
        }
        let mut next = received.iter().peekable();
        for sent in sent {
            if next.next_if(|text| **text == sent.text).is_none() && sent.accepted {
                let (from, to) = (NAMES[from], NAMES[to]);
                return Err(format!("{:?} from {from} is not in its place at {to}: {received:?}", sent.text));
            }
        }
        match next.next() {
            Some(extra) => Err(format!("{extra:?} is at {} and should not: {received:?}", NAMES[to])),
            None => Ok(received.len()),
        }
    }

    /// Checks that both sides show the same messages in the same order, and know that every message arrived.
    fn views_agree(&self, one: DeviceIndex, other: DeviceIndex) -> Checked {
        if self.restored.contains(&one) || self.restored.contains(&other) {
            return Ok(());
        }
        let mirrored = |text: &String| match text.strip_prefix('>') {
            Some(text) => text.to_owned(),
            None => format!(">{text}"),
        };
        let ours = self.texts(one, other);
        let theirs: Vec<String> = self.texts(other, one).iter().map(mirrored).collect();
        if ours != theirs {
            return Err(format!(
                "{} and {} see different things: {ours:?}, {theirs:?}",
                NAMES[one], NAMES[other]
            ));
        }
        let undelivered = |message: &MessageView| {
            message.outgoing.is_some_and(|state| !matches!(state, Delivery::Delivered | Delivery::Read))
        };
        match self.shown(one, other).into_iter().find(undelivered) {
            Some(message) => {
                Err(format!("{} still shows {:?} for {:?}", NAMES[one], message.outgoing, message.body))
            }
            None => Ok(()),
        }
    }

    /// Checks that after everybody has looked at every chat, nothing is unread and every message is known to have been read.
    pub(super) fn check_read(&mut self) -> Checked {
        for (who, name) in NAMES.iter().enumerate().take(self.world.devices.len()) {
            self.live_is_as_fresh(who)?;
            let unread = |view: &&ConversationView| view.unread > 0;
            if let Some(view) = self.world.devices[who].screen.conversations.values().find(unread) {
                return Err(format!("{name} has looked at everything, and {view:?} is unread"));
            }
            let all = 0..self.world.devices.len();
            for other in all.filter(|other| *other != who) {
                // A rolled-back device knows what it wrote after the copy only from the other side.
                if self.restored.contains(&who) || self.restored.contains(&other) {
                    continue;
                }
                let unread = |it: &MessageView| it.outgoing.is_some_and(|state| state != Delivery::Read);
                if let Some(message) = self.shown(who, other).into_iter().find(unread) {
                    let (state, text) = (message.outgoing, message.body);
                    return Err(format!(
                        "{} has read {text:?}, {} shows {state:?}",
                        NAMES[other], NAMES[who]
                    ));
                }
            }
        }
        Ok(())
    }

    /// Checks that messages counted as unread were not marked as read, and that unmarked ones are counted.
    fn unread_is_counted(&self, who: DeviceIndex) -> Checked {
        let none = BTreeSet::new();
        let (read, marked) = (self.read.get(&who).unwrap_or(&none), self.marked.get(&who).unwrap_or(&none));
        for view in self.world.devices[who].screen.conversations.values() {
            let shown = self.world.devices[who].screen.in_order(view.id);
            let theirs = |it: &&MessageView| it.outgoing.is_none() && !it.body.is_notice();
            let theirs: Vec<_> = shown.iter().filter(theirs).collect();
            // Messages that arrive late, before marked ones, may count or not.
            let after = theirs.iter().rev().take_while(|it| !marked.contains(&it.id)).count();
            let at_most = theirs.iter().filter(|it| !read.contains(&it.id)).count();
            let unread = usize::try_from(view.unread).unwrap();
            if !(after..=at_most).contains(&unread) {
                let name = NAMES[who];
                return Err(format!("{name} has {unread} unread, and {after} to {at_most} are: {view:?}"));
            }
        }
        Ok(())
    }

    fn shown(&self, who: DeviceIndex, whose: DeviceIndex) -> Vec<MessageView> {
        let conversation = self.conversation(who, whose);
        conversation.map(|id| self.world.devices[who].screen.in_order(id)).unwrap_or_default()
    }

    /// Whether the screen of `who` shows a text of `whose`, so it is also on their disk.
    pub(super) fn has_heard(&self, who: DeviceIndex, whose: DeviceIndex) -> bool {
        self.shown(who, whose).iter().any(|message| message.outgoing.is_none())
    }

    fn texts(&self, who: DeviceIndex, whose: DeviceIndex) -> Vec<String> {
        let text = |message: MessageView| {
            let mark = if message.outgoing.is_some() { ">" } else { "" };
            match message.body {
                BodyView::Text(text) => format!("{mark}{text}"),
                other => format!("{mark}[{other:?}]"),
            }
        };
        self.shown(who, whose).into_iter().map(text).collect()
    }

    /// Checks that the screen built from events equals what a new screen would load now.
    fn live_is_as_fresh(&mut self, who: DeviceIndex) -> Checked {
        let live = self.world.devices[who].screen.clone();
        let Reply::Snapshot(snapshot) = self.world.ask(who, Command::Subscribe) else {
            return Err("no snapshot".into());
        };
        let listed: Vec<ConversationView> = live.conversations.values().cloned().collect();
        let mut fresh = snapshot.conversations;
        fresh.sort_by_key(|view| view.id);
        if listed != fresh {
            return Err(format!("{}'s list is {listed:?}, and should be {fresh:?}", NAMES[who]));
        }
        for view in fresh {
            let history = self.world.history(who, view.id);
            let live = live.in_order(view.id);
            if let Some((live, fresh)) = live.iter().zip(&history).find(|(live, fresh)| live != fresh) {
                return Err(format!("{}'s screen shows {live:?}, a new one {fresh:?}", NAMES[who]));
            }
            if live.len() != history.len() {
                let (live, fresh) = (live.len(), history.len());
                return Err(format!("{}'s screen shows {live} messages, a new one {fresh}", NAMES[who]));
            }
        }
        self.world.devices[who].screen = live;
        Ok(())
    }
}
