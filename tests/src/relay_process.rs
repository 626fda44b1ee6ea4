//! The real `parley-server` as a process of its own, with a real database.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "what fails here fails the test that uses it"
)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Builds the relay once for each test process, unless `PARLEY_SERVER_BIN` names a program.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("PARLEY_SERVER_BIN") {
            return path.into();
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--workspace", "--bin", "parley-server"])
            .current_dir(workspace)
            .status()
            .unwrap();
        assert!(built.success(), "the relay does not build");
        // This test's program is <target>/debug/deps/<test>.
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => workspace.join(folder),
            None => workspace.join("target"),
        };
        target.join("debug").join("parley-server")
    })
}

/// A running relay. Dropping it kills the process.
pub struct RelayProcess {
    child: Child,
    address: SocketAddr,
    folder: Arc<TempDir>,
}

impl RelayProcess {
    /// Starts a relay with an empty database.
    #[must_use]
    pub fn start(flags: &[&str]) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), flags)
    }

    /// Starts a relay on the database in `folder`.
    #[must_use]
    pub fn start_in(folder: Arc<TempDir>, flags: &[&str]) -> Self {
        Self::start_program(binary(), folder, flags)
    }

    /// The relay's program.
    #[must_use]
    pub fn program() -> &'static Path {
        binary()
    }

    /// Starts this program on the database in `folder`.
    #[must_use]
    pub fn start_program(program: &Path, folder: Arc<TempDir>, flags: &[&str]) -> Self {
        Self::spawn(program, folder, flags, Stdio::inherit())
    }

    /// Starts a relay with an empty database, whose log output [`Self::end_and_log`] returns. The output must be short, because
    /// nobody reads it before.
    #[must_use]
    pub fn start_logging(flags: &[&str]) -> Self {
        Self::spawn(binary(), Arc::new(tempfile::tempdir().unwrap()), flags, Stdio::piped())
    }

    fn spawn(program: &Path, folder: Arc<TempDir>, flags: &[&str], log: Stdio) -> Self {
        let listen: &[&str] = if flags.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let mut child = Command::new(program)
            .args(listen)
            .arg("--data")
            .arg(folder.path())
            .args(flags)
            .env("PARLEY_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            panic!("the relay did not start: {line:?}");
        };
        Self { child, address: address.parse().unwrap(), folder }
    }

    /// The address on which the relay listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The resident memory in bytes.
    #[must_use]
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kibibytes * 1024
    }

    /// The folder of its database.
    #[must_use]
    pub fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// Kills the process like a power cut (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the process to end (SIGTERM).
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Ends the process, and returns its log output.
    #[must_use]
    pub fn end_and_log(mut self) -> String {
        self.terminate();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        self.wait();
        log
    }

    /// Waits for the end of the process, at most ten seconds.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the relay does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
