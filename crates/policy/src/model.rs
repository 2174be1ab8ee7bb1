//! A policy as it is evaluated: names resolved, files read, everything complete.
//!
//! Only [`crate::load`] makes these; nothing here can be half filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::identity::{Pattern, TextMatcher};
use chainsign_core::key::PublicKey;
use chainsign_core::material::LogId;
use chainsign_core::predicate::PredicateType;
use chainsign_core::trust::TrustedRoot;
use chainsign_slsa::source::Repository;
use chainsign_slsa::vsa::Property;
use jiff::{SignedDuration, Timestamp};

use crate::evidence::{Severity, Status};
use crate::expression::Expression;
use crate::language::{
    Base, Denied, Deny, Exception, Go, ImageCondition, Instance, KeyLog, Level, PlatformName,
    Required, Sbom, Select, UnknownParameters, UnknownSeverity, User, Via,
};
use crate::verdict::{PolicyIdentity, RuleId};
use chainsign_core::glob::{Captures, Glob};

/// Everything a policy says.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) identity: PolicyIdentity,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) scope: Option<Scope>,
    /// Whether labels decide what the policy is about.
    pub(crate) scoped_by_label: bool,
    pub(crate) roots: Vec<NamedRoot>,
    pub(crate) authorities: Vec<Arc<Authority>>,
    pub(crate) signatures: Option<Signatures>,
    pub(crate) attestations: Vec<Attestation>,
    pub(crate) summaries: Vec<AcceptedSummary>,
    pub(crate) go: Option<Go>,
    pub(crate) image: Option<Image>,
    pub(crate) rules: Vec<CelRule>,
    pub(crate) deny: Deny,
    pub(crate) exceptions: Vec<Exception>,
}

/// Which targets the policy is about.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// It has not been asked about a target yet.
    Unbound,
    /// It is about this target.
    Bound { target: String, by: String, captures: Captures },
}

/// A trusted root of the policy's own.
#[derive(Clone, Debug)]
pub(crate) struct NamedRoot {
    pub(crate) name: String,
    pub(crate) root: TrustedRoot,
    pub(crate) instance: Instance,
}

/// Who may sign.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) name: String,
    pub(crate) who: Who,
    /// What must be proven about every signature, whoever makes it.
    pub(crate) proof: Arc<Proof>,
}

/// What must be proven about every signature that counts.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    /// The logs that count; `None`: all of the trusted root.
    pub(crate) logs: Option<Vec<LogId>>,
    /// In how many different logs it must be; 0: as its instance promises.
    pub(crate) min_logs: u8,
    pub(crate) entries: EntryProof,
    pub(crate) timestamp: TimestampProof,
    /// The first moment at which it may have been made.
    pub(crate) not_before: Option<Timestamp>,
    /// How long ago it may have been made.
    pub(crate) within: Option<SignedDuration>,
}

/// What proves that an entry is in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EntryProof {
    /// A signed entry timestamp, or an inclusion proof.
    #[default]
    Any,
    /// An inclusion proof with a checkpoint.
    Inclusion,
}

/// Whether a timestamp authority must have proven a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TimestampProof {
    #[default]
    Optional,
    Required,
}

impl Proof {
    /// Whether anything is demanded that only a trusted root can prove.
    pub(crate) fn needs_root(&self) -> bool {
        self.wants_log()
            || self.timestamp == TimestampProof::Required
            || self.not_before.is_some()
            || self.within.is_some()
    }

    /// Whether a log entry is demanded.
    pub(crate) fn wants_log(&self) -> bool {
        self.logs.is_some() || self.min_logs > 0 || self.entries == EntryProof::Inclusion
    }
}

#[derive(Debug)]
pub(crate) enum Who {
    Identity(Identity),
    Key(Key),
}

/// An identity under a trusted root.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) root: RootChoice,
    pub(crate) instance: Instance,
    pub(crate) issuer: TextMatcher,
    pub(crate) subject: SubjectMatch,
    pub(crate) extensions: Vec<(String, TextMatcher)>,
}

/// Which subjects an authority accepts.
#[derive(Debug)]
pub(crate) enum SubjectMatch {
    /// Any: the policy says that this is dangerous.
    Any,
    /// This text.
    Text(TextMatcher),
    /// A pattern, for subject alternative names of this kind only: what fixes the domain of an
    /// e-mail address fixes nothing in a URI.
    Pattern(TextMatcher, SubjectKind),
}

/// The kinds of subject alternative name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubjectKind {
    Uri,
    Email,
    OtherName,
}

/// A key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) key: PublicKey,
    pub(crate) root: Option<RootChoice>,
    pub(crate) log: KeyLog,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) not_after: Option<Timestamp>,
}

/// Under which trusted root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RootChoice {
    /// The one that the caller trusts.
    Caller,
    /// One of the policy's own.
    Named { name: String, digest: ArtifactDigest },
}

/// Who must have signed, and what.
#[derive(Clone, Debug)]
pub(crate) struct Signatures {
    pub(crate) tree: SignerTree,
    /// What may have been signed instead of the artifact.
    pub(crate) via: Option<Via>,
}

/// Who must have signed.
#[derive(Clone, Debug)]
pub(crate) enum SignerTree {
    Authority(Arc<Authority>),
    All(Vec<SignerTree>),
    Any(Vec<SignerTree>),
    AtLeast { count: usize, of: Vec<Arc<Authority>> },
}

/// An attestation that must be there.
#[derive(Clone, Debug)]
pub(crate) struct Attestation {
    pub(crate) name: String,
    pub(crate) id: RuleId,
    pub(crate) types: Vec<PredicateType>,
    pub(crate) by: Vec<Arc<Authority>>,
    pub(crate) select: Select,
    pub(crate) max_age: Option<SignedDuration>,
    pub(crate) slsa: Option<Slsa>,
    pub(crate) sbom: Option<Sbom>,
    pub(crate) vulnerabilities: Option<Vulnerabilities>,
    pub(crate) rules: Vec<CelRule>,
}

/// A verifier whose summaries are accepted in place of evidence.
#[derive(Clone, Debug)]
pub(crate) struct AcceptedSummary {
    pub(crate) id: RuleId,
    /// Who speaks for the verifier.
    pub(crate) by: Vec<Arc<Authority>>,
    pub(crate) verifier: TextMatcher,
    pub(crate) resource_uri: TextMatcher,
    pub(crate) levels: Vec<Property>,
    pub(crate) policies: Option<Vec<ArtifactDigest>>,
    pub(crate) max_age: Option<SignedDuration>,
    /// The sections that it stands in for.
    pub(crate) in_place_of: Vec<RuleId>,
}

/// What must be true of a container image.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) when: Option<ImageCondition>,
    pub(crate) platforms: Option<Vec<PlatformName>>,
    pub(crate) user: Option<User>,
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) environment: Option<ImageEnvironment>,
    pub(crate) base: Option<Base>,
    pub(crate) shell: Option<Denied>,
    pub(crate) package_manager: Option<Denied>,
    pub(crate) elevated_files: Option<Denied>,
    pub(crate) ca_certificates: Option<Required>,
    pub(crate) labels: BTreeMap<String, TextMatcher>,
    pub(crate) annotations: BTreeMap<String, TextMatcher>,
}

/// The variables that an image sets.
#[derive(Clone, Debug)]
pub(crate) struct ImageEnvironment {
    pub(crate) forbid: Vec<Glob>,
    pub(crate) forbid_values: Vec<TextMatcher>,
    pub(crate) values: BTreeMap<String, TextMatcher>,
}

/// A rule in CEL.
#[derive(Clone, Debug)]
pub(crate) struct CelRule {
    pub(crate) id: RuleId,
    pub(crate) expression: Expression,
    pub(crate) message: String,
}

/// What a vulnerability scan may have found.
#[derive(Clone, Debug)]
pub(crate) struct Vulnerabilities {
    pub(crate) max: Severity,
    pub(crate) unknown: UnknownSeverity,
    pub(crate) scanned_within: Option<SignedDuration>,
    pub(crate) vex: Option<VexSource>,
}

/// Whose VEX documents may take findings out.
#[derive(Clone, Debug)]
pub(crate) struct VexSource {
    pub(crate) by: Vec<Arc<Authority>>,
    pub(crate) max_age: SignedDuration,
    pub(crate) suppress: BTreeSet<Status>,
}

/// What a provenance must say.
#[derive(Clone, Debug)]
pub(crate) struct Slsa {
    pub(crate) builders: Vec<Builder>,
    pub(crate) level: Option<Level>,
    pub(crate) build_type: Option<TextMatcher>,
    pub(crate) repository: Option<RepositoryMatch>,
    pub(crate) reference: Option<TextMatcher>,
    pub(crate) commit: Option<TextMatcher>,
    pub(crate) entry_point: Option<TextMatcher>,
    pub(crate) parameters: Parameters,
}

/// Which external parameters there may be.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    /// Names or JSON pointers.
    pub(crate) allow: Vec<String>,
    /// Names or JSON pointers, and the value that each must have.
    pub(crate) values: BTreeMap<String, TextMatcher>,
    pub(crate) unknown: UnknownParameters,
}

/// A repository, in one spelling or by a pattern over that spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RepositoryMatch {
    Exact(Repository),
    Pattern(Pattern),
}

impl RepositoryMatch {
    pub(crate) fn matches(&self, found: &Repository) -> bool {
        match self {
            Self::Exact(wanted) => wanted == found,
            Self::Pattern(pattern) => pattern.matches(found.as_str()),
        }
    }
}

impl fmt::Display for RepositoryMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(wanted) => wanted.fmt(f),
            Self::Pattern(pattern) => write!(f, "pattern {}", pattern.as_str()),
        }
    }
}

/// A builder, who may speak for it, and its level.
#[derive(Clone, Debug)]
pub(crate) struct Builder {
    pub(crate) id: TextMatcher,
    pub(crate) signer: Arc<Authority>,
    pub(crate) level: Level,
}

impl RootChoice {
    /// The digest that evidence must carry; `None` when the caller trusts no root.
    pub(crate) fn digest<'a>(
        &'a self,
        caller_root: Option<&'a ArtifactDigest>,
    ) -> Option<&'a ArtifactDigest> {
        match self {
            Self::Caller => caller_root,
            Self::Named { digest, .. } => Some(digest),
        }
    }
}
