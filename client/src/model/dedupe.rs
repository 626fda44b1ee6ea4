//! Remembers the requests that the owner has seen, so that a repeated request takes effect once.

use std::collections::VecDeque;

use parley_engine::view::{Reply, ViewRequestId};

/// How many requests are remembered.
const REMEMBERED: usize = 256;

/// What to do with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The request is new: the owner carries it out.
    New,
    /// The request is under way: its reply will come.
    Underway,
    /// The request was carried out: the owner repeats this reply.
    Answered(Reply),
}

/// The last few requests with their answers.
#[derive(Debug, Default)]
pub struct Handled {
    recent: VecDeque<(ViewRequestId, Option<Reply>)>,
}

impl Handled {
    /// Takes note of a request, and says what to do with it.
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

    /// Takes note of an answer. Does not keep answers that only report a state: a repeated request does no harm and gets the
    /// state of that time.
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
