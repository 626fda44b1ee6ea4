//! Part of Parley.
