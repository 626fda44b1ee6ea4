//! What the relay saw of a message, beside what it says: for somebody who has never heard of how this works.

use leptos::prelude::*;
use parley_engine::view::{BodyView, MessageView, RelaySaw};

use crate::model::hex;
use crate::model::time::LocalTime;
use crate::platform::clock;
use crate::ui::design::{html, parts};
use crate::ui::words;

/// All of it. What a message says is shown where it is a text.
pub(crate) fn shown(saw: Option<&RelaySaw>, message: Option<&MessageView>) -> AnyView {
    let Some(saw) = saw else {
        return parts::text("note", words::PASSED_UNSEEN);
    };
    let said = match message.map(|message| &message.body) {
        Some(BodyView::Text(text)) => text.clone(),
        Some(BodyView::Files(files)) if !files.text.is_empty() => files.text.clone(),
        _ => words::SAID_NO_TEXT.to_owned(),
    };
    parts::several((
        parts::text("quiet", words::RELAY_SAW),
        parts::stack("saw-both", vec![side("You see", said, "said"), bytes(saw)]),
        facts("What the relay knows", known(saw)),
        facts("What only the devices in this chat know", hidden(saw)),
        parts::text("quiet", words::RELAY_GUESSES),
    ))
}

fn side(name: &'static str, text: String, class: &'static str) -> AnyView {
    let text = html::p().class(class).attr("dir", "auto").child(text).into_any();
    section(name, text)
}

fn section(name: &'static str, inside: AnyView) -> AnyView {
    html::section()
        .class("saw-side")
        .attr("aria-label", name)
        .child(vec![html::h3().child(name).into_any(), inside])
        .into_any()
}

/// The bytes in rows of eight, as far as they are kept.
fn bytes(saw: &RelaySaw) -> AnyView {
    let spaced = |row: &[u8]| row.iter().map(|byte| hex::encode(&[*byte])).collect::<Vec<_>>().join(" ");
    let rows: Vec<String> = saw.begins.chunks(8).map(spaced).collect();
    let kept = u32::try_from(saw.begins.len()).unwrap_or(u32::MAX);
    let code = html::pre()
        .class("saw-bytes")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", "Bytes")
        .child(rows.join("\n"))
        .into_any();
    let rest = saw.length.saturating_sub(kept);
    let more = (rest > 0).then(|| parts::text("quiet", words::more_bytes(rest)));
    section("The relay sees", parts::several((code, more)))
}

/// A sentence, and as the relay has it.
type Fact = (&'static str, String, Option<String>);

fn known(saw: &RelaySaw) -> Vec<Fact> {
    let local = LocalTime::new(saw.time, clock::minutes_east(saw.time));
    let time = format!("{}, {}", local.date(), local.clock());
    vec![
        ("The chat, by a random number", words::SAW_LOG.to_owned(), Some(hex::encode(saw.log.as_bytes()))),
        ("Its place in the chat", words::saw_place(saw.seq.0), Some(hex::encode(&saw.seq.0.to_be_bytes()))),
        ("When it came", time, Some(hex::encode(&saw.time.0.to_be_bytes()))),
        (
            "How often the keys have changed",
            words::saw_epoch(saw.epoch.0),
            Some(hex::encode(&saw.epoch.0.to_be_bytes())),
        ),
        (
            "A random number against sending twice",
            words::SAW_APPEND.to_owned(),
            Some(hex::encode(saw.append.as_bytes())),
        ),
        ("How long it is", words::saw_length(saw.length), Some(hex::encode(&saw.length.to_be_bytes()))),
        ("Fingerprint of the bytes (SHA-256)", words::SAW_HASH.to_owned(), Some(hex::encode(&saw.hash))),
    ]
}

fn hidden(saw: &RelaySaw) -> Vec<Fact> {
    let mut facts = vec![("Who wrote it", words::saw_author(saw), Some(hex::encode(&saw.device.0)))];
    if let Some((plain, padded)) = saw.sizes {
        facts.push(("Its real length", words::saw_sizes(plain, padded), None));
    }
    if saw.devices > 0 {
        facts.push(("Who could read it", words::saw_readers(saw.devices, saw.people), None));
    }
    facts.push(("Proof of who wrote it", words::saw_proof(saw).to_owned(), None));
    facts.push(("How it is encrypted", words::SAW_SUITE.to_owned(), Some("004d".to_owned())));
    facts
}

fn facts(name: &'static str, facts: Vec<Fact>) -> AnyView {
    let rows = facts.into_iter().map(|(name, text, hex)| {
        let hex = hex.map(|hex| html::code().class("saw-hex").child(hex).into_any());
        let inside =
            parts::several((html::strong().child(name), html::span().attr("dir", "auto").child(text), hex));
        html::li().class("saw-fact").child(inside).into_any()
    });
    let list = html::ul().attr("role", "list").attr("aria-label", name).child(rows.collect::<Vec<_>>());
    parts::section("saw-facts", vec![html::h3().child(name).into_any(), list.into_any()])
}
