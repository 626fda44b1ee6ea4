//! Seals the typed text of a page that the device does not have, for localStorage. The page writes it at each key press,
//! because nothing else is certain to happen before a page ends.
//!
//! Each page has its own item, and holds a Web Lock of the same name while it lives. The page that gets that lock takes the
//! left text over.

use parley_engine::seal::PageKey;
use parley_engine::view::ConversationId;

use super::draft::Unsaved;

/// The version of the sealed content.
const VERSION: u8 = 1;
/// The prefix of all items' names.
pub const PREFIX: &str = "parley.unsaved.";

/// The name of a page's item and of its lock.
#[must_use]
pub fn name(page: u64) -> String {
    format!("{PREFIX}{page:016x}")
}

/// The texts in all composers of a page.
pub type All = Vec<(ConversationId, Unsaved)>;

/// Seals the content of the item with this name. Returns `None` only if memory is short.
#[must_use]
pub fn seal(key: &PageKey, name: &str, nonce: [u8; 24], all: &All) -> Option<Vec<u8>> {
    let bytes = postcard::to_extend(all, vec![VERSION]).ok()?;
    let bytes = zeroize::Zeroizing::new(bytes);
    Some(key.seal(name.as_bytes(), nonce, &bytes))
}

/// Opens the item with this name. Returns `None` if another device or another version wrote it, or if it is damaged.
#[must_use]
pub fn open(key: &PageKey, name: &str, sealed: &[u8]) -> Option<All> {
    let bytes = key.open(name.as_bytes(), sealed)?;
    let [VERSION, body @ ..] = bytes.as_slice() else { return None };
    postcard::from_bytes(body).ok()
}

#[cfg(test)]
mod tests {
    use parley_engine::seal::MasterKey;

    use super::*;
    use crate::model::draft::{Save, Sending};

    fn all() -> All {
        let save = |text: &str, over: &str| Save { text: text.to_owned(), over: over.to_owned() };
        let sending = Sending { id: 9, text: "sent".to_owned(), over: "s".to_owned() };
        let unsaved = Unsaved {
            draft: Some(save("typed", "t")),
            sending: vec![sending],
            found: vec![save("left", "")],
        };
        vec![(ConversationId([7; 16]), unsaved), (ConversationId([8; 16]), Unsaved::default())]
    }

    #[test]
    fn p1_it_opens_in_its_own_place_under_the_key_of_its_device_and_says_nothing_to_others() {
        let key = PageKey::of(&MasterKey::new([1; 32]));
        let sealed = seal(&key, &name(1), [2; 24], &all()).unwrap();
        assert_eq!(open(&key, &name(1), &sealed), Some(all()));
        assert_eq!(open(&key, &name(2), &sealed), None);
        assert_eq!(open(&PageKey::of(&MasterKey::new([2; 32])), &name(1), &sealed), None);
        for text in ["typed", "sent", "left"] {
            assert!(!sealed.windows(text.len()).any(|window| window == text.as_bytes()));
        }
    }

    #[test]
    fn another_version_and_damage_are_nothing() {
        let key = PageKey::of(&MasterKey::new([1; 32]));
        let newer = key.seal(name(1).as_bytes(), [2; 24], &[VERSION + 1, 0]);
        assert_eq!(open(&key, &name(1), &newer), None);
        assert_eq!(open(&key, &name(1), &[]), None);
        let cut = key.seal(name(1).as_bytes(), [2; 24], &[VERSION, 1]);
        assert_eq!(open(&key, &name(1), &cut), None);
    }

    #[test]
    fn what_is_inside_is_pinned() {
        let bytes = postcard::to_extend(&all(), vec![VERSION]).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let id = |byte: &str| byte.repeat(16);
        let expected = [
            "01",
            "02",
            &id("07"),
            "01",
            "057479706564",
            "0174",
            "01",
            "09",
            "0473656e74",
            "0173",
            "01",
            "046c656674",
            "00",
            &id("08"),
            "000000",
        ];
        assert_eq!(hex, expected.concat());
        assert_eq!(name(0xAB), "parley.unsaved.00000000000000ab");
    }
}
