//! Changes to an input, drawn from a seed: what libFuzzer does, without its knowledge of the code.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng as _;

/// Longest input that comes of changes.
const LONGEST: usize = 64 * 1024;

/// A number below `bound`; 0 when there is none.
pub fn below(rng: &mut ChaCha20Rng, bound: usize) -> usize {
    let number = usize::try_from(rng.next_u32()).unwrap_or_default();
    number.checked_rem(bound).unwrap_or_default()
}

/// One to eight changes in a row.
pub fn mutate(rng: &mut ChaCha20Rng, input: &mut Vec<u8>, others: &[Vec<u8>]) {
    for _ in 0..=below(rng, 8) {
        once(rng, input, others);
    }
    input.truncate(LONGEST);
}

fn once(rng: &mut ChaCha20Rng, input: &mut Vec<u8>, others: &[Vec<u8>]) {
    let at = below(rng, input.len());
    let end = (at + 1 + below(rng, 16)).min(input.len());
    let byte = rng.next_u32().to_le_bytes()[0];
    match below(rng, 9) {
        0 => change(input, at, |old| old ^ (1 << (byte % 8))),
        1 => change(input, at, |_| byte),
        2 => change(input, at, |old| old.wrapping_add(byte % 8)),
        3 => change(input, at, |_| if byte > 127 { 0xff } else { 0x80 }),
        4 => input.insert(at, byte),
        5 => drop(input.drain(at..end)),
        6 => input.truncate(at),
        7 => {
            let piece = input.get(at..end).unwrap_or_default().to_vec();
            let to = below(rng, input.len() + 1);
            input.splice(to..to, piece);
        }
        _ => {
            // The beginning of this one and the end of another.
            let other = others.get(below(rng, others.len())).map(Vec::as_slice).unwrap_or_default();
            let from = below(rng, other.len());
            input.truncate(at);
            input.extend(other.get(from..).unwrap_or_default());
        }
    }
}

fn change(input: &mut [u8], at: usize, new: impl Fn(u8) -> u8) {
    if let Some(byte) = input.get_mut(at) {
        *byte = new(*byte);
    }
}
