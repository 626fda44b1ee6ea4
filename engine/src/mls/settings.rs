//! The settings that OpenMLS keeps with each group. There are two of them, and the record says only which one.
//!
//! A conversation of two sends its handshakes as PrivateMessages. A group chat sends them as PublicMessages, sealed in
//! another way ([`crate::group::entry`]): a joiner from outside can make no others, and a member who was away can read on.
//!
//! OpenMLS hands its type over as anything that serde knows, and reads one part of it from a self-describing format (an
//! untagged enum), which postcard is not. The record has been JSON from the first version on, and stays so; but a reader of
//! JSON for nothing else was 10 kB of the app.

use openmls::prelude::{
    MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, PURE_PLAINTEXT_WIRE_FORMAT_POLICY,
    SenderRatchetConfiguration, WireFormatPolicy,
};
use serde::Serialize;
use serde::de::value::SeqDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

/// Skipped generations that a receiver goes over at most (a sender skips what it encrypted for an epoch that
/// had ended, or lost in a crash between persist and send).
const MAX_FORWARD_DISTANCE: u32 = 2_000;

/// Which settings a group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupSettings {
    /// A conversation of two.
    Pair,
    /// A chat of many.
    Chat,
}

impl GroupSettings {
    pub(super) const fn wire_format_policy(self) -> WireFormatPolicy {
        match self {
            Self::Pair => PURE_CIPHERTEXT_WIRE_FORMAT_POLICY,
            Self::Chat => PURE_PLAINTEXT_WIRE_FORMAT_POLICY,
        }
    }

    /// The record.
    pub(super) const fn record(self) -> &'static [u8] {
        match self {
            Self::Pair => PAIR,
            Self::Chat => CHAT,
        }
    }

    /// Which a record says. Of a conversation of two there are two forms.
    pub(super) fn of_record(record: &[u8]) -> Self {
        if record == CHAT { Self::Chat } else { Self::Pair }
    }

    /// Which OpenMLS hands over: its first field tells.
    pub(super) fn of(config: &impl Serialize) -> Self {
        let bytes = postcard::to_allocvec(config).unwrap_or_default();
        let is_chat = postcard::to_allocvec(&Self::Chat.wire_format_policy())
            .is_ok_and(|policy| bytes.starts_with(&policy));
        if is_chat { Self::Chat } else { Self::Pair }
    }

    pub(super) fn join_config(self) -> MlsGroupJoinConfig {
        MlsGroupJoinConfig::builder()
            .wire_format_policy(self.wire_format_policy())
            .max_past_epochs(0)
            .number_of_resumption_psks(0)
            .use_ratchet_tree_extension(true)
            .sender_ratchet_configuration(ratchet_configuration())
            .build()
    }

    /// [`Self::join_config`] as the type that OpenMLS asks for, which is `MlsGroupJoinConfig`; none if it is not.
    pub(super) fn as_asked<T: DeserializeOwned>(self) -> Option<T> {
        let settings = match self {
            Self::Pair => &PAIR_SETTINGS,
            Self::Chat => &CHAT_SETTINGS,
        };
        T::deserialize(settings).ok()
    }
}

const CHAT: &[u8] = br#"{"wire_format_policy":{"outgoing":"AlwaysPlaintext","incoming":"AlwaysPlaintext"},"padding_size":0,"past_epoch_deletion_policy":0,"number_of_resumption_psks":0,"use_ratchet_tree_extension":true,"sender_ratchet_configuration":{"out_of_order_tolerance":0,"maximum_forward_distance":2000}}"#;
const PAIR: &[u8] = br#"{"wire_format_policy":{"outgoing":"AlwaysCiphertext","incoming":"AlwaysCiphertext"},"padding_size":0,"past_epoch_deletion_policy":0,"number_of_resumption_psks":0,"use_ratchet_tree_extension":true,"sender_ratchet_configuration":{"out_of_order_tolerance":0,"maximum_forward_distance":2000}}"#;

pub(super) fn ratchet_configuration() -> SenderRatchetConfiguration {
    // The relay's log is in order: nothing late is ever accepted, so a used or passed key is gone at once.
    SenderRatchetConfiguration::new(0, MAX_FORWARD_DISTANCE)
}

/// OpenMLS asks for something else. Without serde's sentence about it, which would bring a printer of numbers along.
#[derive(Debug, thiserror::Error)]
#[error("the settings are no such type")]
struct AnotherType;

impl serde::de::Error for AnotherType {
    fn custom<T: core::fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A part of the settings; a group's parts are in the order of its fields.
enum Part {
    Choice(&'static str),
    Switch(bool),
    Number(u64),
    Group(&'static [Part]),
}

const PAIR_SETTINGS: Part = Part::Group(&[
    Part::Group(&[Part::Choice("AlwaysCiphertext"), Part::Choice("AlwaysCiphertext")]),
    Part::Number(0),
    Part::Number(0),
    Part::Number(0),
    Part::Switch(true),
    RATCHET,
]);
const CHAT_SETTINGS: Part = Part::Group(&[
    Part::Group(&[Part::Choice("AlwaysPlaintext"), Part::Choice("AlwaysPlaintext")]),
    Part::Number(0),
    Part::Number(0),
    Part::Number(0),
    Part::Switch(true),
    RATCHET,
]);
const RATCHET: Part = Part::Group(&[Part::Number(0), Part::Number(2_000)]);

impl IntoDeserializer<'_, AnotherType> for &'static Part {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'static Part {
    type Error = AnotherType;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, AnotherType> {
        match self {
            Part::Choice(name) => visitor.visit_enum(name.into_deserializer()),
            Part::Switch(on) => visitor.visit_bool(*on),
            Part::Number(number) => visitor.visit_u64(*number),
            Part::Group(parts) => visitor.visit_seq(SeqDeserializer::new(parts.iter())),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [GroupSettings; 2] = [GroupSettings::Pair, GroupSettings::Chat];

    #[test]
    fn the_settings_are_the_same_in_all_their_forms() {
        for settings in BOTH {
            let config = settings.join_config();
            assert_eq!(serde_json::to_vec(&config).unwrap(), settings.record());
            assert_eq!(settings.as_asked::<MlsGroupJoinConfig>().as_ref(), Some(&config));
            assert_eq!(GroupSettings::of(&config), settings);
            assert_eq!(GroupSettings::of_record(settings.record()), settings);
        }
        assert_eq!(GroupSettings::of_record(b"what the first version wrote"), GroupSettings::Pair);
        assert_eq!(GroupSettings::of(&MlsGroupJoinConfig::default()), GroupSettings::Pair);
    }

    /// What the first version wrote, in which one field had another form, says the same.
    #[test]
    fn what_was_stored_is_the_same() {
        for settings in BOTH {
            let read = serde_json::from_slice::<MlsGroupJoinConfig>(settings.record()).unwrap();
            assert_eq!(read, settings.join_config());
        }
    }

    #[test]
    fn what_is_no_such_type_is_none() {
        assert_eq!(GroupSettings::Pair.as_asked::<u8>(), None);
    }
}
