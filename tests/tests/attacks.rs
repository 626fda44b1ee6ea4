//! Attack tests, named after the promises that they try to break.
#![cfg(test)]

#[path = "attacks/attachments.rs"]
mod attachments;
#[path = "attacks/blobs.rs"]
mod blobs;
#[path = "attacks/chats.rs"]
mod chats;
#[path = "attacks/deleting.rs"]
mod deleting;
#[path = "attacks/directory.rs"]
mod directory;
#[path = "attacks/enemy.rs"]
mod enemy;
#[path = "attacks/engine.rs"]
mod engine;
#[path = "attacks/frames.rs"]
mod frames;
#[path = "attacks/groups.rs"]
mod groups;
#[path = "attacks/linking.rs"]
mod linking;
#[path = "attacks/links.rs"]
mod links;
#[path = "attacks/newer.rs"]
mod newer;
#[path = "attacks/relations.rs"]
mod relations;
#[path = "attacks/relay.rs"]
mod relay;
#[path = "attacks/removed.rs"]
mod removed;
#[path = "attacks/sizes.rs"]
mod sizes;
#[path = "attacks/strangers.rs"]
mod strangers;
#[path = "attacks/times.rs"]
mod times;
#[path = "attacks/traffic.rs"]
mod traffic;
#[path = "attacks/welcome.rs"]
mod welcome;
