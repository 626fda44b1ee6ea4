//! A run as a list of steps. As text a script can be printed, kept and run again:
//! `seed 7, people 3: send 0 1 1; disk 0 2; crash 0`.

use std::fmt;
use std::str::FromStr;

/// The steps of a run. The seed gives the devices their randomness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The seed for keys and ids.
    pub seed: u64,
    /// The number of devices, each with an account.
    pub people: u32,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// The part of a device that works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The disk.
    Disk,
    /// The frames to the relay.
    Up,
    /// The frames from the relay.
    Down,
}

/// One step. People are numbered from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A person finds another one and opens the conversation.
    Start(u32, u32),
    /// A text that contains its number.
    Send(u32, u32, u32),
    /// The newest message from a person is on the screen.
    Read(u32, u32),
    /// Up to this many pieces of work of one kind.
    Work(u32, Direction, u32),
    /// Frames of connections that have ended for their devices reach the relay.
    Late(u32),
    /// The device's timer rings if it is due.
    Timer(u32),
    /// Everybody works until nothing is left to do.
    Run,
    /// Time passes, in milliseconds.
    Pass(u64),
    /// Sets a device's clock forward or back, in seconds.
    Clock(u32, i64),
    /// A connection is opened.
    Connect(u32),
    /// A connection is cut; this many frames still reach the relay.
    Cut(u32, u32),
    /// A device's process and all its views die.
    Crash(u32),
    /// The process dies, and views repeat unanswered requests.
    Handover(u32),
    /// The process will die at a disk write.
    Fuse(u32, u32, super::Torn),
    /// The next requests fail inside of the relay.
    Refuse(u32, u32),
    /// The disk is full.
    Full(u32),
    /// The disk refuses.
    Denied(u32),
    /// The disk writes again.
    Heal(u32),
    /// After this many other frames, a frame from the relay comes twice.
    Double(u32, u32),
    /// After this many other frames, a frame from the relay overtakes its predecessor.
    Swap(u32, u32),
    /// After this many other frames, a frame from the relay is lost, and the connection goes on.
    Drop(u32, u32),
    /// From now on answers about appends come after later frames of the relay.
    Slow,
    /// The relay restarts.
    Restart,
    /// A device's disk is copied.
    Copy(u32),
    /// A device's disk is rolled back to the copy, if there is one.
    RolledBack(u32),
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, people {}:", self.seed, self.people)?;
        for (place, step) in self.steps.iter().enumerate() {
            write!(f, "{} {step}", if place == 0 { "" } else { ";" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use super::Torn;
        match self {
            Self::Start(who, whom) => write!(f, "start {who} {whom}"),
            Self::Send(who, whom, number) => write!(f, "send {who} {whom} {number}"),
            Self::Read(who, whose) => write!(f, "read {who} {whose}"),
            Self::Work(who, Direction::Disk, count) => write!(f, "disk {who} {count}"),
            Self::Work(who, Direction::Up, count) => write!(f, "up {who} {count}"),
            Self::Work(who, Direction::Down, count) => write!(f, "down {who} {count}"),
            Self::Late(count) => write!(f, "late {count}"),
            Self::Timer(who) => write!(f, "timer {who}"),
            Self::Run => f.write_str("run"),
            Self::Pass(ms) => write!(f, "pass {ms}"),
            Self::Clock(who, seconds) => write!(f, "clock {who} {seconds}"),
            Self::Connect(who) => write!(f, "connect {who}"),
            Self::Cut(who, arrive) => write!(f, "cut {who} {arrive}"),
            Self::Crash(who) => write!(f, "crash {who}"),
            Self::Handover(who) => write!(f, "handover {who}"),
            Self::Fuse(who, writes, Torn::Before) => write!(f, "die-before {who} {writes}"),
            Self::Fuse(who, writes, Torn::After) => write!(f, "die-after {who} {writes}"),
            Self::Fuse(who, writes, Torn::Between) => write!(f, "die-between {who} {writes}"),
            Self::Refuse(who, requests) => write!(f, "refuse {who} {requests}"),
            Self::Full(who) => write!(f, "full {who}"),
            Self::Denied(who) => write!(f, "denied {who}"),
            Self::Heal(who) => write!(f, "heal {who}"),
            Self::Double(who, place) => write!(f, "double {who} {place}"),
            Self::Swap(who, place) => write!(f, "swap {who} {place}"),
            Self::Drop(who, place) => write!(f, "drop {who} {place}"),
            Self::Slow => f.write_str("slow"),
            Self::Restart => f.write_str("restart"),
            Self::Copy(who) => write!(f, "copy {who}"),
            Self::RolledBack(who) => write!(f, "roll-back {who}"),
        }
    }
}

impl FromStr for Script {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (head, steps) = text.split_once(':').ok_or("a script begins with `seed S, people N:`")?;
        let (seed, people) = head.split_once(',').ok_or("a script begins with `seed S, people N:`")?;
        let steps = steps.split(';').map(str::trim).filter(|step| !step.is_empty());
        let (seed, people) = (number(seed.trim(), "seed ")?, number(people.trim(), "people ")?);
        Ok(Self { seed, people, steps: steps.map(str::parse).collect::<Result<_, _>>()? })
    }
}

fn number<T: FromStr>(text: &str, before: &str) -> Result<T, String> {
    let number = text.strip_prefix(before).and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| format!("{before}and a number, not {text}"))
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        use super::Torn;
        let mut words = text.split_whitespace();
        let verb = words.next().unwrap_or_default();
        let numbers: Vec<i64> = words.filter_map(|word| word.parse().ok()).collect();
        let wrong = || format!("not a step: {text}");
        let at = |place: usize| numbers.get(place).copied().ok_or_else(wrong);
        let small = |place: usize| u32::try_from(at(place)?).map_err(|_| wrong());
        Ok(match verb {
            "start" => Self::Start(small(0)?, small(1)?),
            "send" => Self::Send(small(0)?, small(1)?, small(2)?),
            "read" => Self::Read(small(0)?, small(1)?),
            "disk" => Self::Work(small(0)?, Direction::Disk, small(1)?),
            "up" => Self::Work(small(0)?, Direction::Up, small(1)?),
            "down" => Self::Work(small(0)?, Direction::Down, small(1)?),
            "late" => Self::Late(small(0)?),
            "timer" => Self::Timer(small(0)?),
            "run" => Self::Run,
            "pass" => Self::Pass(u64::try_from(at(0)?).map_err(|_| wrong())?),
            "clock" => Self::Clock(small(0)?, at(1)?),
            "connect" => Self::Connect(small(0)?),
            "cut" => Self::Cut(small(0)?, small(1)?),
            "crash" => Self::Crash(small(0)?),
            "handover" => Self::Handover(small(0)?),
            "die-before" => Self::Fuse(small(0)?, small(1)?, Torn::Before),
            "die-after" => Self::Fuse(small(0)?, small(1)?, Torn::After),
            "die-between" => Self::Fuse(small(0)?, small(1)?, Torn::Between),
            "refuse" => Self::Refuse(small(0)?, small(1)?),
            "full" => Self::Full(small(0)?),
            "denied" => Self::Denied(small(0)?),
            "heal" => Self::Heal(small(0)?),
            "double" => Self::Double(small(0)?, small(1)?),
            "swap" => Self::Swap(small(0)?, small(1)?),
            "drop" => Self::Drop(small(0)?, small(1)?),
            "slow" => Self::Slow,
            "restart" => Self::Restart,
            "copy" => Self::Copy(small(0)?),
            "roll-back" => Self::RolledBack(small(0)?),
            _ => return Err(wrong()),
        })
    }
}
