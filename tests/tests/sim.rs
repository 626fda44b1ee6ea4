//! Tests of engines over a virtual relay, in virtual time.
#![cfg(test)]

#[path = "sim/attachments.rs"]
mod attachments;
#[path = "sim/away.rs"]
mod away;
#[path = "sim/backup.rs"]
mod backup;
#[path = "sim/chat.rs"]
mod chat;
#[path = "sim/clocks.rs"]
mod clocks;
#[path = "sim/codes.rs"]
mod codes;
#[path = "sim/coming_back.rs"]
mod coming_back;
#[path = "sim/consent.rs"]
mod consent;
#[path = "sim/deaths.rs"]
mod deaths;
#[path = "sim/deleting.rs"]
mod deleting;
#[path = "sim/deleting_edges.rs"]
mod deleting_edges;
#[path = "sim/devices.rs"]
mod devices;
#[path = "sim/drafts.rs"]
mod drafts;
#[path = "sim/expiry.rs"]
mod expiry;
#[path = "sim/faults.rs"]
mod faults;
#[path = "sim/file_damage.rs"]
mod file_damage;
#[path = "sim/file_news.rs"]
mod file_news;
#[path = "sim/files.rs"]
mod files;
#[path = "sim/found.rs"]
mod found;
#[path = "sim/fresh_keys.rs"]
mod fresh_keys;
#[path = "sim/groups/mod.rs"]
mod groups;
#[path = "sim/halves.rs"]
mod halves;
#[path = "sim/history_again.rs"]
mod history_again;
#[path = "sim/in_step.rs"]
mod in_step;
#[path = "sim/invariants.rs"]
mod invariants;
#[path = "sim/late.rs"]
mod late;
#[path = "sim/leaving.rs"]
mod leaving;
#[path = "sim/limits.rs"]
mod limits;
#[path = "sim/linking.rs"]
mod linking;
#[path = "sim/lost.rs"]
mod lost;
#[path = "sim/marks.rs"]
mod marks;
#[path = "sim/membership.rs"]
mod membership;
#[path = "sim/mutations.rs"]
mod mutations;
#[path = "sim/pages.rs"]
mod pages;
#[path = "sim/passage.rs"]
mod passage;
#[path = "sim/read_states.rs"]
mod read_states;
#[path = "sim/recovery.rs"]
mod recovery;
#[path = "sim/refused.rs"]
mod refused;
#[path = "sim/relations.rs"]
mod relations;
#[path = "sim/relay_restored/mod.rs"]
mod relay_restored;
#[path = "sim/resync.rs"]
mod resync;
#[path = "sim/rollback/mod.rs"]
mod rollback;
#[path = "sim/silence.rs"]
mod silence;
#[path = "sim/slots.rs"]
mod slots;
#[path = "sim/stolen_backup.rs"]
mod stolen_backup;
#[path = "sim/stored.rs"]
mod stored;
#[path = "sim/waiting.rs"]
mod waiting;
