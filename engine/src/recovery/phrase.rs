//! The recovery phrase: 24 words of BIP-39's English list for 256 bits and a checksum of 8.

use bip39::{Language, Mnemonic};
use zeroize::Zeroizing;

use super::RecoverySeed;
use crate::view::PhraseError;

/// Words in a phrase.
const WORDS: usize = 24;

impl RecoverySeed {
    /// The words, in order.
    pub(crate) fn words(&self) -> Vec<String> {
        let phrase = Mnemonic::from_entropy_in(Language::English, self.as_bytes());
        phrase.map(|phrase| phrase.words().map(str::to_owned).collect()).unwrap_or_default()
    }

    /// Reads a phrase as somebody types or pastes it: any white space, commas or numbers between the words, upper case
    /// or lower.
    pub(crate) fn parse(text: &str) -> Result<Self, PhraseError> {
        let lower = Zeroizing::new(text.to_lowercase());
        let words: Vec<&str> =
            lower.split(|c: char| !c.is_ascii_lowercase()).filter(|w| !w.is_empty()).collect();
        let unknown = words.iter().position(|word| Language::English.find_word(word).is_none());
        if let Some(place) = unknown {
            return Err(PhraseError::Word(u8::try_from(place.saturating_add(1)).unwrap_or(u8::MAX)));
        }
        if words.len() != WORDS {
            return Err(PhraseError::Count(u8::try_from(words.len()).unwrap_or(u8::MAX)));
        }
        let phrase = Zeroizing::new(words.join(" "));
        let phrase =
            Mnemonic::parse_in_normalized(Language::English, &phrase).map_err(|_| PhraseError::Checksum)?;
        let (entropy, length) = phrase.to_entropy_array();
        let entropy = Zeroizing::new(entropy);
        match entropy.split_first_chunk::<32>() {
            Some((seed, _)) if length == 32 => Ok(Self::new(*seed)),
            _ => Err(PhraseError::Checksum),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seed(bytes: [u8; 32]) -> RecoverySeed {
        RecoverySeed::new(bytes)
    }

    /// Vectors of BIP-39's reference implementation.
    #[test]
    fn the_words_are_those_of_bip_39() {
        let zeros = ["abandon"; 23].into_iter().chain(["art"]).collect::<Vec<_>>();
        assert_eq!(seed([0; 32]).words(), zeros);
        let ones = ["zoo"; 23].into_iter().chain(["vote"]).collect::<Vec<_>>();
        assert_eq!(seed([0xFF; 32]).words(), ones);
    }

    #[test]
    fn a_phrase_may_be_written_in_any_way() {
        let words = seed([7; 32]).words();
        let numbered: Vec<String> = words
            .iter()
            .enumerate()
            .map(|(at, word)| format!("{}. {}", at + 1, word.to_uppercase()))
            .collect();
        for text in
            [words.join(" "), words.join("\n"), numbered.join(", "), format!("  {}\t", words.join("  "))]
        {
            assert_eq!(RecoverySeed::parse(&text).unwrap().as_bytes(), &[7; 32]);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |text: &str| RecoverySeed::parse(text).err();
        let words = seed([7; 32]).words();
        assert_eq!(wrong(&words[1..].join(" ")), Some(PhraseError::Count(23)));
        assert_eq!(wrong(""), Some(PhraseError::Count(0)));
        let mut typo = words.clone();
        typo[4] = "parley".into();
        assert_eq!(wrong(&typo.join(" ")), Some(PhraseError::Word(5)));
        let mut swapped = words;
        swapped.swap(0, 1);
        assert_eq!(wrong(&swapped.join(" ")), Some(PhraseError::Checksum));
    }

    proptest! {
        #[test]
        fn every_seed_comes_back(bytes: [u8; 32]) {
            let words = seed(bytes).words().join(" ");
            prop_assert_eq!(*RecoverySeed::parse(&words).unwrap().as_bytes(), bytes);
        }

        #[test]
        fn any_text_is_a_phrase_or_an_error(text in ".{0,200}") {
            let _ = RecoverySeed::parse(&text);
        }
    }
}
