//! Words about linking a device, and about the devices of an account.

use parley_engine::view::LinkFailure;
use parley_protocol::ids::UnixMillis;

/// Why linking ended, and what to do.
#[must_use]
pub const fn link_failure(failure: LinkFailure) -> &'static str {
    match failure {
        LinkFailure::Expired => "That code isn't right or has expired. Check it and try again.",
        LinkFailure::WrongDigits => {
            "The two digits don't match, so nothing was linked. If you typed them right, someone may stand between \
             your devices: try again on another network."
        }
        LinkFailure::WrongCode => {
            "A wrong code was typed, so nothing was linked, and the code is used up. Show a new one."
        }
        LinkFailure::Cancelled => "The other device cancelled. Try again on both.",
        LinkFailure::Forged => {
            "What came wasn't from your other device, so nothing was linked. Try again on both."
        }
        LinkFailure::Offline => "The connection was lost. Try again when you're online.",
        LinkFailure::Refused => "That didn't work. Wait a moment, then try again.",
        LinkFailure::SameSide => {
            "One of the two must have your account, and the other must not. Show the code on one, use it on the other."
        }
    }
}

/// The other device gave up, perhaps because the person typed other digits there.
pub const LINK_DIGITS_OR_CANCELLED: &str =
    "The two digits didn't match, or the other device cancelled. Try again on both.";

/// The other device gave up, perhaps because the person typed another code here.
pub const LINK_CODE_OR_CANCELLED: &str =
    "The code didn't match, or the other device cancelled. Try again on both.";

/// The name of a device that has not reported one.
#[must_use]
pub fn device_name(name: &str) -> String {
    if name.is_empty() { "First device".to_owned() } else { name.to_owned() }
}

/// Another device was linked.
#[must_use]
pub fn new_device(name: &str) -> String {
    format!("A new device was linked to your account: {name}. It can read all your messages.")
}

/// The progress of adding a new device.
#[must_use]
pub fn link_adding(done: u32, of: u32) -> String {
    format!("Adding it to your chats: {done} of {of}.")
}

/// How long a code is valid.
#[must_use]
pub fn link_left(left: &str) -> String {
    format!("Expires in {left}")
}

/// Whether a device was not used for 30 days.
#[must_use]
pub const fn is_idle(seen: UnixMillis, now: UnixMillis) -> bool {
    now.0.saturating_sub(seen.0) > 30 * 24 * 3_600 * 1_000
}

/// A device that was not used for a long time.
pub const IDLE: &str = "Not used for 30 days. Remove it if you don't need it.";

/// The relay showed another device log of the own account.
pub const FORKED: &str = "This Parley server shows another list of your devices than this browser has. Tell whoever runs the server.";

/// The question before a device is removed.
pub const REMOVE_DEVICE: &str = "It can't read anything new, and its messages are erased when it's next online. Messages that \
    only it has are lost. Unsent messages stay there, for whoever opens it.";

/// How to link a new browser.
pub const LINK_NEW: &str = "On a device that has your account, open Settings, Devices, Link a device. Then show a code here, and scan or type it there.";

/// How to link another device.
pub const LINK_EXISTING: &str = "On the new device, open Parley, then choose I already have an account, Use another device and Show a code. Scan it, or type it here.";

/// The hint below the code field.
pub const LINK_CODE_HINT: &str = "Paste the link, or type the eight characters.";

/// While the other device has to act.
pub const LINK_WAITING: &str = "Waiting for the other device…";

/// Where to type the digits.
pub const LINK_TYPE_THERE: &str = "Type these two digits on the other device:";

/// Where the digits are shown.
pub const LINK_DIGITS: &str = "Type the two digits that the other device shows.";

/// The warning before a device is linked.
pub const LINK_APPROVE: &str = "This lets it read all your messages and write in your name. Never do this because \
    someone asked you to: joining a chat doesn't need it.";

/// The confirmation of the person before a device is linked.
pub const LINK_MINE: &str = "I have this device in front of me, and it is mine.";

/// Between the two forms of a code.
pub const LINK_OR_TYPE: &str = "Or type this code there:";

/// The choice of the history for the new device.
pub const LINK_HISTORY: &str = "Message history to copy:";

/// The question before a device is linked.
#[must_use]
pub fn link_question(name: &str) -> String {
    format!("Link {name} to your account?")
}

/// The progress of history to a new device.
#[must_use]
pub fn sharing((done, of): (u32, u32)) -> String {
    format!("Sending history to the new device: {done} of {of} chats.")
}

/// What distinguishes a device from another of the same name: whether it is this one, when it was used, when it was added.
#[must_use]
pub fn device_about(this: bool, seen: &str, added: &str) -> String {
    let used = if this { "This browser".to_owned() } else { format!("Last active {seen}") };
    format!("{used} · added {added}")
}

/// Linking is done.
pub const LINK_DONE: &str = "Linked. Both devices are in your account now.";

/// What to do with a code that a new browser shows.
pub const LINK_SCAN_NEW: &str = "Scan this with the device that has your account, or open the link there.";

/// What to do with a code that a device of the account shows.
pub const LINK_SCAN_EXISTING: &str = "Scan this with the new device, or open the link there.";
