//! Attacks with relations: somebody edits and deletes others' messages as if they were theirs, or reacts without end.

use parley_engine::hostile::{Forged, Peer};
use parley_engine::view::{BodyView, Command, ConversationId, MessageRef, MessageView, Reply};
use parley_protocol::ids::LogId;
use parley_tests::sim::{DeviceIndex, World};

use super::enemy::{ask, found, meet, reconnect};

const THUMB: &str = "\u{1F44D}";

/// Ada, and Eve, with whom she chats.
struct Two {
    world: World,
    ada: DeviceIndex,
    chat: ConversationId,
    eve: Peer,
    log: LogId,
}

impl Two {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let ada = world.add_person("Ada");
        let mut eve = Peer::new(seed, "eve");
        let log = meet(&mut world, ada, &mut eve);
        let head = eve.log().head();
        let text = eve.text(log, "by eve", &head);
        ask(&mut world, eve.append(log, text)).unwrap();
        reconnect(&mut world, ada);
        let chat = world.only_conversation(ada);
        assert_eq!(world.ask(ada, Command::Accept(chat)), Reply::Done);
        world.send(ada, chat, "by ada");
        world.settle();
        // Ada has replaced her keys in an epoch that Eve cannot follow.
        let log = found(&mut world, ada, &mut eve);
        Self { world, ada, chat, eve, log }
    }

    fn shown(&mut self) -> Vec<MessageView> {
        self.world.history(self.ada, self.chat).into_iter().filter(|it| it.about.named.is_some()).collect()
    }

    fn named(&mut self, text: &str) -> MessageRef {
        let is_it = |it: &MessageView| it.body == BodyView::Text(text.to_owned());
        self.shown().into_iter().find(is_it).and_then(|it| it.about.named).expect("it is there")
    }

    /// Ada replaces her keys now and then, and Eve does not follow: then she begins another log.
    fn says(&mut self, target: &MessageRef, forged: &Forged) {
        let sealed = self.eve.relation(self.log, target, forged);
        let append = self.eve.append(self.log, sealed);
        if ask(&mut self.world, append).is_ok() {
            return;
        }
        self.log = found(&mut self.world, self.ada, &mut self.eve);
        let sealed = self.eve.relation(self.log, target, forged);
        ask(&mut self.world, self.eve.append(self.log, sealed)).unwrap();
    }
}

#[test]
fn h2_nobody_edits_or_deletes_what_another_said_or_takes_back_their_reaction() {
    let mut two = Two::new(660);
    let (ada, eve) = (two.named("by ada"), two.named("by eve"));
    let react = Command::React { conversation: two.chat, message: eve, sign: THUMB.into(), on: true };
    assert_eq!(two.world.ask(two.ada, react), Reply::Done);
    two.world.settle();
    let before = two.shown();
    two.says(&ada, &Forged::Edit(99, "forged".into()));
    two.says(&ada, &Forged::Deletion);
    two.says(&eve, &Forged::Reaction(99, THUMB.into(), false));
    // Eve signs with her own name, but the message is Ada's.
    two.says(&MessageRef { author: eve.author, ..ada }, &Forged::Deletion);
    reconnect(&mut two.world, two.ada);
    assert_eq!(two.shown(), before);
    two.says(&eve, &Forged::Edit(1, "changed by eve".into()));
    reconnect(&mut two.world, two.ada);
    assert!(two.shown().iter().any(|it| it.body == BodyView::Text("changed by eve".into())));
}

#[test]
fn p9_a_message_does_not_carry_reactions_without_end_and_no_reaction_is_a_text() {
    let mut two = Two::new(661);
    let ada = two.named("by ada");
    for number in 0..40_u32 {
        let sign = char::from_u32(0x1F600 + number).unwrap().to_string();
        two.says(&ada, &Forged::Reaction(number, sign, true));
    }
    two.says(&ada, &Forged::Reaction(99, "call me at".into(), true));
    two.says(&ada, &Forged::Reaction(99, THUMB.repeat(64), true));
    reconnect(&mut two.world, two.ada);
    let shown = two.shown();
    let carried = shown.iter().find(|it| it.about.named == Some(ada)).unwrap();
    assert_eq!(carried.about.reactions.len(), 8);
    assert!(carried.about.reactions.iter().all(|it| it.count == 1 && it.sign.chars().count() == 1));
}

/// More relations than a page holds do not hide earlier messages.
#[test]
fn p9_what_is_said_of_messages_that_nobody_knows_shows_and_hides_nothing() {
    let mut two = Two::new(662);
    let eve = two.named("by eve");
    let before = two.shown();
    for number in 0..120_u8 {
        let id = parley_protocol::ids::MessageId([number; 16]);
        let nobody = MessageRef { id, ..eve };
        two.says(&nobody, &Forged::Edit(1, "x".repeat(600)));
        if number % 40 == 0 {
            reconnect(&mut two.world, two.ada);
        }
    }
    reconnect(&mut two.world, two.ada);
    assert_eq!(two.shown(), before, "and nothing is unread because of it");
    two.says(&eve, &Forged::Deletion);
    reconnect(&mut two.world, two.ada);
    assert!(two.shown().iter().any(|it| it.body == BodyView::Deleted { by: None }));
}
