//! Finds names that look alike, by Unicode's table of confusable characters (UTS 39). The app compares only the names of its
//! own contacts, so finding too many does no harm.

use crate::model::unicode::Unicode;

/// One prototype a line, a blank, then the characters that are confusable with it. Characters whose normal form (NFKD) is a
/// Latin letter are left out. A test compares the table with Unicode's data.
const TABLE: &str = include_str!("lookalikes.txt");

/// The skeleton of a name: equal for names that look alike.
pub(crate) fn looks(name: &str, unicode: &impl Unicode) -> String {
    let folded = unicode.fold(&latin(name));
    latin(&folded).chars().filter(|c| c.is_alphanumeric()).map(|c| if c == 'i' { 'l' } else { c }).collect()
}

fn latin(text: &str) -> String {
    let mut latin = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0' => latin.push('o'),
            '1' | 'I' | '|' => latin.push('l'),
            'm' => latin.push_str("rn"),
            c if c.is_ascii() => latin.push(c),
            c => match twin(c) {
                Some(like) => latin.push_str(like),
                None => latin.push(c),
            },
        }
    }
    latin
}

fn twin(c: char) -> Option<&'static str> {
    let mut rows = TABLE.lines().filter_map(|row| row.split_once(' '));
    rows.find(|(_, like)| like.contains(c)).map(|(latin, _)| latin)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use icu_normalizer::DecomposingNormalizer;
    use unicode_security::confusable_detection::skeleton;

    use super::*;
    use crate::model::unicode::tests::Icu;

    #[test]
    fn the_table_is_unicodes() {
        let mut rows: BTreeMap<String, String> = BTreeMap::new();
        for c in '\u{80}'..=char::MAX {
            let text = c.to_string();
            let latin: String = skeleton(&text).collect();
            let own = DecomposingNormalizer::new_nfkd().normalize(&text) == text;
            if own && latin.chars().all(|c| c.is_ascii_alphanumeric()) && !latin.is_empty() {
                rows.entry(latin.to_lowercase()).or_default().push(c);
            }
        }
        let table: Vec<String> = rows.iter().map(|(latin, like)| format!("{latin} {like}\n")).collect();
        assert_eq!(TABLE, table.concat());
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for (one, other) in [
            ("Ada", "Аdа"),
            ("Bob", "Вob"),
            ("Alan", "AIan"),
            ("Paul", "Pau1"),
            ("Mona", "rnona"),
            ("Ève", "Ѐve"),
            ("Ada Lovelace", "ada  lovelace"),
            ("coco", "сосо"),
        ] {
            assert_eq!(looks(one, &Icu), looks(other, &Icu), "{one} {other}");
        }
        assert_ne!(looks("Ada", &Icu), looks("Ida", &Icu));
        assert_ne!(looks("山田", &Icu), looks("山本", &Icu));
    }
}
