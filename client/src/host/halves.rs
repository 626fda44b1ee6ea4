//! Loads the halves of the engine, each a part of the worker, when the engine asks for them.

use parley_engine::io::Input;
use parley_engine::parts::{self, Code, Part};

use super::parts::part;

part!(group_half, groups_here() -> Code => parts::groups());
part!(account_half, account_here() -> Code => parts::account());

/// Loads a half, and returns the input that tells the engine the outcome.
pub(super) async fn load(part: Part) -> Input {
    let come = match part {
        Part::Groups => groups_here().await,
        Part::Account => account_here().await,
    };
    come.map_or(Input::NoPart(part), Input::Part)
}
