//! Holds the device: waits for its Web Lock, takes it from a frozen owner, and answers waiting workers.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::model::ownership::{Beat, GENERATION, PERIOD, Watch};
use crate::platform::broadcast::Broadcast;
use crate::platform::failure::Failure;
use crate::platform::timer::{self, Interval};
use crate::platform::{clock, lock, random};

const LOCK: &str = "parley-device";
const CHANNEL: &str = "parley-pulse";

/// What this worker tells the workers that wait for the device, and what it hears of the owner while it waits itself.
#[derive(Clone)]
pub(super) struct Ownership(Rc<Inner>);

struct Inner {
    channel: OnceCell<Broadcast>,
    holding: Cell<bool>,
    /// This worker is about to take the Web Lock away from the owner, or has asked to.
    taking: Cell<bool>,
    watch: RefCell<Watch>,
    ticking: RefCell<Option<Interval>>,
    waker: RefCell<Option<Waker>>,
    lost: Box<dyn Fn()>,
    newer: Box<dyn Fn()>,
}

impl Ownership {
    /// Begins to listen. Calls `lost` when another worker takes the device away, and `newer` when another tab has a newer
    /// version of the app.
    pub(super) fn open(lost: impl Fn() + 'static, newer: impl Fn() + 'static) -> Self {
        let inner = Rc::new(Inner {
            channel: OnceCell::new(),
            holding: Cell::new(false),
            taking: Cell::new(false),
            watch: RefCell::default(),
            ticking: RefCell::default(),
            waker: RefCell::default(),
            lost: Box::new(lost),
            newer: Box::new(newer),
        });
        let this = Self(inner);
        let hearing = this.clone();
        if let Some(channel) = Broadcast::open(CHANNEL, move |bytes| hearing.hear(&bytes)) {
            this.0.channel.get_or_init(|| channel);
        }
        this
    }

    /// Waits for the device until its owner ends or freezes.
    pub(super) async fn hold(&self) -> Result<(), Failure> {
        self.ask_for_lock(false)?;
        // The owner's silence counts from now on, so an owner that freezes in a moment was heard before.
        self.say(Beat::Asked);
        let ticking = self.clone();
        // The browser grants a free lock before the first tick.
        let interval = Interval::new(u32::try_from(PERIOD).unwrap_or(u32::MAX), move || ticking.tick());
        self.0.ticking.replace(Some(interval));
        poll_fn(|context| {
            if self.0.holding.get() {
                return Poll::Ready(());
            }
            self.0.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
        self.0.ticking.replace(None);
        self.say(Beat::Busy);
        Ok(())
    }

    /// Tells waiting workers that this worker cannot answer for a moment.
    pub(super) fn busy(&self) {
        self.say(Beat::Busy);
    }

    /// Does the same, in a worker that may itself be waiting for the device.
    pub(super) fn busy_if_holding(&self) {
        if self.0.holding.get() {
            self.say(Beat::Busy);
        }
    }

    /// Takes the device from an owner that has nothing to lose: the device is locked, and the person has opened the lock in
    /// this tab.
    pub(super) fn claim(&self) {
        if !self.0.holding.get() && !self.0.taking.replace(true) {
            self.say(Beat::Taking);
            self.0.watch.borrow_mut().another_takes();
            let _ = self.ask_for_lock(true);
            self.0.taking.set(false);
        }
    }

    fn ask_for_lock(&self, steal: bool) -> Result<(), Failure> {
        let (granted, lost) = (self.clone(), self.clone());
        lock::request(
            LOCK,
            steal,
            move || granted.granted(),
            move || {
                if lost.0.holding.get() {
                    (lost.0.lost)();
                }
            },
        )
    }

    fn granted(&self) {
        self.0.holding.set(true);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }

    fn tick(&self) {
        if self.0.holding.get() {
            return;
        }
        let ask = self.0.watch.borrow_mut().tick(clock::now().0);
        if ask {
            self.say(Beat::Asked);
        }
        if self.0.watch.borrow().is_silent() && !self.0.taking.replace(true) {
            // A random pause, so that of several waiting workers the first to speak takes over.
            let [pause] = random::bytes::<1>();
            let taking = self.clone();
            timer::after(u64::from(pause) / 3, move || taking.take()).forget();
        }
    }

    fn take(&self) {
        self.0.taking.set(false);
        if !self.0.holding.get() && self.0.watch.borrow().is_silent() {
            self.say(Beat::Taking);
            // Until the lock is granted, the watch treats this as a takeover by another worker, so the lock is not requested
            // twice.
            self.0.watch.borrow_mut().another_takes();
            // In a browser without Web Locks the first request has already failed.
            let _ = self.ask_for_lock(true);
        }
    }

    fn hear(&self, bytes: &[u8]) {
        let Some((beat, generation)) = Beat::decode(bytes) else { return };
        if generation > GENERATION {
            (self.0.newer)();
            return;
        }
        let holding = self.0.holding.get();
        let mut watch = self.0.watch.borrow_mut();
        match beat {
            Some(Beat::Asked) if holding => self.say(Beat::Here),
            Some(Beat::Asked) => watch.another_asked(),
            Some(Beat::Here) => watch.heard(false),
            Some(Beat::Busy) => watch.heard(true),
            Some(Beat::Taking) => watch.another_takes(),
            None => {}
        }
    }

    fn say(&self, beat: Beat) {
        if let Some(channel) = self.0.channel.get() {
            channel.say(&beat.encode());
        }
    }
}
