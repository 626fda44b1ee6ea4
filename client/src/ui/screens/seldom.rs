//! Splits off everything that the first screen does not need. In a release each part is a module that the page loads when it is
//! first shown, or ahead: the open chat and its contents as soon as there is an account, seldom-used parts while the page is
//! idle (docs/adr/0020). Without the feature `split-page` the page contains everything, and the same code runs.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use leptos::prelude::*;
use parley_engine::view::{ConversationId, FilesView, GroupSummary};
use parley_protocol::ids::MessageId;

use crate::model::history::FilesOver;
use crate::model::rows::Bubble;
use crate::model::section::Section;
use crate::platform::{page, spawn_local, timer};
use crate::ui::app::doing::{Composing, Menu};
use crate::ui::app::state::{App, Phase};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::screens::chats::{chat_menu, new_chat};
use crate::ui::screens::conversation::{acting, contact, emoji, forwarding, menu};
use crate::ui::screens::{
    conversation, files, groups, linking, locked, recovery, removed, requests, settings, shell,
};
use crate::ui::words;

/// How long the page is left alone after the start, in milliseconds.
const QUIET: u64 = 2_000;

/// The id of a part's placeholder.
const PLACE: &str = "part";

/// The error of a part that could not be loaded.
#[cfg(feature = "split-page")]
type Missing = leptos::wasm_split::SplitLoaderError;
/// The same where the page contains everything: it cannot happen.
#[cfg(not(feature = "split-page"))]
type Missing = core::convert::Infallible;

/// The future result of a part's function, or of loading the part.
type Coming<T> = Pin<Box<dyn Future<Output = Result<T, Missing>>>>;

/// Makes a function of a part. In a release, `$part` is the name of the part's module, and `$load` is the function that loads
/// it.
macro_rules! part {
    ($part:ident, $load:ident, $show:ident($($name:ident: $type:ty),*) => $view:expr) => {
        #[cfg(feature = "split-page")]
        #[leptos::wasm_split::wasm_split($part, wasm_split_path = leptos::wasm_split, preload($load), fallible)]
        fn $show($($name: $type),*) -> Result<AnyView, Missing> {
            Ok($view)
        }

        #[cfg(not(feature = "split-page"))]
        async fn $show($($name: $type),*) -> Result<AnyView, Missing> {
            Ok($view)
        }

        #[cfg(not(feature = "split-page"))]
        async fn $load() -> Result<(), Missing> {
            Ok(())
        }
    };
}

part!(chat, load_chat, show_chat(app: App, id: ConversationId) => conversation::screen(app, id));
part!(chat, load_requests, show_requests(app: App) => requests::screen(app));
part!(chat, load_new_chat, show_new_chat(app: App, first: String) => new_chat::body(app, first));
part!(settings, load_settings, show_settings(app: App, section: Option<Section>) => settings::screen(app, section));
part!(linking, load_linking, show_linking(app: App, new: bool, code: RwSignal<String>) => linking::panel(app, new, code));
part!(settings, load_recovery, show_recovery(app: App) => recovery::come_back(app));
part!(settings, load_locked, show_locked(app: App) => locked::screen(app));
part!(settings, load_removed, show_removed(app: App) => removed::screen(app));
part!(contact, load_contact, show_contact(app: App, id: ConversationId) => contact::body(app, id));
part!(groups, load_new_group, show_new_group(app: App) => groups::create::body(app));
part!(groups, load_group, show_group(app: App, id: ConversationId) => groups::panel::body(app, id));
part!(groups, load_invitation, show_invitation(app: App, id: ConversationId, group: GroupSummary, name: Memo<String>) => groups::invitation::foot(app, id, group, name));
part!(messages, load_message, show_message(app: App, id: MessageId) => groups::told::body(app, id));
part!(messages, load_menu, show_menu(app: App, menu: Menu) => menu::menu(app, menu));
part!(messages, load_reply, show_reply(app: App, composing: Composing, name: Memo<String>) => acting::reply(app, &composing, name));
part!(messages, load_edit, show_edit(app: App, composing: Composing) => acting::edit(app, &composing));
part!(messages, load_selection, show_selection(app: App, id: ConversationId) => acting::selection(app, id));
part!(messages, load_forward, show_forward(app: App) => forwarding::body(app));
part!(messages, load_chat_menu, show_chat_menu(app: App, id: ConversationId, at: (i32, i32)) => chat_menu::menu(app, id, at));
part!(messages, load_emoji, show_emoji(app: App, id: ConversationId, at: (i32, i32)) => emoji::dialog(app, id, at));
part!(messages, load_keys, show_keys() => forwarding::keys());
part!(files, load_files, show_files(place: files::Place, view: FilesView, now: Memo<Bubble>) => files::content::content(place, view, now));
part!(files, load_files_dialog, show_files_dialog(app: App, what: FilesOver) => files::dialogs::body(app, what));
part!(groups, load_join, show_join(app: App, link: String) => groups::joining::body(app, &link));

/// An open chat.
pub(crate) fn chat(app: App, id: ConversationId) -> AnyView {
    shown(chat_frame, load_chat, move || Box::pin(show_chat(app, id)))
}

/// The message requests.
pub(crate) fn requests(app: App) -> AnyView {
    shown(chat_frame, load_requests, move || Box::pin(show_requests(app)))
}

/// The content of the dialog that finds a person.
pub(crate) fn new_chat(app: App, first: String) -> AnyView {
    shown(body, load_new_chat, move || Box::pin(show_new_chat(app, first.clone())))
}

/// The screen of a locked browser.
pub(crate) fn locked(app: App) -> AnyView {
    shown(card, load_locked, move || Box::pin(show_locked(app)))
}

/// The settings.
pub(crate) fn settings(app: App, section: Option<Section>) -> AnyView {
    shown(settings_frame, load_settings, move || Box::pin(show_settings(app, section)))
}

/// The panel that links a device.
pub(crate) fn linking(app: App, new: bool, code: RwSignal<String>) -> AnyView {
    shown(bare, load_linking, move || Box::pin(show_linking(app, new, code)))
}

/// Restoring an account by the recovery phrase.
pub(crate) fn recovery(app: App) -> AnyView {
    shown(bare, load_recovery, move || Box::pin(show_recovery(app)))
}

/// The screen of a removed browser.
pub(crate) fn removed(app: App) -> AnyView {
    shown(card, load_removed, move || Box::pin(show_removed(app)))
}

/// The content of a contact's dialog.
pub(crate) fn contact(app: App, id: ConversationId) -> AnyView {
    shown(body, load_contact, move || Box::pin(show_contact(app, id)))
}

/// The content of the dialog that makes a group.
pub(crate) fn new_group(app: App) -> AnyView {
    shown(body, load_new_group, move || Box::pin(show_new_group(app)))
}

/// The content of a group's panel.
pub(crate) fn group(app: App, id: ConversationId) -> AnyView {
    shown(body, load_group, move || Box::pin(show_group(app, id)))
}

/// The actions on an invitation to a group.
pub(crate) fn invitation(app: App, id: ConversationId, group: &GroupSummary, name: Memo<String>) -> AnyView {
    let group = group.clone();
    shown(bare, load_invitation, move || Box::pin(show_invitation(app, id, group.clone(), name)))
}

/// The menu of a message.
pub(crate) fn message_menu(app: App, menu: Menu) -> AnyView {
    shown(bare, load_menu, move || Box::pin(show_menu(app, menu.clone())))
}

/// The bar above the composer with the message that the next text answers.
pub(crate) fn reply(app: App, composing: Composing, name: Memo<String>) -> AnyView {
    shown(bare, load_reply, move || Box::pin(show_reply(app, composing.clone(), name)))
}

/// The field in place of the composer with the message that the person edits.
pub(crate) fn edit(app: App, composing: Composing) -> AnyView {
    shown(bare, load_edit, move || Box::pin(show_edit(app, composing.clone())))
}

/// The bar in place of the composer with the actions for the selected messages.
pub(crate) fn selection(app: App, id: ConversationId) -> AnyView {
    shown(bare, load_selection, move || Box::pin(show_selection(app, id)))
}

/// The content of the dialog that chooses chats.
pub(crate) fn forward(app: App) -> AnyView {
    shown(body, load_forward, move || Box::pin(show_forward(app)))
}

/// The menu of a chat in the list.
pub(crate) fn chat_menu(app: App, id: ConversationId, at: (i32, i32)) -> AnyView {
    shown(bare, load_chat_menu, move || Box::pin(show_chat_menu(app, id, at)))
}

/// The emoji picker for the composer.
pub(crate) fn emoji(app: App, id: ConversationId, at: (i32, i32)) -> AnyView {
    shown(bare, load_emoji, move || Box::pin(show_emoji(app, id, at)))
}

/// The list of keyboard shortcuts.
pub(crate) fn keys() -> AnyView {
    shown(body, load_keys, move || Box::pin(show_keys()))
}

/// The details of a message.
pub(crate) fn message(app: App, id: MessageId) -> AnyView {
    shown(body, load_message, move || Box::pin(show_message(app, id)))
}

/// The files of a message.
pub(crate) fn files(place: files::Place, view: FilesView, now: Memo<Bubble>) -> AnyView {
    shown(bare, load_files, move || Box::pin(show_files(place, view.clone(), now)))
}

/// The content of a dialog about files.
pub(crate) fn files_dialog(app: App, what: FilesOver) -> AnyView {
    shown(body, load_files_dialog, move || Box::pin(show_files_dialog(app, what)))
}

/// The content of the dialog with the group to which an invite link leads.
pub(crate) fn join(app: App, link: &str) -> AnyView {
    let link = link.to_owned();
    shown(body, load_join, move || Box::pin(show_join(app, link.clone())))
}

/// Loads every part once the device is open and the browser is idle, so that the parts also work without a connection.
pub(crate) fn fetch_ahead(app: App) {
    Effect::new(move |begun: Option<bool>| {
        let begins = begun == Some(true) || app.phase.get() != Phase::Starting;
        if begins && begun != Some(true) {
            ahead();
        }
        begins
    });
}

fn ahead() {
    // A person with an account opens a chat next.
    spawn_local(async {
        let _ = load_chat().await;
    });
    timer::after(QUIET, || timer::when_idle(QUIET, || spawn_local(load_all()))).forget();
}

/// Loads one part after the other, so that a part that the person opens now has the line to itself. A part that fails to load
/// is requested again when it is shown.
async fn load_all() {
    let _ = load_settings().await;
    let _ = load_locked().await;
    let _ = load_contact().await;
    let _ = load_files().await;
    let _ = load_group().await;
    let _ = load_linking().await;
    let _ = load_recovery().await;
    let _ = load_removed().await;
    let _ = load_new_group().await;
    let _ = load_message().await;
    let _ = load_menu().await;
    let _ = load_reply().await;
    let _ = load_edit().await;
    let _ = load_selection().await;
    let _ = load_forward().await;
    let _ = load_keys().await;
    let _ = load_emoji().await;
    let _ = load_chat_menu().await;
    let _ = load_files_dialog().await;
    let _ = load_invitation().await;
    let _ = load_join().await;
    let _ = load_requests().await;
    let _ = load_new_chat().await;
}

fn chat_frame(inside: AnyView) -> AnyView {
    html::section()
        .class("conversation")
        .child((html::header().class("conversation-head").child(shell::back()), inside))
        .into_any()
}

fn settings_frame(inside: AnyView) -> AnyView {
    html::section()
        .class("settings")
        .attr("aria-label", "Settings")
        .child((
            html::header().class("conversation-head").child((shell::back(), html::h1().child("Settings"))),
            html::div().class("settings-body").child(parts::stack("settings-section", vec![inside])),
        ))
        .into_any()
}

fn bare(inside: AnyView) -> AnyView {
    inside
}

fn card(inside: AnyView) -> AnyView {
    html::main().class("centred").child(parts::stack("card removed", vec![inside])).into_any()
}

fn body(inside: AnyView) -> AnyView {
    parts::stack("dialog-body", vec![inside])
}

/// The loading state of a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Wanted,
    Here,
    Missing,
}

/// Shows a part in its place. Until the part is loaded, shows its loading state within `frame`.
fn shown<F>(
    frame: fn(AnyView) -> AnyView,
    load: impl Fn() -> F + Send + 'static,
    show: impl Fn() -> Coming<AnyView> + Send + 'static,
) -> AnyView
where
    F: Future<Output = Result<(), Missing>> + 'static,
{
    here_or_coming(frame, Box::new(move || Box::pin(load())), Box::new(show))
}

fn here_or_coming(
    frame: fn(AnyView) -> AnyView,
    load: Box<dyn Fn() -> Coming<()> + Send>,
    show: Box<dyn Fn() -> Coming<AnyView> + Send>,
) -> AnyView {
    let state = RwSignal::new(State::Wanted);
    parts::dynamic(move || {
        if state.get() == State::Missing {
            return frame(missing(state));
        }
        let mut loading = load();
        match at_once(&mut loading) {
            // The view is made here and not where the loading ends, so that what it keeps lasts as long as this place.
            Some(Ok(())) => at_once(&mut show()).and_then(Result::ok).unwrap_or_else(parts::nothing),
            Some(Err(_)) => frame(missing(state)),
            None => {
                spawn_local(async move {
                    let outcome = loading.await.map_or(State::Missing, |()| State::Here);
                    if state.try_set(outcome).is_none() {
                        request_animation_frame(|| page::keep_focus(PLACE));
                    }
                });
                frame(coming())
            }
        }
    })
}

/// The outcome of a future that is ready without waiting.
fn at_once<T>(work: &mut Coming<T>) -> Option<Result<T, Missing>> {
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

fn coming() -> AnyView {
    html::p()
        .class("note part-coming")
        .attr("id", PLACE)
        .attr("tabindex", "-1")
        .attr("role", "status")
        .child(words::LOADING)
        .into_any()
}

fn missing(state: RwSignal<State>) -> AnyView {
    let again = move || {
        state.set(State::Wanted);
        request_animation_frame(|| page::keep_focus(PLACE));
    };
    html::div()
        .class("part-missing")
        .attr("id", PLACE)
        .attr("tabindex", "-1")
        .child(vec![
            parts::alert("note note-bad", words::PART_MISSING),
            parts::button("Try again", "button button-quiet", again),
        ])
        .into_any()
}
