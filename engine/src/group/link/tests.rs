use parley_crypto::MlsRandom;
use parley_protocol::ids::{AccountId, GroupId};

use super::*;
use crate::group::fixtures::Account;

const GROUP: GroupId = GroupId([7; 16]);
const LOG: LogId = LogId([3; 16]);

fn secret(number: u8) -> LinkSecret {
    LinkSecret::new([number; 32])
}

fn coming() -> Coming {
    Coming { group: GROUP, epoch: Epoch(4), leaf: Account::new(2, 1).leaf(1), nonce: [9; 16] }
}

#[test]
fn what_follows_from_a_secret_is_pinned() {
    let (keys, link) = (secret(1).keys(), secret(1).link(AccountId([5; 32]), Terms::default()));
    insta::assert_snapshot!(crate::hex(secret(1).capability().expose()));
    insta::assert_snapshot!(crate::hex(&keys.hash()));
    insta::assert_snapshot!(crate::hex(&link.key.0));
    assert_eq!((link.id, keys.id(), link.keys), (secret(1).id(), secret(1).id(), keys.hash()));
}

#[test]
fn p4_only_who_has_the_link_shows_that_they_come_by_it() {
    let link = secret(1).link(AccountId([5; 32]), Terms::default());
    let proof = secret(1).prove(&coming());
    insta::assert_snapshot!(crate::hex(&coming().text(&link.id)));
    assert!(proof.is_by(&link, &coming()));
    assert!(!secret(2).prove(&coming()).is_by(&link, &coming()), "another link");
    let forged = LinkProof { link: link.id, ..secret(2).prove(&coming()) };
    assert!(!forged.is_by(&link, &coming()), "another link under this one's name");
    let changes: [fn(&mut Coming); 6] = [
        |it| it.group.0[0] ^= 1,
        |it| it.epoch.0 ^= 1,
        |it| it.leaf.account.0[0] ^= 1,
        |it| it.leaf.device.0[0] ^= 1,
        |it| it.leaf.key.0[0] ^= 1,
        |it| it.nonce[0] ^= 1,
    ];
    for change in changes {
        let mut other = coming();
        change(&mut other);
        assert!(!proof.is_by(&link, &other));
    }
}

#[test]
fn m4_an_era_opens_for_who_has_the_link_and_for_nobody_with_its_public_keys() {
    let wrap = secret(1).keys().wrap(&MlsRandom::unseeded(), LOG, &[8; 32]).unwrap();
    assert_eq!(secret(1).open(LOG, &wrap).as_deref(), Some(&[8; 32]));
    assert!(secret(2).open(LOG, &wrap).is_none(), "another link");
    assert!(secret(1).open(LogId([4; 16]), &wrap).is_none(), "another log");
    assert!(secret(1).open(LOG, &wrap[..wrap.len() - 1]).is_none());
    assert!(secret(1).open(LOG, &[]).is_none());
}

#[test]
fn an_append_names_its_link_to_members() {
    let (one, other) = (secret(1).id(), secret(2).id());
    let append = append_of(&one, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(is_append_of(&one, &append) && !is_append_of(&other, &append));
    assert_eq!(append.as_bytes()[8..], [1, 2, 3, 4, 5, 6, 7, 8]);
}
