//! A circle with somebody's initials.

use leptos::prelude::*;

use crate::ui::design::html;

use crate::model::text;
use crate::model::unicode::Unicode as _;
use crate::platform::unicode::Browser;

const COLOURS: u32 = 8;

/// The same bytes give the same colour, here and in every other browser: they are of the account, whatever it is called. The
/// name beside it says who it is.
pub(crate) fn avatar(name: &str, of: &[u8], class: &'static str) -> AnyView {
    html::span()
        .class(format!("avatar hue-{} {class}", text::colour_of(of, COLOURS)))
        .attr("aria-hidden", "true")
        .child(Browser.initials(name))
        .into_any()
}
