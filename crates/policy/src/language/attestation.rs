//! What must be attested.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Age, At, CelRule, Name, OneOrMany, Opt, PackageUrl, Predicate, Text, Versions};
use crate::evidence::{Severity, Status};

/// An attestation that must be there, and what it must say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Attestation {
    /// The predicate type, or several of which any will do.
    pub(crate) predicate_type: At<OneOrMany<Predicate>>,
    /// Who must have signed it: an authority, or several of which any will do.
    pub(crate) by: At<OneOrMany<Name>>,
    /// Which one counts when there are several.
    #[serde(default)]
    pub(crate) select: At<Select>,
    /// How long ago it may have been signed, by its earliest proven time. What a certificate signed was
    /// signed in its minutes. What a key signed, whoever has it can have timestamped anew: of a key this
    /// bounds nothing, so ask for a time that the document itself says (`createdWithin`, `scannedWithin`).
    #[serde(default)]
    pub(crate) max_age: Opt<Age>,
    /// What a SLSA provenance must say.
    #[serde(default)]
    pub(crate) slsa: Opt<At<Slsa>>,
    /// What an SBOM must say.
    #[serde(default)]
    pub(crate) sbom: Opt<At<Sbom>>,
    /// What a vulnerability scan may have found.
    #[serde(default)]
    pub(crate) vulnerabilities: Opt<At<Vulnerabilities>>,
    /// Rules over the predicate, in CEL.
    #[serde(default)]
    pub(crate) rules: Vec<At<CelRule>>,
}

/// Which attestation counts when there are several of the type by the authority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Select {
    /// One that meets every rule is enough.
    #[default]
    Any,
    /// The one signed last. Whoever can delete evidence can roll back to an older one: `maxAge` is
    /// required and bounds how far.
    Newest,
    /// Every one must meet every rule. Whoever can delete evidence can delete the one that does
    /// not: `maxAge` is required.
    All,
}

/// What a SLSA provenance must say (v0.2 and v1).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Slsa {
    /// The builders that may have built the artifact, each with the authority that may speak for
    /// it.
    #[schemars(length(min = 1))]
    pub(crate) builders: Vec<At<Builder>>,
    /// The SLSA build level that is wanted. It comes from `builders`, never from the provenance.
    #[serde(default)]
    pub(crate) level: Opt<At<Level>>,
    /// The build type.
    #[serde(default)]
    pub(crate) build_type: Opt<At<Text>>,
    /// From what it was built.
    #[serde(default)]
    pub(crate) source: Source,
    /// The parameters of the build that its caller chose.
    #[serde(default)]
    pub(crate) external_parameters: ExternalParameters,
}

/// A builder, the authority that may speak for it, and the level that this pair deserves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Builder {
    /// The provenance's `builder.id`.
    pub(crate) id: At<Text>,
    /// The authority that must have signed a provenance which names this builder.
    pub(crate) signer: At<Name>,
    /// The SLSA build level that you give this builder. 1 if left out.
    #[serde(default)]
    pub(crate) level: Opt<Level>,
}

/// A SLSA build level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "u8")]
pub(crate) struct Level(pub(crate) u8);

impl TryFrom<u8> for Level {
    type Error = String;
    fn try_from(level: u8) -> Result<Self, String> {
        if (1..=3).contains(&level) {
            return Ok(Level(level));
        }
        Err(format!("found {level}, wanted a SLSA build level from 1 to 3"))
    }
}

impl JsonSchema for Level {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Level".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A SLSA build level.", "type": "integer", "minimum": 1, "maximum": 3,
        })
    }
}

/// From what an artifact was built.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Source {
    /// The repository, such as https://github.com/acme/app. Exact values are compared in one
    /// spelling: `git+` before and `.git` behind do not count.
    #[serde(default)]
    pub(crate) repository: Opt<At<Text>>,
    /// The ref, such as refs/tags/v1.2.3.
    #[serde(default, rename = "ref")]
    pub(crate) reference: Opt<At<Text>>,
    /// The commit: 40 or 64 hexadecimal digits.
    #[serde(default)]
    pub(crate) commit: Opt<At<Text>>,
    /// The file or job in the repository that defined the build, such as
    /// .github/workflows/release.yml.
    #[serde(default)]
    pub(crate) entry_point: Opt<At<Text>>,
}

/// The parameters of a build that its caller chose: anything here may change what is built.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ExternalParameters {
    /// Parameters that may be there with any value: a name, or a JSON pointer such as
    /// /workflow/inputs.
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    /// Parameters that must be there with this value, by name or JSON pointer.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, At<Text>>,
    /// What to do about any other parameter. Repository, ref, commit and entry point of the source
    /// are never unknown: they are read as such.
    #[serde(default)]
    pub(crate) unknown: UnknownParameters,
}

/// What to do about parameters that the policy does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum UnknownParameters {
    /// They fail, as SLSA asks.
    #[default]
    Deny,
    /// They pass: whoever starts the build may then change what is built.
    DangerousAllow,
}

/// What an SBOM must say (CycloneDX, SPDX 2).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Sbom {
    /// How many components or packages it must list, beside what it describes. 1 if left out: an
    /// empty SBOM is no SBOM.
    #[serde(default)]
    pub(crate) min_components: Opt<NonZeroU32>,
    /// How long ago it may have been made, by its own word.
    #[serde(default)]
    pub(crate) created_within: Opt<Age>,
    /// What it must describe by a digest of its own, beside the statement that carries it.
    #[serde(default)]
    pub(crate) describes: Opt<Described>,
    /// Packages that it must not list.
    #[serde(default)]
    pub(crate) forbid: Vec<Forbidden>,
    /// Which licences its components may have.
    #[serde(default)]
    pub(crate) licences: Opt<Licences>,
}

/// What an SBOM describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Described {
    /// The artifact.
    Artifact,
}

/// A package that must not be there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Forbidden {
    /// The package, without a version: pkg:golang/github.com/evil/pkg.
    pub(crate) purl: PackageUrl,
    /// The versions, such as "<1.4.2" or ">=1.2.0, <1.4.2". Pre-releases are ordered as semantic
    /// versioning orders them. Every version, if left out.
    #[serde(default)]
    pub(crate) versions: Opt<Versions>,
    /// Why, for reports.
    pub(crate) reason: String,
}

/// Which licences components may have.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Licences {
    /// SPDX identifiers, such as MIT. Of a choice (OR) one must be here, of a combination (AND) all.
    #[schemars(length(min = 1))]
    pub(crate) allow: BTreeSet<String>,
    /// What to do about a component that states none.
    #[serde(default)]
    pub(crate) missing: MissingLicence,
}

/// What to do about a component that states no licence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MissingLicence {
    /// It fails.
    #[default]
    Deny,
    /// It passes. Tools that look at binaries alone state no licences.
    Allow,
}

/// What a vulnerability scan may have found (in-toto vulns, cosign vuln with Trivy's or Grype's
/// report).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Vulnerabilities {
    /// The worst severity that passes.
    pub(crate) max_severity: Severity,
    /// What to do about a vulnerability whose severity is not known.
    #[serde(default)]
    pub(crate) unknown_severity: UnknownSeverity,
    /// How long ago the scan may have ended, by its own word.
    #[serde(default)]
    pub(crate) scanned_within: Opt<Age>,
    /// Whose VEX documents (OpenVEX, CycloneDX) may take findings out.
    #[serde(default)]
    pub(crate) vex: Opt<At<Vex>>,
}

/// What to do about a vulnerability whose severity is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum UnknownSeverity {
    /// It fails.
    #[default]
    Deny,
    /// It passes.
    Allow,
}

/// Whose VEX documents (OpenVEX, or CycloneDX with an analysis of vulnerabilities) may take findings
/// out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Vex {
    /// Who must have signed them: an authority, or several of which any will do.
    pub(crate) by: At<OneOrMany<Name>>,
    /// How long ago they may have been signed. The latest statement counts: whoever can delete
    /// evidence can roll back that far.
    pub(crate) max_age: Age,
    /// Which statuses take a finding out. `not_affected` needs a justification in the document.
    #[schemars(length(min = 1))]
    pub(crate) suppress: BTreeSet<Status>,
}
