use parley_engine::view::{About, BodyView, ConversationId, Delivery};
use parley_protocol::ids::UnixMillis;
use proptest::prelude::*;

use super::*;

pub(crate) fn message(number: u8, outgoing: Option<Delivery>) -> MessageView {
    MessageView {
        id: MessageId([number; 16]),
        order: Order::from_bytes(&[number; 48]),
        time: UnixMillis(u64::from(number) * 60_000),
        body: BodyView::Text(format!("message {number}")),
        outgoing,
        author: None,
        told: None,
        shared: false,
        about: About::default(),
    }
}

fn messages(numbers: Range<u8>) -> Vec<MessageView> {
    numbers.map(|number| message(number, None)).collect()
}

fn page(numbers: Range<u8>, older: bool, newer: bool) -> Page {
    Page { conversation: ConversationId([0; 16]), messages: messages(numbers), older, newer, unread: None }
}

fn place(number: u8) -> Order {
    Order::from_bytes(&[number; 48])
}

fn numbers(window: &Window) -> Vec<u8> {
    window.messages().iter().map(|message| message.order.to_bytes()[0]).collect()
}

fn showing(numbers: Range<u8>, older: bool, newer: bool) -> Window {
    let mut window = Window::default();
    window.show(page(numbers, older, newer));
    window
}

#[test]
fn pages_join_in_order() {
    let mut window = showing(5..8, true, true);
    window.extend_older(place(5), page(2..5, false, true));
    window.extend_newer(place(7), page(8..10, true, false));
    assert_eq!(numbers(&window), [2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(!window.has_older() && !window.has_newer());
}

#[test]
fn a_page_for_another_edge_is_left() {
    let mut window = showing(5..8, true, true);
    window.extend_older(place(6), page(2..6, false, true));
    window.extend_newer(place(6), page(9..12, true, false));
    assert_eq!(numbers(&window), [5, 6, 7]);
    assert!(window.has_older() && window.has_newer());
}

#[test]
fn a_change_replaces_and_may_move() {
    let mut window = showing(1..4, false, false);
    let mut sent = message(2, Some(Delivery::Sent));
    sent.order = place(9);
    window.changed(vec![sent]);
    assert_eq!(numbers(&window), [1, 3, 9]);
}

#[test]
fn what_moves_beyond_the_end_leaves() {
    let mut window = showing(1..4, false, true);
    let mut sent = message(2, Some(Delivery::Sent));
    sent.order = place(9);
    window.changed(vec![sent]);
    assert_eq!(numbers(&window), [1, 3]);
}

#[test]
fn what_is_gone_is_not_here() {
    let mut window = showing(1..5, false, false);
    window.gone(MessageId([2; 16]));
    window.gone(MessageId([9; 16]));
    assert_eq!(numbers(&window), [1, 3, 4]);
}

#[test]
fn what_did_not_change_is_the_same() {
    let mut window = showing(1..4, false, false);
    let before = Arc::clone(&window.messages()[0]);
    window.refresh(page(1..5, false, false), true);
    assert!(Arc::ptr_eq(&before, &window.messages()[0]));
}

#[test]
fn there_is_never_a_hole() {
    let mut window = Window::default();
    window.changed(messages(1..2));
    assert!(window.messages().is_empty());
    window.refresh(page(5..8, true, false), true);
    window.changed(messages(1..2));
    assert_eq!(numbers(&window), [5, 6, 7]);
    // After a long absence the newest page does not touch the loaded messages.
    window.refresh(page(50..52, true, false), true);
    assert_eq!(numbers(&window), [50, 51]);
    // A page that touches them keeps the older ones, and the knowledge of messages before them.
    window.extend_older(place(50), page(40..50, false, true));
    window.refresh(page(51..54, true, false), true);
    assert_eq!(window.messages().len(), 14);
    assert!(!window.has_older());
}

#[test]
fn somebody_who_reads_further_up_keeps_the_place() {
    let mut window = showing(5..8, true, false);
    window.refresh(page(50..52, true, false), false);
    assert_eq!(numbers(&window), [5, 6, 7]);
    assert!(window.has_newer(), "what came meanwhile is found further down");
    window.changed(messages(60..61));
    assert_eq!(numbers(&window), [5, 6, 7], "and leaves no hole");
}

#[test]
fn a_waiting_message_does_not_make_a_far_page_touch() {
    let mut window = showing(5..8, true, false);
    let mut waiting = message(8, Some(Delivery::Waiting));
    waiting.order = Order::from_bytes(&[0xFF; 48]);
    window.changed(vec![waiting]);
    window.refresh(page(50..52, true, false), true);
    assert_eq!(numbers(&window), [50, 51]);
}

#[test]
fn what_is_not_kept_is_loaded_again() {
    let mut window = showing(1..9, false, false);
    window.keep(2..6);
    assert_eq!(numbers(&window), [3, 4, 5, 6]);
    assert!(window.has_older() && window.has_newer());
    window.extend_newer(place(6), page(7..9, true, false));
    window.extend_older(place(3), page(1..3, false, true));
    assert_eq!(window, showing(1..9, false, false));
    window.keep(0..100);
    assert_eq!(window, showing(1..9, false, false));
}

/// An action of a person on a window, or an event meanwhile.
#[derive(Debug, Clone)]
enum Step {
    Older(u8),
    Newer(u8),
    Keep(usize, usize),
    Written,
    Refresh(u8, bool),
}

fn some_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1u8..6).prop_map(Step::Older),
        (1u8..6).prop_map(Step::Newer),
        (0usize..8, 1usize..12).prop_map(|(start, len)| Step::Keep(start, len)),
        Just(Step::Written),
        ((1u8..6), any::<bool>()).prop_map(|(count, at_end)| Step::Refresh(count, at_end)),
    ]
}

proptest! {
    /// However the window moves, it is a run of the stored messages, and it knows whether there are more on each side.
    #[test]
    fn a_window_is_a_run_of_what_is_stored(steps in proptest::collection::vec(some_step(), 0..40)) {
        let mut stored: u8 = 20;
        let mut window = showing(15..20, true, false);
        for step in steps {
            match step {
                Step::Older(count) => {
                    let Some(oldest) = window.oldest().filter(|_| window.has_older()) else { continue };
                    let from = oldest.to_bytes()[0].saturating_sub(count);
                    window.extend_older(oldest, page(from..oldest.to_bytes()[0], from > 0, true));
                }
                Step::Newer(count) => {
                    let Some(newest) = window.newest().filter(|_| window.has_newer()) else { continue };
                    let to = stored.min(newest.to_bytes()[0] + 1 + count);
                    window.extend_newer(newest, page(newest.to_bytes()[0] + 1..to, true, to < stored));
                }
                Step::Keep(start, len) => window.keep(start..start + len),
                Step::Written => {
                    window.changed(messages(stored..stored + 1));
                    stored += 1;
                }
                Step::Refresh(count, at_end) => window.refresh(page(stored - count..stored, true, false), at_end),
            }
            let shown = numbers(&window);
            prop_assert!(!shown.is_empty());
            prop_assert!(shown.windows(2).all(|pair| pair[0] + 1 == pair[1]), "a hole in {shown:?}");
            prop_assert_eq!(window.has_older(), shown[0] > 0);
            prop_assert_eq!(window.has_newer(), shown[shown.len() - 1] + 1 < stored);
        }
    }
}
