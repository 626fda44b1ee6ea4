//! Moves files between this page and the owner of the device, by reference in both directions.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, ConversationId, FileId, NewFile, Reply};

use crate::model::signal::{FILES_TO_OWNER, FILES_TO_VIEWS};
use crate::platform::files::{self, File};
use crate::platform::parcels::Parcels;
use crate::platform::random;
use crate::ui::app::state::{App, Phase};

/// The number of files that this page keeps for showing them again.
const SHOWN: usize = 60;
/// The number of chosen files that the page keeps, in case that the owner of the device dies.
const OFFERED: usize = 40;

type Taken = Box<dyn FnOnce(Option<Shown>)>;

/// A file that the page can show.
#[derive(Clone)]
pub(crate) struct Shown {
    pub(crate) file: File,
    pub(crate) address: String,
}

thread_local! {
    static BEGUN: Cell<bool> = const { Cell::new(false) };
    static OFFERS: RefCell<Option<Parcels>> = const { RefCell::new(None) };
    static HEARD: RefCell<Option<Parcels>> = const { RefCell::new(None) };
    /// The callbacks that wait, by request.
    static WAITING: RefCell<BTreeMap<u64, (FileId, Vec<Taken>)>> = const { RefCell::new(BTreeMap::new()) };
    static KEPT: RefCell<VecDeque<(FileId, Shown)>> = const { RefCell::new(VecDeque::new()) };
    static OFFERED_HERE: RefCell<VecDeque<(u64, File)>> = const { RefCell::new(VecDeque::new()) };
}

fn begin(app: App) {
    if BEGUN.replace(true) {
        return;
    }
    OFFERS.set(Parcels::open(FILES_TO_OWNER, |_, _| ()));
    HEARD.set(Parcels::open(FILES_TO_VIEWS, came));
    let owner = Owner::new();
    owner.with(|| {
        // A new owner does not have the files that were chosen here.
        Effect::new(move |before: Option<u32>| {
            let now = app.owners.get();
            if before.is_some_and(|before| before != now) {
                OFFERED_HERE.with_borrow(|offered| offered.iter().for_each(|(id, file)| offer(*id, file)));
            }
            now
        });
        // A locked page forgets all files that it has shown.
        Effect::new(move |_| {
            if app.phase.get() == Phase::Locked {
                KEPT.take().into_iter().for_each(|(_, shown)| files::forget(&shown.address));
                OFFERED_HERE.take();
            }
        });
    });
    core::mem::forget(owner);
}

fn offer(id: u64, file: &File) {
    OFFERS.with_borrow(|offers| {
        if let Some(offers) = offers {
            offers.send(id, file);
        }
    });
}

fn came(id: u64, file: File) {
    let Some((id, waiting)) = WAITING.with_borrow_mut(|waiting| waiting.remove(&id)) else { return };
    let shown = file.address().map(|address| Shown { file, address });
    if let Some(shown) = &shown {
        let before = KEPT.with_borrow_mut(|kept| {
            kept.push_back((id, shown.clone()));
            if kept.len() > SHOWN { kept.pop_front() } else { None }
        });
        if let Some((_, before)) = before {
            files::forget(&before.address);
        }
    }
    for taken in waiting {
        taken(shown.clone());
    }
}

/// Opens a file that is on this device; `taken` gets `None` if it is there no longer.
pub(crate) fn open(app: App, file: FileId, taken: impl FnOnce(Option<Shown>) + 'static) {
    begin(app);
    let kept = KEPT.with_borrow_mut(|kept| {
        // The file that was shown last is dropped last.
        let place = kept.iter().position(|(id, _)| *id == file)?;
        let found = kept.remove(place)?;
        kept.push_back(found.clone());
        Some(found.1)
    });
    if kept.is_some() {
        return taken(kept);
    }
    let taken: Taken = Box::new(taken);
    let joined = WAITING.with_borrow_mut(|waiting| match waiting.values_mut().find(|(id, _)| *id == file) {
        Some((_, all)) => {
            all.push(taken);
            None
        }
        None => Some(taken),
    });
    let Some(taken) = joined else { return };
    let id = u64::from_le_bytes(random::bytes());
    WAITING.with_borrow_mut(|waiting| waiting.insert(id, (file, vec![taken])));
    app.ask_as(id, Command::OpenFile(file), move |reply| {
        if matches!(reply, Reply::Failed(_)) {
            let gone = WAITING.with_borrow_mut(|waiting| waiting.remove(&id));
            gone.into_iter().flat_map(|(_, all)| all).for_each(|taken| taken(None));
        }
    });
}

/// Sends files with their caption.
pub(crate) fn send(
    app: App,
    conversation: ConversationId,
    caption: String,
    chosen: Vec<(NewFile, File)>,
    answered: impl FnOnce(Option<CommandError>) + 'static,
) {
    begin(app);
    let mut files = Vec::new();
    for (new, file) in chosen {
        offer(new.source, &file);
        OFFERED_HERE.with_borrow_mut(|offered| {
            offered.push_back((new.source, file));
            if offered.len() > OFFERED {
                offered.pop_front();
            }
        });
        files.push(new);
    }
    app.ask(Command::SendFiles { conversation, caption, files }, move |reply| {
        answered(if let Reply::Failed(error) = reply { Some(error) } else { None });
    });
}

/// A new random number for a file to send.
pub(crate) fn new_source() -> u64 {
    u64::from_le_bytes(random::bytes())
}
