//! Carries files of messages between pages, disk and engine. Works on one thing at a time; neither this work nor the writing of
//! change sets waits for the other.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use parley_engine::io::{FileDone, FileWork, Input, StorageFailure};

use crate::model::media;
use crate::model::signal::{FILES_TO_OWNER, FILES_TO_VIEWS};
use crate::platform::db::{Database, Fence};
use crate::platform::failure::Failure;
use crate::platform::files::File;
use crate::platform::parcels::Parcels;
use crate::platform::spawn_local;

/// Works on files, one piece of work after the other.
pub(super) struct Files(Rc<Inner>);

struct Inner {
    database: Database,
    fence: Fence,
    tell: Box<dyn Fn(Input)>,
    /// The files that pages have chosen, by the number of the source.
    sources: RefCell<HashMap<u64, File>>,
    /// The pieces of files that views asked for, with the file's type, by the number of the view's request.
    giving: RefCell<HashMap<u64, (Vec<File>, &'static str)>>,
    work: RefCell<VecDeque<FileWork>>,
    working: Cell<bool>,
    views: Option<Parcels>,
    offers: RefCell<Option<Parcels>>,
}

impl Files {
    /// `tell` gets the outcome of each piece of work.
    pub(super) fn new(database: Database, fence: Fence, tell: impl Fn(Input) + 'static) -> Self {
        let inner = Rc::new(Inner {
            database,
            fence,
            tell: Box::new(tell),
            sources: RefCell::default(),
            giving: RefCell::default(),
            work: RefCell::default(),
            working: Cell::new(false),
            views: Parcels::open(FILES_TO_VIEWS, |_, _| ()),
            offers: RefCell::default(),
        });
        let offered = Rc::downgrade(&inner);
        let offers = Parcels::open(FILES_TO_OWNER, move |source, file| {
            if let Some(inner) = offered.upgrade() {
                inner.sources.borrow_mut().insert(source, file);
                (inner.tell)(Input::File(FileDone::Offered(source)));
            }
        });
        inner.offers.replace(offers);
        Self(inner)
    }

    /// Queues a piece of work behind the earlier ones.
    pub(super) fn work(&self, work: FileWork) {
        self.0.work.borrow_mut().push_back(work);
        if !self.0.working.replace(true) {
            spawn_local(Rc::clone(&self.0).run());
        }
    }
}

impl Inner {
    async fn run(self: Rc<Self>) {
        loop {
            let next = self.work.borrow_mut().pop_front();
            let Some(work) = next else { break };
            if let Some(done) = self.one(work).await {
                (self.tell)(Input::File(done));
            }
        }
        self.working.set(false);
    }

    async fn one(&self, work: FileWork) -> Option<FileDone> {
        match work {
            FileWork::ReadSource { source, from, length } => {
                let file = self.sources.borrow().get(&source).cloned();
                let bytes = match file {
                    Some(file) => file.read(from, from.saturating_add(u64::from(length))).await,
                    None => None,
                };
                Some(FileDone::Source { source, from, bytes })
            }
            FileWork::ForgetSource(source) => {
                self.sources.borrow_mut().remove(&source);
                None
            }
            FileWork::Write { file, first, chunks } => {
                let written = self.database.write_chunks(self.fence, &file.0, first, &chunks).await;
                Some(FileDone::Written { file, first, result: written.map_err(reason) })
            }
            FileWork::Read { id, file, first, most } => {
                let chunks = self.database.read_chunks(&file.0, first, most).await.unwrap_or_default();
                Some(FileDone::Read { id, chunks })
            }
            // A file that cannot be deleted now is deleted at the next start.
            FileWork::Delete(file) => {
                let _ = self.database.delete_chunks(self.fence, &file.0).await;
                None
            }
            FileWork::KeepOnly(files) => {
                let names: Vec<[u8; 16]> = files.iter().map(|file| file.0).collect();
                let _ = self.database.keep_chunks(self.fence, &names).await;
                None
            }
            FileWork::Give { view, bytes, last } => {
                self.give(view.0, &bytes, last);
                None
            }
        }
    }

    /// Collects the pieces of a file for a view. The browser keeps their bytes; the first bytes decide the type.
    fn give(&self, view: u64, bytes: &[u8], last: bool) {
        let mut giving = self.giving.borrow_mut();
        let (pieces, _) = giving.entry(view).or_insert_with(|| (Vec::new(), media::mime_of(bytes)));
        pieces.extend(File::of_bytes(bytes));
        if !last {
            return;
        }
        let Some((pieces, mime)) = giving.remove(&view) else { return };
        if let (Some(views), Some(file)) = (&self.views, File::of_type(&pieces, mime)) {
            views.send(view, &file);
        }
    }
}

const fn reason(failure: Failure) -> StorageFailure {
    match failure {
        Failure::Full => StorageFailure::Full,
        Failure::Fenced => StorageFailure::Fenced,
        Failure::Newer | Failure::Refused => StorageFailure::Unavailable,
    }
}
