//! What Parley's tests share: a simulated world for engines ([`sim`]).

pub mod sim;
