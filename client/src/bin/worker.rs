//! The worker: for now it answers what the page says.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = postMessage)]
    fn post(message: &JsValue);

    type Scope;
    #[wasm_bindgen(method, setter, js_name = onmessage)]
    fn set_onmessage(this: &Scope, listener: &JsValue);

    type Message;
    #[wasm_bindgen(method, getter)]
    fn data(this: &Message) -> JsValue;
}

fn main() {
    console_error_panic_hook::set_once();
    let listener = Closure::<dyn Fn(Message)>::new(|message: Message| {
        let text = message.data().as_string().unwrap_or_default();
        post(&format!("the worker heard: {text}").into());
    });
    js_sys::global().unchecked_into::<Scope>().set_onmessage(listener.as_ref());
    listener.forget();
    post(&"ready".into());
}
