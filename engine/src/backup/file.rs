//! A backup as a file: `"PARLEYBK" || version || account (32) || key, sealed to the recovery phrase`, and then one
//! stream of chunks.

use parley_protocol::ids::AccountId;

use super::head::{WRAPPED, unwrap, wrap};
use super::{BackupError, DataKey};
use crate::crypto::MlsRandom;
use crate::recovery::{BackupAddress, RecoverySeed};

const MAGIC: &[u8; 8] = b"PARLEYBK";
const VERSION: u8 = 1;
/// Length of the header, in bytes.
pub(crate) const HEADER: usize = 8 + 1 + 32 + WRAPPED;

/// Why a file's header does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileError {
    /// It is some other file.
    #[error("this is not a backup")]
    Other,
    /// A newer app wrote it.
    #[error("a newer version wrote this backup")]
    Newer,
    /// It belongs to another phrase, or the header is damaged.
    #[error("the recovery phrase does not open this backup")]
    Phrase,
}

pub(crate) fn seal_header(
    random: &MlsRandom,
    account: &AccountId,
    address: &BackupAddress,
    key: &DataKey,
) -> Result<Vec<u8>, BackupError> {
    let wrapped = wrap(random, account, address, key)?;
    Ok([MAGIC.as_slice(), &[VERSION], account.as_bytes(), &wrapped].concat())
}

/// The account that a file is of, and the key of its stream.
pub(crate) fn open_header(
    header: &[u8; HEADER],
    seed: &RecoverySeed,
) -> Result<(AccountId, DataKey), FileError> {
    let (magic, rest) = header.split_first_chunk::<8>().ok_or(FileError::Other)?;
    let ([version], rest) = rest.split_first_chunk::<1>().ok_or(FileError::Other)?;
    let (account, wrapped) = rest.split_first_chunk::<32>().ok_or(FileError::Other)?;
    match *version {
        _ if magic != MAGIC => Err(FileError::Other),
        VERSION => {
            let account = AccountId(*account);
            let key = unwrap(wrapped, &account, seed).map_err(|_| FileError::Phrase)?;
            Ok((account, key))
        }
        newer if newer > VERSION => Err(FileError::Newer),
        _ => Err(FileError::Other),
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn p1_only_the_phrase_opens_a_file() {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1));
        let (account, seed) = (AccountId([1; 32]), RecoverySeed::new([5; 32]));
        let header = seal_header(&random, &account, &seed.backup_address(), &DataKey::new([4; 32])).unwrap();
        let header: [u8; HEADER] = header.try_into().unwrap();
        assert!(open_header(&header, &seed).unwrap() == (account, DataKey::new([4; 32])));
        let changed = |place: usize, to: u8| {
            let mut changed = header;
            changed[place] = to;
            open_header(&changed, &seed).err()
        };
        assert_eq!(open_header(&header, &RecoverySeed::new([6; 32])).err(), Some(FileError::Phrase));
        assert_eq!(changed(0, b'p'), Some(FileError::Other));
        assert_eq!(changed(8, VERSION + 1), Some(FileError::Newer));
        assert_eq!(changed(20, 9), Some(FileError::Phrase), "another account");
        insta::assert_snapshot!(crate::hex(&header[..64]));
    }
}
