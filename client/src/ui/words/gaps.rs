//! Words for gap markers: messages that are missing in a conversation.

use parley_engine::view::{BodyView, Gap};

/// Why a message is not shown; `None` for a text.
#[must_use]
pub const fn instead_of(body: &BodyView) -> Option<&'static str> {
    match body {
        BodyView::Text(_)
        | BodyView::Files(_)
        | BodyView::Renamed { .. }
        | BodyView::KeysChanged(_)
        | BodyView::Group(_)
        | BodyView::Timer { .. }
        | BodyView::Deleted { .. } => None,
        BodyView::Newer => {
            Some("Sent by a newer version of Parley. Reload the page to update, then it shows.")
        }
        BodyView::Gap(Gap::Rejected) => Some(
            "A message was damaged or forged on its way and was rejected. Ask your contact to send it again.",
        ),
        BodyView::Gap(Gap::Expired) => Some(
            "Messages from while this device was away are no longer on the server. Ask your contact to send \
             them again.",
        ),
        BodyView::Gap(Gap::Missing) => Some(
            "The server left something out here, or showed your contact something else. What can be sent again \
             is sent again; ask your contact whether anything is missing.",
        ),
        BodyView::Gap(Gap::Restored) => Some(
            "This browser's data was rolled back to an older copy. What you wrote after that copy is with your \
             contact, and comes back here only from another device of yours.",
        ),
        BodyView::Gap(Gap::Elsewhere) => Some(
            "Some messages you wrote on another device aren't here: they were written after your last backup. If that \
             device is still signed in, they come when it's online. Your contact has them too.",
        ),
        BodyView::Gap(Gap::Late) => Some(
            "Messages from before this point may be missing on this device. Parley asks your other devices and your \
             contact for them.",
        ),
        BodyView::Gap(Gap::Removed) => {
            Some("A device that was removed from the account still wrote here. What it wrote isn't shown.")
        }
        BodyView::Gap(Gap::Damaged) => Some(
            "Part of this chat was damaged on this device, so a message here couldn't be read. \
             The chat goes on; ask your contact whether you missed anything.",
        ),
        BodyView::Gap(Gap::Lost) => Some(
            "A message stood here, but this browser's copy is damaged or gone. It comes back from another \
             device of yours, if one has it.",
        ),
        BodyView::Gap(Gap::Unsent) => Some(
            "A message of yours that waited to be sent is gone: this browser's copy was damaged. It may not \
             have been sent. Ask your contact, or write it again.",
        ),
    }
}

/// The same in a group.
#[must_use]
pub fn instead_of_in_group(body: &BodyView) -> Option<String> {
    instead_of(body)
        .map(|said| said.replace("your contact", "the group").replace("Your contact has", "The others have"))
}
