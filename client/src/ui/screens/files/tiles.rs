//! A picture or a video in a message.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Consent, FileKind, FileState};

use super::content::Of;
use super::{Place, transfer};
use crate::model::history::FilesOver;
use crate::model::media::{self, Media, Shown};
use crate::model::size;
use crate::platform::files::{self, File};
use crate::ui::app::state::Dialog;
use crate::ui::design::{html, parts};
use crate::ui::words;

/// The app fetches a picture up to this size by itself, in bytes.
const BY_ITSELF: u64 = 4 * 1024 * 1024;
/// The longest side of a preview, in pixels.
const PREVIEW_SIDE: u32 = 200;

/// How a file can be shown.
#[derive(Clone, PartialEq)]
enum Look {
    Nothing,
    Picture(String),
    Video(String),
    /// The content is not what the sender claims, so it is shown as a plain file.
    Other,
}

pub(super) fn tile(of: &Of) -> AnyView {
    let look = RwSignal::new(Look::Nothing);
    let Place(app, id) = of.place;
    let granted =
        app.chats.with_untracked(|chats| chats.get(id).is_some_and(|it| it.consent == Consent::Granted));
    if granted
        && of.view.kind == FileKind::Picture
        && of.view.size <= BY_ITSELF
        && of.state.get_untracked() == FileState::There
    {
        of.fetch();
    }
    Effect::new({
        let of = of.clone();
        move |_| {
            if matches!(of.state.get(), FileState::Here | FileState::Sending { .. })
                && look.get_untracked() == Look::Nothing
            {
                transfer::open(app, of.view.id, move |shown| {
                    let found = shown.map_or(Look::Nothing, |shown| {
                        match Media::named(&shown.file.mime()).map(Media::shown) {
                            Some(Shown::Picture) => Look::Picture(shown.address),
                            Some(Shown::Video) => Look::Video(shown.address),
                            Some(Shown::Audio) | None => Look::Other,
                        }
                    });
                    let _ = look.try_set(found);
                });
            }
        }
    });
    let preview = preview(&of.view.preview);
    if let Some(address) = preview.clone() {
        on_cleanup(move || files::forget(&address));
    }
    let (name, wide) = (of.view.name.clone(), shape(of.view.dimensions));
    let shown = {
        let of = of.clone();
        parts::dynamic(move || match look.get() {
            Look::Picture(address) => picture(&of, address),
            Look::Video(address) => html::video()
                .class("tile-video")
                .attr("controls", "")
                .attr("playsinline", "")
                .attr("preload", "metadata")
                .attr("aria-label", name.clone())
                .attr("src", address)
                .into_any(),
            Look::Nothing | Look::Other => match &preview {
                Some(address) => html::img()
                    .class("tile-preview")
                    .attr("alt", words::file_named(&name, of.view.size))
                    .attr("src", address.clone())
                    .into_any(),
                None => html::span().class("tile-name").attr("dir", "auto").child(name.clone()).into_any(),
            },
        })
    };
    let control = {
        let of = of.clone();
        parts::maybe(move || {
            let seen = matches!(look.get(), Look::Picture(_) | Look::Video(_));
            let resting = of.state.get() == FileState::Here;
            (!(seen && resting)).then(|| {
                let about = html::span().class("tile-size").child(size::shown(of.view.size));
                html::span().class("tile-control").child((of.control(), about)).into_any()
            })
        })
    };
    html::div()
        .class(format!("tile {wide}"))
        .attr("role", "group")
        .attr("aria-label", words::file_named(&of.view.name, of.view.size))
        .child((shown, control, of.note()))
        .into_any()
}

fn picture(of: &Of, address: String) -> AnyView {
    let (Place(app, _), now, id) = (of.place, of.now, of.view.id);
    let view = move || {
        let (message, place) = now.with_untracked(|now| {
            let place = match &now.message.body {
                parley_engine::view::BodyView::Files(view) => {
                    view.files.iter().position(|file| file.id == id)
                }
                _ => None,
            };
            (now.message.id, place.unwrap_or_default())
        });
        app.show(Dialog::Files(FilesOver::View(message, place)));
    };
    html::button()
        .class("tile-open")
        .attr("type", "button")
        .attr("aria-label", format!("Open {}", of.view.name))
        .on(ev::click, move |_| view())
        .child(html::img().attr("alt", "").attr("decoding", "async").attr("src", address))
        .into_any()
}

/// Keeps room for a picture before it is here.
fn shape(dimensions: Option<(u32, u32)>) -> &'static str {
    match dimensions {
        Some((width, height)) if width > height.saturating_mul(3) / 2 => "tile-wide",
        Some((width, height)) if height > width.saturating_mul(5) / 4 => "tile-tall",
        _ => "tile-square",
    }
}

/// The preview in a message, if it is a picture and small enough.
fn preview(bytes: &[u8]) -> Option<String> {
    let media = Media::of(bytes).filter(|media| matches!(media, Media::Jpeg | Media::Webp | Media::Png))?;
    let (width, height) = media::dimensions(media, bytes)?;
    let small = (1..=PREVIEW_SIDE).contains(&width) && (1..=PREVIEW_SIDE).contains(&height);
    File::of_type(&[File::of_bytes(bytes)?], media.mime()).filter(|_| small)?.address()
}
