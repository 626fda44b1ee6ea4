//! Where fuzzing begins: the frames that the protocol's tests pin, and a few inputs for each other target.

/// The frames of `protocol/tests/frames.rs`, as its snapshots have them.
const CLIENT_FRAMES: &str =
    include_str!("../../protocol/tests/snapshots/frames__every_client_frame_is_pinned.snap");
const SERVER_FRAMES: &str =
    include_str!("../../protocol/tests/snapshots/frames__every_server_frame_is_pinned.snap");
const CONTENTS: [&str; 3] = [
    include_str!(
        "../../engine/src/domain/content/snapshots/parley_engine__domain__content__tests__the_format_is_pinned.snap"
    ),
    include_str!(
        "../../engine/src/domain/content/snapshots/parley_engine__domain__content__tests__the_format_is_pinned-2.snap"
    ),
    include_str!(
        "../../engine/src/domain/content/snapshots/parley_engine__domain__content__tests__the_format_is_pinned-3.snap"
    ),
];
const GROUPS: [&str; 4] = [
    include_str!(
        "../../engine/src/group/snapshots/parley_engine__group__policy__tests__the_format_is_pinned-2.snap"
    ),
    include_str!(
        "../../engine/src/group/snapshots/parley_engine__group__floors__tests__the_format_is_pinned-2.snap"
    ),
    include_str!(
        "../../engine/src/group/snapshots/parley_engine__group__leaf_state__tests__the_format_is_pinned-2.snap"
    ),
    include_str!(
        "../../engine/src/group/snapshots/parley_engine__group__evidence__tests__the_format_is_pinned-2.snap"
    ),
];
const BACKUPS: [&str; 4] = [
    include_str!(
        "../../engine/src/backup/snapshots/parley_engine__backup__items__tests__the_format_is_pinned_and_comes_back.snap"
    ),
    include_str!(
        "../../engine/src/backup/snapshots/parley_engine__backup__manifest__tests__the_format_is_pinned_and_comes_back.snap"
    ),
    include_str!(
        "../../engine/src/backup/snapshots/parley_engine__backup__chunks__tests__an_empty_stream_is_pinned.snap"
    ),
    include_str!(
        "../../engine/src/backup/snapshots/parley_engine__backup__file_head__tests__the_format_is_pinned_and_a_file_comes_back.snap"
    ),
];
/// The relay target's scripts: honest; one change; everything twice; cut off; answers crossed; a failing disk.
const SCRIPTS: [&[u8]; 6] = [
    &[0; 48],
    &[0, 0, 0, 0, 0, 0, 5, 6, 0, 90, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    &[0, 8, 0, 0, 8, 1, 0, 8, 2, 0, 8, 3, 0, 8, 4, 0, 8, 5, 0, 8, 6, 0, 8, 7, 0, 8, 8],
    &[0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 14, 255, 0, 0],
    &[0, 0, 15, 11, 0, 1, 11, 1, 2, 11, 2, 3, 11, 3, 4, 0, 0, 0],
    &[0, 0, 0, 13, 0, 0, 0, 0, 14, 9, 0, 0, 0, 13, 13, 0, 0, 14, 9, 14, 9],
];

/// The seeds of a target.
#[must_use]
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "client_frame" => hexadecimal(CLIENT_FRAMES),
        "server_frame" => hexadecimal(SERVER_FRAMES),
        "device_log" => [hexadecimal(SERVER_FRAMES), hexadecimal(CLIENT_FRAMES)].concat(),
        "content" | "padding" | "seal" => CONTENTS.iter().flat_map(|text| hexadecimal(text)).collect(),
        "group" => GROUPS.iter().flat_map(|text| hexadecimal(text)).collect(),
        "text" => ["ada", "#i/ada/", " Ada\u{202e}\n", "a_b-9", "ÀЁ", "#link/ae", "ABCD-EFGH"]
            .map(Into::into)
            .to_vec(),
        // The messages of linking by their numbers, and as long as a key with something behind it.
        "slot" => {
            (0..7).map(|kind| vec![2, kind, 16, 2, 3, 4]).chain([vec![0x42; 33], vec![9; 64]]).collect()
        }
        "backup" => BACKUPS.iter().flat_map(|text| hexadecimal(text)).collect(),
        "records" => (1..28).map(|kind| vec![kind, 0, 4, 0, 1, 2, 3, 4, kind, 32, 0, 0]).collect(),
        _ => SCRIPTS.map(<[u8]>::to_vec).to_vec(),
    }
}

/// The hexadecimal words of a text that are long enough to be one.
fn hexadecimal(text: &str) -> Vec<Vec<u8>> {
    let digits = |word: &str| {
        let pairs = (0..word.len()).step_by(2);
        pairs.map(|at| u8::from_str_radix(word.get(at..at + 2)?, 16).ok()).collect::<Option<Vec<u8>>>()
    };
    text.split([' ', '"', '\n']).filter(|word| word.len() >= 6).filter_map(digits).collect()
}

#[cfg(test)]
mod tests {
    use parley_protocol::frame::{ClientFrame, ServerFrame};

    use super::*;

    #[test]
    fn every_frame_of_the_snapshots_is_a_seed() {
        let frames = of("client_frame");
        assert!(frames.len() >= 18, "{}", frames.len());
        assert!(frames.iter().all(|bytes| ClientFrame::decode(bytes).is_ok()));
        let frames = of("server_frame");
        assert!(frames.len() >= 12, "{}", frames.len());
        assert!(frames.iter().filter(|bytes| ServerFrame::decode(bytes).is_ok()).count() >= 12);
        assert!(of("content").len() >= 3);
        assert!(of("backup").len() >= 5);
    }
}
