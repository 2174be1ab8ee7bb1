//! `verify-blob`, `verify-blob-attestation`, `verify`.

mod blob;
pub(super) mod documents;
pub(super) mod gather;
mod images;
mod layout;
pub(in crate::commands) mod lists;
pub(super) mod opened;
mod provenance;
mod saved;
mod summary;
mod targets;

use std::path::PathBuf;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::identity::IdentityMatcher;
use chainsign_core::key::PublicKey;
use chainsign_core::predicate::PredicateType;
use chainsign_policy::SummaryDetails;
use chainsign_slsa::expect::Expectations;
use jiff::Timestamp;

pub(super) use blob::says;
pub use blob::{VerifiedBlob, refused, verify_blob};
pub(super) use gather::{Gathered, Named, file, gather};
pub use gather::{Place, TargetToVerify, UsedAs};
pub use layout::Made;
pub use provenance::Built;
pub use saved::{Replayed, replay};
pub use targets::{Allowed, AllowedBecause, Decided, GivenRoot, Signed, TargetOutcome, verify};
pub(super) use targets::{prepare, verify_as_any, verify_prepared};

use super::images::{Platforms, RegistryRequest};
use super::trust::TrustRequest;
use crate::flags::summary::SummaryForm;

/// A signature or attestation in one bundle, to be verified.
#[derive(Debug)]
pub struct VerifyBlobRequest {
    /// The artifact.
    pub target: Target,
    /// Where the signature is.
    pub evidence: BlobEvidence,
    /// The formats of bundles that may be read.
    pub formats: Formats,
    /// What it must be.
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

/// Which formats of bundles may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formats {
    /// Every one that is known.
    Any,
    /// cosign's older one.
    CosignOnly,
}

/// Where a signature is.
#[derive(Clone, Debug)]
pub enum BlobEvidence {
    /// In a bundle.
    Bundle(PathBuf),
    /// In files of its own.
    Detached(Box<DetachedFiles>),
}

/// The files of a detached signature.
#[derive(Clone, Debug)]
pub struct DetachedFiles {
    /// The signature: base64, or for an attestation the envelope.
    pub signature: Vec<u8>,
    /// Its certificate.
    pub certificate: Option<PathBuf>,
    /// Intermediates.
    pub chain: Option<PathBuf>,
    /// A signed certificate timestamp.
    pub sct: Option<PathBuf>,
    /// A signed timestamp.
    pub timestamp: Option<PathBuf>,
    /// A log entry.
    pub log_entry: Option<PathBuf>,
}

/// What a signature must be.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A signature over the artifact, or a statement about it.
    Any,
    /// A statement about it with a predicate of this type.
    Attestation(PredicateType),
}

/// Who must have signed, and what must vouch for it.
#[derive(Clone, Debug)]
pub struct Demand {
    /// Who.
    pub signer: DemandedSigner,
    /// What else the certificate must say: names of Fulcio's extensions, with their values.
    pub extensions: Vec<(&'static str, String)>,
    /// What the signer must say about a signature over an image.
    pub annotations: Vec<(String, String)>,
    /// Entries of transparency logs.
    pub log: Vouching,
    /// Certificate transparency logs.
    pub sct: Vouching,
    /// Signed timestamps, beyond what the trusted root's instance gives anyway.
    pub timestamps: Timestamps,
}

impl Demand {
    /// Everything that an instance of Sigstore promises, and nothing more.
    pub fn new(signer: DemandedSigner) -> Self {
        Demand {
            signer,
            extensions: Vec::new(),
            annotations: Vec::new(),
            log: Vouching::Require,
            sct: Vouching::Require,
            timestamps: Timestamps::AsPromised,
        }
    }

    /// The flags that made it weaker, for reports.
    pub fn weakened(&self) -> Vec<&'static str> {
        let flags = [(self.log, "insecure-ignore-tlog"), (self.sct, "insecure-ignore-sct")];
        let ignored = flags.into_iter().filter(|(vouching, _)| *vouching == Vouching::Ignore);
        ignored.map(|(_, flag)| flag).collect()
    }
}

/// Who must have signed.
#[derive(Clone, Debug)]
pub enum DemandedSigner {
    /// A certificate's identity.
    Identity(IdentityMatcher),
    /// A key.
    Key(PublicKey),
}

/// Whether something must vouch for a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouching {
    /// It must.
    Require,
    /// It need not.
    Ignore,
}

/// Whether a timestamp authority must have signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timestamps {
    /// Where the instance promises it.
    AsPromised,
    /// In any case.
    Require,
}

/// Targets to be decided on.
#[derive(Debug)]
pub struct VerifyRequest {
    /// The targets.
    pub targets: Vec<TargetToVerify>,
    /// How the registries of images are reached.
    pub registry: RegistryRequest,
    /// Which images of an index are meant.
    pub platforms: Platforms,
    /// What decides.
    pub decide: Decide,
    /// More documents with evidence.
    pub bundles: Vec<PathBuf>,
    /// Folders with more documents.
    pub folders: Vec<PathBuf>,
    /// Signed files of checksums that may list the targets.
    pub via: Vec<PathBuf>,
    /// Where to write exactly the bytes that passed.
    pub copy_to: Option<PathBuf>,
    /// The trusted root.
    pub trust: TrustRequest,
    /// Where to keep everything that the decision is made on.
    pub save_evidence: Option<PathBuf>,
    /// The verification summary to write.
    pub summary: Option<SummaryRequest>,
    /// The time for which it is decided.
    pub now: Timestamp,
    /// The same, where it is another than now.
    pub dangerous_at: Option<Timestamp>,
}

/// A verification summary to be written.
#[derive(Clone, Debug)]
pub struct SummaryRequest {
    /// Where to.
    pub path: PathBuf,
    /// Alone, or in a statement.
    pub form: SummaryForm,
    /// What it says beside the verdict.
    pub details: SummaryDetails,
}

/// What decides.
#[derive(Debug)]
pub enum Decide {
    /// The policy in a file, or each policy of a set.
    Policy(PathBuf),
    /// A signature of this signer.
    Signer(Demand),
    /// SLSA provenance of a build that is as expected.
    Provenance(Box<ProvenanceDemand>),
    /// An in-toto layout.
    Layout(LayoutDemand),
}

impl Decide {
    /// The flags that made it weaker, for reports.
    pub fn weakened(&self) -> Vec<&'static str> {
        match self {
            Self::Policy(_) | Self::Layout(_) => Vec::new(),
            Self::Signer(demand) => demand.weakened(),
            Self::Provenance(wanted) => wanted.demand.weakened(),
        }
    }
}

/// How a target must have been made.
#[derive(Clone, Debug)]
pub struct LayoutDemand {
    /// The layout.
    pub layout: PathBuf,
    /// The keys of its owners.
    pub keys: Vec<PathBuf>,
    /// The folder with the links.
    pub links: PathBuf,
}

/// Which provenance is wanted, and what must vouch for it.
#[derive(Clone, Debug)]
pub struct ProvenanceDemand {
    /// A signature of any workflow on GitHub, and what must vouch for it.
    pub demand: Demand,
    /// Which workflow, and what it built.
    pub expectations: Expectations,
}
