//! The design system: elements, controls, dialogs and icons that every screen is made of.

pub(crate) mod avatar;
pub(crate) mod field;
pub(crate) mod html;
pub(crate) mod icons;
pub(crate) mod memo;
pub(crate) mod modal;
pub(crate) mod parts;
