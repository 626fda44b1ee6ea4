//! Seals typed text that is not on the device's disk into localStorage, and takes over such text from pages that are gone.

use leptos::prelude::*;
use parley_engine::seal::PageKey;

use crate::model::unsaved::{self, All, PREFIX};
use crate::platform::{local, lock, page, random};
use crate::ui::app::drafts;
use crate::ui::app::state::App;

/// This page's item in localStorage, and what the page knows of other pages' items.
pub(crate) struct Keeping {
    name: String,
    key: Option<PageKey>,
    /// This page holds the Web Lock of its item, so no other page takes it for the item of a page that is gone.
    held: bool,
    /// The page has taken over what its item held when the device was opened.
    recovered: bool,
    /// The content that was written last.
    written: All,
    /// The items whose Web Lock this page has requested.
    watched: Vec<String>,
    /// The items of pages that are gone.
    left: Vec<String>,
}

impl Keeping {
    /// Makes the state of a page that has stored nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            name: unsaved::name(u64::from_le_bytes(random::bytes())),
            key: None,
            held: false,
            recovered: false,
            written: All::new(),
            watched: Vec::new(),
            left: Vec::new(),
        }
    }
}

/// Takes the Web Lock of the own item, and waits for the locks of all other items.
pub(crate) fn start(app: App) {
    let name = app.keeping.with_value(|keeping| keeping.name.clone());
    app.keeping.update_value(|keeping| keeping.watched.push(keeping.name.clone()));
    let held = move || {
        app.keeping.update_value(|keeping| keeping.held = true);
        keep(app);
    };
    // A browser without Web Locks does not open the device either, and the page says so.
    let _ = lock::request(&name, false, held, || {});
    for name in local::names(PREFIX) {
        watch(app, &name);
    }
    page::on_storage(move |name| {
        if name.starts_with(PREFIX) {
            watch(app, name);
        }
    });
    page::before_leaving(move || is_at_risk(app));
    page::on_leaving(move || drafts::save_all(app));
}

/// Waits until the page that owns this item is gone.
fn watch(app: App, name: &str) {
    if app.keeping.with_value(|keeping| keeping.watched.iter().any(|known| known == name)) {
        return;
    }
    let gone = name.to_owned();
    app.keeping.update_value(|keeping| keeping.watched.push(gone.clone()));
    let _ = lock::request(
        name,
        false,
        move || {
            app.keeping.update_value(|keeping| keeping.left.push(gone.clone()));
            take_over(app);
        },
        || {},
    );
}

/// Takes from an owner the key with which pages seal. Another key belongs to another device, which must not get text typed for
/// the device before.
pub(crate) fn learn(app: App, key: PageKey) {
    if app.keeping.with_value(|keeping| keeping.key.as_ref() == Some(&key)) {
        return;
    }
    app.drafts.set_value(Vec::new());
    app.keeping.update_value(|keeping| {
        keeping.key = Some(key);
        keeping.recovered = false;
        keeping.written = All::new();
    });
}

/// Forgets the key, because the device was locked. The sealed item stays.
pub(crate) fn forget(app: App) {
    app.drafts.set_value(Vec::new());
    app.unsent.set(Vec::new());
    app.keeping.update_value(|keeping| {
        keeping.key = None;
        keeping.recovered = false;
        keeping.written = All::new();
    });
}

/// Takes over left items, now that the device is open and its conversations are known.
pub(crate) fn opened(app: App) {
    let own = app
        .keeping
        .with_value(|keeping| (keeping.key.is_some() && !keeping.recovered).then(|| keeping.name.clone()));
    if let Some(name) = own {
        app.keeping.update_value(|keeping| {
            keeping.recovered = true;
            keeping.left.push(name);
        });
    }
    take_over(app);
}

/// Takes over the texts of pages that are gone. The page seals them into its own item before it deletes theirs.
fn take_over(app: App) {
    if !app.keeping.with_value(|keeping| keeping.recovered) {
        return;
    }
    let mut left = Vec::new();
    app.keeping.update_value(|keeping| left = core::mem::take(&mut keeping.left));
    for name in left {
        let found = app.keeping.with_value(|keeping| {
            let sealed = local::item(&name)?;
            unsaved::open(keeping.key.as_ref()?, &name, &sealed)
        });
        drafts::find(app, found.unwrap_or_default());
        let own = app.keeping.with_value(|keeping| keeping.name == name);
        if own {
            keep(app);
        } else if is_kept(app) {
            // An item that does not open belonged to another device.
            let _ = local::put_item(&name, None);
            app.keeping.update_value(|keeping| keeping.watched.retain(|known| *known != name));
        }
    }
}

/// Whether this page's item has all text that would be lost with the page.
fn is_kept(app: App) -> bool {
    let unsaved = drafts::unsaved(app);
    app.keeping.with_value(|keeping| keeping.written == unsaved)
}

/// Brings the own item up to date.
pub(crate) fn keep(app: App) {
    let unsaved = drafts::unsaved(app);
    app.keeping.update_value(|keeping| {
        let (Some(key), true, true) = (&keeping.key, keeping.held, keeping.recovered) else { return };
        if keeping.written == unsaved {
            return;
        }
        let sealed = if unsaved.is_empty() {
            None
        } else {
            unsaved::seal(key, &keeping.name, random::bytes(), &unsaved)
        };
        if local::put_item(&keeping.name, sealed.as_deref()) {
            keeping.written = unsaved;
        }
    });
    let at_risk = !is_kept(app);
    if app.at_risk.get_untracked() != at_risk {
        app.at_risk.set(at_risk);
    }
}

/// Whether text would or might be lost if the page ended now. On a full disk the browser may fail to keep localStorage as well.
fn is_at_risk(app: App) -> bool {
    use parley_engine::view::StorageState;
    let unsaved = app.drafts.with_value(|drafts| drafts.iter().any(|(_, it)| !it.sending().is_empty()));
    !is_kept(app) || (unsaved && app.storage.get_untracked() != StorageState::Good)
}
