//! The audio player for voice messages and music.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Consent, FileKind, FileState};

use super::content::Of;
use super::{Place, transfer};
use crate::model::media::{Media, Shown};
use crate::model::size;
use crate::platform::player;
use crate::ui::design::{html, icons, parts};
use crate::ui::words;

/// The app fetches a voice message up to this size by itself, in bytes.
const BY_ITSELF: u64 = 1024 * 1024;
/// The speeds, in tenths.
const RATES: [u32; 3] = [10, 15, 20];
/// The number of bars that the player shows.
const BARS: usize = 40;

#[derive(Clone)]
enum Sound {
    Unknown,
    Ready(String),
    /// The file is not audio.
    Other,
}

pub(super) fn player(of: &Of) -> AnyView {
    let Place(app, id) = of.place;
    let granted =
        app.chats.with_untracked(|chats| chats.get(id).is_some_and(|it| it.consent == Consent::Granted));
    let voice = of.view.kind == FileKind::Voice;
    if granted && voice && of.view.size <= BY_ITSELF && of.state.get_untracked() == FileState::There {
        of.fetch();
    }
    let sound = RwSignal::new(Sound::Unknown);
    Effect::new({
        let of = of.clone();
        move |_| {
            let here = matches!(of.state.get(), FileState::Here | FileState::Sending { .. });
            if here && matches!(sound.get_untracked(), Sound::Unknown) {
                transfer::open(app, of.view.id, move |shown| {
                    let heard = |shown: &transfer::Shown| {
                        Media::named(&shown.file.mime()).is_some_and(|media| media.shown() != Shown::Picture)
                    };
                    let found = match shown.filter(heard) {
                        Some(shown) => Sound::Ready(shown.address),
                        None => Sound::Other,
                    };
                    let _ = sound.try_set(found);
                });
            }
        }
    });
    let inside = {
        let of = of.clone();
        parts::dynamic(move || match sound.get() {
            Sound::Ready(address) if voice => spoken(&of, address),
            Sound::Ready(address) => html::audio()
                .attr("controls", "")
                .attr("preload", "metadata")
                .attr("aria-label", of.view.name.clone())
                .attr("src", address)
                .into_any(),
            Sound::Unknown | Sound::Other => resting(&of),
        })
    };
    html::div()
        .class(if voice { "file-line voice" } else { "file-line" })
        .attr("role", "group")
        .attr("aria-label", words::sound_named(voice, &of.view.name, of.view.duration))
        .child((inside, of.note()))
        .into_any()
}

/// The file is not here, or is not audio.
fn resting(of: &Of) -> AnyView {
    let length = of.view.duration.map_or_else(|| size::shown(of.view.size), |ms| size::time(u64::from(ms)));
    let name = (of.view.kind != FileKind::Voice)
        .then(|| html::span().class("file-name").attr("dir", "auto").child(of.view.name.clone()));
    parts::several((of.control(), wave(of, || 0), name, html::span().class("quiet").child(length)))
}

/// The waveform, with the bars up to `played` percent marked.
fn wave(of: &Of, played: impl Fn() -> u32 + Clone + Send + 'static) -> Option<AnyView> {
    let heights = &of.view.waveform;
    if heights.is_empty() {
        return None;
    }
    let bars = BARS.min(heights.len());
    let bar = |index: usize| {
        let at = index.saturating_mul(heights.len()).checked_div(bars).unwrap_or_default();
        let height = heights.get(at).copied().unwrap_or_default() / 32;
        let played = played.clone();
        let percent =
            u32::try_from(index.saturating_mul(100).checked_div(bars).unwrap_or_default()).unwrap_or(100);
        html::span()
            .class(format!("bar bar-{height}"))
            .class_when("played", move || percent < played())
            .into_any()
    };
    let all: Vec<AnyView> = (0..bars).map(bar).collect();
    Some(html::span().class("wave").attr("aria-hidden", "true").child(all).into_any())
}

fn spoken(of: &Of, address: String) -> AnyView {
    let audio = NodeRef::<leptos::html::Audio>::new();
    let (playing, at, rate) = (RwSignal::new(false), RwSignal::new(0_u32), RwSignal::new(0_usize));
    let length = of.view.duration.unwrap_or_default().max(1);
    let percent = move || u32::try_from(u64::from(at.get()) * 100 / u64::from(length)).unwrap_or(100);
    let tenths = move || RATES.get(rate.get()).copied().unwrap_or(10);
    let turn = move || {
        let next = (rate.get_untracked() + 1) % RATES.len();
        rate.set(next);
        player::set_rate(audio, untrack(tenths));
    };
    let toggle = move || {
        if playing.get_untracked() {
            player::pause(audio);
        } else {
            player::set_rate(audio, untrack(tenths));
            player::play(audio);
        }
    };
    let event = ev::Custom::<ev::Event>::new;
    parts::several((
        html::audio()
            .node_ref(audio)
            .attr("preload", "metadata")
            .attr("src", address)
            .on(event("play"), move |_| playing.set(true))
            .on(event("pause"), move |_| playing.set(false))
            .on(event("timeupdate"), move |_| at.set(player::at(audio)))
            .on(event("ended"), move |_| {
                playing.set(false);
                at.set(0);
            }),
        parts::dynamic(move || {
            let (name, icon) =
                if playing.get() { ("Pause", icons::pause()) } else { ("Play", icons::resume()) };
            parts::icon_button(name, "icon-button file-control", icon, toggle)
        }),
        wave(of, percent),
        html::span().class("quiet voice-time").child(parts::live(move || {
            let shown = if playing.get() || at.get() > 0 { at.get() } else { length };
            size::time(u64::from(shown))
        })),
        html::button()
            .class("voice-rate")
            .attr("type", "button")
            .attr_live("aria-label", move || Some(words::playing_speed(tenths())))
            .on(ev::click, move |_| turn())
            .child(parts::live(move || words::speed(tenths()))),
    ))
}
