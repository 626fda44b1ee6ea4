//! Unicode's data from the browser: the page brings no tables of its own.

use js_sys::{Function, JsString, Object, Reflect, RegExp};
use wasm_bindgen::{JsCast as _, JsValue};

use crate::model::unicode::Unicode;

/// Matches a text without visible characters. Does not use `\p{C}`: older browsers count newer emoji as unassigned, but show
/// them.
const BLANK: &str = r"^[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{M}\u2800]*$";
/// Matches accents and invisible characters.
const BESIDE: &str = r"[\p{M}\p{Default_Ignorable_Code_Point}\p{Cf}]+";

thread_local! {
    static IS_BLANK: RegExp = RegExp::new(BLANK, "u");
    static IS_BESIDE: RegExp = RegExp::new(BESIDE, "gu");
    static CLUSTERS: Option<JsValue> = segmenter();
}

/// The browser's Unicode data.
#[derive(Debug, Clone, Copy)]
pub struct Browser;

impl Unicode for Browser {
    fn is_blank(&self, text: &str) -> bool {
        IS_BLANK.with(|blank| blank.test(text))
    }

    fn bare(&self, text: &str) -> String {
        let folded = JsString::from(text).normalize("NFKD").to_upper_case().to_lower_case().normalize("NFKD");
        IS_BESIDE.with(|beside| folded.replace_by_pattern(beside, "")).into()
    }

    fn upper(&self, text: &str) -> String {
        JsString::from(text).to_upper_case().into()
    }

    fn first_cluster(&self, text: &str) -> String {
        let found = CLUSTERS.with(|clusters| clusters.as_ref().and_then(|clusters| first(clusters, text)));
        found.unwrap_or_else(|| text.chars().take(1).collect())
    }
}

/// `new Intl.Segmenter()`, which cuts at grapheme clusters. Old browsers have none.
fn segmenter() -> Option<JsValue> {
    let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let class: Function = Reflect::get(&intl, &"Segmenter".into()).ok()?.dyn_into().ok()?;
    Reflect::construct(&class, &js_sys::Array::new()).ok()
}

fn first(clusters: &JsValue, text: &str) -> Option<String> {
    let segments = call(clusters, "segment", &text.into())?;
    let found = call(&segments, "containing", &0.into())?;
    found.dyn_ref::<Object>()?;
    Reflect::get(&found, &"segment".into()).ok()?.as_string()
}

fn call(object: &JsValue, name: &str, with: &JsValue) -> Option<JsValue> {
    let method: Function = Reflect::get(object, &name.into()).ok()?.dyn_into().ok()?;
    method.call1(object, with).ok()
}
