//! `verify-blob`, `verify-blob-attestation`, `verify`.

mod blob;
mod documents;
mod targets;

use std::path::PathBuf;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::identity::IdentityMatcher;
use chainsign_core::key::PublicKey;
use chainsign_core::predicate::PredicateType;
use jiff::Timestamp;

pub use blob::{VerifiedBlob, refused, verify_blob};
pub use targets::{Decided, TargetOutcome, verify};

use super::trust::TrustRequest;

/// A signature or attestation in one bundle, to be verified.
#[derive(Debug)]
pub struct VerifyBlobRequest {
    /// The artifact.
    pub target: Target,
    /// The bundle.
    pub bundle: PathBuf,
    /// What the bundle must hold.
    pub kind: Kind,
    /// Who must have signed.
    pub demand: Demand,
    /// The trusted root.
    pub trust: TrustRequest,
    /// The time for which it is verified.
    pub now: Timestamp,
}

/// What is verified.
#[derive(Clone, Debug)]
pub enum Target {
    /// A file, or standard input for `-`.
    File(PathBuf),
    /// Something elsewhere with this digest.
    Digest(ArtifactDigest),
}

/// What a bundle must hold.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A signature over the artifact, or a statement about it.
    Any,
    /// A statement about it with a predicate of this type.
    Attestation(PredicateType),
}

/// Who must have signed.
#[derive(Clone, Debug)]
pub enum Demand {
    /// A certificate's identity.
    Identity(IdentityMatcher),
    /// A key.
    Key(PublicKey, LogDemand),
}

/// Whether a key's signature must be in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogDemand {
    /// It must.
    Require,
    /// It need not. Nothing then says when it was made.
    Ignore,
}

/// Targets to be decided on.
#[derive(Debug)]
pub struct VerifyRequest {
    /// The files.
    pub targets: Vec<PathBuf>,
    /// What decides.
    pub decide: Decide,
    /// More documents with evidence.
    pub bundles: Vec<PathBuf>,
    /// Folders with more documents.
    pub folders: Vec<PathBuf>,
    /// Where to write exactly the bytes that passed.
    pub copy_to: Option<PathBuf>,
    /// The trusted root.
    pub trust: TrustRequest,
    /// The time for which it is decided.
    pub now: Timestamp,
}

/// What decides.
#[derive(Debug)]
pub enum Decide {
    /// A policy file.
    Policy(PathBuf),
    /// A signature of this signer.
    Signer(Demand),
}
