//! The bytes of every frame, pinned: what is committed here is what clients of this version send and read.
#![cfg(test)]

#[path = "frames/samples.rs"]
mod samples;

use std::fmt::Write as _;

use parley_protocol::frame::{ClientFrame, ServerFrame};

use self::samples::{client_frames, server_frames};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn every_client_frame_is_pinned() {
    let lines: Vec<String> = client_frames()
        .iter()
        .map(|(name, frame)| format!("{name}: {}", hex(&frame.encode().unwrap())))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_server_frame_is_pinned() {
    let lines: Vec<String> = server_frames()
        .iter()
        .map(|(name, frame)| format!("{name}: {}", hex(&frame.encode().unwrap())))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// The frames in a committed snapshot, by name.
fn committed(snapshot: &str) -> Vec<(String, Vec<u8>)> {
    let path = format!("{}/tests/snapshots/frames__{snapshot}.snap", env!("CARGO_MANIFEST_DIR"));
    let snapshot = std::fs::read_to_string(path).unwrap();
    let body = snapshot.splitn(3, "---\n").nth(2).unwrap();
    let from_hex = |hex: &str| {
        let digits: Vec<u8> = hex.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    };
    body.lines()
        .filter_map(|line| line.rsplit_once(": "))
        .map(|(name, hex)| (name.to_owned(), from_hex(hex)))
        .collect()
}

/// Not the same as encoding again: this is what an old client has sent, and what lies in old databases.
#[test]
fn what_was_committed_is_still_read() {
    let old = committed("every_client_frame_is_pinned");
    assert_eq!(old.len(), client_frames().len());
    for ((name, frame), (old_name, bytes)) in client_frames().into_iter().zip(old) {
        assert_eq!(name, old_name);
        assert_eq!(ClientFrame::decode(&bytes).as_ref(), Ok(&frame), "{name}");
    }
    let old = committed("every_server_frame_is_pinned");
    assert_eq!(old.len(), server_frames().len());
    for ((name, frame), (old_name, bytes)) in server_frames().into_iter().zip(old) {
        assert_eq!(name, old_name);
        assert_eq!(ServerFrame::decode(&bytes).as_ref(), Ok(&frame), "{name}");
    }
}

/// `docs/wire-format.md` has a row for each variant, under its number.
#[test]
fn the_documented_numbers_are_the_real_ones() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/wire-format.md");
    let page = std::fs::read_to_string(path).unwrap();
    let documented = |number: u8, name: &str| page.contains(&format!("\n| {number} | `{name}`"));
    for (name, frame) in client_frames() {
        // Version, request id, variant.
        let number = frame.encode().unwrap()[2];
        assert!(documented(number, &name), "request {number} {name}");
    }
    for (name, frame) in server_frames() {
        let bytes = frame.encode().unwrap();
        match (&frame, name.split(' ').nth(1)) {
            // Version, variant, two bytes of request id, good or refused, variant.
            (ServerFrame::Answer { .. }, Some(name)) => assert!(documented(bytes[5], name), "{name}"),
            (ServerFrame::Push(_), Some(name)) => assert!(documented(bytes[2], name), "{name}"),
            (ServerFrame::Closing(_), Some(name)) => {
                assert!(page.contains(&format!("{} `{name}`", bytes[2])), "{name}");
            }
            (_, None) => panic!("{name}"),
        }
    }
}
