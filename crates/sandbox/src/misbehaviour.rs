//! Being wrong on purpose, so that clients can be tested against it.

use std::num::NonZeroU32;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::Clock;

/// One way to be wrong. Switched on by [`Options`](crate::Options) or
/// [`Sandbox::misbehave`](crate::Sandbox::misbehave); several at once are possible. Except where
/// said otherwise the answer stays well formed, and only what the name says is wrong in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// The service's clock is ahead of the sandbox's by this much (behind, if negative).
    SkewedClock {
        /// Whose clock.
        service: Service,
        /// How far ahead.
        ahead: SignedDuration,
    },
    /// The service answers with this status and the error form of its API.
    Status {
        /// Which service.
        service: Service,
        /// The status.
        code: ErrorStatus,
        /// Which requests.
        requests: Requests,
    },
    /// The service waits before it does anything.
    Slow {
        /// Which service.
        service: Service,
        /// How long.
        delay: Duration,
    },
    /// The service's answers are followed by this many blanks more than a client should read.
    Oversized {
        /// Which service.
        service: Service,
        /// How many bytes.
        padding: usize,
    },
    /// The SCT's signature is over another certificate.
    SctOfAnotherCertificate,
    /// The SCT is signed by, and names, a log that the trusted root does not list.
    SctByUnknownLog,
    /// Certificates come without SCT.
    NoSct,
    /// Certificates expired before they were issued: they are valid for the ten minutes that
    /// ended an hour ago.
    ExpiredCertificate,
    /// What the logs say about new entries is of another tree. Its root is signed by the log.
    ForkedTree(Fork),
    /// New entries of Rekor v1 come with the signed entry timestamp of another entry.
    EntryTimestampOfAnotherEntry,
    /// Checkpoints carry signatures of unknown keys before and after the log's own, in changing
    /// order. Clients must ignore them (C2SP signed-note).
    UnknownCheckpointSignatures,
    /// Timestamps are of another message.
    TimestampOfAnotherMessage,
}

/// How a forked tree differs from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// Proof and checkpoint are of a tree with this entry and otherwise other leaves. They are
    /// right by themselves: only someone who compares two checkpoints finds out.
    OtherLeaves,
    /// Proof and checkpoint are of a tree in whose place for this entry is another one.
    WithoutTheEntry,
    /// The proof is of the log, the checkpoint of a tree of the same size with other leaves.
    OnlyTheCheckpoint,
}

/// Which requests get the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// All.
    All,
    /// As many as this, from now on; then the service recovers.
    First(NonZeroU32),
}

/// A service of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The OIDC issuer.
    Oidc,
    /// The certificate authority.
    Fulcio,
    /// The certificate transparency log. Signing clients do not talk to it: what reaches them is
    /// its clock, in SCTs.
    CtLog,
    /// The transparency log, version 1.
    RekorV1,
    /// The transparency log, version 2.
    RekorV2,
    /// The timestamp authority.
    TimestampAuthority,
    /// The OCI registry.
    Registry,
    /// The TUF repository. Its timestamp expires seven days from now by its clock.
    Tuf,
}

/// A status that says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names of RFC 9110")]
pub enum ErrorStatus {
    TooManyRequests,
    InternalServerError,
    BadGateway,
    ServiceUnavailable,
    GatewayTimeout,
}

impl ErrorStatus {
    pub(crate) fn code(self) -> u16 {
        match self {
            ErrorStatus::TooManyRequests => 429,
            ErrorStatus::InternalServerError => 500,
            ErrorStatus::BadGateway => 502,
            ErrorStatus::ServiceUnavailable => 503,
            ErrorStatus::GatewayTimeout => 504,
        }
    }
}

/// How the sandbox behaves now; shared by all services.
#[derive(Debug)]
pub(crate) struct Behaviour {
    clock: Clock,
    active: RwLock<Vec<Misbehaviour>>,
}

impl Behaviour {
    pub(crate) fn new(clock: Clock, active: Vec<Misbehaviour>) -> Self {
        Behaviour { clock, active: RwLock::new(active) }
    }

    pub(crate) fn replace(&self, active: Vec<Misbehaviour>) {
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = active;
    }

    /// The time by the service's clock.
    pub(crate) fn now(&self, service: Service) -> Timestamp {
        let skewed = |active: &Misbehaviour| match active {
            Misbehaviour::SkewedClock { service: of, ahead } if *of == service => Some(*ahead),
            _ => None,
        };
        let ahead = self.first(skewed).unwrap_or_default();
        let now = self.clock.now();
        now.checked_add(ahead).unwrap_or(now)
    }

    pub(crate) fn is(&self, misbehaviour: &Misbehaviour) -> bool {
        self.first(|active| (active == misbehaviour).then_some(())).is_some()
    }

    pub(crate) fn fork(&self) -> Option<Fork> {
        self.first(|active| match active {
            Misbehaviour::ForkedTree(fork) => Some(*fork),
            _ => None,
        })
    }

    pub(crate) fn delay(&self, service: Service) -> Option<Duration> {
        self.first(|active| match active {
            Misbehaviour::Slow { service: of, delay } if *of == service => Some(*delay),
            _ => None,
        })
    }

    pub(crate) fn padding(&self, service: Service) -> Option<usize> {
        self.first(|active| match active {
            Misbehaviour::Oversized { service: of, padding } if *of == service => Some(*padding),
            _ => None,
        })
    }

    /// The status to answer this request with; counts the request.
    pub(crate) fn refusal(&self, service: Service) -> Option<ErrorStatus> {
        let mut active = self.active.write().unwrap_or_else(PoisonError::into_inner);
        let place = active.iter().position(
            |active| matches!(active, Misbehaviour::Status { service: of, .. } if *of == service),
        )?;
        let Misbehaviour::Status { code, requests, .. } = &mut active[place] else { return None };
        let code = *code;
        if let Requests::First(count) = requests {
            match NonZeroU32::new(count.get() - 1) {
                Some(left) => *count = left,
                None => drop(active.remove(place)),
            }
        }
        Some(code)
    }

    fn first<T>(&self, find: impl Fn(&Misbehaviour) -> Option<T>) -> Option<T> {
        self.active.read().unwrap_or_else(PoisonError::into_inner).iter().find_map(find)
    }
}
