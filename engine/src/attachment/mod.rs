//! Files of messages as sealed bytes: how the engine cuts a file into chunks and seals them ([`stream`]), and what this
//! device keeps of the file ([`local`]). What a message says about a file is in [`crate::domain::content::files`].

pub(crate) mod local;
pub(crate) mod stream;
