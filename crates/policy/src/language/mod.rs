//! The language: what a policy file says, field by field.
//!
//! These types are read from YAML, and the JSON Schema that is shipped with chainsign is made
//! from them, so that the two cannot differ; their documentation is the reference that users see.
//! Nothing here decides anything: [`crate::load`] turns a [`Document`] into a
//! [`Policy`](crate::Policy), resolving names and files.
//!
//! Security lives in three habits. Every mapping refuses unknown keys. A key that is written needs
//! a value: an empty one is never read as "not written" ([`Opt`]). And a value has one spelling:
//! what a YAML reader could take for a number where text is meant must be quoted.

mod attestation;
mod authority;
mod exception;
mod go;
mod image;
mod proof;
mod rule;
mod scope;
mod set;
mod suite;
mod summary;
mod text;
mod value;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use attestation::{
    Attestation, Builder, Forbidden, Level, Licences, MissingLicence, Sbom, Select, Slsa,
    UnknownParameters, UnknownSeverity, Vex, Vulnerabilities,
};
pub(crate) use authority::{
    Authority, Instance, KeyAuthority, KeyLog, KeylessAuthority, Root, SignatureTree,
};
pub(crate) use exception::{DeniedLogEntry, Deny, Exception};
pub(crate) use go::{Denied, Go, GoCondition, Hardening, MinRelro, ModulesJoin, Parameter};
pub(crate) use image::{Base, Environment, Image, ImageCondition, User};
pub(crate) use proof::{Required, SigningTime, Transparency};
pub(crate) use rule::CelRule;
pub(crate) use scope::{Kubernetes, Match, Names};
pub(crate) use set::{Mirror, OnNoMatch, PolicyFile, SetDocument};
pub(crate) use suite::{
    AssumedAttestation, AssumedIdentity, AssumedSigner, Case, CaseEvidence, Change, Expected, Lack,
    SuiteDocument, Target as CaseTarget,
};
pub(crate) use summary::{AcceptedSummary, Input};
pub(crate) use text::Text;
pub(crate) use value::{
    Age, At, Digest, Glob, GoVersion, LogIdHex, Name, OneOrMany, Opt, PackageUrl, PlatformName,
    Predicate, Sha256, Time, VerifiedLevel, Versions, spoken,
};

use crate::verdict::Mode;

/// A chainsign policy: who must have signed, what must be attested, and what must be true of the
/// artifact itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "chainsign policy", extend("$id" = "https://chainsign.dev/schema/policy.v1.json"))]
pub(crate) struct Document {
    /// The version of the language.
    #[serde(rename = "apiVersion")]
    #[schemars(with = "ApiVersion")]
    pub(crate) _api_version: ApiVersion,
    /// What kind of document this is.
    #[serde(rename = "kind")]
    pub(crate) _kind: Kind,
    /// The policy's name, version and expiry.
    pub(crate) metadata: Metadata,
    /// What a failure does: `enforce` denies (the default), `warn` shows it, `audit` records it.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// Which targets the policy is about. All that it is used for, if left out.
    #[serde(default, rename = "match")]
    pub(crate) scope: Opt<At<Match>>,
    /// Which Sigstore instances are trusted. A policy that names none gets the one root that the
    /// caller trusts.
    #[serde(default)]
    pub(crate) trust: Trust,
    /// Who may sign, by a name that the rules below use.
    #[serde(default)]
    pub(crate) authorities: BTreeMap<Name, At<Authority>>,
    /// What transparency logs and timestamp authorities must prove about every signature that
    /// counts.
    #[serde(default)]
    pub(crate) transparency: Opt<At<Transparency>>,
    /// When every signature that counts must have been made.
    #[serde(default)]
    pub(crate) signed: Opt<At<SigningTime>>,
    /// Who must have signed the artifact itself.
    #[serde(default)]
    pub(crate) signatures: Opt<Signatures>,
    /// What must be attested about the artifact, by a name that rule ids and joins use.
    #[serde(default)]
    pub(crate) attestations: BTreeMap<Name, At<Attestation>>,
    /// Verifiers whose SLSA verification summaries are accepted in place of signatures and attestations,
    /// by a name that rule ids use.
    #[serde(default)]
    pub(crate) accept_summaries: BTreeMap<Name, At<AcceptedSummary>>,
    /// What must be true of the Go binary that the artifact is, or of every one in it, read from the
    /// binaries themselves.
    #[serde(default)]
    pub(crate) go: Opt<Go>,
    /// What must be true of the container image that the artifact is, read from the image itself.
    #[serde(default)]
    pub(crate) image: Opt<At<Image>>,
    /// Rules across attestations and the binary, in CEL.
    #[serde(default)]
    pub(crate) rules: Vec<At<CelRule>>,
    /// What is never accepted. No exception silences it.
    #[serde(default)]
    pub(crate) deny: Deny,
    /// Rules that are not enforced for some artifacts for some time.
    #[serde(default)]
    pub(crate) exceptions: Vec<At<Exception>>,
}

/// The version of the policy language.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum ApiVersion {
    #[serde(rename = "chainsign.dev/v1")]
    V1,
}

/// The kind of document.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum Kind {
    Policy,
}

/// What a policy says about itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Metadata {
    /// A name for reports.
    pub(crate) name: Name,
    /// Counts up with every change, for reports.
    #[serde(default)]
    pub(crate) version: Opt<u64>,
    /// From this time on the policy is an error: it never passes.
    #[serde(default)]
    pub(crate) expires: Opt<Time>,
}

/// Which Sigstore instances are trusted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Trust {
    /// Trusted roots by a name that authorities use.
    #[serde(default)]
    pub(crate) roots: BTreeMap<Name, At<Root>>,
}

/// Who must have signed the artifact itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Signatures {
    /// The name of an authority, or `all`, `any` or `atLeast` of several.
    pub(crate) require: At<SignatureTree>,
    /// What they may have signed instead of the artifact. Nothing, if left out.
    #[serde(default)]
    pub(crate) via: Opt<Via>,
}

/// What may have been signed instead of the artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Via {
    /// A file of checksums that lists the artifact, as `sha256sum` writes it.
    Checksums,
}
