//! Clocks that are put forward and back. A wait has a length: it ends after that time, whatever the clock shows.

use parley_engine::view::{Command, Connection, Delivery, LinkView, Reply};
use parley_protocol::frame::Request;
use parley_tests::sim::ConnectionId;

use super::devices::pair;

/// One year in milliseconds.
const YEAR: i64 = 365 * 24 * 3_600_000;

#[test]
fn p5_a_clock_that_is_put_forward_delays_no_receipt() {
    let (mut world, ada, bob, chat, _) = pair();
    // Bob's host has a timer that was set before and is a minute away.
    world.set_clock(bob, YEAR);
    world.send(ada, chat, "in the next year");
    for _ in 0..4 {
        world.pass(250);
    }
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
}

#[test]
fn p9_the_next_attempt_is_never_far_away() {
    let (mut world, ada, ..) = pair();
    world.disconnect(ada);
    world.set_clock(ada, -YEAR);
    world.ask(ada, Command::Subscribe);
    let Connection::Offline { retry_at, .. } = world.devices[ada].connection else { panic!("it is offline") };
    let now = world.now.0.saturating_add_signed(-YEAR);
    assert!(retry_at.0.saturating_sub(now) <= 1_000, "in {} ms", retry_at.0 - now);
}

/// The network fails silently, and then somebody sets the clock back.
#[test]
fn p5_a_connection_on_which_nothing_comes_is_given_up_by_any_clock() {
    for by in [-YEAR, YEAR] {
        let (mut world, ada, _, chat, _) = pair();
        world.relay.lie(|_, _, told| told.retain(|(to, _)| *to != ConnectionId(1)));
        world.send(ada, chat, "into the void");
        world.run();
        world.set_clock(ada, by);
        for _ in 0..140 {
            world.pass(1_000);
        }
        assert_eq!(world.delivery(ada, chat), Delivery::Delivered, "the clock was moved by {by}");
    }
}

#[test]
fn p9_a_code_ends_when_its_time_is_over_by_any_clock() {
    let (mut world, ada, ..) = pair();
    assert_eq!(world.ask(ada, Command::ShowLinkCode { name: "Ada's".into() }), Reply::Done);
    world.set_clock(ada, -YEAR);
    world.ask(ada, Command::Subscribe);
    let Some(LinkView::Showing { until, typed, .. }) = world.devices[ada].link.clone() else {
        panic!("a code is shown")
    };
    let now = world.now.0.saturating_add_signed(-YEAR);
    assert!(until.0.saturating_sub(now) <= 10 * 60_000, "it ends in {} ms", until.0 - now);
    world.pass(11 * 60_000);
    world.settle();
    let code = |link: &Option<LinkView>| match link {
        Some(LinkView::Showing { typed, .. }) => Some(typed.clone()),
        _ => None,
    };
    assert_ne!(code(&world.devices[ada].link), Some(typed), "another is shown, or none");
}

/// Otherwise a key due "in a year" by the wrong clock would not be replaced before then.
#[test]
fn p3_keys_are_replaced_though_the_clock_was_a_year_ahead() {
    let (mut world, ada, _, chat, _) = pair();
    world.set_clock(ada, YEAR);
    world.send(ada, chat, "a year ahead");
    world.settle();
    world.set_clock(ada, -YEAR);
    let before = world.relay.seen.len();
    world.send(ada, chat, "and back");
    world.settle();
    let commit = |request: &Request| matches!(request, Request::AppendCommit(_));
    assert!(world.requests_since(before).iter().any(commit), "the keys are of no known age");
}
