use parley_protocol::padding::SHORT_MESSAGE;
use proptest::prelude::*;

use super::*;

fn content(body: Body) -> Content {
    Content {
        id: MessageId([1; 16]),
        time: UnixMillis(1_790_000_000_000),
        head: HeadHint { length: 1, hash: [2; 16] },
        claim: None,
        token: None,
        signature: None,
        body,
    }
}

fn text(text: &str) -> Part {
    Part::of_text(text.to_owned())
}

#[test]
fn the_format_is_pinned() {
    let bodies = [
        Body::Part(text("héllo")),
        Body::Receipt(Receipt { delivered: Seq(300), read: Seq(2) }),
        Body::Profile(Profile { name: "Ada".into() }),
    ];
    for body in bodies {
        let bytes = content(body.clone()).encode().unwrap();
        let hex = crate::hex(&bytes);
        insta::assert_snapshot!(hex);
        assert_eq!(Content::decode(&bytes).unwrap(), content(body));
    }
}

#[test]
fn a_token_goes_with_a_name() {
    let name = Body::Profile(Profile { name: "Ada".into() });
    let with = Content { token: Some(Token([7; 16])), ..content(name) };
    let bytes = with.encode().unwrap();
    insta::assert_snapshot!(crate::hex(&bytes));
    assert_eq!(Content::decode(&bytes), Ok(with));
    assert_eq!(bytes.len(), SHORT_MESSAGE, "as long as any other");
}

#[test]
fn decisions_and_the_own_token_are_pinned() {
    let token = OwnToken { version: 2, token: Token([7; 16]) };
    for sync in [Sync::Stances(vec![crate::domain::consent::tests::told()]), Sync::Token(token)] {
        let body = content(Body::Sync(sync));
        let bytes = body.encode().unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(Content::decode(&bytes), Ok(body));
    }
}

#[test]
fn repair_and_what_is_sent_again_are_pinned() {
    let mut reach = Reach::default();
    reach.step(Seq(1), Era([5; 8]));
    let place = Place {
        log: LogId([7; 16]),
        seq: Seq(300),
        stored: UnixMillis(1_790_000_000_001),
        era: Some(Era([6; 8])),
    };
    let bodies = [
        Body::Resync(Resync { log: LogId([7; 16]), after: Seq(299), reach: None, count: false }),
        Body::Resync(Resync { log: LogId([7; 16]), after: Seq(299), reach: None, count: true }),
        Body::Resync(Resync { log: LogId([7; 16]), after: Seq(1), reach: Some(reach), count: false }),
        Body::Stand(Stand { log: LogId([7; 16]), yours: 300 }),
        Body::Again(Again { place, part: text("h\u{e9}llo") }),
    ];
    for body in bodies {
        let claim = Some(Claim { seq: Seq(5), hash: [9; 16], whole: false });
        let sent = Content { claim, ..content(body) };
        let bytes = sent.encode().unwrap();
        let hex = crate::hex(&bytes);
        insta::assert_snapshot!(hex);
        assert_eq!(Content::decode(&bytes).unwrap(), sent);
    }
}

#[test]
fn deletions_and_drafts_are_pinned() {
    let mut draft = Draft::new(ConversationKey::Peer(AccountId([4; 32])));
    draft.edit("h\u{e9}llo".into(), UnixMillis(1_790_000_000_001));
    let deleted = crate::domain::deletion::tests::deleted();
    let places = Table::from(vec![(LogId([7; 16]), Seq(300))]);
    for sync in [
        Sync::Deleted(deleted),
        Sync::DraftSetting(DraftSetting(1)),
        Sync::Draft(draft),
        Sync::Lacks(Some(places)),
        Sync::Lacks(None),
        Sync::HandedOver,
    ] {
        let sent = content(Body::Sync(sync));
        let bytes = sent.encode().unwrap();
        let hex = crate::hex(&bytes);
        insta::assert_snapshot!(hex);
        assert_eq!(Content::decode(&bytes).unwrap(), sent);
    }
}

#[test]
fn receipts_of_other_logs_and_what_devices_tell_of_messages_are_pinned() {
    let (log, peer) = (LogId([7; 16]), ConversationKey::Peer(AccountId([4; 32])));
    let receipt = Receipt { delivered: Seq(300), read: Seq(2) };
    let bodies = [
        Body::Receipts(vec![ReceiptOf { log, receipt }]),
        Body::Sync(Sync::Read(vec![(log, Seq(300))])),
        Body::Sync(Sync::Lost(peer, vec![Order::from_bytes(&[9; 48])])),
    ];
    for body in bodies {
        let sent = content(body);
        let bytes = sent.encode().unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(Content::decode(&bytes).unwrap(), sent);
    }
}

#[test]
fn p1_what_is_short_has_the_size_of_a_short_text_whatever_it_is() {
    let log = LogId([7; 16]);
    let receipt = Receipt { delivered: Seq(300), read: Seq(299) };
    let bodies = [
        Body::Part(text("x")),
        Body::Part(text(&"x".repeat(96))),
        Body::Receipt(receipt),
        Body::Receipts(vec![ReceiptOf { log, receipt }]),
        Body::Profile(Profile { name: "Ada".into() }),
        Body::Resync(Resync { log, after: Seq(300), reach: None, count: true }),
        Body::Stand(Stand { log, yours: 300 }),
        Body::Sync(Sync::Hello),
        Body::Sync(Sync::Read(vec![(log, Seq(300))])),
    ];
    for body in bodies {
        let claim = Some(Claim { seq: Seq(2_000_000), hash: [9; 16], whole: false });
        let sent = Content { claim, ..content(body) };
        assert_eq!(sent.encode().unwrap().len(), SHORT_MESSAGE, "{sent:?}");
    }
}

#[test]
fn what_a_newer_version_tells_its_devices_is_passed_over() {
    let mut sent = content(Body::Sync(Sync::Hello));
    let newer = |sent: &Content| {
        let mut bytes = sent.encode().unwrap();
        // The body of the envelope is one byte: the number of the variant.
        let place = bytes.iter().rposition(|byte| *byte == 5).unwrap();
        bytes[place] = 99;
        bytes
    };
    let bytes = newer(&sent);
    sent.body = Body::Unknown { kind: SYNC };
    assert_eq!(Content::decode(&bytes).unwrap(), sent);
}

#[test]
fn what_a_newer_version_said_is_kept_as_it_came() {
    for body in [Body::Part(Part::newer("edited")), Body::Unknown { kind: 99 }] {
        let newer = content(body);
        assert_eq!(Content::decode(&newer.encode().unwrap()).unwrap(), newer);
    }
}

#[test]
fn what_travels_with_a_message_is_no_field_of_what_was_said() {
    let claim = Some(Claim { seq: Seq(5), hash: [9; 16], whole: true });
    let sent = Content { claim, token: Some(Token([7; 16])), ..content(Body::Part(Part::newer("edited"))) };
    assert_eq!(Content::decode(&sent.encode().unwrap()).unwrap(), sent);
}

#[test]
fn names_cannot_hide_or_turn_around() {
    assert_eq!(display_name(" Ada\u{202E}\n ").as_deref(), Some("Ada"));
    assert_eq!(display_name("\u{200B}\u{2066} "), None);
    assert_eq!(display_name(&"x".repeat(65)), None);
    for blank in ["\u{3164}", "\u{2800}\u{2800}", "\u{AD}", "\u{301}", "\u{FE0F}\u{E0041}"] {
        assert_eq!(display_name(blank), None, "{}", blank.escape_unicode());
    }
    let family = "\u{1F469}\u{200D}\u{1F467}\u{FE0F}";
    assert_eq!(display_name(family).as_deref(), Some(family));
}

proptest! {
    #[test]
    fn any_bytes_are_content_or_an_error(bytes: Vec<u8>) {
        let _ = Content::decode(&bytes);
    }

    #[test]
    fn text_comes_back_unless_nothing_of_it_can_be_seen(text in ".{1,300}") {
        let blank = is_blank(&text);
        let message = content(Body::Part(Part::of_text(text)));
        prop_assert_eq!(Content::decode(&message.encode().unwrap()), if blank { Err(ContentError) } else { Ok(message) });
    }
}
