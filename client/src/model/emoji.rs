//! Emoji and their names, as Unicode has them, and the recently used ones of this page.

use std::cell::RefCell;

/// The emoji that a message's menu shows at once.
pub const QUICK: [&str; 6] =
    ["\u{1F44D}", "\u{2764}\u{FE0F}", "\u{1F602}", "\u{1F62E}", "\u{1F622}", "\u{1F64F}"];
/// The number of recently used emoji that the picker shows.
const RECENT: usize = 16;

/// The list of emoji: a line with `#` before each kind, then its emoji, each with its name.
const ALL: &str = include_str!("emoji.txt");

thread_local! {
    static USED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// An emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// The emoji as it is sent.
    pub sign: &'static str,
    /// The name of the emoji.
    pub name: &'static str,
}

fn kinds() -> impl Iterator<Item = (&'static str, Vec<Sign>)> {
    ALL.split("# ").filter(|kind| !kind.is_empty()).filter_map(|kind| {
        let mut lines = kind.lines();
        let name = lines.next()?;
        let signs = lines.filter_map(|line| line.split_once(' ')).map(|(sign, name)| Sign { sign, name });
        Some((name, signs.collect()))
    })
}

fn all() -> impl Iterator<Item = Sign> {
    kinds().flat_map(|(_, signs)| signs)
}

/// The name of an emoji.
#[must_use]
pub fn name_of(sign: &str) -> Option<&'static str> {
    all().find(|it| it.sign == sign).map(|it| it.name)
}

/// Notes that an emoji was just used.
pub fn used(sign: &str) {
    USED.with_borrow_mut(|used| {
        used.retain(|it| it != sign);
        used.insert(0, sign.to_owned());
        used.truncate(RECENT);
    });
}

/// The emoji whose name has every word of the query, by kind. Without a query: all emoji, after the recently used ones.
#[must_use]
pub fn matching(sought: &str) -> Vec<(&'static str, Vec<Sign>)> {
    let words: Vec<String> = sought.split_whitespace().map(str::to_lowercase).collect();
    let mut found = Vec::new();
    if words.is_empty() {
        let used = USED.with_borrow(|used| {
            used.iter().filter_map(|sign| all().find(|it| it.sign == sign)).collect::<Vec<_>>()
        });
        if !used.is_empty() {
            found.push(("Recently used", used));
        }
    }
    for (kind, mut signs) in kinds() {
        signs.retain(|it| words.iter().all(|word| it.name.to_lowercase().contains(word)));
        if !signs.is_empty() {
            found.push((kind, signs));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_is_there_once_with_a_name() {
        let mut signs: Vec<&str> = all().map(|it| it.sign).collect();
        assert!(signs.len() > 1_200 && all().all(|it| !it.name.is_empty() && !it.sign.is_ascii()));
        signs.sort_unstable();
        assert!(signs.windows(2).all(|two| two[0] != two[1]));
        assert!(QUICK.iter().all(|sign| name_of(sign).is_some()));
    }

    #[test]
    fn signs_are_found_by_words_of_their_names_in_any_order() {
        let found = |sought| matching(sought).into_iter().flat_map(|(_, signs)| signs).collect::<Vec<_>>();
        assert_eq!(found("up THUMBS"), [Sign { sign: "\u{1F44D}", name: "thumbs up" }]);
        assert!(found("no such thing").is_empty());
        assert!(matching("").iter().all(|(kind, _)| *kind != "Recently used"));
        used("\u{1F44D}");
        used("\u{1F602}");
        used("\u{1F44D}");
        let (kind, recent) = matching("").remove(0);
        assert_eq!((kind, recent.len(), recent[0].sign), ("Recently used", 2, "\u{1F44D}"));
    }
}
