//! The relay opens databases of earlier releases. `PARLEY_WRITE_DISK=1` writes the databases of this release again.

use std::path::PathBuf;
use std::sync::Arc;

use parley_protocol::frame::Request;
use parley_protocol::username::Username;
use parley_tests::accounts::{TestAccount, found};
use parley_tests::relay_client::RelayClient;
use parley_tests::relay_process::RelayProcess;
use tempfile::TempDir;

/// The names of the databases in the relay's folder.
const FILES: [&str; 2] = ["relay.sqlite3", "blobs.sqlite3"];

fn fixture(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join("relay-v1").join(file)
}

/// A relay with one account, stopped.
async fn write() {
    let mut relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    client.call(TestAccount::new().registration("ada")).await.unwrap();
    relay.terminate();
    relay.wait();
    for file in FILES {
        std::fs::create_dir_all(fixture("")).unwrap();
        std::fs::copy(relay.folder().path().join(file), fixture(file)).unwrap();
    }
}

#[tokio::test]
async fn databases_of_format_1_open() {
    if std::env::var_os("PARLEY_WRITE_DISK").is_some() {
        write().await;
    }
    let folder = Arc::new(TempDir::new().unwrap());
    for file in FILES {
        std::fs::copy(fixture(file), folder.path().join(file)).unwrap();
    }
    let relay = RelayProcess::start_in(folder, &[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let ada = Request::ResolveUsername(Username::parse("ada").unwrap());
    let record = found(client.call(ada).await).unwrap();
    assert_eq!(record.log.len(), 1);
}
