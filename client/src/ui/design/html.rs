//! Describes HTML elements with one Rust type for all of them.
//!
//! They are written like Leptos's own elements, and become such elements. Leptos compiles separate code for every kind of
//! element with every kind of attribute, closure and content; that code was a tenth of the page.
//!
//! Leptos replaces an element of this type where it would change one of its own in place. So an element that keeps focus, a
//! caret or a scroll position must not stand in a `dynamic` that runs again meanwhile.

use std::borrow::Cow;

use leptos::ev::{self, EventDescriptor};
use leptos::html::ElementType;
use leptos::prelude::*;
use leptos::tachys::html::attribute::any_attribute::{AnyAttribute, IntoAnyAttribute};
use leptos::tachys::html::attribute::custom::custom_attribute;
use leptos::tachys::html::class::class;
use leptos::tachys::html::element::custom;
use leptos::tachys::html::event::on;
use leptos::tachys::html::node_ref::node_ref;
use leptos::tachys::html::property::prop;
use leptos::wasm_bindgen::JsCast;

use crate::ui::design::parts;

/// The description of an element.
#[must_use]
pub(crate) struct Element {
    tag: &'static str,
    attributes: Vec<AnyAttribute>,
    inside: Vec<AnyView>,
}

macro_rules! elements {
    ($($tag:ident)*) => {
        $(
            #[doc = concat!("`<", stringify!($tag), ">`.")]
            pub(crate) fn $tag() -> Element {
                Element { tag: stringify!($tag), attributes: Vec::new(), inside: Vec::new() }
            }
        )*
    };
}

elements! {
    a aside audio blockquote button code del dialog div em form h1 h2 h3 header img input label li main nav ol option p pre progress
    section select span strong textarea time ul video
}

impl Element {
    fn with(mut self, attribute: impl IntoAnyAttribute) -> Self {
        self.attributes.push(attribute.into_any_attr());
        self
    }

    /// Adds an attribute with a fixed value.
    pub(crate) fn attr(self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.with(custom_attribute(name, value.into().into_owned()))
    }

    /// Adds an attribute that changes with the signals that it reads. The attribute is absent while the value is `None`.
    pub(crate) fn attr_live<T: Into<Cow<'static, str>>>(
        self,
        name: &'static str,
        value: impl Fn() -> Option<T> + Send + 'static,
    ) -> Self {
        let value: Box<dyn Fn() -> Option<String> + Send> =
            Box::new(move || value().map(|value| value.into().into_owned()));
        self.with(custom_attribute(name, value))
    }

    /// Adds an attribute such as `aria-disabled` that is "true" or absent.
    pub(crate) fn flag(self, name: &'static str, set: impl Fn() -> bool + Send + 'static) -> Self {
        self.attr_live(name, move || set().then_some("true"))
    }

    /// Sets the classes.
    pub(crate) fn class(self, classes: impl Into<Cow<'static, str>>) -> Self {
        self.attr("class", classes)
    }

    /// Adds one class while `set` returns true.
    pub(crate) fn class_when(self, name: &'static str, set: impl Fn() -> bool + Send + 'static) -> Self {
        let set: Box<dyn Fn() -> bool + Send> = Box::new(set);
        self.with(class((name, set)))
    }

    /// Sets the text in a field.
    pub(crate) fn value(self, value: impl Fn() -> String + Send + 'static) -> Self {
        let value: Box<dyn Fn() -> String + Send> = Box::new(value);
        self.with(prop("value", value))
    }

    /// Sets the whole text of the element, which has no other content. The text is written as a whole, because translators and
    /// extensions replace text nodes by elements of their own, and a text written into a replaced node would not be visible.
    pub(crate) fn text(self, text: impl Fn() -> String + Send + 'static) -> Self {
        let text: Box<dyn Fn() -> String + Send> = Box::new(text);
        self.with(prop("textContent", text))
    }

    /// Sets whether a checkbox or a choice is marked.
    pub(crate) fn checked(self, set: impl Fn() -> bool + Send + 'static) -> Self {
        let set: Box<dyn Fn() -> bool + Send> = Box::new(set);
        self.with(prop("checked", set))
    }

    /// Calls `act` at an event.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an event is a mark without content, written as in Leptos"
    )]
    pub(crate) fn on<E>(self, event: E, mut act: impl FnMut(E::EventType) + 'static) -> Self
    where
        E: EventDescriptor,
        E::EventType: JsCast,
    {
        let act: Box<dyn FnMut(ev::Event)> = Box::new(move |event| act(event.unchecked_into()));
        self.with(on(ev::Custom::<ev::Event>::new(event.name()), act))
    }

    /// Lets `node` refer to the element once it is in the page.
    pub(crate) fn node_ref<E>(self, node: NodeRef<E>) -> Self
    where
        E: ElementType,
        E::Output: JsCast + Clone + 'static,
    {
        self.with(node_ref::<E, _>(node))
    }

    /// Adds content.
    pub(crate) fn child(mut self, inside: impl Inside) -> Self {
        inside.put(&mut self.inside);
        self
    }

    /// Turns the description into a view.
    pub(crate) fn into_any(self) -> AnyView {
        let element = custom(self.tag).add_any_attr(self.attributes);
        let mut inside = self.inside.into_iter();
        let Some(first) = inside.next() else { return element.into_any() };
        inside.fold(element.child(first), ElementChild::child).into_any()
    }
}

/// The content of an element.
pub(crate) trait Inside {
    /// Adds itself after the content that is there.
    fn put(self, inside: &mut Vec<AnyView>);
}

impl Inside for AnyView {
    fn put(self, inside: &mut Vec<AnyView>) {
        inside.push(self);
    }
}

impl Inside for Element {
    fn put(self, inside: &mut Vec<AnyView>) {
        inside.push(self.into_any());
    }
}

impl Inside for String {
    fn put(self, inside: &mut Vec<AnyView>) {
        inside.push(parts::words(self));
    }
}

impl Inside for &'static str {
    fn put(self, inside: &mut Vec<AnyView>) {
        self.to_owned().put(inside);
    }
}

impl<T: Inside> Inside for Option<T> {
    fn put(self, inside: &mut Vec<AnyView>) {
        if let Some(it) = self {
            it.put(inside);
        }
    }
}

impl<T: Inside> Inside for Vec<T> {
    fn put(self, inside: &mut Vec<AnyView>) {
        for it in self {
            it.put(inside);
        }
    }
}

macro_rules! inside {
    ($($name:ident)*) => {
        impl<$($name: Inside),*> Inside for ($($name,)*) {
            fn put(self, inside: &mut Vec<AnyView>) {
                #[expect(non_snake_case, reason = "a tuple's types name its parts")]
                let ($($name,)*) = self;
                $($name.put(inside);)*
            }
        }
    };
}

inside!(A B);
inside!(A B C);
inside!(A B C D);
inside!(A B C D E);
inside!(A B C D E F);
inside!(A B C D E F G);
inside!(A B C D E F G H);
