//! Words for a page that has failed.

/// The page has crashed: nothing in it responds any more.
pub const FALLEN: &str =
    "Something went wrong and Parley has stopped. Copy what you were writing, if anything, then reload.";

/// The button that reloads the page.
pub const RELOAD: &str = "Reload";
