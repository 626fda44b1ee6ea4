//! Requests that the owner has seen, so that a view may ask again without anything happening twice.

use std::collections::VecDeque;

use parley_engine::view::{Reply, ViewRequestId};

/// How many requests are remembered.
const REMEMBERED: usize = 256;

/// What to do with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is new: carry it out.
    New,
    /// It is being carried out: its reply will come.
    Underway,
    /// It was carried out: say this again.
    Answered(Reply),
}

/// The last few requests with their answers.
#[derive(Debug, Default)]
pub struct Handled {
    recent: VecDeque<(ViewRequestId, Option<Reply>)>,
}

impl Handled {
    /// Takes note of a request.
    pub fn admit(&mut self, id: ViewRequestId) -> Verdict {
        match self.recent.iter().find(|(known, _)| *known == id) {
            Some((_, Some(reply))) => Verdict::Answered(reply.clone()),
            Some((_, None)) => Verdict::Underway,
            None => {
                self.recent.push_back((id, None));
                if self.recent.len() > REMEMBERED {
                    self.recent.pop_front();
                }
                Verdict::New
            }
        }
    }

    /// Takes note of an answer. Answers that only report what is there are not kept: asking again is harmless and
    /// gives what is there then.
    pub fn answered(&mut self, id: ViewRequestId, reply: &Reply) {
        if matches!(reply, Reply::Done | Reply::Failed(_) | Reply::Conversation(_)) {
            if let Some((_, kept)) = self.recent.iter_mut().find(|(known, _)| *known == id) {
                *kept = Some(reply.clone());
            }
        } else {
            self.recent.retain(|(known, _)| *known != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use parley_engine::view::UsernameStatus;

    use super::*;

    #[test]
    fn a_command_is_carried_out_once() {
        let (mut handled, id) = (Handled::default(), ViewRequestId(1));
        assert_eq!(handled.admit(id), Verdict::New);
        assert_eq!(handled.admit(id), Verdict::Underway);
        handled.answered(id, &Reply::Done);
        assert_eq!(handled.admit(id), Verdict::Answered(Reply::Done));
    }

    #[test]
    fn a_question_may_be_asked_again() {
        let (mut handled, id) = (Handled::default(), ViewRequestId(1));
        handled.admit(id);
        handled.answered(id, &Reply::Username(UsernameStatus::Free));
        assert_eq!(handled.admit(id), Verdict::New);
    }

    #[test]
    fn memory_is_bounded() {
        let mut handled = Handled::default();
        for id in 0..1000 {
            handled.admit(ViewRequestId(id));
        }
        assert_eq!(handled.recent.len(), REMEMBERED);
        assert_eq!(handled.admit(ViewRequestId(999)), Verdict::Underway);
        assert_eq!(handled.admit(ViewRequestId(0)), Verdict::New);
    }
}
