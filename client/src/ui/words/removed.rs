//! Words for a browser that was removed from its account.

use parley_engine::view::{KeptState, RemovedView};

/// What happened to this browser.
pub const REMOVED: &str = "Another of your devices removed this browser from your account, so its messages were deleted \
    here. Your other devices keep the messages they have.";

/// The same, when nothing of the account is left here.
pub const REMOVED_AND_ERASED: &str = "Another of your devices removed this browser from your account, so its messages \
    were deleted here. Your other devices keep the messages they have. Reload the page to link it again or to start over.";

/// The question before the unsent texts are erased.
pub const KEPT_ERASE: &str =
    "This deletes these texts for good. Then you can link this browser again, or start over.";

/// How many texts were never sent, and where they are.
#[must_use]
pub fn kept(removed: &RemovedView) -> String {
    let count = |state: KeptState| removed.texts.iter().filter(|text| text.state == state).count();
    let mut parts = Vec::new();
    match count(KeptState::Unsent) {
        0 => {}
        1 => parts.push("1 message wasn't sent.".to_owned()),
        many => parts.push(format!("{many} messages weren't sent.")),
    }
    match count(KeptState::Unsure) {
        0 => {}
        1 => parts.push("1 message may not have been sent.".to_owned()),
        many => parts.push(format!("{many} messages may not have been sent.")),
    }
    match count(KeptState::Draft) {
        0 => {}
        1 => parts.push("1 draft was left.".to_owned()),
        many => parts.push(format!("{many} drafts were left.")),
    }
    parts.push(
        "This browser can't send them any more, but you can: copy them or download them, then send them from another device."
            .to_owned(),
    );
    parts.join(" ")
}

/// Above a text that was never sent.
#[must_use]
pub fn kept_about(name: &str, day: &str, time: &str, state: KeptState) -> String {
    let state = match state {
        KeptState::Unsent => "not sent",
        KeptState::Unsure => "may not have been sent",
        KeptState::Draft => "draft",
    };
    format!("To {name}, {day}, {time}, {state}")
}

#[cfg(test)]
mod tests {
    use parley_engine::view::{ConversationId, KeptText};
    use parley_protocol::ids::UnixMillis;

    use super::*;

    #[test]
    fn what_was_never_sent_is_counted_as_what_it_is() {
        use KeptState::{Draft, Unsent, Unsure};
        let said = |states: &[KeptState]| {
            let text = |state: &KeptState| KeptText {
                conversation: ConversationId([1; 16]),
                name: "Bob".to_owned(),
                time: UnixMillis(0),
                text: "hello".to_owned(),
                state: *state,
            };
            kept(&RemovedView { texts: states.iter().map(text).collect() })
        };
        assert!(said(&[Unsent]).starts_with("1 message wasn't sent. This browser"));
        assert!(
            said(&[Unsure, Draft]).starts_with("1 message may not have been sent. 1 draft was left. This")
        );
        assert!(
            said(&[Unsent, Unsent, Draft, Draft]).starts_with("2 messages weren't sent. 2 drafts were left.")
        );
        assert!(said(&[Unsure, Unsure]).starts_with("2 messages may not have been sent. This"));
    }
}
