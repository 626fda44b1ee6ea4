//! The dialog in which a person checks files before sending them, with one caption.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{CommandError, ConversationId, FileKind, NewFile};

use super::transfer;
use crate::model::media::{self, Media, Shown};
use crate::model::{bare, shrink, size};
use crate::platform::files::{self, File};
use crate::platform::pictures::{self, Decoded};
use crate::platform::{spawn_local, storage};
use crate::ui::app::state::App;
use crate::ui::design::{html, icons, parts};
use crate::ui::words;

/// The most files in one message.
const MOST: usize = 10;
/// The longest file, in bytes.
const LONGEST: u64 = 100 * 1024 * 1024;
/// The number of first bytes that show a file's type and a picture's size.
const HEAD: u64 = 256 * 1024;
/// The JPEG quality of a redrawn picture, and of its preview.
const QUALITY: f64 = 0.85;
const PREVIEW_QUALITY: f64 = 0.5;

/// A file that the person has chosen.
#[derive(Clone)]
struct Chosen {
    number: u32,
    file: File,
    name: String,
    /// The type, if the app shows it.
    media: Option<Media>,
    /// The address at which the page shows it.
    address: Option<String>,
}

pub(crate) fn body(app: App, id: ConversationId) -> AnyView {
    let all = StoredValue::new_local(Vec::<Chosen>::new());
    let count = RwSignal::new(0_u32);
    let (original, busy) = (RwSignal::new(false), RwSignal::new(false));
    let caption = RwSignal::new(String::new());
    let note = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        app.chosen_again.track();
        let taken = app.chosen.try_update_value(core::mem::take).unwrap_or_default();
        spawn_local(async move {
            for file in taken {
                let chosen = look_at(file, count.get_untracked()).await;
                all.update_value(|all| all.push(chosen));
                count.update(|count| *count = count.wrapping_add(1));
            }
            note.set(refusal(&all.with_value(Vec::clone)).await);
        });
    });
    on_cleanup(move || {
        let addresses =
            all.with_value(|all| all.iter().filter_map(|it| it.address.clone()).collect::<Vec<_>>());
        for address in &addresses {
            files::forget(address);
        }
    });
    let remove = move |number: u32| {
        all.update_value(|all| all.retain(|it| it.number != number));
        count.update(|count| *count = count.wrapping_add(1));
        spawn_local(async move { note.set(refusal(&all.with_value(Vec::clone)).await) });
    };
    let list = parts::dynamic(move || {
        count.track();
        let rows: Vec<AnyView> = all.with_value(|all| all.iter().map(|it| row(it, remove)).collect());
        html::ul().class("chosen").attr("role", "list").attr("aria-label", "Files").child(rows).into_any()
    });
    let choice = parts::maybe(move || {
        count.track();
        let any = all.with_value(|all| all.iter().any(|it| it.media.is_some_and(is_picture)));
        any.then(|| original_choice(original))
    });
    let send = move || {
        let chosen = all.with_value(Vec::clone);
        if busy.get_untracked() || chosen.is_empty() {
            return;
        }
        busy.set(true);
        let text = caption.get_untracked().trim().to_owned();
        let as_it_is = original.get_untracked();
        spawn_local(async move {
            if let Some(why) = refusal(&chosen).await {
                note.set(Some(why));
                return busy.set(false);
            }
            let mut prepared = Vec::new();
            for one in chosen {
                prepared.push(prepare(one, as_it_is).await);
            }
            transfer::send(app, id, text, prepared, move |refused| match refused {
                None => {
                    app.close_dialog();
                    app.answered(id);
                }
                Some(error) => {
                    note.set(Some(words::command_error(error).to_owned()));
                    busy.set(false);
                }
            });
        });
    };
    let field = caption_field(caption, send);
    let more = parts::button("Add more", "button button-quiet", || files::choose(super::FIELD));
    html::div()
        .class("dialog-body")
        .child(parts::form(
            send,
            vec![
                list,
                choice,
                field,
                parts::maybe(move || note.get().map(|note| parts::alert("note note-bad", note))),
                parts::maybe(move || {
                    busy.get().then(|| parts::status("note", parts::words(words::PREPARING_FILES.to_owned())))
                }),
                parts::stack("actions", vec![parts::primary("Send files"), more]),
            ],
        ))
        .into_any()
}

fn original_choice(original: RwSignal<bool>) -> AnyView {
    let said = ("Original".to_owned(), html::span().class("quiet").child(words::ORIGINAL));
    html::label().class("check").child((parts::checkbox(original), html::span().child(said))).into_any()
}

fn caption_field(caption: RwSignal<String>, send: impl Fn() + 'static) -> AnyView {
    html::textarea()
        .class("caption")
        .attr("rows", "2")
        .attr("dir", "auto")
        .attr("aria-label", "Caption")
        .attr("maxlength", "4000")
        .attr("placeholder", words::CAPTION)
        .value(move || caption.get())
        .on(ev::input, move |event| caption.set(event_target_value(&event)))
        .on(ev::keydown, move |event: ev::KeyboardEvent| {
            if event.key() == "Enter" && !event.shift_key() && !crate::platform::dom::is_composing(&event) {
                event.prevent_default();
                send();
            }
        })
        .into_any()
}

const fn is_picture(media: Media) -> bool {
    matches!(media.shown(), Shown::Picture)
}

async fn look_at(file: File, number: u32) -> Chosen {
    let head = file.read(0, file.size().min(HEAD)).await.unwrap_or_default();
    let mime = media::mime_of(&head);
    let media = Media::named(mime);
    let name = file.name().unwrap_or_else(|| words::PASTED.to_owned());
    // The address has the type that the bytes show, as everywhere.
    let address = media
        .filter(|media| is_picture(*media))
        .and_then(|media| File::of_type(std::slice::from_ref(&file), media.mime())?.address());
    Chosen { number, file, name, media, address }
}

fn row(chosen: &Chosen, remove: impl Fn(u32) + 'static) -> AnyView {
    let number = chosen.number;
    let picture = match &chosen.address {
        Some(address) => {
            html::img().class("chosen-picture").attr("alt", "").attr("src", address.clone()).into_any()
        }
        None => html::span().class("file-icon").child(icons::file()).into_any(),
    };
    html::li()
        .class("chosen-row")
        .child((
            picture,
            html::span().class("file-about").child((
                html::span().class("file-name").attr("dir", "auto").child(chosen.name.clone()),
                html::span().class("quiet").child(size::shown(chosen.file.size())),
            )),
            html::button()
                .class("icon-button")
                .attr("type", "button")
                .attr("aria-label", format!("Remove {}", chosen.name))
                .on(ev::click, move |_| remove(number))
                .child(icons::close()),
        ))
        .into_any()
}

/// Why these files cannot be sent; `None` if they can.
async fn refusal(chosen: &[Chosen]) -> Option<String> {
    if chosen.len() > MOST {
        return Some(words::too_many_files(MOST));
    }
    if let Some(large) = chosen.iter().find(|it| it.file.size() > LONGEST) {
        return Some(words::file_too_large(&large.name));
    }
    let whole: u64 = chosen.iter().map(|it| it.file.size()).sum();
    let room = storage::room().await?;
    (whole > room).then(|| words::NO_ROOM_FOR_FILES.to_owned())
}

/// Prepares a chosen file for sending.
async fn prepare(chosen: Chosen, as_it_is: bool) -> (NewFile, File) {
    let Chosen { file, name, media, .. } = chosen;
    let kind = match media.map(Media::shown) {
        Some(Shown::Picture) => FileKind::Picture,
        Some(Shown::Video) => FileKind::Video,
        Some(Shown::Audio) => FileKind::Audio,
        None => FileKind::Other,
    };
    let mut new = NewFile {
        source: transfer::new_source(),
        name,
        content_type: media.map(|media| media.mime().to_owned()).unwrap_or_default(),
        size: file.size(),
        kind,
        dimensions: None,
        duration: None,
        waveform: Vec::new(),
        preview: Vec::new(),
    };
    let Some(media) = media.filter(|media| is_picture(*media)) else { return (new, file) };
    let Some(decoded) = Decoded::of(&file).await else {
        // The browser cannot show this picture, so it is sent as a plain file.
        new.kind = FileKind::Other;
        return (new, file);
    };
    let honest = pictures::is_honest();
    let of = decoded.size();
    new.dimensions = Some(of);
    if honest && let Some(small) = decoded.drawn(shrink::to(of, shrink::PREVIEW), PREVIEW_QUALITY).await {
        new.preview = small.read(0, small.size()).await.filter(|it| it.len() <= 4 * 1024).unwrap_or_default();
    }
    // Redrawing would stop an animation.
    if as_it_is || media == Media::Gif {
        return (new, file);
    }
    if !honest {
        let bytes = file.read(0, file.size()).await.unwrap_or_default();
        let stripped = bare::bare(media, &bytes).and_then(|bytes| File::of_bytes(&bytes));
        let file = stripped.unwrap_or(file);
        new.size = file.size();
        return (new, file);
    }
    let size = shrink::to(of, shrink::LONGEST);
    if let Some(drawn) = decoded.drawn(size, QUALITY).await {
        new.name = shrink::jpeg_name(&new.name);
        Media::Jpeg.mime().clone_into(&mut new.content_type);
        new.size = drawn.size();
        new.dimensions = Some(size);
        return (new, drawn);
    }
    (new, file)
}

/// The sentence about a refusal, for the recorder of voice messages.
pub(super) fn refused(error: CommandError) -> String {
    words::command_error(error).to_owned()
}
