use std::net::IpAddr;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::Misbehaviour;

/// How a sandbox is started. `Options::default()` is a free port on loopback, everything in
/// memory, well behaved.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The port; 0 for any free one.
    pub port: u16,
    /// The address.
    pub listen: Listen,
    /// Keeps keys and logs in this folder, which is made if absent, over a restart. `None`: in
    /// memory only.
    pub state: Option<PathBuf>,
    /// The log versions that the signing config offers. The trusted root always lists both.
    pub offered_logs: OfferedLogs,
    /// Whether the registry has the referrers API.
    pub referrers: ReferrersApi,
    /// What time it is.
    pub clock: Clock,
    /// Misbehaviour from the start on; see [`Sandbox::misbehave`](crate::Sandbox::misbehave).
    pub misbehaviour: Vec<Misbehaviour>,
}

/// Where a sandbox listens. It gives every caller any identity asked for, so it belongs on
/// loopback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listen {
    /// `127.0.0.1`, and `::1` with the same port where the machine has it; the URLs say
    /// `localhost`.
    #[default]
    Localhost,
    /// This loopback address only; the URLs say it. Another address is refused.
    Address(IpAddr),
    /// This address, even if other machines can reach it. The URLs say it, so that an unspecified
    /// address (`0.0.0.0`, `::`) is refused.
    DangerousAddress(IpAddr),
}

/// Versions of the transparency log that a signing config offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OfferedLogs {
    /// Rekor v1: signed entry timestamps, an answer that every client can use.
    #[default]
    V1,
    /// Rekor v2: tiles, no time of its own.
    V2,
    /// Both. sigstore-python, sigstore-go and sigstore-rust then choose v2, sigstore-js v1.
    Both,
}

/// Whether a registry lists by itself what refers to an image (distribution spec 1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReferrersApi {
    /// It does, as most do now.
    #[default]
    Offered,
    /// It does not, as with distribution 2 and GitHub's: clients keep a list under a tag.
    Absent,
}

/// The time that every service of a sandbox goes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// Always this moment, for tests without a wall clock. Codes and device codes then never
    /// expire.
    Fixed(Timestamp),
}

impl Clock {
    pub(crate) fn now(self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            Clock::Fixed(moment) => moment,
        }
    }
}
