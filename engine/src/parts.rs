//! The halves of the engine that a host may load later than the engine itself: what most people never use, or not at first
//! (docs/adr/0026).
//!
//! The engine asks for a half by [`crate::io::Output::Need`] when it first needs the half, and goes on with everything else.
//! The host answers by [`crate::io::Input::Part`], or by [`crate::io::Input::NoPart`] if the half cannot be loaded; then the
//! engine asks again later. A host that has everything hands all halves over at once: [`crate::Engine::with`].

use core::fmt;

use crate::core::parts::Codes;

/// A half of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Group chats.
    Groups,
    /// What people do seldom with their account: linking devices, the recovery phrase, coming back by it, backup files.
    Account,
}

/// A half of the engine, as something that the engine can call. Whoever makes one has its code in the program, and whoever does
/// not has it not: the functions below are all that names it.
#[derive(Clone, Copy)]
pub struct Code(pub(crate) Codes);

impl Code {
    /// Which it is.
    #[must_use]
    pub const fn part(&self) -> Part {
        match self.0 {
            Codes::Groups(_) => Part::Groups,
            Codes::Account(_) => Part::Account,
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Code").field(&self.part()).finish()
    }
}

/// Group chats.
#[must_use]
pub fn groups() -> Code {
    Code(Codes::Groups(&crate::core::parts::groups::ALL))
}

/// What people do seldom with their account.
#[must_use]
pub fn account() -> Code {
    Code(Codes::Account(&crate::core::parts::account::ALL))
}

/// All halves, for a host that has everything.
#[must_use]
pub fn all() -> [Code; 2] {
    [groups(), account()]
}
