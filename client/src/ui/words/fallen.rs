//! Words for a page that has failed.

/// By a fault of ours: nothing here answers any more.
pub const FALLEN: &str =
    "Something went wrong and Parley has stopped. Copy what you were writing, if anything, then reload.";

/// The button that loads the page again.
pub const RELOAD: &str = "Reload";
