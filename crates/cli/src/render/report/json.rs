//! The report for programs: `docs/schema/verify.v1.json`.

use std::collections::BTreeMap;

use chainsign_core::identity::CertificateIdentity;
use chainsign_core::statement::Subject;
use chainsign_policy::TargetName;
use chainsign_policy::verdict::{ExceptionState, Report, Rule, RuleId};
use chainsign_slsa::layout::{VerifiedLayout, VerifiedStep};
use chainsign_verify::{
    Check, UnusedEvidence, VerifiedBundle, VerifiedLogEntry, VerifiedSigner, VerifiedTime,
};
use serde::Serialize;

use super::view::{Proof, Run, Target, state_word};
use crate::commands::verify::{AllowedBecause, Built, Decided, GivenRoot};
use crate::render::FailureJson;

/// `chainsign.verify/v1`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunJson {
    schema: &'static str,
    outcome: &'static str,
    /// The other time for which it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    dangerous_at: Option<String>,
    /// The flags that left a proof out.
    weakened: Vec<&'static str>,
    targets: Vec<TargetJson>,
}

impl From<&Run<'_>> for RunJson {
    fn from(run: &Run<'_>) -> Self {
        let exit = run.targets().map(|target| target.0.exit()).max();
        RunJson {
            schema: "chainsign.verify/v1",
            outcome: match exit {
                Some(exit) => super::view::Word::of_exit(exit).as_str(),
                None => run.word().as_str(),
            },
            dangerous_at: run.weakened.dangerous_at.map(|time| time.to_string()),
            weakened: run.weakened.flags.clone(),
            targets: run.targets().map(|target| TargetJson::from(&target)).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TargetJson {
    target: String,
    /// The image as which it was decided on.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_as: Option<UsedAsJson>,
    outcome: &'static str,
    looked_in: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_root: Option<RootJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digests: Option<Vec<String>>,
    /// Without a policy: the signed list of checksums by which the bundle is about the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<String>,
    /// Why a set of policies lets it pass without a verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<BundleJson>,
    /// How it was built, by the provenance that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    built: Option<BuiltJson>,
    /// The in-toto layout by which it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    layout: Option<LayoutJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureJson>,
}

/// A build that was as expected.
#[derive(Serialize)]
struct BuiltJson {
    builder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
}

impl From<&Built> for BuiltJson {
    fn from(Built { builder, source }: &Built) -> Self {
        BuiltJson {
            builder: builder.to_string(),
            repository: source.repository.as_ref().map(ToString::to_string),
            reference: source.reference.as_ref().map(ToString::to_string),
            commit: source.commit.as_ref().map(ToString::to_string),
        }
    }
}

/// A layout that was kept to.
#[derive(Serialize)]
struct LayoutJson {
    expires: String,
    /// The path under which the last step made the target.
    product: String,
    steps: Vec<StepJson>,
    inspections: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StepJson {
    name: String,
    /// The ids of the keys that signed, as the layout has them.
    signers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_command: Option<Vec<String>>,
}

impl From<&VerifiedLayout> for LayoutJson {
    fn from(layout: &VerifiedLayout) -> Self {
        let step = |step: &VerifiedStep| StepJson {
            name: step.name.clone(),
            signers: step.signers.clone(),
            other_command: step.other_command.clone(),
        };
        LayoutJson {
            expires: layout.expires.to_string(),
            product: layout.product.clone(),
            steps: layout.steps.iter().map(step).collect(),
            inspections: layout.inspections.clone(),
        }
    }
}

/// An image, on its own or run by a workload of a cluster.
#[derive(Serialize)]
struct UsedAsJson {
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    workload: Option<WorkloadJson>,
}

#[derive(Serialize)]
struct WorkloadJson {
    namespace: String,
    kind: String,
    labels: BTreeMap<String, String>,
}

impl UsedAsJson {
    fn of(name: &TargetName) -> Option<Self> {
        match name {
            TargetName::Image(image) => {
                Some(UsedAsJson { image: image.to_string(), workload: None })
            }
            TargetName::Workload(it) => {
                let workload = WorkloadJson {
                    namespace: it.namespace.clone(),
                    kind: it.kind.clone(),
                    labels: it.labels.clone(),
                };
                Some(UsedAsJson { image: it.image.to_string(), workload: Some(workload) })
            }
            _ => None,
        }
    }
}

/// A trusted root, and where it came from.
#[derive(Serialize)]
pub struct RootJson {
    digest: String,
    origin: String,
}

impl From<&GivenRoot> for RootJson {
    fn from(given: &GivenRoot) -> Self {
        RootJson { digest: given.digest.to_string(), origin: given.origin.clone() }
    }
}

impl From<&Target<'_>> for TargetJson {
    fn from(target: &Target<'_>) -> Self {
        let Target(outcome) = target;
        let decided = outcome.decided.as_ref();
        TargetJson {
            target: target.path(),
            used_as: outcome.used_as.as_ref().and_then(UsedAsJson::of),
            outcome: target.word().as_str(),
            looked_in: outcome.looked_in.iter().map(|path| path.display().to_string()).collect(),
            given_root: outcome.given.as_ref().map(RootJson::from),
            digests: decided.is_ok().then(|| target.digests()),
            via: match decided {
                Ok(Decided::Signed(signed)) => signed.via.clone(),
                _ => None,
            },
            allowed: target.allowed().map(|because| match because {
                AllowedBecause::Listed(_) => "always-allowed",
                AllowedBecause::NoPolicy => "no-policy",
            }),
            verdict: VerdictJson::of(target),
            bundle: match decided {
                Ok(Decided::Signed(signed)) => Some((&signed.bundle).into()),
                _ => None,
            },
            built: target.built().map(BuiltJson::from),
            layout: target.layout().map(LayoutJson::from),
            failure: decided.err().map(FailureJson::from),
        }
    }
}

/// A policy's verdict.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictJson {
    policy: PolicyJson,
    evaluated_at: String,
    sections: Vec<SectionJson>,
    evidence: Vec<EvidenceJson>,
    refused: Vec<RefusedJson>,
    exceptions: Vec<ExceptionJson>,
}

#[derive(Serialize)]
struct PolicyJson {
    name: String,
    version: Option<u64>,
    digest: String,
    mode: &'static str,
    /// The trusted roots that it names.
    roots: Vec<NamedRootJson>,
}

#[derive(Serialize)]
struct NamedRootJson {
    name: String,
    digest: String,
}

#[derive(Serialize)]
struct SectionJson {
    id: String,
    outcome: &'static str,
    rules: Vec<RuleJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleJson {
    id: String,
    /// What the policy asks for, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    asks: Option<String>,
    outcome: &'static str,
    reason: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
    /// The documents that it was decided on: places in the verdict's `evidence`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relies_on: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EvidenceJson {
    origin: String,
    /// The signed list of checksums by which it is about the artifact.
    via: Option<String>,
    /// The earliest proven time of the signature.
    signed_at: Option<String>,
    /// The rules that were decided on it.
    used_by: Vec<String>,
    #[serde(flatten)]
    proof: ProofJson,
}

#[derive(Serialize)]
struct RefusedJson {
    origin: String,
    document: Option<String>,
    check: String,
    reason: String,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExceptionJson {
    id: String,
    expires: String,
    reason: String,
    approved_by: String,
    state: &'static str,
    /// The rules that it silenced.
    rules: Vec<String>,
}

impl VerdictJson {
    /// What a policy decided about a target; `None` where no policy did.
    pub fn of(target: &Target<'_>) -> Option<Self> {
        let report = target.report()?;
        let mut proofs = target.proofs();
        proofs.sort_by_key(|proof| proof.place);
        Some(VerdictJson {
            policy: PolicyJson::from(report),
            evaluated_at: report.evaluated_at.to_string(),
            sections: report
                .sections
                .iter()
                .map(|section| SectionJson {
                    id: section.id.to_string(),
                    outcome: section.outcome().as_str(),
                    rules: section.rules.iter().map(|rule| RuleJson::of(target, rule)).collect(),
                })
                .collect(),
            evidence: proofs.iter().map(EvidenceJson::from).collect(),
            refused: report
                .refused
                .iter()
                .map(|refused| RefusedJson {
                    origin: refused.origin.to_string(),
                    document: refused.document.as_ref().map(ToString::to_string),
                    check: refused.check.clone(),
                    reason: refused.reason.clone(),
                    message: refused.message.clone(),
                })
                .collect(),
            exceptions: report
                .exceptions
                .iter()
                .map(|exception| ExceptionJson {
                    id: exception.id.clone(),
                    expires: exception.expires.to_string(),
                    reason: exception.reason.clone(),
                    approved_by: exception.approved_by.clone(),
                    state: state_word(&exception.state),
                    rules: match &exception.state {
                        ExceptionState::Used(rules) => texts(rules),
                        _ => Vec::new(),
                    },
                })
                .collect(),
        })
    }
}

impl From<&Report> for PolicyJson {
    fn from(report: &Report) -> Self {
        let policy = &report.policy;
        PolicyJson {
            name: policy.name.clone(),
            version: policy.version,
            digest: policy.digest.to_string(),
            mode: policy.mode.as_str(),
            roots: report
                .roots
                .iter()
                .map(|root| NamedRootJson {
                    name: root.name.clone(),
                    digest: root.digest.to_string(),
                })
                .collect(),
        }
    }
}

impl RuleJson {
    fn of(target: &Target<'_>, rule: &Rule) -> Self {
        RuleJson {
            id: rule.id.to_string(),
            asks: target.asked(&rule.id).map(str::to_owned),
            outcome: rule.outcome.as_str(),
            reason: rule.reason.to_string(),
            message: rule.message.clone(),
            found: rule.found.clone(),
            wanted: rule.wanted.clone(),
            evidence: rule.evidence.clone(),
            relies_on: rule.relies_on.clone(),
            hint: rule.hint.clone(),
            because: rule.because.as_ref().map(ToString::to_string),
            exception: rule.exception.clone(),
        }
    }
}

impl From<&Proof<'_>> for EvidenceJson {
    fn from(proof: &Proof<'_>) -> Self {
        EvidenceJson {
            origin: proof.origin.clone(),
            via: proof.via.map(str::to_owned),
            signed_at: proof.bundle.earliest().map(|time| time.to_string()),
            used_by: proof.used_by.iter().map(ToString::to_string).collect(),
            proof: proof.bundle.into(),
        }
    }
}

/// A verified bundle as JSON, with the statement that was signed.
#[derive(Serialize)]
pub struct BundleJson {
    #[serde(flatten)]
    proof: ProofJson,
    statement: Option<Box<serde_json::value::RawValue>>,
}

impl From<&VerifiedBundle> for BundleJson {
    fn from(bundle: &VerifiedBundle) -> Self {
        let payload = bundle.payload().and_then(|payload| std::str::from_utf8(payload).ok());
        BundleJson {
            proof: bundle.into(),
            statement: payload.and_then(|text| serde_json::from_str(text).ok()),
        }
    }
}

/// What was proven, from the signature to the trusted root.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProofJson {
    format: String,
    document: Option<String>,
    trusted_root: Option<String>,
    signer: SignerJson,
    digests: Vec<String>,
    predicate_type: Option<String>,
    /// What the statement is about; empty for a signature over the artifact itself.
    subjects: Vec<Subject>,
    times: Vec<VerifiedTime>,
    log_entries: Vec<VerifiedLogEntry>,
    checks: Vec<Check>,
    unused: Vec<UnusedEvidence>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum SignerJson {
    Certificate {
        fingerprint: String,
        authority: String,
        not_before: String,
        not_after: String,
        identity: Box<CertificateIdentity>,
    },
    Key {
        fingerprint: String,
    },
}

impl From<&VerifiedBundle> for ProofJson {
    fn from(bundle: &VerifiedBundle) -> Self {
        ProofJson {
            format: bundle.format().to_string(),
            document: bundle.document().map(ToString::to_string),
            trusted_root: bundle.root_digest().map(ToString::to_string),
            signer: match bundle.signer() {
                VerifiedSigner::Certificate(certificate) => SignerJson::Certificate {
                    fingerprint: certificate.fingerprint().to_string(),
                    authority: certificate.authority().to_owned(),
                    not_before: certificate.not_before().to_string(),
                    not_after: certificate.not_after().to_string(),
                    identity: Box::new(certificate.identity().clone()),
                },
                VerifiedSigner::Key(key) => {
                    SignerJson::Key { fingerprint: key.fingerprint().to_string() }
                }
            },
            digests: bundle.subject().iter().map(ToString::to_string).collect(),
            predicate_type: bundle.statement().map(|s| s.predicate_type.to_string()),
            subjects: bundle.statement().map(|s| s.subject.clone()).unwrap_or_default(),
            times: bundle.times().to_vec(),
            log_entries: bundle.log_entries().to_vec(),
            checks: bundle.checks().to_vec(),
            unused: bundle.unused().to_vec(),
        }
    }
}

fn texts(rules: &[RuleId]) -> Vec<String> {
    rules.iter().map(ToString::to_string).collect()
}
