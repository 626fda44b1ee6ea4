//! Shrinks a failing script to the shortest one that still fails (delta debugging).

use super::{Script, Step};

/// Removes steps, many at a time and then one by one, as long as the script still fails. Makes at most `runs` runs.
pub fn shrink(script: &Script, mut runs: usize, mut fails: impl FnMut(&Script) -> bool) -> Script {
    let mut shortest = script.clone();
    let mut size = shortest.steps.len().div_ceil(2).max(1);
    loop {
        let before = shortest.steps.len();
        let mut at = 0;
        while at < shortest.steps.len() {
            if runs == 0 {
                return shortest;
            }
            runs -= 1;
            let shorter = Script { steps: without(&shortest.steps, at, size), ..shortest.clone() };
            if fails(&shorter) {
                shortest = shorter;
            } else {
                at += size;
            }
        }
        if size == 1 && shortest.steps.len() == before {
            return shortest;
        }
        size = size.div_ceil(2).max(1);
    }
}

fn without(steps: &[Step], at: usize, count: usize) -> Vec<Step> {
    let kept = steps.iter().enumerate().filter(|(place, _)| *place < at || *place >= at + count);
    kept.map(|(_, step)| *step).collect()
}
