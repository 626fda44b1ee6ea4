//! Starts workers, and passes messages between a worker and its tab.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, HtmlMetaElement, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::broadcast::bytes_of;
use super::failure::Failure;

const DEFAULT_URL: &str = "/worker_loader.js";
/// The name of a worker that reads pictures. Other workers have no name.
const READER: &str = "reader";

type Hear = dyn Fn(&WorkerHandle, Vec<u8>);
type Died = dyn Fn(&WorkerHandle);

/// The tab's handle of its worker.
#[derive(Debug, Clone)]
pub struct WorkerHandle(Worker);

impl WorkerHandle {
    /// Starts the worker, or takes the one that the page's first script has started. Calls `hear` with each message, and `died`
    /// when the worker cannot start or fails.
    ///
    /// # Errors
    /// When the browser has no module workers.
    pub fn start(
        hear: impl Fn(&Self, Vec<u8>) + 'static,
        died: impl Fn(&Self) + 'static,
    ) -> Result<Self, Failure> {
        let (worker, early) = match Early::take() {
            Some((worker, early)) => (worker, Some(early)),
            None => (construct(&address()?, "")?, None),
        };
        let this = Self(worker);
        let (hear, died): (Rc<Hear>, Rc<Died>) = (Rc::new(hear), Rc::new(died));
        this.listen(Rc::clone(&hear), Rc::clone(&died));
        if let Some(early) = early {
            let worker = this.clone();
            // This runs before any other message, and after the caller has taken the worker.
            super::spawn_local(async move {
                early.said.iter().filter_map(|data| bytes_of(&data)).for_each(|bytes| hear(&worker, bytes));
                if early.failed {
                    died(&worker);
                }
            });
        }
        Ok(this)
    }

    /// Starts a worker that reads pictures and nothing else.
    ///
    /// # Errors
    /// When the browser has no module workers.
    pub fn reader(
        hear: impl Fn(&Self, Vec<u8>) + 'static,
        died: impl Fn(&Self) + 'static,
    ) -> Result<Self, Failure> {
        let this = Self(construct(&address()?, READER)?);
        this.listen(Rc::new(hear), Rc::new(died));
        Ok(this)
    }

    fn listen(&self, hear: Rc<Hear>, died: Rc<Died>) {
        let (hearing, dying) = (self.clone(), self.clone());
        super::listen::<MessageEvent>(&self.0, "message", move |event| {
            if let Some(bytes) = bytes_of(&event.data()) {
                hear(&hearing, bytes);
            }
        });
        super::listen::<JsValue>(&self.0, "error", move |_| died(&dying));
    }

    /// Sends a message to the worker.
    pub fn say(&self, bytes: &[u8]) {
        let _ = self.0.post_message(&Uint8Array::from(bytes));
    }

    /// Transfers an object of the browser to the worker. From then on only the worker has it.
    pub(super) fn give(&self, what: &JsValue) {
        let _ = self.0.post_message_with_transfer(what, &Array::of1(what));
    }

    /// Ends the worker at once. Its Web Lock becomes free.
    pub fn end(&self) {
        self.0.terminate();
    }
}

/// The messages of the worker that the page's first script started (`xtask/src/app/loader.rs`), from before the app listened.
struct Early {
    said: Array,
    failed: bool,
}

impl Early {
    /// What that script left. There is no such script in development.
    fn left() -> Option<JsValue> {
        let left = Reflect::get(&js_sys::global(), &"parleyWorker".into()).ok()?;
        left.is_object().then_some(left)
    }

    /// The worker. It can be taken once.
    fn take() -> Option<(Worker, Self)> {
        let left = Self::left()?;
        let worker: Worker = Reflect::get(&left, &"worker".into()).ok()?.dyn_into().ok()?;
        let said = Reflect::get(&left, &"said".into()).ok()?.dyn_into().ok()?;
        let failed = Reflect::get(&left, &"failed".into()).is_ok_and(|failed| failed.is_truthy());
        Reflect::set(&left, &"worker".into(), &JsValue::NULL).ok()?;
        worker.set_onmessage(None);
        worker.set_onerror(None);
        Some((worker, Self { said, failed }))
    }

    /// The worker's address, as that script made it.
    fn address() -> Option<JsValue> {
        Reflect::get(&Self::left()?, &"address".into()).ok()
    }
}

/// On the worker's side: the name that its starter gave it.
#[must_use]
pub fn name() -> String {
    scope().map(|scope| scope.name()).unwrap_or_default()
}

/// On the worker's side: whether it was started to read pictures.
#[must_use]
pub fn is_reader() -> bool {
    name() == READER
}

pub(super) fn scope() -> Option<DedicatedWorkerGlobalScope> {
    js_sys::global().dyn_into().ok()
}

/// On the worker's side: calls `hear` with each message of the tab, as long as the worker lives.
pub fn hear_tab(hear: impl Fn(Vec<u8>) + 'static) {
    let Some(scope) = scope() else { return };
    super::listen::<MessageEvent>(&scope, "message", move |event| {
        if let Some(bytes) = bytes_of(&event.data()) {
            hear(bytes);
        }
    });
}

/// On the worker's side: sends a message to the tab.
pub fn say_to_tab(bytes: &[u8]) {
    if let Some(scope) = scope() {
        let _ = scope.post_message(&Uint8Array::from(bytes));
    }
}

fn url() -> String {
    let found = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.query_selector("meta[name=parley-worker]").ok().flatten())
        .and_then(|element| element.dyn_into::<HtmlMetaElement>().ok())
        .map(|meta| meta.content());
    found.filter(|url| url.starts_with('/')).unwrap_or_else(|| DEFAULT_URL.to_owned())
}

thread_local! {
    /// A page can make a policy only once in its life.
    static ADDRESS: RefCell<Option<JsValue>> = const { RefCell::new(None) };
}

/// The worker's address, in the form that the page's Trusted Types require.
fn address() -> Result<JsValue, Failure> {
    if let Some(known) = ADDRESS.with_borrow(Clone::clone) {
        return Ok(known);
    }
    let made = match Early::address() {
        Some(address) => address,
        None => trusted(&url())?,
    };
    ADDRESS.set(Some(made.clone()));
    Ok(made)
}

/// An address in the form that the page's Trusted Types require; a plain string if the browser has none.
fn trusted(url: &str) -> Result<JsValue, Failure> {
    let types = Reflect::get(&js_sys::global(), &"trustedTypes".into())?;
    if types.is_undefined() {
        return Ok(url.into());
    }
    let expected = url.to_owned();
    let same = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |asked: JsValue| {
        // The policy passes this one address and no other.
        if asked.as_string().as_deref() == Some(&expected) { asked } else { JsValue::NULL }
    });
    let rules = Object::new();
    Reflect::set(&rules, &"createScriptURL".into(), same.as_ref())?;
    let create: Function = Reflect::get(&types, &"createPolicy".into())?.dyn_into()?;
    let policy = create.call2(&types, &"parley".into(), &rules)?;
    let make: Function = Reflect::get(&policy, &"createScriptURL".into())?.dyn_into()?;
    let address = make.call1(&policy, &url.into())?;
    same.forget();
    Ok(address)
}

/// Calls `new Worker(address, options)`. web-sys takes only a string, which Trusted Types refuse.
fn construct(address: &JsValue, name: &str) -> Result<Worker, Failure> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(name);
    let class: Function = Reflect::get(&js_sys::global(), &"Worker".into())?.dyn_into()?;
    let made = Reflect::construct(&class, &Array::of2(address, &options))?;
    made.dyn_into().map_err(Failure::from)
}
