//! Decides which keys work on the whole page, and when a focused element keeps them.

/// The kind of element that has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// An element without keys of its own, or none.
    Elsewhere,
    /// The composer.
    Composer,
    /// Another field for text.
    Text,
    /// A choice, which the arrow keys change.
    Choice,
}

/// A pressed key.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "keys are held independently")]
pub struct Pressed<'a> {
    /// The meaning of the key on this keyboard.
    pub key: &'a str,
    /// The position of the key, by its name on an American keyboard.
    pub code: &'a str,
    /// Ctrl is held.
    pub ctrl: bool,
    /// Cmd is held.
    pub meta: bool,
    /// Alt is held.
    pub alt: bool,
    /// Shift is held.
    pub shift: bool,
    /// On a Mac, where Ctrl edits text.
    pub mac: bool,
    /// The kind of element that gets the key.
    pub focus: Focus,
}

/// The action of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Opens the dialog "New chat".
    NewChat,
    /// Goes to the next chat in the list, or to the one before.
    Step {
        /// To the next one.
        forward: bool,
    },
    /// Back to the list of chats.
    Back,
    /// Shows the list of keyboard shortcuts.
    Keys,
}

impl Pressed<'_> {
    /// The action of the key, unless the key belongs to the browser, an input method or a field.
    #[must_use]
    pub fn act(&self) -> Option<Act> {
        // On many keyboards people type `?` with Shift, on some with Alt too.
        if self.key == "?" && !self.ctrl && !self.meta {
            return (self.focus == Focus::Elsewhere).then_some(Act::Keys);
        }
        if self.shift {
            return None;
        }
        match (self.key, self.ctrl || self.meta, self.alt) {
            (_, true, false) if self.is_k() && !self.edits() => Some(Act::NewChat),
            ("ArrowUp" | "ArrowDown", false, true) if self.is_free() => {
                Some(Act::Step { forward: self.key == "ArrowDown" })
            }
            ("Escape", false, false) if self.is_free() => Some(Act::Back),
            _ => None,
        }
    }

    /// On keyboards without Latin letters: the key at the position of K.
    fn is_k(&self) -> bool {
        self.key.eq_ignore_ascii_case("k") || (!self.key.is_ascii() && self.code == "KeyK")
    }

    /// On a Mac, Ctrl+K in a text field deletes to the end of the line.
    fn edits(&self) -> bool {
        self.mac && !self.meta && matches!(self.focus, Focus::Text | Focus::Composer)
    }

    const fn is_free(&self) -> bool {
        matches!(self.focus, Focus::Elsewhere | Focus::Composer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Pressed<'_> = Pressed {
        key: "",
        code: "",
        ctrl: false,
        meta: false,
        alt: false,
        shift: false,
        mac: false,
        focus: Focus::Elsewhere,
    };
    const K: Pressed<'_> = Pressed { key: "k", code: "KeyK", ctrl: true, ..KEY };
    const DOWN: Pressed<'_> = Pressed { key: "ArrowDown", code: "ArrowDown", alt: true, ..KEY };
    const ESCAPE: Pressed<'_> = Pressed { key: "Escape", code: "Escape", ..KEY };

    #[test]
    fn ctrl_k_works_on_every_keyboard() {
        for (key, code) in [("k", "KeyK"), ("K", "KeyK"), ("л", "KeyK"), ("k", "KeyV"), ("κ", "KeyK")] {
            assert_eq!(Pressed { key, code, ..K }.act(), Some(Act::NewChat), "{key} {code}");
        }
        assert_eq!(Pressed { key: "t", code: "KeyK", ..K }.act(), None, "another Latin letter stands there");
    }

    #[test]
    fn what_is_the_browsers_stays_the_browsers() {
        let others = [
            Pressed { shift: true, ..K },
            Pressed { alt: true, ..K },
            Pressed { ctrl: false, ..K },
            Pressed { shift: true, ..DOWN },
            Pressed { ctrl: true, ..DOWN },
            Pressed { shift: true, ..ESCAPE },
            Pressed { mac: true, focus: Focus::Composer, ..K },
        ];
        for pressed in others {
            assert_eq!(pressed.act(), None, "{pressed:?}");
        }
        let command = Pressed { ctrl: false, meta: true, mac: true, focus: Focus::Composer, ..K };
        assert_eq!(command.act(), Some(Act::NewChat));
    }

    #[test]
    fn a_question_mark_asks_only_where_nothing_is_written() {
        let key = Pressed { key: "?", code: "Slash", shift: true, ..KEY };
        assert_eq!(key.act(), Some(Act::Keys));
        for focus in [Focus::Composer, Focus::Text, Focus::Choice] {
            assert_eq!(Pressed { focus, ..key }.act(), None);
        }
        assert_eq!(Pressed { ctrl: true, ..key }.act(), None);
    }

    #[test]
    fn a_field_and_a_choice_keep_their_keys() {
        for focus in [Focus::Text, Focus::Choice] {
            assert_eq!(Pressed { focus, ..ESCAPE }.act(), None);
            assert_eq!(Pressed { focus, ..DOWN }.act(), None);
            assert_eq!(Pressed { focus, ..K }.act(), Some(Act::NewChat));
        }
        for focus in [Focus::Composer, Focus::Elsewhere] {
            assert_eq!(Pressed { focus, ..ESCAPE }.act(), Some(Act::Back));
            assert_eq!(Pressed { focus, ..DOWN }.act(), Some(Act::Step { forward: true }));
        }
    }
}
