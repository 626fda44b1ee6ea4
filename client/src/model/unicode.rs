//! The trait for Unicode's data. The page uses the browser's data, tests use ICU's.

/// Unicode's data.
pub trait Unicode {
    /// Whether nothing in the text is visible.
    fn is_blank(&self, text: &str) -> bool;
    /// Removes accents and invisible characters, unites compatible forms (NFKD), and converts to lower case by way of upper
    /// case.
    fn bare(&self, text: &str) -> String;
    /// Converts to upper case.
    fn upper(&self, text: &str) -> String;
    /// The first grapheme cluster: what people take for one character, such as an emoji of several parts or a letter with its
    /// accents.
    fn first_cluster(&self, text: &str) -> String;

    /// Folds a text for a search of names: without accents, case and width.
    fn fold(&self, text: &str) -> String {
        let mut folded = String::with_capacity(text.len());
        for c in self.bare(text).chars() {
            match c {
                // Unicode does not decompose these letters into a base letter and a stroke.
                'ø' => folded.push('o'),
                'ł' => folded.push('l'),
                'đ' | 'ð' => folded.push('d'),
                'ħ' => folded.push('h'),
                'ı' => folded.push('i'),
                'ς' => folded.push('σ'),
                'æ' => folded.push_str("ae"),
                'œ' => folded.push_str("oe"),
                'þ' => folded.push_str("th"),
                other => folded.push(other),
            }
        }
        folded
    }

    /// One or two characters that stand for a name.
    fn initials(&self, name: &str) -> String {
        let words = name.split(|c: char| c.is_whitespace() || c == '-' || c == '_');
        let letters = |word: &str| {
            let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
            (!word.is_empty()).then(|| self.first_cluster(word))
        };
        let mut initials = words.filter_map(letters);
        let first = initials.next().unwrap_or_else(|| self.first_cluster(name.trim()));
        let last = initials.next_back();
        [Some(first), last].into_iter().flatten().map(|it| self.upper(&it)).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use icu_normalizer::DecomposingNormalizer;
    use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
    use icu_properties::{CodePointMapData, CodePointSetData};

    use super::*;

    /// Unicode's data from ICU.
    #[derive(Clone, Copy)]
    pub(crate) struct Icu;

    fn category(c: char) -> GeneralCategory {
        CodePointMapData::<GeneralCategory>::new().get(c)
    }

    fn is_beside(c: char) -> bool {
        CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
            || category(c) == GeneralCategory::Format
            || GeneralCategoryGroup::Mark.contains(category(c))
    }

    impl Unicode for Icu {
        fn is_blank(&self, text: &str) -> bool {
            text.chars().all(|c| c.is_whitespace() || c.is_control() || is_beside(c) || c == '\u{2800}')
        }

        fn bare(&self, text: &str) -> String {
            let split = |text: &str| DecomposingNormalizer::new_nfkd().normalize(text).into_owned();
            let folded = split(&split(text).to_uppercase().to_lowercase());
            folded.chars().filter(|c| !is_beside(*c)).collect()
        }

        fn upper(&self, text: &str) -> String {
            text.to_uppercase()
        }

        fn first_cluster(&self, text: &str) -> String {
            let mut characters = text.chars().peekable();
            let mut cluster: String = characters.next().into_iter().collect();
            while let Some(c) = characters.next_if(|c| is_beside(*c) || cluster.ends_with('\u{200D}')) {
                cluster.push(c);
            }
            cluster
        }
    }

    #[test]
    fn names_are_found_whatever_their_accents_case_and_width() {
        for (name, folded) in [
            ("José", "jose"),
            ("JOSE\u{301}", "jose"),
            ("İpek", "ipek"),
            ("Işık", "isik"),
            ("Søren Łukasz", "soren lukasz"),
            ("Straße", "strasse"),
            ("ΟΔΥΣΣΕΎΣ", "οδυσσευσ"),
            ("Ａｄａ", "ada"),
            ("Æsa", "aesa"),
            ("Ёлка", "елка"),
            ("A\u{200B}d\u{AD}a", "ada"),
        ] {
            assert_eq!(Icu.fold(name), folded, "{name}");
        }
    }

    #[test]
    fn initials_of_names() {
        for (name, letters) in [
            ("Ada Lovelace", "AL"),
            ("grace", "G"),
            ("Jean-Luc van Dyke", "JD"),
            ("", ""),
            ("山田 太郎", "山太"),
            ("(Bob) [Martin]", "BM"),
            ("E\u{301}lodie", "E\u{301}"),
            ("\u{1F469}\u{200D}\u{1F467}\u{FE0F}", "\u{1F469}\u{200D}\u{1F467}\u{FE0F}"),
            ("नि शा", "निशा"),
        ] {
            assert_eq!(Icu.initials(name), letters);
        }
    }
}
