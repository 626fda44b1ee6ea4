//! To be written.
pub(crate) fn run() -> anyhow::Result<()> { Ok(()) }
