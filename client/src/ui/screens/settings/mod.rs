//! The settings screen.

pub(crate) mod backup_file;
pub(crate) mod devices;
pub(crate) mod lock;
mod notifications;

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{AccountView, Command, Reply};

use crate::model::route::Route;
use crate::model::section::Section;
use crate::platform::{local, page, spawn_local, storage};
use crate::ui::app::state::{App, go};
use crate::ui::design::field::{Field, Note, field};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::welcome::invite;
use crate::ui::screens::{files, recovery, requests, shell};
use crate::ui::words;

const THEMES: [(&str, Option<&str>); 3] =
    [("System", None), ("Light", Some("light")), ("Dark", Some("dark"))];

/// The id of the heading of the open section.
pub(crate) const HEADING: &str = "section";

/// The list of sections and the chosen one. A phone shows one or the other.
pub(crate) fn screen(app: App, chosen: Option<Section>) -> AnyView {
    if chosen.is_some() {
        // The link that led here is gone, so the focus moves to the beginning of the section.
        request_animation_frame(|| page::focus(HEADING));
    }
    let shown = chosen.unwrap_or(Section::Profile);
    let sections = Section::ALL.map(|section| entry(section, chosen, shown));
    let list = html::ul().attr("role", "list").child(Vec::from(sections));
    html::section()
        .class(if chosen.is_some() { "settings settings-chosen" } else { "settings" })
        .attr("aria-label", "Settings")
        .child((
            html::header().class("conversation-head").child((back(chosen), html::h1().child("Settings"))),
            html::div().class("settings-body").child((
                html::nav().class("settings-list").attr("aria-label", "Sections").child(list),
                html::div().class("settings-shown").child(section(app, shown)),
            )),
        ))
        .into_any()
}

/// The back button. On a phone a section leads back to the list of sections, and the list leads to the chats.
fn back(chosen: Option<Section>) -> AnyView {
    match chosen {
        None => shell::back(),
        Some(_) => {
            parts::icon_button("Back", "icon-button back", icons::back(), || go(&Route::Settings(None)))
        }
    }
}

fn entry(section: Section, chosen: Option<Section>, shown: Section) -> AnyView {
    // When the list stands alone, the address names no section.
    let class = if section != shown {
        "settings-entry"
    } else if chosen.is_some() {
        "settings-entry is-chosen"
    } else {
        "settings-entry is-first"
    };
    let link = html::a()
        .class(class)
        .attr("href", Route::Settings(Some(section)).fragment())
        .attr("aria-label", words::section(section));
    let link = if chosen == Some(section) { link.attr("aria-current", "page") } else { link };
    let text = vec![
        html::span().class("settings-name").child(words::section(section)).into_any(),
        html::span().class("quiet").child(words::about_section(section)).into_any(),
    ];
    html::li().child(link.child(text)).into_any()
}

fn section(app: App, section: Section) -> AnyView {
    let body = match section {
        Section::Profile => parts::stack("setting-lines", vec![profile(app), invitation(app)]),
        Section::Devices => devices::list(app),
        Section::Recovery => recovery::settings(app),
        Section::Lock => lock::settings(app),
        Section::Privacy => privacy(app),
        Section::Notifications => notifications::settings(),
        Section::Appearance => theme(),
        Section::Storage => parts::stack("setting-lines", vec![kept(), files::stored::stored(app)]),
        Section::About => about(),
    };
    html::section()
        .class("settings-section")
        .child((html::h2().attr("id", HEADING).attr("tabindex", "-1").child(words::section(section)), body))
        .into_any()
}

/// The person's own invite link. Its QR code is drawn on request.
fn invitation(app: App) -> AnyView {
    let open = RwSignal::new(false);
    parts::stack(
        "recovery below invitation",
        vec![
            html::h3().child("Invite link").into_any(),
            parts::text("quiet", words::INVITE),
            parts::dynamic(move || invite::card(app, open.get())),
            parts::dynamic(move || {
                let name = if open.get() { "Hide QR code" } else { "Show QR code" };
                parts::button(name, "button button-quiet", move || open.update(|open| *open = !*open))
            }),
            invite::renew(app),
        ],
    )
}

fn profile(app: App) -> AnyView {
    let first = app.account.with_untracked(|account| account.as_ref().map(|it| it.name.clone()));
    let (name, note) = (RwSignal::new(first.unwrap_or_default()), RwSignal::new(Note::None));
    let username = move || {
        app.account
            .with(|account| {
                account.as_ref().map(|it| format!("@{}{}", it.username, words::registration(it.registration)))
            })
            .unwrap_or_default()
    };
    let save = move || {
        app.ask(Command::SetName(name.get_untracked().trim().to_owned()), move |reply| {
            let said = match reply {
                Reply::Failed(error) => Note::Bad(words::command_error(error).to_owned()),
                _ => Note::Good(words::NAME_SAVED.to_owned()),
            };
            let _ = note.try_set(said);
        });
    };
    let how = Field { id: "own-name", label: "Your name", autocomplete: "name", longest: "64", code: false };
    let line = vec![
        html::span().child("Username".to_owned()).into_any(),
        html::strong().child(parts::live(username)).into_any(),
    ];
    parts::form(
        save,
        vec![
            field(how, name, note.into(), move || note.set(Note::None)),
            parts::send("Save name"),
            html::p().class("setting-line").child(line).into_any(),
        ],
    )
}

fn privacy(app: App) -> AnyView {
    let receipts = turn(
        app,
        ["receipts", "Read receipts", words::RECEIPTS],
        |account| account.read_receipts,
        Command::SetReadReceipts,
    );
    let drafts = turn(
        app,
        ["drafts", "Sync drafts", words::DRAFTS_IN_STEP],
        |account| account.drafts_in_step,
        Command::SetDraftsInStep,
    );
    parts::stack("setting-lines", vec![receipts, drafts, requests::blocked(app)])
}

/// A switch of the account, with its name and its effect.
fn turn(
    app: App,
    [id, name, about]: [&'static str; 3],
    is_on: fn(&AccountView) -> bool,
    set: fn(bool) -> Command,
) -> AnyView {
    let on = Memo::new(move || app.account.with(|account| account.as_ref().is_some_and(is_on)));
    html::div()
        .class("setting-line")
        .child((
            html::div()
                .child((html::span().attr("id", id).child(name), html::p().class("quiet").child(about))),
            parts::switch(id, move || on.get(), move |on| app.ask(set(on), |_| {})),
        ))
        .into_any()
}

fn theme() -> AnyView {
    let chosen = RwSignal::new(local::theme());
    let choices = THEMES.map(|(name, theme)| {
        html::label().class("choice").child((
            html::input()
                .attr("type", "radio")
                .attr("name", "theme")
                .checked(move || chosen.with(|chosen| chosen.as_deref() == theme))
                .on(ev::change, move |_| {
                    local::set_theme(theme);
                    page::show_theme(theme);
                    chosen.set(theme.map(str::to_owned));
                }),
            html::span().child(name),
        ))
    });
    html::div()
        .class("choices")
        .attr("role", "radiogroup")
        .attr("aria-label", "Theme")
        .child(Vec::from(choices))
        .into_any()
}

fn kept() -> AnyView {
    let persisted = RwSignal::new(None::<Option<bool>>);
    let asked = RwSignal::new(false);
    let used = RwSignal::new(None);
    spawn_local(async move {
        let _ = persisted.try_set(Some(storage::is_persisted().await));
        let _ = used.try_set(storage::estimate().await);
    });
    let ask = move || {
        spawn_local(async move {
            let kept = storage::persist().await;
            let _ = asked.try_set(true);
            let _ = persisted.try_set(Some(kept));
        });
    };
    let health = move || match persisted.get() {
        None => parts::text("quiet", words::CHECKING),
        Some(Some(true)) => parts::text("health health-good", words::STORAGE_KEPT),
        Some(_) => parts::stack(
            "",
            vec![
                parts::text("health health-risk", words::STORAGE_AT_RISK),
                parts::button("Protect my data", "button button-quiet", ask),
                parts::status(
                    "quiet",
                    parts::live(move || if asked.get() { words::STORAGE_REFUSED } else { "" }),
                ),
            ],
        ),
    };
    let size = move || used.get().map(|(used, quota)| parts::text("quiet", words::storage_used(used, quota)));
    parts::stack("", vec![parts::dynamic(health), parts::maybe(size)])
}

fn about() -> AnyView {
    let version = words::version(env!("CARGO_PKG_VERSION"), &page::build());
    parts::stack("", vec![parts::text("", version), parts::text("quiet", words::READERS)])
}
