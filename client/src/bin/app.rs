//! The page: starts the worker and, for now, shows what it answers.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = document, js_name = querySelector)]
    fn query(selector: &str) -> Option<Element>;

    type Element;
    #[wasm_bindgen(method, getter)]
    fn content(this: &Element) -> String;
    #[wasm_bindgen(method)]
    fn remove(this: &Element);

    type Policy;
    #[wasm_bindgen(js_namespace = trustedTypes, js_name = createPolicy)]
    fn create_policy(name: &str, rules: &JsValue) -> Policy;
    #[wasm_bindgen(method, js_name = createScriptURL)]
    fn script_url(this: &Policy, url: &str) -> JsValue;

    type Worker;
    #[wasm_bindgen(constructor, catch)]
    fn new(url: &JsValue, options: &JsValue) -> Result<Worker, JsValue>;
    #[wasm_bindgen(method, js_name = postMessage)]
    fn post(this: &Worker, message: &JsValue);
    #[wasm_bindgen(method, setter, js_name = onmessage)]
    fn set_onmessage(this: &Worker, listener: &JsValue);

    type Message;
    #[wasm_bindgen(method, getter)]
    fn data(this: &Message) -> JsValue;
}

fn main() {
    console_error_panic_hook::set_once();
    let (answer, set_answer) = signal(String::from("waiting for the worker"));
    if let Err(error) = start_worker(set_answer) {
        set_answer.set(format!("the worker did not start: {error:?}"));
    }
    if let Some(splash) = query("#splash") {
        splash.remove();
    }
    mount_to_body(move || view! { <main class="splash"><p id="answer">{answer}</p></main> });
}

/// Starts the worker under Trusted Types and says hello once it is ready.
fn start_worker(answer: WriteSignal<String>) -> Result<(), JsValue> {
    let url = query("meta[name=parley-worker]").map(|meta| meta.content()).ok_or("no meta parley-worker")?;
    let rules = js_sys::Object::new();
    let only_ours = {
        let url = url.clone();
        Closure::<dyn Fn(String) -> Result<String, JsValue>>::new(move |wanted: String| {
            if wanted == url { Ok(wanted) } else { Err("not a script of Parley".into()) }
        })
    };
    js_sys::Reflect::set(&rules, &"createScriptURL".into(), only_ours.as_ref())?;
    let policy = create_policy("parley", &rules);
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"type".into(), &"module".into())?;
    let worker = Worker::new(&policy.script_url(&url), &options)?;
    only_ours.forget();

    let sender: Worker = worker.clone().unchecked_into();
    let listener = Closure::<dyn Fn(Message)>::new(move |message: Message| {
        match message.data().as_string().as_deref() {
            Some("ready") => sender.post(&"hello".into()),
            Some(text) => answer.set(text.to_owned()),
            None => {}
        }
    });
    worker.set_onmessage(listener.as_ref());
    listener.forget();
    Ok(())
}
