//! Plays audio.

use leptos::html::Audio;
use leptos::prelude::{GetUntracked, NodeRef};
use web_sys::HtmlMediaElement;

fn element(audio: NodeRef<Audio>) -> Option<HtmlMediaElement> {
    audio.try_get_untracked().flatten().map(Into::into)
}

/// Starts playing.
pub fn play(audio: NodeRef<Audio>) {
    if let Some(element) = element(audio) {
        let _ = element.play();
    }
}

/// Pauses.
pub fn pause(audio: NodeRef<Audio>) {
    if let Some(element) = element(audio) {
        let _ = element.pause();
    }
}

/// Sets the speed in tenths. The pitch of voices stays.
pub fn set_rate(audio: NodeRef<Audio>, tenths: u32) {
    if let Some(element) = element(audio) {
        element.set_playback_rate(f64::from(tenths) / 10.0);
    }
}

/// The position, in milliseconds.
#[must_use]
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time that a browser plays is a small number, and a cast keeps to the range"
)]
pub fn at(audio: NodeRef<Audio>) -> u32 {
    element(audio).map_or(0, |element| (element.current_time() * 1_000.0) as u32)
}
