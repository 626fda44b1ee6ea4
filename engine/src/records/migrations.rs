//! Migrates records from the formats of earlier releases to the format of this one, a step for each format. The first change
//! set rewrites what an earlier release wrote.

use super::sealed::LoadError;
use super::state::Value;

/// Leads one value of a format to the next; `None` if the next format has no such value.
pub(crate) type Step = fn(key: &[u8], value: Value) -> Result<Option<Value>, LoadError>;

/// Step *n* (from 1) leads from format *n* to format *n + 1*. One that was released is never edited.
pub(crate) const STEPS: &[Step] = &[names_say_what_is_deferred];

/// Format 2 has the values of format 1 under other names ([`crate::seal::Sealer::state_name`]).
#[expect(clippy::unnecessary_wraps, reason = "it is a step like any other")]
fn names_say_what_is_deferred(_: &[u8], value: Value) -> Result<Option<Value>, LoadError> {
    Ok(Some(value))
}

/// A value of this format, as the last of `steps` makes it.
pub(crate) fn bring_up(
    steps: &[Step],
    format: u8,
    key: &[u8],
    value: Value,
) -> Result<Option<Value>, LoadError> {
    let missing = steps.iter().skip(usize::from(format).saturating_sub(1));
    let mut value = Some(value);
    for step in missing {
        let Some(before) = value else { break };
        value = step(key, before)?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::FORMAT;

    #[test]
    fn each_format_but_the_first_has_a_step_that_leads_to_it() {
        assert_eq!(STEPS.len() + 1, usize::from(FORMAT));
    }
}
