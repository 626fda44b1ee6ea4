//! The user interface of the page.
//!
//! Elements are made with Leptos's builder functions, not with `view!`: the macro turns elements that never change
//! into HTML text for `innerHTML`, which the page's Trusted Types refuse.

pub mod words;

#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod design;
#[cfg(target_arch = "wasm32")]
mod screens;

#[cfg(target_arch = "wasm32")]
pub use screens::shell::start;
