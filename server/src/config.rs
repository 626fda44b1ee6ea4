//! The relay's configuration: flags, each with an environment variable.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use ipnet::IpNet;
use parley_protocol::limits::{MAX_KEY_PACKAGES, SLOT_LIFETIME};
use tokio::sync::Semaphore;

use crate::connection::{OutboxLimits, Patience};
use crate::http::{Doors, HttpOptions, PublicUrl};
use crate::rate::Rate;
use crate::relay::Options;
use crate::slots::Bounds;
use crate::store::sqlite::SqliteOptions;
use crate::store::{Quotas, Room};
use crate::unfinished::Most;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How long a blob may stay unfinished: long enough for a person who closes their computer in the middle of it and sleeps.
const UNFINISHED_MS: u64 = DAY_MS;
const MIB: u64 = 1024 * 1024;

/// Parley's relay: serves the app and relays what it cannot read.
#[derive(Debug, Clone, Parser)]
#[command(name = "parley-server", version)]
pub struct Config {
    /// Address to listen on. Port 0 takes a free one. Plain HTTP: put a proxy with TLS in front
    #[arg(long, env = "PARLEY_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Folder of the databases
    #[arg(long, env = "PARLEY_DATA", default_value = "data")]
    pub data: PathBuf,
    /// Folder of the built app; without it the app inside of this program is served, if there is one
    #[arg(long, env = "PARLEY_APP")]
    pub app: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or a filter as `parley_server=debug`
    #[arg(long, env = "PARLEY_LOG", default_value = "info")]
    pub log: String,
    /// Whether log lines are JSON
    #[arg(long, env = "PARLEY_LOG_JSON")]
    pub log_json: bool,
    /// Tell browsers to come by HTTPS only
    #[arg(long, env = "PARLEY_HSTS")]
    pub hsts: bool,
    /// Networks of proxies in front, like 127.0.0.1/32: the last element of their X-Forwarded-For is the peer's address
    #[arg(long = "trusted-proxy", env = "PARLEY_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpNet>,
    /// The address under which browsers open the app, like `https://chat.example.org`: only its pages may connect. Without
    /// it those of this machine by number or as localhost may
    #[arg(long, env = "PARLEY_PUBLIC_URL")]
    pub public_url: Option<PublicUrl>,
    /// Another origin whose pages may connect, for development; may be given several times
    #[arg(long = "origin", env = "PARLEY_ORIGINS", value_delimiter = ',')]
    pub origins: Vec<String>,
    /// Days after which messages, waiting inbox entries and one-time KeyPackages are deleted, and a day later blobs of logs
    #[arg(long, env = "PARLEY_EXPIRY_DAYS", default_value_t = 30)]
    pub expiry_days: u32,
    /// Days after which commits are deleted, and logs in which nothing was written meanwhile
    #[arg(long, env = "PARLEY_COMMIT_DAYS", default_value_t = 400)]
    pub commit_days: u32,
    /// Days after which an account's blobs and the head of its backup are deleted when nothing was written meanwhile
    #[arg(long, env = "PARLEY_BACKUP_DAYS", default_value_t = 400)]
    pub backup_days: u32,
    /// Threads that read each of the two databases
    #[arg(long, env = "PARLEY_READERS", default_value_t = 2)]
    pub readers: usize,
    /// Limits
    #[command(flatten)]
    pub limits: LimitConfig,
}

/// Limits, quotas and rates. A rate is written `burst/per-minute`.
#[derive(Debug, Clone, clap::Args)]
pub struct LimitConfig {
    /// Most mebibytes in one conversation log
    #[arg(long, env = "PARLEY_LOG_MIB", default_value_t = 1024)]
    pub log_mib: u32,
    /// How many of them may be of commits, which stay longer than messages
    #[arg(long, env = "PARLEY_COMMITS_MIB", default_value_t = 256)]
    pub commits_mib: u32,
    /// Most entries that wait in one inbox
    #[arg(long, env = "PARLEY_INBOX_ENTRIES", default_value_t = 1000)]
    pub inbox_entries: u32,
    /// Most mebibytes that wait in one inbox
    #[arg(long, env = "PARLEY_INBOX_MIB", default_value_t = 64)]
    pub inbox_mib: u32,
    /// Most mebibytes of one account's blobs
    #[arg(long, env = "PARLEY_BLOB_MIB", default_value_t = 512)]
    pub blob_mib: u32,
    /// Most blobs of one account
    #[arg(long, env = "PARLEY_BLOBS", default_value_t = 10_000)]
    pub blobs: u32,
    /// Most mebibytes of one log's blobs
    #[arg(long, env = "PARLEY_LOG_BLOB_MIB", default_value_t = 512)]
    pub log_blob_mib: u32,
    /// Most blobs of one log
    #[arg(long, env = "PARLEY_LOG_BLOBS", default_value_t = 10_000)]
    pub log_blobs: u32,
    /// Most connections of one address
    #[arg(long, env = "PARLEY_CONNECTIONS_PER_ADDRESS", default_value_t = 200)]
    pub connections_per_address: u32,
    /// Most sockets of one address that are no WebSocket connections (yet); not counted for a trusted proxy
    #[arg(long, env = "PARLEY_HTTP_SOCKETS_PER_ADDRESS", default_value_t = 512)]
    pub http_sockets_per_address: u32,
    /// Most subscriptions of one connection
    #[arg(long, env = "PARLEY_SUBSCRIPTIONS", default_value_t = 5000)]
    pub subscriptions: usize,
    /// Most requests of one connection that are worked on at a time
    #[arg(long, env = "PARLEY_IN_FLIGHT", default_value_t = 32)]
    pub in_flight: u16,
    /// Requests of one connection, weighted by their work
    #[arg(long, env = "PARLEY_RATE_REQUESTS", default_value = "10000/6000")]
    pub rate_requests: Rate,
    /// New accounts from one address, and as many usernames claimed by accounts that are there
    #[arg(long, env = "PARLEY_RATE_REGISTRATIONS", default_value = "20/10")]
    pub rate_registrations: Rate,
    /// Kibibytes sent to the relay from one address: a first backup of 250 MiB at once, and a mebibyte each second
    #[arg(long, env = "PARLEY_RATE_UPLOAD", default_value = "262144/65536")]
    pub rate_upload: Rate,
    /// Usernames, recovery keys and invite links looked up from one address
    #[arg(long, env = "PARLEY_RATE_RESOLVES", default_value = "60/30")]
    pub rate_resolves: Rate,
    /// KeyPackages claimed from one address: as many at once as it takes to add a new device to its account's conversations
    #[arg(long, env = "PARLEY_RATE_CLAIMS_FROM", default_value = "600/120")]
    pub rate_claims_from: Rate,
    /// One-time KeyPackages of one device that one address gets; more are of last resort
    #[arg(long, env = "PARLEY_RATE_CLAIMS_PAIR", default_value = "10/2")]
    pub rate_claims_pair: Rate,
    /// One-time KeyPackages of one device that are given out; more are of last resort
    #[arg(long, env = "PARLEY_RATE_CLAIMS", default_value = "300/30")]
    pub rate_claims: Rate,
    /// Posts of an account's own devices into one of its inboxes: as many at once as it takes to add a new device
    #[arg(long, env = "PARLEY_RATE_POSTS_OWN", default_value = "300/60")]
    pub rate_posts_own: Rate,
    /// Posts of one other address into one inbox
    #[arg(long, env = "PARLEY_RATE_POSTS_FROM", default_value = "30/10")]
    pub rate_posts_from: Rate,
    /// Posts of all others into one inbox
    #[arg(long, env = "PARLEY_RATE_POSTS", default_value = "300/60")]
    pub rate_posts: Rate,
    /// Most rendezvous slots at a time
    #[arg(long, env = "PARLEY_SLOTS", default_value_t = 10_000)]
    pub slots: usize,
    /// Most rendezvous slots of which one connection is an end
    #[arg(long, env = "PARLEY_SLOTS_PER_CONNECTION", default_value_t = 4)]
    pub slots_per_connection: usize,
    /// Rendezvous slots opened from one address
    #[arg(long, env = "PARLEY_RATE_SLOTS", default_value = "20/10")]
    pub rate_slots: Rate,
    /// Rendezvous slots asked for from one address that are not there
    #[arg(long, env = "PARLEY_RATE_SLOT_MISSES", default_value = "10/3")]
    pub rate_slot_misses: Rate,
    /// Kibibytes that wait to be sent to one client before nothing more is read for it
    #[arg(long, env = "PARLEY_OUTBOX_KIB", default_value_t = 1024)]
    pub outbox_kib: u32,
    /// Milliseconds that a client may take to read one frame
    #[arg(long, env = "PARLEY_SLOW_READER_MS", default_value_t = 30_000)]
    pub slow_reader_ms: u64,
    /// Milliseconds of silence after which a connection is pinged, and as long again until it is cut
    #[arg(long, env = "PARLEY_IDLE_MS", default_value_t = 60_000)]
    pub idle_ms: u64,
    /// Milliseconds from the first bytes of a client's message to its last
    #[arg(long, env = "PARLEY_MESSAGE_MS", default_value_t = 60_000)]
    pub message_ms: u64,
    /// Milliseconds that a client may take to send the head of an HTTP request
    #[arg(long, env = "PARLEY_REQUEST_HEAD_MS", default_value_t = 10_000)]
    pub request_head_ms: u64,
    /// Mebibytes of requests that are worked on at a time, over all connections
    #[arg(long, env = "PARLEY_REQUESTS_MIB", default_value_t = 256)]
    pub requests_mib: u32,
    /// Mebibytes of messages of one address that are not finished, or wait to be worked on
    #[arg(long, env = "PARLEY_UNFINISHED_MIB_PER_ADDRESS", default_value_t = 32)]
    pub unfinished_mib_per_address: u32,
    /// Mebibytes of such messages over all addresses, beyond which each may have half a mebibyte
    #[arg(long, env = "PARLEY_UNFINISHED_MIB", default_value_t = 256)]
    pub unfinished_mib: u32,
    /// Mebibytes of the disk, at most an eighth of it, that are for accounts which are there: when less is free, there are no
    /// new accounts, logs and blobs, and the others write slowly; when half of it is free, only device logs grow
    #[arg(long, env = "PARLEY_DISK_FLOOR_MIB", default_value_t = 1024)]
    pub disk_floor_mib: u32,
    /// Kibibytes sent to the relay from one address when so little is free
    #[arg(long, env = "PARLEY_RATE_UPLOAD_LOW", default_value = "1024/256")]
    pub rate_upload_low: Rate,
    /// Kibibytes of commits and GroupInfo sent to the relay from one address: they stay for long
    #[arg(long, env = "PARLEY_RATE_COMMITS", default_value = "65536/8192")]
    pub rate_commits: Rate,
    /// New logs from one address: as many at once as a device begins anew that was rolled back to a copy
    #[arg(long, env = "PARLEY_RATE_LOGS", default_value = "600/60")]
    pub rate_logs: Rate,
    /// Joins by one invite link, over all addresses
    #[arg(long, env = "PARLEY_RATE_JOINS", default_value = "30/30")]
    pub rate_joins: Rate,
    /// Entries of device logs from one address: as many at once as it takes to bring them back to a relay that lost them
    #[arg(long, env = "PARLEY_RATE_DEVICE_LOGS", default_value = "300/60")]
    pub rate_device_logs: Rate,
    /// Most pages of each database: lets a test fill the disk
    #[arg(long, env = "PARLEY_MAX_PAGES", hide = true)]
    pub max_pages: Option<u32>,
    /// Milliseconds that a rendezvous slot lives: lets a test see its end
    #[arg(long, env = "PARLEY_SLOT_LIFETIME_MS", default_value_t = SLOT_LIFETIME, hide = true)]
    pub slot_lifetime_ms: u64,
}

impl Config {
    pub(crate) fn sqlite(&self) -> SqliteOptions {
        let limits = &self.limits;
        SqliteOptions {
            folder: self.data.clone(),
            readers: self.readers,
            quotas: Quotas {
                room: Room::Enough,
                log_bytes: u64::from(limits.log_mib).saturating_mul(MIB),
                commit_bytes: u64::from(limits.commits_mib).saturating_mul(MIB),
                inbox_entries: limits.inbox_entries.into(),
                inbox_bytes: u64::from(limits.inbox_mib).saturating_mul(MIB),
                pool: u64::try_from(MAX_KEY_PACKAGES).unwrap_or(u64::MAX),
                expiry_ms: u64::from(self.expiry_days).saturating_mul(DAY_MS),
                commit_ms: u64::from(self.commit_days).saturating_mul(DAY_MS),
                blob_bytes: u64::from(limits.blob_mib).saturating_mul(MIB),
                blobs: limits.blobs.into(),
                log_blob_bytes: u64::from(limits.log_blob_mib).saturating_mul(MIB),
                log_blobs: limits.log_blobs.into(),
                unfinished_ms: UNFINISHED_MS,
                backup_ms: u64::from(self.backup_days).saturating_mul(DAY_MS),
            },
            floor: u64::from(limits.disk_floor_mib).saturating_mul(MIB),
            max_pages: limits.max_pages,
        }
    }

    pub(crate) fn options(&self) -> Options {
        let limits = &self.limits;
        Options {
            requests: limits.rate_requests,
            in_flight: limits.in_flight.max(1).into(),
            subscriptions: limits.subscriptions,
            outbox: OutboxLimits { frames: 4096, bytes: kib(limits.outbox_kib) },
            slow_reader: Duration::from_millis(limits.slow_reader_ms),
            patience: Patience {
                idle: Duration::from_millis(limits.idle_ms),
                message: Duration::from_millis(limits.message_ms),
            },
            connections_per_peer: limits.connections_per_address,
        }
    }

    pub(crate) const fn slots(&self) -> Bounds {
        let limits = &self.limits;
        Bounds {
            slots: limits.slots,
            per_connection: limits.slots_per_connection,
            lifetime: Duration::from_millis(limits.slot_lifetime_ms),
        }
    }

    /// The bytes of requests that the relay works on at a time: at least enough for a few of the largest.
    pub(crate) fn request_bytes(&self) -> usize {
        kib(self.limits.requests_mib.max(16).saturating_mul(1024)).min(Semaphore::MAX_PERMITS)
    }

    pub(crate) fn unfinished(&self) -> Most {
        let mib = |mib: u32| u64::from(mib).saturating_mul(MIB);
        Most { of_peer: mib(self.limits.unfinished_mib_per_address), in_all: mib(self.limits.unfinished_mib) }
    }

    pub(crate) fn doors(&self) -> Doors {
        Doors {
            head: Duration::from_millis(self.limits.request_head_ms),
            sockets_per_peer: self.limits.http_sockets_per_address,
            proxies: self.trusted_proxies.clone(),
            hsts: self.hsts,
        }
    }

    pub(crate) fn http(&self) -> HttpOptions {
        HttpOptions {
            hsts: self.hsts,
            proxies: self.trusted_proxies.clone(),
            public_url: self.public_url.clone(),
            origins: self.origins.clone(),
        }
    }

    /// Logs the relay's configuration at start. It contains no secret so far. Folders are left out because they name a
    /// machine's users.
    pub(crate) fn report(&self) {
        tracing::info!(
            listen = %self.listen,
            app_folder = self.app.is_some(),
            hsts = self.hsts,
            trusted_proxies = self.trusted_proxies.len(),
            public_url = self.public_url.is_some(),
            other_origins = self.origins.len(),
            expiry_days = self.expiry_days,
            commit_days = self.commit_days,
            backup_days = self.backup_days,
            readers = self.readers,
            limits = ?self.limits,
            "the relay is configured"
        );
    }
}

fn kib(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(1024)
}
