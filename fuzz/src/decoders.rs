//! Decoders of what comes from outside, one input at a time.

use parley_engine::fuzzing;
use parley_protocol::codec::FrameError;
use parley_protocol::device_log::{DeviceLog, SignedEntry};
use parley_protocol::frame::{Answer, ClientFrame, DeviceLogNews, Request, ServerFrame};
use parley_protocol::limits::MAX_FRAME;
use parley_protocol::padding::{message_length, pad, pad_message, padded_length, unpad};
use parley_protocol::username::Username;

/// What a client sends to the relay.
pub fn client_frame(bytes: &[u8]) {
    let decoded = ClientFrame::decode(bytes);
    check(bytes, &decoded, |frame| frame.encode().map(|bytes| ClientFrame::decode(&bytes)));
    match decoded.map(|frame| frame.request) {
        Ok(Request::RegisterAccount(register)) => log(&register.log),
        Ok(Request::AppendDeviceLog(append)) => drop(append.entry.parse()),
        _ => {}
    }
}

/// What the relay sends to a client.
pub fn server_frame(bytes: &[u8]) {
    let decoded = ServerFrame::decode(bytes);
    check(bytes, &decoded, |frame| frame.encode().map(|bytes| ServerFrame::decode(&bytes)));
    match decoded {
        Ok(ServerFrame::Answer { result: Ok(Answer::Directory(record)), .. }) => log(&record.log),
        Ok(ServerFrame::Answer { result: Ok(Answer::DeviceLogs(news)), .. }) => {
            for news in news.into_vec() {
                if let DeviceLogNews::Record(record) = news {
                    log(&record.log);
                }
            }
        }
        _ => {}
    }
}

/// What decodes comes back from its own encoding; what is too long does not decode.
fn check<T: PartialEq>(
    bytes: &[u8],
    decoded: &Result<T, FrameError>,
    again: impl Fn(&T) -> Result<Result<T, FrameError>, FrameError>,
) {
    let Ok(frame) = decoded else { return };
    assert!(bytes.len() <= MAX_FRAME, "a frame that is too long was read");
    match again(frame) {
        Ok(again) => assert!(again.as_ref().is_ok_and(|again| again == frame), "a frame comes back"),
        // Numbers may be written longer than need be, never shorter.
        Err(error) => panic!("a frame that was read cannot be written: {error}"),
    }
}

/// A chain of signed entries: those of the seeds are honest, and every prefix of an honest chain is one.
pub fn device_log(bytes: &[u8]) {
    // The relay's answer is the way in which logs come.
    server_frame(bytes);
    client_frame(bytes);
}

fn log(entries: &[SignedEntry]) {
    let Ok(log) = DeviceLog::verify(entries) else { return };
    assert_eq!(log.entries(), entries, "a log keeps its entries");
    for length in 1..entries.len() {
        let prefix = entries.get(..length).map(DeviceLog::verify);
        let Some(Ok(mut prefix)) = prefix else { panic!("a prefix of a good log is good") };
        assert!(log.contains(&prefix.head()), "a log contains its prefixes");
        assert!(prefix.advance_to(log.clone()).is_ok(), "a log goes on from its prefixes");
    }
}

/// Padding comes off again; what comes off was put on.
pub fn padding(bytes: &[u8]) {
    if let Ok(content) = unpad(bytes) {
        assert!(bytes.starts_with(content) && content.len() < bytes.len());
    }
    let mut padded = bytes.to_vec();
    pad(&mut padded, 64);
    assert_eq!(padded_length(padded.len()).max(64), padded.len(), "a padded length stays");
    assert_eq!(unpad(&padded), Ok(bytes));
    let mut message = bytes.to_vec();
    pad_message(&mut message);
    assert_eq!(message_length(message.len()), message.len(), "the length of a message stays");
    assert_eq!(unpad(&message), Ok(bytes));
}

/// Texts that people give: usernames, invites, display names.
pub fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(name) = Username::parse(text) {
        assert_eq!(Username::parse(name.as_str()).as_ref(), Ok(&name), "a username comes back");
        assert!(!name.skeleton().is_empty());
    }
    fuzzing::invite(text);
    fuzzing::link_code(text);
    fuzzing::name(text);
    fuzzing::phrase(text);
}

/// What is inside of an encrypted message.
pub fn content(bytes: &[u8]) {
    fuzzing::content(bytes);
    // Most mutations hit the padding's end: behind it is the decoder proper.
    let mut padded = bytes.to_vec();
    pad_message(&mut padded);
    fuzzing::content(&padded);
}

/// What members of a group hash and sign.
pub fn group(bytes: &[u8]) {
    fuzzing::group(bytes);
}

/// A sealed value at rest.
pub fn seal(bytes: &[u8]) {
    let (place, value) = bytes.split_at(bytes.len().min(18));
    fuzzing::seal(place, value);
}

/// Records behind a good seal: `kind and length of the name, name, length of the value (2), value`, again and again.
pub fn records(mut bytes: &[u8]) {
    let mut values = Vec::new();
    while let Some((name, value, rest)) = record(bytes) {
        values.push((name, value));
        bytes = rest;
    }
    // Refused or opened: it must not panic.
    let _ = fuzzing::open(&values);
}

/// Kinds of records are numbered below this.
const KINDS: u8 = 28;

fn record(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<2>()?;
    let [kind, length] = *head;
    let (name, rest) = rest.split_at_checked(usize::from(length % 40))?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (value, rest) = rest.split_at(rest.len().min(usize::from(u16::from_le_bytes(*length))));
    Some(([&[kind % KINDS], name].concat(), value.to_vec(), rest))
}

/// A chunk, a manifest or a head of a backup, a backup file, and what is in a chunk.
pub fn backup(bytes: &[u8]) {
    fuzzing::backup(bytes);
}

/// What stands in a rendezvous slot.
pub fn slot(bytes: &[u8]) {
    fuzzing::slot(bytes);
}
