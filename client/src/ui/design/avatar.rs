//! A circle with somebody's initials.

use leptos::prelude::*;

use crate::ui::design::html;

use crate::model::text;

const COLOURS: u32 = 8;

/// The same bytes give the same colour, here and in every other browser. The name beside it says who it is.
pub(crate) fn avatar(name: &str, of: &[u8], class: &'static str) -> AnyView {
    html::span()
        .class(format!("avatar hue-{} {class}", text::colour_of(of, COLOURS)))
        .attr("aria-hidden", "true")
        .child(text::initials(name))
        .into_any()
}
