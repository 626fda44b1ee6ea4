//! The real relay and the simulator's, which was written independently, answer requests about links and GroupInfo alike.

use parley_protocol::bounded::List;
use parley_protocol::capability::Capability;
use parley_protocol::frame::{
    Answer, AppendCommit, AppendLinkedCommit, AskToJoin, ClientFrame, CreateLinkedLog, CreateLog, JoinByLink,
    LinkSlot, LinkSlots, RelayError, Request, RequestId, ServerFrame,
};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq, UnixMillis};
use parley_tests::relay_client::{RelayClient, bytes, commit, commit_within, join, new_log, reading, wrap};
use parley_tests::relay_process::RelayProcess;
use parley_tests::sim::{ConnectionId, VirtualRelay};

/// Far from the limits of the real clock.
const NOW: UnixMillis = UnixMillis(1_900_000_000_000);
const PAST: UnixMillis = UnixMillis(1);
const FAR: UnixMillis = UnixMillis(9_000_000_000_000);

/// The past steps, as far as the next ones depend on them.
struct Script {
    run: u64,
    seed: u64,
    secrets: u64,
    logs: [Known; 3],
    asked: Vec<Step>,
}

/// A request, its log, and the append capability after it, perhaps with a new group era.
#[derive(Clone)]
struct Step {
    request: Request,
    index: usize,
    fresh: Capability,
    begins: bool,
}

#[derive(Clone)]
struct Known {
    log: LogId,
    epoch: u64,
    head: u64,
    now: Capability,
    /// The append capability of the first epoch of each group era.
    eras: Vec<Capability>,
}

impl Script {
    fn new(run: u64) -> Self {
        let known = |number: u64| {
            let first = secret(number);
            Known {
                log: LogId(parley_tests::unique()),
                epoch: 0,
                head: 0,
                now: first.clone(),
                eras: vec![first],
            }
        };
        let seed = run * 0x9E37_79B9;
        Self { run, seed, secrets: 100, logs: [1, 2, 3].map(known), asked: Vec::new() }
    }

    /// Xorshift.
    fn below(&mut self, bound: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % bound
    }

    fn fresh(&mut self) -> Capability {
        self.secrets += 1;
        secret(self.secrets)
    }

    /// A link that no other run has: otherwise the real relay would know logs that the simulator's does not.
    fn link(&mut self) -> Capability {
        secret(1000 + 10 * self.run + self.below(4))
    }

    fn links(&mut self) -> LinkSlots {
        let slots = (0..self.below(4)).map(|_| {
            let link = self.link();
            let expires = [None, Some(PAST), Some(FAR)][usize::try_from(self.below(3)).unwrap()];
            LinkSlot { link: link.hash(), wrap: wrap(&link), expires }
        });
        List::new(slots.collect()).unwrap()
    }

    fn next(&mut self) -> Step {
        let index = usize::try_from(self.below(3)).unwrap();
        let (known, fresh) = (self.logs[index].clone(), self.fresh());
        let info = (self.below(2) == 0).then(|| bytes(&self.secrets.to_be_bytes()));
        let mut begins = self.below(3) == 0;
        let epoch = Epoch(known.epoch);
        let make = if begins { commit } else { commit_within };
        let ends = AppendCommit { group_info: info.clone(), ..make(known.log, epoch, &known.now, &fresh) };
        let request = match self.below(10) {
            0 | 1 => {
                let creation = CreateLog { group_info: info, ..new_log(known.log, Epoch(0), &known.eras[0]) };
                match self.below(2) {
                    0 => Request::CreateLog(creation),
                    _ => Request::CreateLinkedLog(CreateLinkedLog { creation, links: self.links() }),
                }
            }
            2 => Request::AppendCommit(ends),
            3 | 4 => {
                let links = self.links();
                Request::AppendLinkedCommit(AppendLinkedCommit { commit: ends, links })
            }
            5 => Request::OpenLink(self.link()),
            6 | 7 => {
                let link = self.link();
                let epoch = if self.below(4) == 0 { epoch.next() } else { epoch };
                let mut join = join(known.log, epoch, &link, &fresh);
                if self.below(6) == 0 {
                    join.append = AppendId(parley_tests::unique());
                }
                begins = false;
                let JoinByLink { log, link, epoch, append, .. } = join.clone();
                if self.below(3) == 0 {
                    Request::AskToJoin(AskToJoin { log, link, epoch, append, ask: bytes(b"asks") })
                } else {
                    Request::JoinByLink(join)
                }
            }
            8 => {
                let era = usize::try_from(self.below(u64::try_from(known.eras.len()).unwrap())).unwrap();
                Request::FetchGroupInfo { log: known.log, capability: reading(&known.eras[era]) }
            }
            _ => {
                let asked = u64::try_from(self.asked.len()).unwrap().max(1);
                let again = usize::try_from(self.below(asked)).unwrap();
                return self.asked.get(again).cloned().unwrap_or(Step {
                    request: Request::Ping,
                    index,
                    fresh,
                    begins,
                });
            }
        };
        Step { request, index, fresh, begins }
    }

    /// Notes that a new commit was stored.
    fn stored(&mut self, seq: Seq, step: &Step) {
        let known = &mut self.logs[step.index];
        if matches!(step.request, Request::AskToJoin(_)) {
            known.head = known.head.max(seq.0);
        } else if seq.0 > known.head {
            (known.head, known.epoch, known.now) = (seq.0, known.epoch + 1, step.fresh.clone());
            if step.begins {
                known.eras.push(step.fresh.clone());
            }
        }
    }
}

fn secret(number: u64) -> Capability {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Capability::new(bytes)
}

fn virtually(relay: &mut VirtualRelay, request: Request) -> Result<Answer, RelayError> {
    let frame = ClientFrame { id: RequestId(1), request }.encode().unwrap();
    let told = relay.receive(NOW, ConnectionId(1), &frame);
    match ServerFrame::decode(&told[0].1).unwrap() {
        ServerFrame::Answer { result, .. } => result,
        other => panic!("instead of an answer came {other:?}"),
    }
}

/// The number in an answer, without times and eras, which differ between the relays.
fn place(answer: &Result<Answer, RelayError>) -> Option<Seq> {
    let Ok(Answer::Stored(places)) = answer else { return None };
    Some(places[0].seq)
}

#[tokio::test]
async fn the_simulators_relay_answers_about_links_as_the_real_one() {
    let many = "1000000/1000000";
    let relay = RelayProcess::start(&["--rate-joins", many, "--rate-resolves", many, "--rate-logs", many]);
    let mut kinds = std::collections::BTreeMap::<String, u32>::new();
    for run in 1..=10 {
        let mut client = RelayClient::connect(relay.address()).await;
        let (mut virtual_relay, mut script) = (VirtualRelay::default(), Script::new(run));
        for number in 0..150 {
            let step = script.next();
            let real = client.call(step.request.clone()).await;
            let simulated = virtually(&mut virtual_relay, step.request.clone());
            match (place(&real), place(&simulated)) {
                (None, None) => assert_eq!(real, simulated, "run {run}, step {number}, {:?}", step.request),
                (one, other) => {
                    assert_eq!(one, other, "run {run}, step {number}, {:?}", step.request);
                    script.stored(one.unwrap_or_default(), &step);
                }
            }
            let kind = format!("{real:?}").chars().take_while(|c| c.is_alphanumeric() || *c == '(').collect();
            *kinds.entry(kind).or_default() += 1;
            script.asked.push(step);
        }
    }
    for kind in [
        "Ok(Stored(",
        "Ok(Links(",
        "Ok(GroupInfo",
        "Ok(Done",
        "Err(UnknownLink",
        "Err(StaleEpoch",
        "Err(BadRequest",
    ] {
        assert!(
            kinds.iter().any(|(known, count)| known.starts_with(kind) && *count >= 10),
            "{kind}: {kinds:?}"
        );
    }
}
