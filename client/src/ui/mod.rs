//! What a person sees.

pub mod words;
