//! Shows one notice above every screen, the most important one.

use leptos::prelude::*;
use parley_engine::view::{Command, PhraseState};

use crate::model::notice::{self, Notice};
use crate::model::route::Route;
use crate::model::section::Section;
use crate::platform::{clock, local, spawn_local, storage};
use crate::ui::app::state::{App, go};
use crate::ui::design::field::Note;
use crate::ui::design::memo::Memo;
use crate::ui::design::parts::{button, maybe, text};
use crate::ui::design::{html, parts};
use crate::ui::screens::settings::{backup_file, devices};
use crate::ui::screens::{banner, recovery};
use crate::ui::words;

/// The item of localStorage with the time at which the person put the reminder off.
const LATER: &str = "parley.later";

/// The notice, whatever it is about.
pub(crate) fn notices(app: App) -> AnyView {
    let connection = banner::shown(app);
    let device = devices::fresh(app);
    let keys = devices::key_change(app);
    let known = recovery::known(app);
    let progress = Memo::new(move || known.get().and_then(|it| it.restoring));
    app.announce_begin(move || progress.get().map(words::restoring));
    let loss = Memo::new(move || known.get().map(|it| it.lost).filter(|lost| *lost > 0));
    let reminder = Reminder::new(app);
    let first = app.steady(move || {
        let wanted = [
            connection.get().map(|told| if told.grave { Notice::Grave } else { Notice::Connection }),
            device.get().map(|_| Notice::NewDevice),
            keys.get().map(|_| Notice::KeyChange),
            loss.get().map(|_| Notice::Loss),
            backup_file::wanted(app),
            progress.get().map(|_| Notice::Restoring),
            reminder.is_due().then_some(Notice::Reminder),
        ];
        notice::first(wanted.into_iter().flatten())
    });
    let other = maybe(move || match first.get()? {
        Notice::Grave | Notice::Connection => None,
        Notice::NewDevice => device.get().map(|device| devices::notice(app, &device)),
        Notice::KeyChange => keys.get().map(|said| {
            let ok = button("OK", "banner-button", move || app.ask(Command::AcceptKeyChanges, |_| {}));
            high("alert", vec![text("", said), ok])
        }),
        Notice::Loss => loss.get().map(|parts| {
            let ok = button("OK", "banner-button", move || app.ask(Command::AcceptLoss, |_| {}));
            high("alert", vec![text("", words::lost(parts)), ok])
        }),
        Notice::FileDone | Notice::File => match app.file.get() {
            Note::None => None,
            Note::Hint(said) | Note::Counts(said) => Some(low(text("", said))),
            Note::Good(said) | Note::Bad(said) | Note::CountsDown(said) => {
                let ok = button("OK", "banner-button", move || backup_file::forget(app));
                Some(high("alert", vec![text("", said), ok]))
            }
        },
        Notice::Restoring => progress.get().map(|progress| low(text("", words::restoring(progress)))),
        Notice::Reminder => Some(reminder.view()),
    });
    parts::several((banner::banner(app, connection, first), other))
}

/// A notice below everything: it goes by itself, and the content above must not move under a pointer when it does. It shows
/// counts, which a screen reader does not read at each step.
fn low(text: AnyView) -> AnyView {
    html::div()
        .class("banner banner-shown banner-low")
        .attr("role", "status")
        .attr("aria-live", "off")
        .child(text)
        .into_any()
}

fn high(role: &'static str, parts: Vec<AnyView>) -> AnyView {
    html::div().class("banner banner-shown").attr("role", role).child(parts).into_any()
}

/// The reminder that a recovery phrase protects the account.
#[derive(Clone, Copy)]
struct Reminder {
    app: App,
    private: RwSignal<bool>,
    /// The person has just put it off.
    later: RwSignal<bool>,
}

impl Reminder {
    fn new(app: App) -> Self {
        let private = RwSignal::new(false);
        spawn_local(async move {
            private.set(storage::may_be_private().await);
        });
        let later = RwSignal::new(false);
        Effect::new(move |_| {
            if app.account.with(Option::is_none) {
                later.set(false);
            }
        });
        Self { app, private, later }
    }

    fn is_due(self) -> bool {
        // In a private window the person must know before there is anything to lose.
        let something = self.private.get() || self.app.chats.with(|chats| chats.count() > 0);
        something
            && !self.later.get()
            && !rests()
            && !self.app.route.with(Route::is_settings)
            && matches!(self.phrase(), Some(PhraseState::Unsaved | PhraseState::Fallen))
    }

    fn phrase(self) -> Option<PhraseState> {
        self.app.account.with(|account| account.as_ref().map(|it| it.recovery.phrase))
    }

    fn view(self) -> AnyView {
        let sentence = match self.phrase() {
            Some(PhraseState::Fallen) => words::PHRASE_FALLEN,
            _ if self.private.get() => words::PRIVATE_EARLY,
            _ => words::PHRASE_EARLY,
        };
        let parts = vec![
            text("", sentence),
            button("Write it down", "banner-button", || go(&Route::Settings(Some(Section::Recovery)))),
            button("Later", "banner-button", move || self.put_off()),
        ];
        html::div().class("banner banner-shown banner-brief").attr("role", "status").child(parts).into_any()
    }

    fn put_off(self) {
        self.later.set(true);
        // If the browser cannot store this, the reminder comes back when the page is loaded the next time.
        let _ = local::put_item(LATER, Some(&notice::put_off(clock::now().0)));
    }
}

fn rests() -> bool {
    local::item(LATER).is_some_and(|kept| notice::rests(&kept, clock::now().0))
}

/// There is no account here. The next one gets the reminder from the beginning.
pub(crate) fn forget() {
    let _ = local::put_item(LATER, None);
}
