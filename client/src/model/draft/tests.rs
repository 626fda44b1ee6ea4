use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// A composer with this typed text, which the device has saved.
fn typed(text: &str, now: u64) -> Draft {
    let mut draft = Draft::default();
    draft.focus(true);
    draft.type_text(text, now);
    let save = draft.save().unwrap();
    assert_eq!(save, Save { text: text.to_owned(), over: String::new() });
    draft.answered(text, true);
    draft.settle(now);
    draft
}

#[test]
fn what_somebody_types_is_never_replaced_by_what_another_page_has() {
    let mut draft = typed("mine", 0);
    draft.hear("from another page", false);
    assert!(!draft.settle(RECENT * 10), "it is focused");
    draft.focus(false);
    draft.type_text("mine", RECENT * 20);
    assert!(!draft.settle(RECENT * 21 - 1), "it was typed in a moment ago");
    assert!(draft.settle(RECENT * 21));
    assert_eq!(draft.text(), "from another page");
}

#[test]
fn a_key_that_the_device_does_not_have_yet_is_kept_whatever_comes() {
    let mut draft = typed("mine", 0);
    draft.type_text("mine too", 1);
    draft.focus(false);
    for (saved, sent) in [("another", false), ("", true), ("mine", false), ("", false)] {
        draft.hear(saved, sent);
        assert!(!draft.settle(RECENT * 100));
        assert_eq!(draft.text(), "mine too");
        assert_eq!(draft.unsaved().draft.unwrap().text, "mine too");
    }
    assert_eq!(draft.save(), Some(Save { text: "mine too".into(), over: "mine".into() }));
}

#[test]
fn nothing_is_put_where_an_input_method_composes() {
    let mut draft = Draft::default();
    draft.focus(true);
    draft.compose(true);
    draft.hear("from another page", false);
    assert!(!draft.settle(0));
    let left = Save { text: "left".into(), over: String::new() };
    draft.find(Unsaved { draft: Some(left), ..Unsaved::default() });
    assert!(!draft.settle(RECENT * 9));
    assert_eq!(draft.text(), "");
    draft.compose(false);
    assert!(draft.settle(RECENT * 9));
    assert_eq!(draft.text(), "from another page\nleft");
}

#[test]
fn an_empty_composer_shows_what_another_page_has_unless_somebody_has_just_written_there() {
    let mut draft = Draft::default();
    draft.focus(true);
    draft.hear("half", false);
    assert!(draft.settle(5));
    draft.hear("half a sentence", false);
    assert!(draft.settle(6), "it was not typed here");
    assert_eq!(draft.text(), "half a sentence");

    let mut busy = Draft::default();
    busy.focus(true);
    busy.type_text("first", 100);
    busy.send(1, 200).unwrap();
    busy.sent(1, true);
    busy.hear("half", false);
    assert!(!busy.settle(200 + RECENT - 1));
    assert!(busy.settle(200 + RECENT));
}

#[test]
fn a_text_that_was_sent_elsewhere_as_it_stood_goes_here_too_and_a_changed_one_stays() {
    let mut same = typed("the same", 0);
    let mut changed = typed("the same", 0);
    changed.type_text("the same and more", 1);
    for draft in [&mut same, &mut changed] {
        draft.hear("", true);
        draft.settle(2);
    }
    assert_eq!((same.text(), changed.text()), ("", "the same and more"));
    assert_eq!(same.save(), None);
    assert_eq!(changed.save(), Some(Save { text: "the same and more".into(), over: "the same".into() }));
}

#[test]
fn what_is_typed_where_it_was_sent_elsewhere_as_it_stood_stays() {
    let mut draft = typed("the same", 0);
    draft.compose(true);
    draft.hear("", true);
    draft.type_text("the same, composed", 1);
    draft.compose(false);
    draft.settle(RECENT * 2);
    assert_eq!(draft.text(), "the same, composed");
}

#[test]
fn what_was_changed_and_sent_elsewhere_stays_only_where_somebody_is() {
    let (mut here, mut away) = (typed("half", 0), typed("half", 0));
    away.focus(false);
    for draft in [&mut here, &mut away] {
        draft.hear("", false);
        draft.settle(1);
    }
    assert_eq!((here.text(), away.text()), ("half", ""));
    assert_eq!(here.save().map(|save| save.text), Some("half".into()), "it is the draft again");
}

#[test]
fn a_second_draft_waits_until_the_first_is_gone() {
    let mut draft = Draft::default();
    draft.focus(true);
    draft.type_text("bananas", 0);
    draft.hear("apples", false);
    assert_eq!(draft.save(), None, "that would lose the apples");
    assert_eq!(draft.unsaved().draft, Some(Save { text: "bananas".into(), over: String::new() }));
    draft.hear("", true);
    assert!(!draft.settle(1));
    assert_eq!(draft.save(), Some(Save { text: "bananas".into(), over: String::new() }));
    // The device refuses because it knew another draft first.
    draft.answered("bananas", false);
    assert_eq!(draft.unsaved().draft.unwrap().text, "bananas");
    draft.hear("cherries", false);
    draft.settle(RECENT * 9);
    assert_eq!(draft.save(), None);
    assert_eq!(draft.text(), "bananas");
}

#[test]
fn a_text_that_was_sent_is_there_until_it_is_on_the_disk() {
    let mut draft = typed("hello", 0);
    draft.type_text("hello there", 1);
    let sending = draft.send(7, 2).unwrap();
    assert_eq!(sending, Sending { id: 7, text: "hello there".into(), over: "hello".into() });
    assert_eq!((draft.text(), draft.sending().len()), ("", 1));
    assert_eq!(draft.unsaved().sending, [sending]);
    draft.type_text("next", 3);
    assert_eq!(draft.save(), None, "in its turn");
    draft.sent(7, true);
    draft.settle(4);
    assert!(draft.sending().is_empty());
    assert_eq!(draft.save(), Some(Save { text: "next".into(), over: String::new() }));
}

#[test]
fn a_text_that_is_refused_is_back_before_what_was_written_meanwhile() {
    let mut draft = typed("hello", 0);
    draft.send(7, 1).unwrap();
    draft.type_text("next", 2);
    draft.sent(7, false);
    draft.settle(3);
    assert_eq!(draft.text(), "hello\nnext");
    assert_eq!(draft.save(), Some(Save { text: "hello\nnext".into(), over: "hello".into() }));
}

#[test]
fn what_waits_for_the_disk_is_no_more_than_the_device_remembers() {
    let mut draft = Draft::default();
    for id in 0..UNSAVED_TEXTS as u64 {
        draft.type_text("again", id);
        assert!(draft.send(id, id).is_some());
    }
    draft.type_text("too much", 99);
    assert_eq!(draft.send(99, 99), None);
    assert_eq!(draft.text(), "too much", "it stays where it was typed");
}

#[test]
fn what_another_page_left_goes_on_where_it_was_or_is_added() {
    let left = |text: &str, over: &str| Unsaved {
        draft: Some(Save { text: text.into(), over: over.into() }),
        ..Unsaved::default()
    };
    // The text continues a draft of the page that is gone.
    let mut draft = Draft::default();
    draft.hear("half", false);
    draft.settle(0);
    draft.find(left("half a sentence", "half"));
    assert!(draft.settle(1));
    assert_eq!(draft.text(), "half a sentence");
    assert_eq!(draft.save(), Some(Save { text: "half a sentence".into(), over: "half".into() }));
    // The device already has it.
    draft.find(left("a sentence", ""));
    assert!(draft.unsaved().found.len() == 1 && draft.text() == "half a sentence");
    draft.answered("half a sentence", true);
    assert!(!draft.settle(2));
    assert!(draft.unsaved().is_empty());
    // The text is unrelated.
    draft.find(left("something else", ""));
    assert!(draft.settle(3));
    assert_eq!(draft.text(), "half a sentence\nsomething else");
}

#[test]
fn what_another_page_left_waits_while_somebody_types() {
    let mut draft = typed("mine", 0);
    let left = Save { text: "left".into(), over: String::new() };
    draft.find(Unsaved { draft: Some(left.clone()), ..Unsaved::default() });
    assert!(!draft.settle(RECENT * 5));
    assert_eq!(draft.unsaved().found, [left]);
    draft.send(1, RECENT * 5).unwrap();
    draft.sent(1, true);
    assert!(!draft.settle(RECENT * 5 + 1), "the next text may be begun");
    assert!(draft.settle(RECENT * 6 + 1));
    assert_eq!(draft.text(), "left");
}

#[test]
fn what_another_page_was_sending_is_asked_for_under_its_id() {
    let sending = Sending { id: 5, text: "sent".into(), over: String::new() };
    let left = Unsaved { sending: vec![sending.clone()], ..Unsaved::default() };
    let mut draft = Draft::default();
    draft.find(left.clone());
    draft.find(left);
    assert_eq!(draft.sending(), [sending]);
    draft.sent(5, true);
    assert!(draft.unsaved().is_empty());
}

#[test]
fn a_text_that_is_too_long_for_the_device_is_not_lost() {
    let mut draft = Draft::default();
    draft.type_text(&"x".repeat(MAX_TEXT + 1), 0);
    assert_eq!(draft.save(), None);
    assert_eq!(draft.unsaved().draft.unwrap().text.len(), MAX_TEXT + 1);
}

/// A request from a page to the device.
enum Said {
    Save(usize, Save),
    Send(usize, Sending),
}

/// The pages of one device, which takes drafts by the rules of `engine/src/core/conversation/drafts.rs`.
#[derive(Default)]
struct Tabs {
    now: u64,
    pages: Vec<Option<Draft>>,
    draft: String,
    done: Vec<u64>,
    log: Vec<String>,
    to_device: VecDeque<Said>,
    next_id: u64,
    next_word: u64,
    typed: Vec<String>,
}

impl Tabs {
    fn page(&mut self, page: usize) -> Option<&mut Draft> {
        self.pages.get_mut(page)?.as_mut()
    }

    fn open(&mut self) {
        let mut draft = Draft::default();
        draft.hear(&self.draft, false);
        draft.settle(self.now);
        draft.focus(true);
        self.pages.push(Some(draft));
    }

    /// Types a word that was never typed before.
    fn type_word(&mut self, page: usize) {
        let (word, now) = (format!("<{}>", self.next_word), self.now);
        let Some(draft) = self.page(page) else { return };
        let text = format!("{}{word}", draft.text());
        draft.type_text(&text, now);
        self.next_word += 1;
        self.typed.push(word);
    }

    fn send(&mut self, page: usize) {
        let (id, now) = (self.next_id, self.now);
        let Some(draft) = self.page(page).filter(|draft| !draft.text().is_empty()) else { return };
        let sending = draft.send(id, now).unwrap();
        self.next_id += 1;
        self.to_device.push_back(Said::Send(page, sending));
    }

    fn save(&mut self, page: usize) {
        let save = self.page(page).and_then(Draft::save);
        self.to_device.extend(save.map(|save| Said::Save(page, save)));
    }

    /// Ends a page. Another page, or a new one, takes over its unsaved texts.
    fn end(&mut self, page: usize, heir: usize) {
        let Some(left) = self.pages.get_mut(page).and_then(Option::take) else { return };
        let left = left.unsaved();
        let heir = if self.page(heir).is_some() {
            heir
        } else {
            self.open();
            self.pages.len() - 1
        };
        let now = self.now;
        for sending in left.sending.clone() {
            self.to_device.push_back(Said::Send(heir, sending));
        }
        let draft = self.page(heir).unwrap();
        draft.find(left);
        draft.settle(now);
    }

    /// The device takes the next request, and tells all pages.
    fn deliver(&mut self) {
        let Some(said) = self.to_device.pop_front() else { return };
        let (before, mut as_it_stood) = (self.draft.clone(), false);
        match said {
            Said::Save(page, Save { text, over }) => {
                let taken = self.draft.is_empty() || self.draft == over || self.draft == text;
                if taken {
                    self.draft.clone_from(&text);
                }
                if let Some(draft) = self.page(page) {
                    draft.answered(&text, taken);
                }
            }
            Said::Send(page, Sending { id, text, over }) => {
                if !self.done.contains(&id) {
                    as_it_stood = !self.draft.is_empty() && self.draft == text;
                    if as_it_stood || self.draft == over {
                        self.draft.clear();
                    }
                    self.done.push(id);
                    self.log.push(text);
                }
                if let Some(draft) = self.page(page) {
                    draft.sent(id, true);
                }
            }
        }
        let (now, changed, text) = (self.now, self.draft != before, self.draft.clone());
        for draft in self.pages.iter_mut().flatten() {
            if changed {
                draft.hear(&text, as_it_stood);
            }
            draft.settle(now);
        }
    }

    fn pass(&mut self, time: u64) {
        self.now += time;
        let now = self.now;
        for draft in self.pages.iter_mut().flatten() {
            draft.settle(now);
        }
    }

    fn calm_down(&mut self) {
        while !self.to_device.is_empty() {
            self.deliver();
        }
    }

    /// Ends all pages but one, in which nobody types any more.
    fn gather(&mut self) -> String {
        self.calm_down();
        self.open();
        let last = self.pages.len() - 1;
        for page in 0..last {
            self.end(page, last);
            self.calm_down();
        }
        for _ in 0..5 {
            self.pass(RECENT);
            self.save(last);
            self.calm_down();
        }
        assert!(self.page(last).unwrap().unsaved().is_empty(), "all is saved in the end");
        self.draft.clone()
    }

    fn step(&mut self, what: u8, page: usize, other: usize) {
        let now = self.now;
        match what {
            0..=3 => self.type_word(page),
            4 => self.send(page),
            5 => self.save(page),
            6 => {
                if let Some(draft) = self.page(page) {
                    draft.focus(other % 2 == 0);
                    draft.settle(now);
                }
            }
            7 => {
                if let Some(draft) = self.page(page) {
                    draft.compose(other % 2 == 0);
                    draft.settle(now);
                }
            }
            8 => self.end(page, other),
            9 => self.pass(RECENT / 3),
            10 => self.pass(RECENT * 2),
            _ => self.deliver(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever several pages do in any order, and whenever they end: each word that was ever typed was sent or is in the draft
    /// at the end.
    #[test]
    fn p5_nothing_typed_in_any_page_is_lost(steps in prop::collection::vec((0_u8..16, 0_usize..5, 0_usize..5), 1..120)) {
        let mut tabs = Tabs::default();
        for _ in 0..4 {
            tabs.open();
        }
        for (what, page, other) in steps {
            tabs.step(what, page, other);
        }
        let left = tabs.gather();
        for word in &tabs.typed {
            let there = left.contains(word) || tabs.log.iter().any(|text| text.contains(word));
            prop_assert!(there, "{word} is lost: sent {:?}, left {left:?}", tabs.log);
        }
    }

    /// People type whole texts in four pages at once, and pause only between them: each text is sent once, as it was typed.
    #[test]
    fn p5_each_text_typed_in_four_pages_at_once_is_sent_once_as_it_was_typed(
        steps in prop::collection::vec((0_usize..4, any::<bool>(), 0_usize..3), 1..200),
    ) {
        let mut tabs = Tabs::default();
        for _ in 0..4 {
            tabs.open();
        }
        let mut texts: [String; 4] = Default::default();
        let mut expected = Vec::new();
        for page in 0..4 {
            // All pages have begun before the first person pauses.
            tabs.type_word(page);
            texts[page].clone_from(tabs.typed.last().unwrap());
        }
        for (page, sends, delivered) in steps {
            tabs.now += 10;
            if sends {
                if !texts[page].is_empty() {
                    expected.push(core::mem::take(&mut texts[page]));
                    tabs.send(page);
                }
            } else {
                tabs.type_word(page);
                texts[page].push_str(tabs.typed.last().unwrap());
                tabs.save(page);
            }
            for _ in 0..delivered {
                tabs.deliver();
            }
        }
        for page in 0..4 {
            prop_assert_eq!(tabs.page(page).unwrap().text(), &texts[page]);
        }
        tabs.calm_down();
        prop_assert_eq!(tabs.log, expected);
    }
}
