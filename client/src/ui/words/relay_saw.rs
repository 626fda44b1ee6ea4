//! What the relay saw of a message. Here it is called by its name.

use parley_engine::view::RelaySaw;

/// The screen's name.
pub const WHAT_RELAY_SAW: &str = "What the relay saw";

/// What this screen is.
pub const RELAY_SAW: &str = "Messages travel through a computer, the relay. The sender's device locked this one before it left, and only devices in this chat have the key. Below are the message as you see it, and everything that the relay got.";

/// This device did not see the message pass.
pub const PASSED_UNSEEN: &str = "This device didn't see this message pass the relay: it came from another of your devices, from a backup or as history, or it isn't sent yet. Look at it on a device that sent or received it.";

/// The message is no text.
pub const SAID_NO_TEXT: &str = "(not a text)";

/// What the relay can guess.
pub const RELAY_GUESSES: &str = "The relay can also see which connections (internet addresses) send and fetch, and when. From that it may guess who talks with whom, but not what they say.";

/// What follows what is kept of the bytes.
#[must_use]
pub fn more_bytes(count: u32) -> String {
    format!("… and {count} more bytes like these. This device keeps the first 512 and a fingerprint of all.")
}

/// Of the log's name.
pub const SAW_LOG: &str = "It says nothing about who is in the chat or what it's called.";

/// Of the place.
#[must_use]
pub fn saw_place(seq: u64) -> String {
    format!("Number {seq}. Messages, read receipts and key changes are counted alike.")
}

/// Of the epoch.
#[must_use]
pub fn saw_epoch(epoch: u64) -> String {
    match epoch {
        0 => "Not yet.".to_owned(),
        1 => "Once.".to_owned(),
        count => format!("{count} times. Old keys are destroyed each time."),
    }
}

/// Of the append's name.
pub const SAW_APPEND: &str = "Your device makes a new one for each message.";

/// Of the length.
#[must_use]
pub fn saw_length(length: u32) -> String {
    format!("{length} bytes. It's filled up to hide the real length.")
}

/// Of the hash.
pub const SAW_HASH: &str =
    "Sender and receiver see the same fingerprint: compare it, and you know that the relay changed nothing.";

/// Who wrote it.
#[must_use]
pub fn saw_author(saw: &RelaySaw) -> String {
    if saw.own {
        "You, on the device with this number.".to_owned()
    } else {
        format!("\u{2068}{}\u{2069}, on the device with this number.", saw.author.name)
    }
}

/// Sizes before and after padding.
#[must_use]
pub fn saw_sizes(plain: u32, padded: u32) -> String {
    format!("{plain} bytes with sender and time, filled up to {padded} bytes and then encrypted.")
}

/// Who could read it.
#[must_use]
pub fn saw_readers(devices: u32, people: u32) -> String {
    let devices = if devices == 1 { "1 device".to_owned() } else { format!("{devices} devices") };
    let people = if people == 1 { "1 person".to_owned() } else { format!("{people} people") };
    format!("{devices} of {people}: those in the chat at that moment. Nobody else had the key.")
}

/// The signature.
#[must_use]
pub const fn saw_proof(saw: &RelaySaw) -> &'static str {
    match (saw.in_group, saw.signed, saw.own) {
        (true, true, _) => {
            "A signature by that device, inside the encryption. It was checked and is kept, so members can prove to newcomers who wrote this."
        }
        (true, false, _) => "No signature is kept with this message.",
        (false, _, true) => {
            "Your device signed it inside the encryption, for the other side to check. In chats of two no signature is kept, so nobody can prove to others what you wrote."
        }
        (false, _, false) => {
            "A signature by that device, inside the encryption, was checked when it came. In chats of two it isn't kept, so nobody can prove to others what was written."
        }
    }
}

/// The cipher suite.
pub const SAW_SUITE: &str = "MLS (RFC 9420) with X25519 and ML-KEM-768 together, ChaCha20-Poly1305, SHA-256 and Ed25519: also safe against future quantum computers that record today.";
