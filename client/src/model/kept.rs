//! Exports the texts that a removed browser still has, as one text to copy or save.

use parley_engine::view::RemovedView;

/// All texts, oldest first, each under a line (`about`) with its recipient, time and state.
#[must_use]
pub fn as_text(removed: &RemovedView, about: impl Fn(usize) -> String) -> String {
    let texts = removed.texts.iter().enumerate();
    let parts: Vec<String> =
        texts.map(|(place, kept)| format!("{}\n{}\n", about(place), kept.text)).collect();
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use parley_engine::view::{ConversationId, KeptState, KeptText};
    use parley_protocol::ids::UnixMillis;

    use super::*;

    #[test]
    fn every_text_is_there_whole_and_under_its_line() {
        let kept = |text: &str| KeptText {
            conversation: ConversationId([1; 16]),
            name: "Bob".to_owned(),
            time: UnixMillis(0),
            text: text.to_owned(),
            state: KeptState::Unsent,
        };
        let removed = RemovedView { texts: vec![kept("one\n\ntwo"), kept("three")] };
        let text = as_text(&removed, |place| format!("To Bob, {place}"));
        assert_eq!(text, "To Bob, 0\none\n\ntwo\n\nTo Bob, 1\nthree\n");
        assert_eq!(as_text(&RemovedView::default(), |_| String::new()), "");
    }
}
