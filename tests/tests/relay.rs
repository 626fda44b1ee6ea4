//! Tests of the real relay over real sockets with a real database.
#![cfg(test)]

#[path = "relay/abuse.rs"]
mod abuse;
#[path = "relay/appends.rs"]
mod appends;
#[path = "relay/blobs.rs"]
mod blobs;
#[path = "relay/both.rs"]
mod both;
#[path = "relay/directory.rs"]
mod directory;
#[path = "relay/durability.rs"]
mod durability;
#[path = "relay/group_eras.rs"]
mod group_eras;
#[path = "relay/inboxes.rs"]
mod inboxes;
#[path = "relay/kills.rs"]
mod kills;
#[path = "relay/limits.rs"]
mod limits;
#[path = "relay/links.rs"]
mod links;
#[path = "relay/log_blobs.rs"]
mod log_blobs;
#[path = "relay/restored.rs"]
mod restored;
#[path = "relay/site.rs"]
mod site;
#[path = "relay/slots.rs"]
mod slots;
#[path = "relay/stored.rs"]
mod stored;
#[path = "relay/strangers.rs"]
mod strangers;
#[path = "relay/subscriptions.rs"]
mod subscriptions;
#[path = "relay/wire.rs"]
mod wire;
