//! A verdict as a SLSA verification summary, for those who trust whoever evaluated the policy.

use std::collections::{BTreeMap, BTreeSet};

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestSet};
use chainsign_core::encoding::base64_encode;
use chainsign_slsa::ResourceDescriptor;
use chainsign_slsa::vsa::{
    Outcome as SummaryOutcome, Property, Summary, VerifiedLevels, VerifierId,
};

use crate::evidence::EvidenceSummary;
use crate::verdict::{Decision, Outcome, PolicyIdentity, Report, Verdict};

/// What a summary says that no verdict knows.
#[derive(Clone, Debug)]
pub struct SummaryDetails {
    /// Who verified: whoever signs the summary must speak for it.
    pub verifier: VerifierId,
    /// The parts that the verifier is made of, and their versions.
    pub verifier_version: BTreeMap<String, String>,
    /// As what the artifact was verified: an absolute URI.
    pub resource_uri: String,
    /// Where the policy is. Without it the policy is named by its digest (RFC 6920).
    pub policy_uri: Option<String>,
}

/// Why there is no summary of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SummaryError {
    /// It could not be found out whether the artifact meets the policy. A summary knows only yes and no.
    #[error("found no decision, wanted one: a summary says PASSED or FAILED")]
    Undecided,
    /// Resource or policy are not named by an absolute URI.
    #[error(transparent)]
    Details(#[from] chainsign_slsa::Error),
}

impl Verdict {
    /// The verdict as a verification summary (`https://slsa.dev/verification_summary/v1`, SLSA 1.2).
    ///
    /// It says PASSED where every rule passed or is excepted, and FAILED where one failed, also under a
    /// policy that only warns. The build level is [`Report::build_level`]. The input attestations are all
    /// documents that were verified, signatures over the artifact among them, each by the SHA-256 of the
    /// document; where one is not a document of its own, none is listed, because the specification wants
    /// all or none. The time is that for which the policy was evaluated. A summary is about the artifact
    /// only once it is the predicate of a statement about [`ArtifactIdentity`](crate::verdict::ArtifactIdentity),
    /// and worth something only once that is signed.
    ///
    /// A [`TestVerdict`](crate::testing::TestVerdict) has no summary.
    ///
    /// # Errors
    /// Each variant of [`SummaryError`] is a reason.
    pub fn summary(&self, details: &SummaryDetails) -> Result<Summary, SummaryError> {
        match self.decision() {
            Decision::Undecided => Err(SummaryError::Undecided),
            Decision::Allow | Decision::Warn | Decision::Deny => of_report(self.report(), details),
        }
    }
}

fn of_report(report: &Report, details: &SummaryDetails) -> Result<Summary, SummaryError> {
    let outcome = match report.outcome() {
        Outcome::Pass => {
            SummaryOutcome::Passed(VerifiedLevels::new([Property::build(report.build_level)])?)
        }
        Outcome::Fail => SummaryOutcome::Failed,
        Outcome::Error | Outcome::Skipped => return Err(SummaryError::Undecided),
    };
    let policy = policy(&report.policy, details.policy_uri.clone());
    let mut summary =
        Summary::new(details.verifier.clone(), &details.resource_uri, policy, outcome)?;
    summary.verifier_version = details.verifier_version.clone();
    summary.time_verified = Some(report.evaluated_at);
    summary.input_attestations = inputs(&report.evidence);
    summary.slsa_version = Some(SLSA_VERSION.to_owned());
    Ok(summary)
}

fn policy(policy: &PolicyIdentity, uri: Option<String>) -> ResourceDescriptor {
    let version = policy.version.map_or(String::new(), |version| format!(" (version {version})"));
    ResourceDescriptor {
        name: Some(format!("{}{version}", policy.name)),
        uri: Some(uri.unwrap_or_else(|| named_by(&policy.digest))),
        digest: set(&policy.digest),
        ..ResourceDescriptor::default()
    }
}

/// RFC 6920 section 3: a digest as a URI, which invents no place where the policy would be.
fn named_by(digest: &ArtifactDigest) -> String {
    let name = digest.algorithm().name().replacen("sha", "sha-", 1);
    let value = base64_encode(digest.bytes()).replace('+', "-").replace('/', "_");
    format!("ni:///{name};{}", value.trim_end_matches('='))
}

fn inputs(evidence: &[EvidenceSummary]) -> Vec<ResourceDescriptor> {
    let digests: Option<BTreeSet<_>> = evidence.iter().map(|it| it.document.as_ref()).collect();
    let input = |digest: &ArtifactDigest| ResourceDescriptor {
        digest: set(digest),
        ..ResourceDescriptor::default()
    };
    digests.iter().flatten().map(|digest| input(digest)).collect()
}

fn set(digest: &ArtifactDigest) -> DigestSet {
    DigestSet::from(&ArtifactDigests::from(digest.clone()))
}

const SLSA_VERSION: &str = "1.2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_a_name() {
        // The example of RFC 6920 section 8.2 is SHA-256 of "Hello World!".
        let name = "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk";
        assert_eq!(named_by(&ArtifactDigest::sha256(b"Hello World!")), name);
    }
}
