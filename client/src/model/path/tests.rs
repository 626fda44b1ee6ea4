//! A page, its timers and a relay that may fall silent, in virtual time.

use super::*;

/// The behaviour of the relay.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relay {
    /// The relay answers after this many milliseconds.
    Answers(u64),
    /// Nothing arrives in either direction.
    Silent,
}

/// A page with its one timer.
struct Page {
    path: Path,
    now: u64,
    /// How far a person has set the wall clock ahead.
    set_ahead: u64,
    timer: u64,
    answer: Option<u64>,
    relay: Relay,
    /// The steps, with their times.
    done: Vec<(u64, Step)>,
}

impl Page {
    /// A page whose connection has just opened.
    fn open(relay: Relay) -> Self {
        let mut page = Self::opening(relay);
        page.path.opened(0);
        page.asked();
        page.arm();
        page
    }

    fn opening(relay: Relay) -> Self {
        let path = Path::new(0);
        let timer = path.due(0);
        Self { path, now: 0, set_ahead: 0, timer, answer: None, relay, done: Vec::new() }
    }

    fn asked(&mut self) {
        if let Relay::Answers(after) = self.relay {
            self.answer = Some(self.now + after);
        }
    }

    fn arm(&mut self) {
        self.timer = self.timer.min(self.path.due(self.now)).max(self.now);
    }

    fn take(&mut self, step: Step) {
        if step != Step::None {
            self.done.push((self.now, step));
        }
        match step {
            Step::Ask => self.asked(),
            Step::GiveUp => drop(self.path.lost(self.now, 0, 0)),
            Step::Open => self.path.opens(self.now),
            Step::None => {}
        }
        self.arm();
    }

    fn tick(&mut self) {
        let planned = self.timer;
        self.timer = u64::MAX;
        let step = self.path.tick(self.now, planned, self.now + self.set_ahead);
        self.take(step);
    }

    /// Lets time pass until `end`. Timers are exact.
    fn run(&mut self, end: u64) -> &mut Self {
        loop {
            let answer = self.answer.unwrap_or(u64::MAX);
            let next = answer.min(self.timer);
            if next > end {
                self.now = end;
                return self;
            }
            self.now = next.max(self.now);
            if answer <= self.timer {
                self.answer = None;
                self.path.heard(self.now);
                self.arm();
            } else {
                self.tick();
            }
        }
    }

    fn gave_up_at(&self) -> Option<u64> {
        self.done.iter().find(|(_, step)| *step == Step::GiveUp).map(|(at, _)| *at)
    }

    fn beats(&self) -> usize {
        self.done.iter().filter(|(_, step)| *step == Step::Ask).count()
    }

    /// The page is visible and reports so.
    fn stay_in_sight(&mut self, end: u64) {
        while self.now < end {
            let (now, next) = (self.now, (self.now + SIGHT / 3).min(end));
            self.path.seen(now);
            self.run(next);
        }
    }
}

#[test]
fn a_connection_that_dies_without_a_word_is_noticed_in_fifteen_seconds() {
    for dies in [300, 5_000, 9_999, 14_000, 33_333] {
        let mut page = Page::open(Relay::Answers(50));
        page.run(dies).relay = Relay::Silent;
        page.run(dies + 15_000);
        let gave_up = page.gave_up_at().unwrap();
        assert!(gave_up > dies && gave_up <= dies + 15_000, "{gave_up}");
    }
}

#[test]
fn a_connection_that_hangs_while_it_opens_is_given_up() {
    let mut page = Page::opening(Relay::Silent);
    assert_eq!(page.run(9_999).gave_up_at(), None);
    assert_eq!(page.run(10_000).gave_up_at(), Some(10_000));
    // The next attempt begins by itself.
    assert!(page.run(11_000).done.iter().any(|(_, step)| *step == Step::Open));
}

#[test]
fn a_connection_whose_hello_is_not_answered_is_given_up() {
    let mut page = Page::open(Relay::Silent);
    assert_eq!(page.run(5_000).gave_up_at(), Some(5_000));
}

#[test]
fn a_connection_that_works_is_kept_and_costs_a_bounded_number_of_beats() {
    let mut seen = Page::open(Relay::Answers(200));
    seen.stay_in_sight(3_600_000);
    assert_eq!(seen.gave_up_at(), None);
    assert!((300..=360).contains(&seen.beats()), "{}", seen.beats());
    let mut unseen = Page::open(Relay::Answers(200));
    unseen.run(3_600_000);
    assert_eq!(unseen.gave_up_at(), None);
    assert!((50..=66).contains(&unseen.beats()), "{}", unseen.beats());
}

#[test]
fn what_comes_by_itself_takes_the_place_of_a_beat() {
    let mut page = Page::open(Relay::Answers(50));
    for second in 1..300 {
        page.stay_in_sight(second * 1_000);
        page.path.heard(page.now);
    }
    assert_eq!(page.beats(), 0);
}

/// Browsers let the timers of hidden pages fire once a minute.
#[test]
fn late_timers_of_a_hidden_page_are_no_alarm() {
    let mut page = Page::open(Relay::Answers(50));
    page.run(1_000);
    for minute in 1..600 {
        page.now = minute * 60_000;
        if page.timer <= page.now {
            page.tick();
        }
        if let Some(answer) = page.answer.take() {
            // The answer comes before the next timer of that minute.
            assert!(answer > page.now);
            page.path.heard(answer);
        }
    }
    assert_eq!(page.gave_up_at(), None);
    assert!(page.beats() <= 600, "{}", page.beats());
}

/// A frozen page hears nothing; the browser delivers what came after the timer.
#[test]
fn a_page_that_was_frozen_asks_before_it_gives_up() {
    let mut page = Page::open(Relay::Answers(50));
    page.run(10_000).relay = Relay::Silent;
    page.run(10_060);
    assert_eq!(page.done, [(10_050, Step::Ask)]);
    page.now = 900_000;
    page.tick();
    assert_eq!((page.gave_up_at(), page.beats()), (None, 2));
    assert_eq!(page.run(1_000_000).gave_up_at(), Some(920_000), "nobody is known to look");
}

/// All timers of a hidden page are late: the second one without an answer is not excused.
#[test]
fn a_dead_connection_of_a_hidden_page_is_noticed_after_some_minutes() {
    let mut page = Page::open(Relay::Answers(50));
    page.run(1_000).relay = Relay::Silent;
    for minute in 1..=4 {
        page.now = minute * 60_000;
        if page.timer <= page.now && page.gave_up_at().is_none() {
            page.tick();
        }
    }
    assert_eq!(page.gave_up_at(), Some(180_000), "{:?}", page.done);
}

/// A person who comes and goes all the time still learns that the connection is dead.
#[test]
fn coming_back_again_and_again_does_not_put_it_off() {
    let mut page = Page::open(Relay::Answers(50));
    page.run(1_000).relay = Relay::Silent;
    while page.now < 20_000 && page.gave_up_at().is_none() {
        let end = page.now + 700;
        let step = page.run(end).path.look(end);
        page.take(step);
    }
    assert!(page.gave_up_at().is_some_and(|at| at <= 7_000), "{:?}", page.done);
}

#[test]
fn who_comes_back_learns_in_five_seconds_that_the_connection_is_dead() {
    let mut page = Page::open(Relay::Answers(50));
    page.run(200_000).relay = Relay::Silent;
    page.run(201_000);
    let step = page.path.look(page.now);
    page.take(step);
    assert_eq!(page.run(300_000).gave_up_at(), Some(206_000));
}

/// On many computers the clock of the timers stands still while they sleep.
#[test]
fn a_computer_that_slept_asks_at_the_first_timer() {
    let mut page = Page::open(Relay::Answers(50));
    page.stay_in_sight(65_000);
    let beats = page.beats();
    page.path.heard(page.now);
    page.set_ahead = 3_600_000;
    page.relay = Relay::Silent;
    let begun = page.now;
    page.path.seen(page.now);
    page.stay_in_sight(begun + 15_000);
    assert!(page.beats() > beats && page.gave_up_at().unwrap() <= begun + 15_000);
    // A changed wall clock costs one question.
    let mut page = Page::open(Relay::Answers(50));
    page.stay_in_sight(65_000);
    page.set_ahead = 3_600_000;
    page.stay_in_sight(3_000_000);
    assert_eq!(page.gave_up_at(), None);
}

#[test]
fn what_is_on_its_way_and_a_slow_line_win_time() {
    let mut page = Page::open(Relay::Answers(50));
    page.run(1_000).relay = Relay::Silent;
    // A part of a blob, at 4 bytes a millisecond.
    page.path.sent(256 * 1024);
    page.run(70_000);
    assert_eq!(page.gave_up_at(), None);
    assert!(page.run(100_000).gave_up_at().is_some());

    // Each answer takes 22 s: after two wrong alarms the connection stays.
    let mut page = Page::open(Relay::Answers(22_000));
    let mut alarms = 0;
    while page.now < 600_000 {
        page.path.seen(page.now);
        let end = page.now + 1_000;
        page.run(end);
        if page.path.is_waiting() {
            alarms += 1;
            page.answer = None;
            page.path.opens(page.now);
            page.path.opened(page.now);
            page.asked();
            page.timer = page.path.due(page.now);
        }
    }
    assert_eq!(alarms, 3);
}

#[test]
fn a_line_that_is_fast_again_is_watched_as_closely_as_before() {
    let mut page = Page::open(Relay::Silent);
    page.run(6_000);
    page.relay = Relay::Answers(50);
    page.path.opened(page.now);
    page.asked();
    page.timer = page.path.due(page.now);
    page.stay_in_sight(300_000);
    let before = page.done.len();
    page.relay = Relay::Silent;
    page.stay_in_sight(315_000);
    let gave_up = page.done[before..].iter().find(|(_, step)| *step == Step::GiveUp);
    assert!(gave_up.is_some());
}

#[test]
fn coming_back_does_not_wait_for_the_next_attempt_and_does_not_hammer() {
    let mut path = Path::new(0);
    path.lost(1_000, 0, 0);
    assert_eq!(path.look(1_500), Step::None, "the last attempt is young");
    assert_eq!(path.look(2_000), Step::Open);
    path.opens(2_000);
    assert_eq!(path.look(3_000), Step::None);
    assert_eq!(path.look(4_000), Step::Open, "this one hangs");
}

#[test]
fn who_presses_try_now_gets_another_attempt_whatever_hangs() {
    let mut path = Path::new(0);
    assert_eq!(path.retry(100), Step::Open, "while it opens");
    path.opens(100);
    path.opened(200);
    assert_eq!(path.retry(300), Step::Open, "while the hello is not answered");
    path.opens(300);
    path.opened(400);
    path.heard(500);
    assert_eq!(path.retry(600), Step::Ask, "a connection that works is not thrown away");
    path.lost(700, 60_000, 0);
    assert_eq!(path.retry(701), Step::Open);
}

#[test]
fn a_relay_that_says_when_to_come_back_is_obeyed_and_not_by_all_at_once() {
    let mut path = Path::new(0);
    assert_eq!(path.lost(0, 20_000, 0), 20_000);
    assert_eq!(path.due(0), 20_000);
    assert_eq!(Path::new(0).lost(0, 20_000, u32::MAX), 29_999);
    assert!(Path::new(0).lost(0, 0, 0) < 1_000);
}
