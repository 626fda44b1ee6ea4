//! Generates scripts from seeds. Each seed turns some kinds of faults off, so that the other kinds come often and meet each
//! other.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::{Direction, Script, Step, Torn};

const DAY: i64 = 24 * 3600;
const YEAR: i64 = 365 * DAY;

#[expect(clippy::struct_excessive_bools, reason = "each kind of fault is on or off by itself")]
struct Dice {
    rng: ChaCha20Rng,
    people: u32,
    texts: u32,
    /// The kinds of faults that this seed has.
    network: bool,
    lies: bool,
    crashes: bool,
    storage: bool,
    clocks: bool,
    relay: bool,
    profiles: bool,
    /// The chance in percent that all possible work is done after a step.
    haste: u32,
}

impl Script {
    /// The script of a seed.
    #[must_use]
    pub fn generate(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed ^ 0x5C21_9700_0000_0000);
        let mut below = |bound: u32| rng.next_u32() % bound;
        // Two people are the cheapest, and find the most.
        let people = [2, 2, 2, 3, 3, 4, 5][usize::try_from(below(7)).unwrap_or(0)];
        let length = 80 + below(200);
        let mut faults = || below(3) > 0;
        let (network, lies, crashes) = (faults(), faults(), faults());
        let (storage, clocks, relay) = (faults(), faults(), faults());
        let profiles = below(4) == 0;
        let haste = [0, 5, 20, 50][usize::try_from(below(4)).unwrap_or(0)];
        let mut dice =
            Dice { rng, people, texts: 0, network, lies, crashes, storage, clocks, relay, profiles, haste };
        let mut steps = dice.begin();
        // From the seed itself, so that the other choices do not change.
        if seed.is_multiple_of(3) {
            steps.insert(0, Step::Slow);
        }
        for _ in 0..length {
            steps.push(dice.step());
            if dice.below(100) < dice.haste {
                steps.push(Step::Run);
            }
        }
        Self { seed, people, steps }
    }
}

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.rng.next_u32() % bound
    }

    fn who(&mut self) -> u32 {
        self.below(self.people)
    }

    fn pair(&mut self) -> (u32, u32) {
        let who = self.who();
        let other = (who + 1 + self.below(self.people - 1)) % self.people;
        (who, other)
    }

    /// Everybody finds somebody; sometimes two find each other at the same moment.
    fn begin(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        for who in 0..self.people {
            let other = (who + 1) % self.people;
            if who != 1 || self.people > 2 || self.below(2) == 0 {
                steps.extend([Step::Start(who, other), Step::Run]);
            }
        }
        steps
    }

    fn step(&mut self) -> Step {
        if self.below(100) < 20
            && let Some(fault) = self.fault()
        {
            return fault;
        }
        let who = self.who();
        let some = 1 + self.below(6);
        match self.below(100) {
            0..=19 => {
                let (who, whom) = self.pair();
                self.texts += 1;
                Step::Send(who, whom, self.texts)
            }
            20..=22 => {
                let (who, whose) = self.pair();
                Step::Read(who, whose)
            }
            23 => {
                let (who, whom) = self.pair();
                Step::Start(who, whom)
            }
            24..=44 => Step::Work(who, Direction::Disk, some),
            45..=64 => Step::Work(who, Direction::Up, some),
            65..=84 => Step::Work(who, Direction::Down, some),
            85..=87 => Step::Timer(who),
            88..=91 => Step::Pass([100, 300, 1_100, 6_000][usize::try_from(self.below(4)).unwrap_or(0)]),
            92..=95 => Step::Connect(who),
            _ => Step::Late(some),
        }
    }

    fn fault(&mut self) -> Option<Step> {
        let who = self.who();
        let some = self.below(5);
        if self.profiles && self.below(12) == 0 {
            return Some(if self.below(2) == 0 { Step::Copy(who) } else { Step::RolledBack(who) });
        }
        let kinds = [self.network, self.lies, self.crashes, self.storage, self.clocks, self.relay];
        let kind = usize::try_from(self.below(6)).unwrap_or(0);
        if !kinds[kind] {
            return None;
        }
        Some(match kind {
            0 => Step::Cut(who, some),
            1 => [Step::Double(who, some), Step::Swap(who, some), Step::Drop(who, some)]
                [usize::try_from(self.below(3)).unwrap_or(0)],
            2 => match self.below(5) {
                0 => Step::Crash(who),
                1 => Step::Handover(who),
                2 => Step::Fuse(who, some, Torn::Between),
                3 => Step::Fuse(who, some, Torn::Before),
                _ => Step::Fuse(who, some, Torn::After),
            },
            3 => match self.below(5) {
                0 => Step::Full(who),
                1 => Step::Denied(who),
                _ => Step::Heal(who),
            },
            4 => {
                let seconds =
                    [3, 90, 3_600, DAY, 8 * DAY, 40 * DAY, YEAR][usize::try_from(self.below(7)).unwrap_or(0)];
                Step::Clock(who, if self.below(2) == 0 { seconds } else { -seconds })
            }
            _ if self.below(3) == 0 => Step::Restart,
            _ => Step::Refuse(who, some),
        })
    }
}
