//! Files of messages as sealed bytes: how one is cut into chunks and sealed ([`stream`]), and what is kept of it on this device
//! ([`local`]). What a message says about a file is in [`crate::domain::content::files`].

pub(crate) mod local;
pub(crate) mod stream;
