//! What a worker is to the views, from waiting for the device to serving it.

use core::time::Duration;
use std::cell::{Cell, OnceCell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use parley_engine::seal::MasterKey;

use super::auto_lock::AutoLock;
use super::boot::{self, TabStorage};
use super::channel::Views;
use super::device::{self, Closed, Device};
use super::lock_setting::LockSetting;
use super::owner::Owner;
use super::ownership::Ownership;
use super::qr;
use super::slow::Slowness;
use crate::model::lock::LockView;
use crate::model::signal::{Fault, ToOwner, ToViews};
use crate::platform::db::{Database, Ended, Fence};
use crate::platform::failure::Failure;
use crate::platform::later::Later;
use crate::platform::{spawn_local, timer};

/// How long to wait before trying again what may have passed, in milliseconds.
const TRY_AGAIN: u64 = 2_000;
/// How long what is being written may take when the lock closes: so many looks, so many milliseconds apart.
const LAST_WRITES: (u32, u64) = (40, 50);

/// What this worker is to the views.
#[derive(Default)]
enum Role {
    /// The device is being opened.
    #[default]
    Opening,
    /// It cannot be opened.
    Faulty(Fault),
    /// It is locked.
    Locked { fence: u64, lock: LockView, next: u64 },
    /// It is open.
    Serving(Rc<Owner>, Rc<AutoLock>),
    /// Somebody else owns it: nothing is said any more.
    Silent,
}

#[derive(Default)]
struct Service {
    role: RefCell<Role>,
    afresh: Cell<bool>,
    retry: Cell<bool>,
    /// What came out of the lock, until the device is opened with it.
    master: RefCell<Option<MasterKey>>,
    waker: RefCell<Option<Waker>>,
}

/// What it takes to open the device, kept from one attempt to the next.
struct Opening {
    tab: TabStorage,
    ownership: Ownership,
    /// It is opened while another worker still owns the device.
    early: Option<Later<Result<Database, Failure>>>,
    database: Option<Database>,
    fence: Option<Fence>,
}

/// Waits for the device, opens it and serves it until the worker ends.
pub(super) async fn run() {
    let service = Rc::new(Service::default());
    let (lost, older) = (Rc::clone(&service), Rc::clone(&service));
    let ownership = Ownership::open(move || lost.replaced(), move || older.older());
    let tab = service.connect(&ownership);
    let early = Some(service.open_database());
    let held = ownership.hold().await;
    let (views, slow) = service.open_channel();
    if held.is_err() {
        service.faulty(&views, Fault::NoStorage);
        return;
    }
    let mut opening = Opening { tab, ownership, early, database: None, fence: None };
    loop {
        let opened = slow.during(opening.attempt(&service)).await;
        let fault = match opened {
            Ok(device) => {
                let Opening { tab, ownership, .. } = opening;
                let (told, removed) = (views.clone(), Rc::clone(&service));
                let lock = device.lock.clone();
                let owner =
                    Owner::serve(device, tab, &views, &slow, ownership, move || removed.removed(&told));
                service.serving(&owner, lock);
                return;
            }
            Err(Closed::Locked(lock, next)) => {
                service.locked(&views, opening.fence, lock, next);
                service.wait_for(|service| service.master.borrow().is_some() || service.afresh.get()).await;
                if service.afresh.take() {
                    opening.erase().await;
                }
                continue;
            }
            Err(Closed::Fault(fault)) => fault,
        };
        service.faulty(&views, fault);
        if fault.may_pass() {
            service.wait_a_while().await;
        } else {
            service.wait_for(|service| service.afresh.take()).await;
            // What cannot be deleted is found again when the device is opened, and said again.
            opening.erase().await;
        }
    }
}

impl Opening {
    async fn attempt(&mut self, service: &Rc<Service>) -> Result<Device, Closed> {
        let database = if let Some(database) = &self.database {
            database.clone()
        } else {
            let opening = self.early.take().unwrap_or_else(|| service.open_database());
            self.database.insert(opening.outcome().await.map_err(device::fault)?).clone()
        };
        let fence = database.take_over().await.map_err(device::fault)?;
        self.fence = Some(fence);
        device::open(&database, fence, &self.tab, &self.ownership, service.master.take()).await
    }

    async fn erase(&self) {
        if let (Some(database), Some(fence)) = (&self.database, self.fence) {
            let _ = device::erase(database, fence, &self.tab).await;
        }
    }
}

impl Service {
    fn open_database(self: &Rc<Self>) -> Later<Result<Database, Failure>> {
        let service = Rc::clone(self);
        Later::begin(Database::open(move |ended| service.ended(ended)))
    }

    fn open_channel(self: &Rc<Self>) -> (Views, Slowness) {
        let opened: Rc<OnceCell<(Views, Slowness)>> = Rc::default();
        let (service, answer) = (Rc::clone(self), Rc::clone(&opened));
        let views = Views::open(move |signal| {
            if let Some((views, slow)) = answer.get() {
                service.hear(views, slow, signal);
            }
        });
        opened.get_or_init(|| (views.clone(), Slowness::new(views))).clone()
    }

    fn faulty(&self, views: &Views, fault: Fault) {
        if !self.is_silent() {
            self.role.replace(Role::Faulty(fault));
            views.say(&ToViews::Fault(fault));
        }
    }

    fn serving(self: &Rc<Self>, owner: &Rc<Owner>, lock: Option<LockView>) {
        if self.is_silent() {
            owner.fall_silent();
        } else {
            let service = Rc::clone(self);
            let auto_lock = Rc::new(AutoLock::new(lock, move || service.close()));
            self.role.replace(Role::Serving(Rc::clone(owner), Rc::clone(&auto_lock)));
            owner.begin();
            owner.say(&ToViews::Lock(auto_lock.lock()));
        }
    }

    fn locked(&self, views: &Views, fence: Option<Fence>, lock: LockView, next: u64) {
        if !self.is_silent() {
            let fence = fence.map_or(0, |fence| fence.0);
            views.say(&ToViews::Locked { fence, lock: lock.clone(), next });
            self.role.replace(Role::Locked { fence, lock, next });
        }
    }

    /// Closes the lock: what is on its way to the disk arrives there, and then this worker ends with all that it knows.
    fn close(&self) {
        let lock = match &*self.role.borrow() {
            Role::Serving(_, auto_lock) => auto_lock.lock(),
            _ => None,
        };
        let Some(lock) = lock else { return };
        if let Role::Serving(owner, _) = self.role.replace(Role::Silent) {
            owner.say(&ToViews::Locked { fence: owner.fence(), lock, next: 0 });
            owner.fall_silent();
            spawn_local(async move {
                for _ in 0..LAST_WRITES.0 {
                    if !owner.is_writing() {
                        break;
                    }
                    timer::sleep(Duration::from_millis(LAST_WRITES.1)).await;
                }
                boot::say_replaced();
            });
        }
    }

    /// Listens to the tab, and to what it asks about the lock.
    fn connect(self: &Rc<Self>, ownership: &Ownership) -> TabStorage {
        let lock_setting: Rc<OnceCell<Rc<LockSetting>>> = Rc::default();
        let asked = Rc::clone(&lock_setting);
        let tab = TabStorage::connect(move |ask| {
            if let Some(lock_setting) = asked.get() {
                lock_setting.asked(ask);
            }
        });
        let (service, ending) = (Rc::clone(self), Rc::clone(self));
        let (claiming, working) = (ownership.clone(), ownership.clone());
        lock_setting.get_or_init(|| {
            LockSetting::new(
                tab.clone(),
                move || working.busy_if_holding(),
                move |master| {
                    if !matches!(&*service.role.borrow(), Role::Serving(..) | Role::Silent) {
                        service.master.replace(Some(master));
                        service.wake_up();
                        claiming.claim();
                    }
                },
                move || ending.is_silent(),
            )
        });
        tab
    }

    fn is_silent(&self) -> bool {
        matches!(&*self.role.borrow(), Role::Silent)
    }

    fn fall_silent(&self) {
        if let Role::Serving(owner, _) = self.role.replace(Role::Silent) {
            owner.fall_silent();
        }
    }

    /// Another worker has taken the device away: a new worker waits in this one's place.
    fn replaced(&self) {
        self.fall_silent();
        boot::say_replaced();
    }

    /// Another device of the account has removed this one, and nothing of it is left: what is left to do is to say so.
    fn removed(&self, views: &Views) {
        if let Role::Serving(owner, _) = self.role.replace(Role::Faulty(Fault::Removed)) {
            owner.fall_silent();
        }
        views.say(&ToViews::Fault(Fault::Removed));
    }

    /// A newer version of the app is in another tab: this one gives the device up.
    fn older(&self) {
        self.fall_silent();
        boot::say_older();
    }

    fn ended(&self, ended: Ended) {
        match ended {
            Ended::Newer => self.older(),
            Ended::Gone => self.replaced(),
        }
    }

    fn hear(&self, views: &Views, slow: &Slowness, signal: ToOwner) {
        let (owner, auto_lock) = match &*self.role.borrow() {
            Role::Silent => return,
            Role::Opening => {
                if signal == ToOwner::WhoOwns {
                    slow.repeat();
                }
                return;
            }
            Role::Faulty(fault) => {
                match signal {
                    ToOwner::Ask(_) | ToOwner::WhoOwns => views.say(&ToViews::Fault(*fault)),
                    ToOwner::StartAfresh if fault.can_start_afresh() => self.wake(&self.afresh),
                    _ => {}
                }
                return;
            }
            Role::Locked { fence, lock, next } => {
                match signal {
                    ToOwner::Ask(_) | ToOwner::WhoOwns => {
                        views.say(&ToViews::Locked { fence: *fence, lock: lock.clone(), next: *next });
                    }
                    ToOwner::StartAfresh => self.wake(&self.afresh),
                    _ => {}
                }
                return;
            }
            Role::Serving(owner, auto_lock) => (Rc::clone(owner), Rc::clone(auto_lock)),
        };
        match signal {
            ToOwner::Ask(request) => owner.asked(request),
            ToOwner::WhoOwns => {
                owner.say_here();
                owner.say(&ToViews::Lock(auto_lock.lock()));
                slow.repeat();
            }
            ToOwner::LockNow => self.close(),
            ToOwner::SomebodyHere => auto_lock.somebody(),
            ToOwner::LockChanged(lock) => {
                auto_lock.changed(lock.clone());
                owner.say(&ToViews::Lock(lock));
            }
            ToOwner::RetryNow => owner.retry_now(),
            ToOwner::Look => owner.look(),
            ToOwner::InSight => owner.seen(),
            ToOwner::DrawCode(text) => {
                let owner = owner.clone();
                spawn_local(async move {
                    if let Some(code) = qr::draw(text).await {
                        owner.say(&ToViews::Code(code));
                    }
                });
            }
            ToOwner::StartAfresh => {}
        }
    }

    fn wake(&self, flag: &Cell<bool>) {
        flag.set(true);
        self.wake_up();
    }

    fn wake_up(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    async fn wait_a_while(self: &Rc<Self>) {
        let service = Rc::clone(self);
        timer::after(TRY_AGAIN, move || service.wake(&service.retry)).forget();
        self.wait_for(|service| service.retry.take()).await;
    }

    async fn wait_for(&self, come: impl Fn(&Self) -> bool) {
        poll_fn(|context| {
            if come(self) {
                return Poll::Ready(());
            }
            self.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
