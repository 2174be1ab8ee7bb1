//! Being wrong on purpose, so that clients can be tested against it.

use std::time::Duration;

use jiff::SignedDuration;

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
    /// The service answers every request with this status and the error form of its API.
    Status {
        /// Which service.
        service: Service,
        /// The status.
        code: ErrorStatus,
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
    /// Proof and checkpoint of new entries are those of a tree with other leaves. The proof is
    /// right in that tree, and its root is signed by the log: only someone who compares two
    /// checkpoints, or the entry's own leaf with the proof, finds out.
    ForkedTree(Fork),
    /// New entries of Rekor v1 come with the signed entry timestamp of another entry.
    EntryTimestampOfAnotherEntry,
    /// Checkpoints carry signatures of unknown keys before and after the log's own, in changing
    /// order. Clients must ignore them (C2SP signed-note).
    UnknownCheckpointSignatures,
    /// Timestamps are of another message.
    TimestampOfAnotherMessage,
}

/// Which part of a forked tree differs from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// Every other leaf; the entry itself is in it. Only a consistency check finds out.
    OtherLeaves,
    /// The entry itself: the proof does not lead from it to the signed root.
    WithoutTheEntry,
}

/// A service of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The OIDC issuer.
    Oidc,
    /// The certificate authority.
    Fulcio,
    /// The certificate transparency log. Clients do not talk to it: only its clock matters.
    CtLog,
    /// The transparency log, version 1.
    RekorV1,
    /// The transparency log, version 2.
    RekorV2,
    /// The timestamp authority.
    TimestampAuthority,
}

/// A status that says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names of RFC 9110")]
pub enum ErrorStatus {
    TooManyRequests,
    InternalServerError,
    BadGateway,
    ServiceUnavailable,
    GatewayTimeout,
}
