//! Words about deleting for oneself and about drafts. They promise no more than the app does.

/// A message was deleted; `waits` if the relay did not have it yet.
#[must_use]
pub const fn deleted(waits: bool) -> &'static str {
    if waits {
        "Deleted. If it was on its way already, it still arrives."
    } else {
        "Deleted on your devices only."
    }
}

/// The question before a whole chat is deleted.
#[must_use]
pub fn delete_chat(name: &str) -> String {
    format!(
        "This deletes all messages in this chat here and on your other devices. {name} keeps theirs. Unsent messages \
         and your draft will be discarded; one that's already on its way may still arrive. A new message brings the chat back, empty."
    )
}

/// The question before a restored chat is deleted.
pub const DELETE_RESTORED: &str =
    "This deletes the chat from this browser. The backup file still has it, and can be restored again.";

/// The effect of the switch for drafts.
pub const DRAFTS_IN_STEP: &str =
    "What you've written but not sent follows you to your other devices, encrypted like everything else.";
