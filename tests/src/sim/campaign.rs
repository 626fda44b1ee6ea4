//! Runs many seeds on all processors, and reports a seed that fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parley_engine::mutations::{Mutation, choose};

use super::run::Run;
use super::{Outcome, Script, shrink};

/// The most runs of a script for shrinking.
const SHRINKING: usize = 600;

/// Runs a script on engines with a mistake, or without one. The error says what was wrong at the end.
pub fn attempt(script: &Script, mutation: Option<Mutation>) -> Result<Outcome, String> {
    run(script, mutation, false)
}

/// Runs a script as it is and prints each step, and each frame at the relay.
pub fn replay(script: &Script) -> Result<Outcome, String> {
    run(script, None, true)
}

fn run(script: &Script, mutation: Option<Mutation>, traced: bool) -> Result<Outcome, String> {
    choose(mutation);
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut run = Run::begin(script);
        run.world.traced = traced;
        for step in &script.steps {
            if traced {
                eprintln!("-- {step}");
            }
            run.step(*step);
        }
        if traced {
            eprintln!("-- and everything works again");
        }
        run.end();
        let messages = run.check()?;
        run.read_everything();
        run.check_read()?;
        Ok(run.outcome(messages))
    }));
    choose(None);
    result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(format!("panic: {}", text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("?")))
    })
}

/// A range of seeds.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// The first seed.
    pub first: u64,
    /// The number of seeds.
    pub seeds: u64,
    /// A mistake of the engines.
    pub mutation: Option<Mutation>,
}

/// The totals over all runs of a campaign.
#[derive(Debug, Default)]
pub struct Totals {
    /// Messages that arrived.
    pub messages: usize,
    /// Message keys that were used.
    pub keys: usize,
}

impl Campaign {
    /// Runs all seeds. The error has the script of the first failing seed, and what was wrong.
    pub fn run(self) -> Result<Totals, (Script, String)> {
        let next = AtomicU64::new(self.first);
        let stop = AtomicBool::new(false);
        let totals = Mutex::new(Totals::default());
        let failure: Mutex<Option<(Script, String)>> = Mutex::new(None);
        let work = || {
            while !stop.load(Ordering::Relaxed) {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= self.first.saturating_add(self.seeds) {
                    return;
                }
                let script = Script::generate(seed);
                match attempt(&script, self.mutation) {
                    Ok(outcome) => {
                        let mut totals = totals.lock().unwrap();
                        totals.messages += outcome.messages;
                        totals.keys += outcome.keys;
                    }
                    Err(error) => {
                        stop.store(true, Ordering::Relaxed);
                        failure.lock().unwrap().get_or_insert((script, error));
                    }
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
        match failure.into_inner().unwrap() {
            Some(failure) => Err(failure),
            None => Ok(totals.into_inner().unwrap()),
        }
    }
}

/// The report about a failing script, with its shortest form for running it again.
#[must_use]
pub fn report(script: &Script, error: &str) -> String {
    let shortest = shrink(script, SHRINKING, |script| attempt(script, None).is_err());
    let still = attempt(&shortest, None).err().unwrap_or_default();
    format!(
        "seed {} failed: {error}\nThe shortest script that fails ({} of {} steps): {still}\n\
         cargo xtask test sim --script \"{shortest}\"",
        script.seed,
        shortest.steps.len(),
        script.steps.len(),
    )
}
