//! Shows which files take room in this browser, and frees it: by chat, by kind, by age.

use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, FileId, FileKind, Reply, StoredFile};

use crate::model::size;
use crate::platform::clock;
use crate::ui::app::state::App;
use crate::ui::design::{html, parts};
use crate::ui::words;

/// One month in milliseconds.
const MONTH: u64 = 30 * 24 * 3_600 * 1_000;
/// The most files that one command frees.
const AT_ONCE: usize = 1_000;

/// The section of the settings about stored files.
pub(crate) fn stored(app: App) -> AnyView {
    let all = RwSignal::new(None::<Vec<StoredFile>>);
    let load = move || {
        app.ask(Command::StoredFiles, move |reply| {
            if let Reply::StoredFiles(files) = reply {
                let _ = all.try_set(Some(files));
            }
        });
    };
    load();
    let inside = parts::dynamic(move || match all.get() {
        None => parts::text("quiet", words::LOADING),
        Some(files) if files.is_empty() => parts::text("quiet", words::NO_FILES_HERE),
        Some(files) => lists(app, &files, load),
    });
    parts::stack(
        "recovery below",
        vec![html::h3().child("Files").into_any(), parts::text("quiet", words::FILES_HERE), inside],
    )
}

fn lists(app: App, files: &[StoredFile], load: impl Fn() + Copy + Send + 'static) -> AnyView {
    let free = move |which: Vec<FileId>| {
        for some in which.chunks(AT_ONCE) {
            app.ask(Command::FreeFiles(some.to_vec()), move |_| load());
        }
    };
    let now = clock::now().0;
    let mut lines = vec![(words::ALL_FILES.to_owned(), files.iter().collect::<Vec<_>>())];
    lines.push((
        words::OLD_FILES.to_owned(),
        files.iter().filter(|it| it.since.0.saturating_add(MONTH) < now).collect(),
    ));
    for (kind, name) in [
        (FileKind::Picture, "Pictures"),
        (FileKind::Video, "Videos"),
        (FileKind::Voice, "Voice messages"),
        (FileKind::Audio, "Audio"),
        (FileKind::Other, "Other files"),
    ] {
        lines.push((name.to_owned(), files.iter().filter(|it| it.kind == kind).collect()));
    }
    let general = list("By kind and age", lines, free);
    let mut chats: Vec<ConversationId> = files.iter().map(|it| it.conversation).collect();
    chats.sort_unstable();
    chats.dedup();
    let of_chat = |id: ConversationId| {
        let name = app.chats.with_untracked(|chats| chats.get(id).map(|chat| chat.name.clone()));
        let name = name.unwrap_or_else(|| words::UNKNOWN_CHAT.to_owned());
        (name, files.iter().filter(|it| it.conversation == id).collect::<Vec<_>>())
    };
    let mut by_chat: Vec<(String, Vec<&StoredFile>)> = chats.into_iter().map(of_chat).collect();
    by_chat.sort_by_key(|(_, files)| core::cmp::Reverse(sum(files)));
    parts::several((general, list("By chat", by_chat, free)))
}

fn sum(files: &[&StoredFile]) -> u64 {
    files.iter().map(|file| file.size).fold(0, u64::saturating_add)
}

fn list(
    name: &'static str,
    lines: Vec<(String, Vec<&StoredFile>)>,
    free: impl Fn(Vec<FileId>) + Copy + Send + 'static,
) -> AnyView {
    let rows: Vec<AnyView> = lines
        .into_iter()
        .filter(|(_, files)| !files.is_empty())
        .map(|(name, files)| {
            let ids: Vec<FileId> = files.iter().map(|file| file.id).collect();
            let about = words::files_and_size(files.len(), &size::shown(sum(&files)));
            let asks = RwSignal::new(false);
            let named = name.clone();
            html::li()
                .class("stored-row")
                .child((
                    html::span().class("file-about").child((
                        html::span().attr("dir", "auto").child(name),
                        html::span().class("quiet").child(about),
                    )),
                    parts::dynamic(move || {
                        if asks.get() {
                            let ids = ids.clone();
                            return parts::confirm(
                                parts::text("", words::FREE_FILES),
                                "Free up",
                                move || free(ids.clone()),
                                move || asks.set(false),
                            );
                        }
                        html::button()
                            .class("button button-quiet")
                            .attr("type", "button")
                            .attr("aria-label", format!("Free up {named}"))
                            .on(leptos::ev::click, move |_| asks.set(true))
                            .child("Free up")
                            .into_any()
                    }),
                ))
                .into_any()
        })
        .collect();
    parts::several((
        html::h3().child(name),
        html::ul().class("stored").attr("role", "list").attr("aria-label", name).child(rows),
    ))
}
