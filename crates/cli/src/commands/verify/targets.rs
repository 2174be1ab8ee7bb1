use std::path::{Path, PathBuf};

use chainsign_artifact::{ArtifactFacts, Limits};
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::material::SignedMaterial;
use chainsign_core::requirements::Requirements;
use chainsign_core::verifier::BundleVerifier as _;
use chainsign_policy::{
    Candidate, Decision, Explanation, Origin, Plan, Policy, TargetError, TargetName, Verdict,
    Verifiers,
};
use chainsign_verify::VerifiedBundle;
use jiff::Timestamp;

use super::blob::{refused, says};
use super::documents::{self, Document};
use super::lists::{self, List};
use super::opened::Opened;
use super::{Decide, Demand, VerifyRequest};
use crate::commands::trust::Trust;
use crate::commands::{policy, sbom};
use crate::failure::{Exit, Failure};
use crate::parallel;

/// What was decided about one target.
#[derive(Debug)]
pub struct TargetOutcome {
    /// The target as it was named.
    pub target: PathBuf,
    /// The files in which evidence was looked for, found beside it or named.
    pub looked_in: Vec<PathBuf>,
    /// The trusted root that the verifier was given.
    pub given: GivenRoot,
    /// What the policy asks for, one sentence for each of its rules. Empty without a policy.
    pub asked: Vec<Explanation>,
    /// The decision, or why there is none.
    pub decided: Result<Decided, Failure>,
}

/// The trusted root that the verifier was given. A policy that names its own does not use it.
#[derive(Clone, Debug)]
pub struct GivenRoot {
    /// Its digest.
    pub digest: ArtifactDigest,
    /// Where it came from, in words.
    pub origin: String,
}

impl TargetOutcome {
    /// Its part of the exit code.
    pub fn exit(&self) -> Exit {
        match &self.decided {
            Err(failure) => failure.exit,
            Ok(Decided::Signed(..)) => Exit::Yes,
            Ok(Decided::Verdict(verdict)) => match verdict.decision() {
                Decision::Allow | Decision::Warn => Exit::Yes,
                Decision::Deny => Exit::No,
                Decision::Undecided => Exit::Undecided,
            },
        }
    }
}

/// A decision.
#[derive(Debug)]
pub enum Decided {
    /// By a policy.
    Verdict(Box<Verdict>),
    /// Without one: a signature of the signer asked for, and where it was found.
    Signed(String, Box<VerifiedBundle>),
}

/// Decides on every target, on all processors. Each is opened once: digests and facts come from the
/// same bytes.
///
/// # Errors
/// What concerns all targets: the policy, the trusted root, a document that was named and cannot
/// be read. What concerns one target is in its [`TargetOutcome`].
pub fn verify(request: &VerifyRequest) -> Result<Vec<TargetOutcome>, Failure> {
    let trust = request.trust.load()?;
    let given = GivenRoot { digest: trust.root.digest().clone(), origin: trust.origin.clone() };
    let mut named = request.bundles.clone();
    for folder in &request.folders {
        named.extend(documents::in_folder(folder)?);
    }
    let named = Named { documents: named, lists: lists::read(&request.via)? };
    match &request.decide {
        Decide::Signer(demand) => {
            let requirements = trust.requirements(demand);
            let judge = Judge::Signer { demand, requirements, trust: &trust };
            let decide = |target: &PathBuf| judge.outcome(target, &named, &given, request);
            Ok(parallel::map(&request.targets, decide))
        }
        Decide::Policy(path) => {
            let policy = policy::load_one(path)?;
            let decide = |target: &PathBuf| match bound(&policy, target) {
                Err(failure) => {
                    let (target, given) = (target.clone(), given.clone());
                    let (looked_in, asked) = (Vec::new(), policy.explain());
                    TargetOutcome { target, looked_in, given, asked, decided: Err(failure) }
                }
                Ok(policy) => {
                    let plan = policy.plan(Some(&trust.root));
                    let verifiers = plan.verifiers();
                    let judge = Judge::Policy { policy: &policy, plan: &plan, verifiers };
                    judge.outcome(target, &named, &given, request)
                }
            };
            Ok(parallel::map(&request.targets, decide))
        }
    }
}

/// What the policy says about this target: its `match`, and what it captures from the name.
fn bound(policy: &Policy, target: &Path) -> Result<Policy, Failure> {
    let name = TargetName::File(target.display().to_string());
    policy.for_target(&name).map_err(|error| {
        let failure = Failure::undecided("not-matched", error.to_string());
        match error {
            TargetError::NotMatched { .. } => failure.hint("name a policy that is about it"),
            _ => failure,
        }
    })
}

/// What was named for all targets.
struct Named {
    documents: Vec<PathBuf>,
    lists: Vec<List>,
}

enum Judge<'a> {
    Signer { demand: &'a Demand, requirements: Requirements, trust: &'a Trust },
    Policy { policy: &'a Policy, plan: &'a Plan, verifiers: Verifiers<'a> },
}

impl Judge<'_> {
    fn outcome(
        &self,
        target: &Path,
        named: &Named,
        given: &GivenRoot,
        request: &VerifyRequest,
    ) -> TargetOutcome {
        let mut looked_in = Vec::new();
        let decided = self.decide(target, named, request, &mut looked_in);
        let asked = match self {
            Judge::Policy { policy, .. } => policy.explain(),
            Judge::Signer { .. } => Vec::new(),
        };
        let (target, given) = (target.to_owned(), given.clone());
        TargetOutcome { target, looked_in, given, asked, decided }
    }

    /// How much of a Go binary the rules need.
    fn limits(&self) -> Limits {
        match self {
            Judge::Policy { policy, .. } => sbom::limits(policy.depth()),
            Judge::Signer { .. } => Limits::default(),
        }
    }

    fn decide(
        &self,
        target: &Path,
        named: &Named,
        request: &VerifyRequest,
        looked_in: &mut Vec<PathBuf>,
    ) -> Result<Decided, Failure> {
        let opened = Opened::open(target, &self.limits())?;
        *looked_in = documents::beside_file(target);
        looked_in.extend_from_slice(&named.documents);
        let mut documents = documents::read(looked_in)?;
        let limits = self.limits();
        let lists = &named.lists;
        let algorithms = |documents: &[Document]| {
            let of_documents = documents::algorithms(documents).into_iter();
            of_documents.chain(lists::algorithms(lists)).collect()
        };
        let mut facts = opened.facts(algorithms(&documents), &limits)?;
        let sha256 = facts.digests.get(DigestAlgorithm::Sha256).map(|digest| digest.hex());
        if let Some(path) = sha256.and_then(|hex| documents::beside_digest(target, &hex)) {
            documents.extend(documents::read(std::slice::from_ref(&path))?);
            looked_in.push(path);
            facts = opened.facts(algorithms(&documents), &limits)?;
        }
        looked_in.extend(lists.iter().flat_map(|list| list.looked_in.iter().cloned()));
        let decided = match self {
            Judge::Policy { policy, plan, verifiers } => {
                let now = request.now;
                let candidates = documents
                    .iter()
                    .map(|document| candidate(verifiers, document, lists, &facts, now))
                    .chain(lists::candidates(lists, verifiers, &facts, now));
                let evidence = plan.evidence(candidates);
                let verdict = policy.evaluate(&evidence, &facts, request.now);
                Decided::Verdict(Box::new(verdict))
            }
            Judge::Signer { demand, requirements, trust } => {
                let says = |bundle: &VerifiedBundle| says(demand, bundle);
                let by = Asked { trust, requirements, says: &says };
                signed(&by, &documents, lists, &facts, request.now)?
            }
        };
        if let Some(path) = request.copy_to.as_ref().filter(|_| passed(&decided)) {
            opened.copy(&facts, path)?;
        }
        Ok(decided)
    }
}

fn candidate(
    verifiers: &Verifiers<'_>,
    document: &Document,
    lists: &[List],
    facts: &ArtifactFacts,
    now: Timestamp,
) -> Candidate {
    let origin = Origin::new(document.origin.clone());
    let candidate = match &document.material {
        Ok(material) => verifiers.check_facts(&origin, material, facts, now),
        Err(error) => Candidate::malformed(origin, error),
    };
    match candidate {
        Candidate::Refused(_) => {
            lists::named(lists, document, verifiers, facts, now).unwrap_or(candidate)
        }
        candidate => candidate,
    }
}

/// The signer asked for.
pub(super) struct Asked<'a> {
    trust: &'a Trust,
    requirements: &'a Requirements,
    says: &'a dyn Fn(&VerifiedBundle) -> Result<(), Failure>,
}

impl Asked<'_> {
    /// Verifies one document about an artifact.
    pub(super) fn verify(
        &self,
        material: &SignedMaterial,
        artifact: Artifact<'_>,
        now: Timestamp,
    ) -> Result<VerifiedBundle, Failure> {
        let verified = self.trust.verifier.verify(material, artifact, self.requirements, now);
        let bundle = verified.map_err(|refusal| refused(&refusal))?;
        (self.says)(&bundle).map(|()| bundle)
    }
}

/// The first document that the signer asked for has signed; else every refusal, in one failure.
fn signed(
    by: &Asked<'_>,
    documents: &[Document],
    lists: &[List],
    facts: &ArtifactFacts,
    now: Timestamp,
) -> Result<Decided, Failure> {
    let mut failures = Vec::new();
    for document in documents {
        let outcome = match &document.material {
            Err(error) => Err(Failure::no("malformed-evidence", error.to_string())),
            Ok(material) => by.verify(material, Artifact::Digests(&facts.digests), now),
        };
        match outcome {
            Ok(bundle) => return Ok(Decided::Signed(document.origin.clone(), Box::new(bundle))),
            Err(failure) => failures.push((document.origin.clone(), failure)),
        }
    }
    match lists::signed(lists, documents, facts, by, now) {
        Ok((found, bundle)) => return Ok(Decided::Signed(found, Box::new(bundle))),
        Err(more) => failures.extend(more),
    }
    let Some((_, worst)) = failures.iter().max_by_key(|(_, failure)| failure.exit) else {
        let message = format!("found no signature for {}", facts.name);
        return Err(Failure::no("unsigned", message).hint(
            "put FILE.sigstore.json beside it, or name evidence with --bundle or --attestations",
        ));
    };
    let lines: Vec<_> =
        failures.iter().map(|(origin, failure)| format!("{origin}: {}", failure.message)).collect();
    Err(Failure { message: lines.join("\n       "), ..worst.clone() })
}

fn passed(decided: &Decided) -> bool {
    match decided {
        Decided::Signed(..) => true,
        Decided::Verdict(verdict) => verdict.decision() == Decision::Allow,
    }
}
