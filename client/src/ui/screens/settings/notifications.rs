//! How this browser tells of messages.

use leptos::ev;
use leptos::prelude::*;

use crate::model::attention::{Attention, Shows};
use crate::platform::notifications::{self, Permission};
use crate::platform::{local, spawn_local};
use crate::ui::design::{html, parts};
use crate::ui::words;

pub(super) fn settings() -> AnyView {
    let chosen = RwSignal::new(Attention::read(local::attention().as_deref()));
    let permission = RwSignal::new(notifications::permission());
    let choose = move |change: fn(&mut Attention, Shows), shows: Shows| {
        chosen.update(|chosen| change(chosen, shows));
        local::set_attention(&chosen.get_untracked().kept());
    };
    let on = move || chosen.get().on && permission.get() == Permission::Granted;
    let refused = RwSignal::new(false);
    let turn = move |wanted: bool| {
        if !wanted {
            return choose(|chosen, _| chosen.on = false, Shows::Text);
        }
        spawn_local(async move {
            let answer = notifications::ask().await;
            let _ = permission.try_set(answer);
            let _ = refused.try_set(answer != Permission::Granted);
            if answer == Permission::Granted {
                choose(|chosen, _| chosen.on = true, Shows::Text);
            }
        });
    };
    let fault = move || match permission.get() {
        Permission::Missing => words::NOTIFICATIONS_MISSING,
        Permission::Denied => words::NOTIFICATIONS_DENIED,
        Permission::Unknown if refused.get() => words::NOTIFICATIONS_DENIED,
        _ => "",
    };
    let sound = move |wanted: bool| {
        if wanted {
            choose(|chosen, _| chosen.sound = true, Shows::Text);
            notifications::play_tone();
        } else {
            choose(|chosen, _| chosen.sound = false, Shows::Text);
        }
    };
    parts::stack(
        "setting-lines",
        vec![
            parts::stack(
                "",
                vec![
                    line(["notify", "Show notifications", words::NOTIFICATIONS], on, turn),
                    parts::status("note note-bad", parts::live(fault)),
                ],
            ),
            parts::maybe(move || {
                on().then(|| {
                    parts::stack(
                        "setting-lines",
                        vec![
                            shows(chosen, move |shows| choose(|chosen, shows| chosen.shows = shows, shows)),
                            line(["sound", "Sound", words::SOUND], move || chosen.get().sound, sound),
                        ],
                    )
                })
            }),
            parts::text("quiet", words::NOT_NOTIFIED),
        ],
    )
}

/// A switch of this browser, with its name and what it does.
fn line(
    [id, name, about]: [&'static str; 3],
    on: impl Fn() -> bool + Copy + Send + 'static,
    turn: impl Fn(bool) + 'static,
) -> AnyView {
    let what =
        html::div().child((html::span().attr("id", id).child(name), html::p().class("quiet").child(about)));
    html::div().class("setting-line").child((what, parts::switch(id, on, turn))).into_any()
}

fn shows(chosen: RwSignal<Attention>, choose: impl Fn(Shows) + Copy + 'static) -> AnyView {
    let choices = Shows::ALL.map(|shows| {
        html::label().class("choice").child((
            html::input()
                .attr("type", "radio")
                .attr("name", "shows")
                .checked(move || chosen.get().shows == shows)
                .on(ev::change, move |_| choose(shows)),
            html::span().child(words::shows(shows)),
        ))
    });
    parts::stack(
        "shows",
        vec![
            html::p().attr("id", "shows").child("What they show").into_any(),
            html::div()
                .class("choices")
                .attr("role", "radiogroup")
                .attr("aria-labelledby", "shows")
                .child(Vec::from(choices))
                .into_any(),
        ],
    )
}
