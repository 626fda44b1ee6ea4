//! The safety number of two people: sixty digits from their two account ids, the same on both sides.

use parley_protocol::ids::AccountId;
use sha2::{Digest, Sha512};

/// Twelve groups of five digits (about 199 bits) of
/// `SHA-512("parley safety number v1\0" || smaller id || greater id)`, each group from five bytes.
pub(crate) fn safety_number(one: &AccountId, other: &AccountId) -> Vec<String> {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    let mut hash = Sha512::new();
    hash.update(b"parley safety number v1\0");
    hash.update(first.as_bytes());
    hash.update(second.as_bytes());
    let digest = hash.finalize();
    digest
        .chunks_exact(5)
        .take(12)
        .map(|bytes| {
            let number = bytes.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
            format!("{:05}", number % 100_000)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_see_the_same_and_others_another() {
        let (a, b, c) = (AccountId([1; 32]), AccountId([2; 32]), AccountId([3; 32]));
        assert_eq!(safety_number(&a, &b), safety_number(&b, &a));
        assert_ne!(safety_number(&a, &b), safety_number(&a, &c));
        insta::assert_snapshot!(safety_number(&a, &b).join(" "));
    }
}
