use std::path::PathBuf;

use chainsign_artifact::{ArtifactFacts, Limits};
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::material::SignedMaterial;
use chainsign_core::predicate::COSIGN_SIGN;
use chainsign_core::requirements::Requirements;
use chainsign_core::statement::Subject;
use chainsign_core::trust::TrustedRoot;
use chainsign_core::verifier::BundleVerifier as _;
use chainsign_policy::{
    Candidate, Decision, Explanation, Origin, Policy, PolicySet, PreparedRoots, Selection,
    TargetError, TargetName, Verdict, Verifiers,
};
use chainsign_registry::Wanted;
use chainsign_verify::{Refusal, VerifiedBundle, Verifier};
use jiff::Timestamp;

use super::blob::{refused, says};
use super::documents::{self, Document};
use super::gather::{Failed, Gathered, Named, Unread, UsedAs, gather, image};
use super::images::{self, Found};
use super::layout::{self, Made};
use super::lists::{self, List};
use super::opened::Opened;
use super::provenance::Built;
use super::{Decide, Demand, ProvenanceDemand, VerifyRequest, provenance, saved, summary};
use crate::commands::policy::{self, Loaded};
use crate::commands::sbom;
use crate::commands::trust::{Need, Trust};
use crate::failure::{Exit, Failure};
use crate::files::Output;
use crate::parallel;

/// What was decided about one target, by one policy if policies decide.
#[derive(Debug)]
pub struct TargetOutcome {
    /// The target as it was named.
    pub target: PathBuf,
    /// The image as which it was decided on, where it was not the file.
    pub used_as: Option<TargetName>,
    /// The files in which evidence was looked for, found beside it or named.
    pub looked_in: Vec<PathBuf>,
    /// The trusted root that the verifier was given, if one was needed.
    pub given: Option<GivenRoot>,
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
    /// What kept it from being newer, or from being cached.
    pub warning: Option<String>,
}

impl GivenRoot {
    /// What reports say of it.
    pub fn of(trust: &Trust) -> Self {
        GivenRoot {
            digest: trust.root.digest().clone(),
            origin: trust.origin.clone(),
            warning: trust.warning.clone(),
        }
    }
}

impl TargetOutcome {
    /// Its part of the exit code.
    pub fn exit(&self) -> Exit {
        match &self.decided {
            Err(failure) => failure.exit,
            Ok(Decided::Signed(..) | Decided::Made(_) | Decided::Allowed(_)) => Exit::Yes,
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
    /// By a set of policies, without a verdict of any of them.
    Allowed(Allowed),
    /// Without a policy: a signature of the signer asked for.
    Signed(Box<Signed>),
    /// By an in-toto layout.
    Made(Box<Made>),
}

/// A signature of the signer asked for.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Where it was found.
    pub origin: String,
    /// The list of checksums that was signed, and the name under which it lists the artifact; `None`
    /// for a signature over the artifact itself.
    pub via: Option<String>,
    /// How it was built, where provenance was asked for.
    pub built: Option<Built>,
    /// The artifact's digests.
    pub digests: ArtifactDigests,
    /// The evidence.
    pub bundle: VerifiedBundle,
}

/// An artifact that a set of policies lets pass without a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The artifact's digests.
    pub digests: ArtifactDigests,
    /// Why.
    pub why: AllowedBecause,
}

/// Why a set of policies lets an artifact pass without a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedBecause {
    /// The set's `alwaysAllow` names this digest, and no policy denies it.
    Listed(ArtifactDigest),
    /// No policy is about it, and the set says `onNoMatch: dangerousAllow`.
    NoPolicy,
}

/// Decides on every target, on all processors, by each policy that is about it. Each target is
/// opened once: digests and facts come from the same bytes.
///
/// # Errors
/// What concerns all targets: the policies, the trusted root, a document that was named and cannot
/// be read; `not-saved` when the evidence shall be kept and cannot be; as `summary::write` has them.
/// What concerns one target is in its [`TargetOutcome`].
pub fn verify(request: &VerifyRequest) -> Result<Vec<TargetOutcome>, Failure> {
    Ok(verify_prepared(request, prepare(request)?)?.into_iter().flatten().collect())
}

/// What is there before any target is looked at: the policies, and where results are written.
pub(in crate::commands) struct Prepared {
    keep: Option<Output>,
    summary: Option<Output>,
    policies: Option<Loaded>,
}

impl Prepared {
    /// Whether anything would be decided on a target of this name.
    pub(in crate::commands) fn is_about(&self, name: &TargetName) -> bool {
        self.policies.as_ref().is_none_or(|policies| select(&policies.set, name).is_ok())
    }
}

/// Reads the policies, and finds out that results can be written.
///
/// # Errors
/// As [`verify`], for these.
pub(in crate::commands) fn prepare(request: &VerifyRequest) -> Result<Prepared, Failure> {
    Ok(Prepared {
        keep: request.save_evidence.as_deref().map(Output::prepare).transpose()?,
        summary: request.summary.as_ref().map(summary::prepare).transpose()?,
        policies: match &request.decide {
            Decide::Policy(path) => Some(policy::load(path)?),
            Decide::Signer(_) | Decide::Provenance(_) | Decide::Layout(_) => None,
        },
    })
}

/// As [`verify`], with what [`prepare`] made of the request, and the outcomes of each target by themselves, in its order.
pub(in crate::commands) fn verify_prepared(
    request: &VerifyRequest,
    Prepared { keep, summary, policies }: Prepared,
) -> Result<Vec<Vec<TargetOutcome>>, Failure> {
    if let Decide::Layout(demand) = &request.decide {
        let outcomes = layout::verify_all(&request.targets, demand, request.now)?;
        return Ok(outcomes.into_iter().map(|outcome| vec![outcome]).collect());
    }
    let need = match (&request.decide, &policies) {
        (Decide::Signer(demand), _) => Need::of(demand),
        (Decide::Provenance(wanted), _) => Need::of(&wanted.demand),
        (_, Some(it)) if it.set.policies().iter().any(Policy::needs_caller_root) => Need::Root,
        _ => Need::Nothing,
    };
    let trust = request.trust.load_for(need)?;
    let given = trust.as_ref().map(GivenRoot::of);
    let mut named = request.bundles.clone();
    for folder in &request.folders {
        named.extend(documents::in_folder(folder)?);
    }
    let named = Named { documents: named, lists: lists::read(&request.via)? };
    let keys_only = Verifier::keys_only();
    let judge = match (&request.decide, &policies) {
        (Decide::Signer(demand), _) => {
            let requirements = Trust::requirements(trust.as_ref(), demand);
            let verifier = trust.as_ref().map_or(&keys_only, |trust| &trust.verifier);
            Judge::Signer { demand, requirements, verifier }
        }
        (_, Some(policies)) => {
            Judge::Policies(Policies::new(&policies.set, trust.as_ref().map(|it| &it.root)))
        }
        (Decide::Provenance(wanted), _) => {
            let requirements = Trust::requirements(trust.as_ref(), &wanted.demand);
            let verifier = trust.as_ref().map_or(&keys_only, |trust| &trust.verifier);
            Judge::Provenance { wanted, requirements, verifier }
        }
        (_, None) => return Err(Failure::undecided("bad-policy", "found no policy, wanted one")),
    };
    let found = images::find(request, &judge)?;
    let decided = parallel::map(&found, |(_, target): &(usize, Found<'_>)| {
        let decided = match target {
            Found::File { path, name, used_as } => {
                judge.limits(name).map_err(|it| (Vec::new(), it)).and_then(|limits| {
                    let (opened, gathered) = gather(&limits, path, name.clone(), &named)?;
                    let outcomes =
                        judge.decide(&gathered, &named.lists, given.as_ref(), request.now);
                    let done = is_that_image(*used_as, &gathered)
                        .and_then(|()| copy(request, &opened, &gathered, &outcomes));
                    done.map_err(|failure| (gathered.looked_in(), failure))?;
                    Ok((outcomes, gathered))
                })
            }
            Found::Image { fetched, name } => images::gather(fetched, name, &named)
                .map(|gathered| {
                    let decided =
                        judge.decide(&gathered, &named.lists, given.as_ref(), request.now);
                    (decided, gathered)
                })
                .map_err(|failure| (fetched.looked_in.clone(), failure)),
            Found::Nothing { failure, .. } => Err((Vec::new(), failure.clone())),
        };
        match decided {
            Ok((outcomes, gathered)) => (outcomes, keep.is_some().then_some(Ok(gathered))),
            Err((looked_in, failure)) => {
                let failed = Failed {
                    target: target.written(),
                    name: target.name().clone(),
                    used_as: target.used_as(),
                    looked_in,
                    failure,
                };
                (vec![judge.failed(&failed, given.as_ref())], keep.is_some().then_some(Err(failed)))
            }
        }
    });
    let (outcomes, seen): (Vec<_>, Vec<_>) = decided.into_iter().unzip();
    let seen: Vec<_> = seen.into_iter().flatten().collect();
    if let (Some(output), Some(policies)) = (keep, &policies) {
        let on = saved::DecidedOn {
            policies,
            trust: trust.as_ref(),
            lists: &named.lists,
            targets: &seen,
        };
        saved::write(output, request, &on)?;
    }
    let of = found.iter().zip(&outcomes).flat_map(|((place, _), it)| it.iter().map(|_| *place));
    let of: Vec<_> = of.collect();
    let outcomes: Vec<_> = outcomes.into_iter().flatten().collect();
    if let Some((output, request)) = summary.zip(request.summary.as_ref()) {
        summary::write(output, request, &outcomes)?;
    }
    let mut each: Vec<Vec<TargetOutcome>> = request.targets.iter().map(|_| Vec::new()).collect();
    for (place, outcome) in of.into_iter().zip(outcomes) {
        each[place].push(outcome);
    }
    Ok(each)
}

/// Who decides.
pub(in crate::commands) enum Judge<'a> {
    /// A signature of this signer.
    Signer { demand: &'a Demand, requirements: Requirements, verifier: &'a Verifier },
    /// A provenance of a build that is as expected.
    Provenance { wanted: &'a ProvenanceDemand, requirements: Requirements, verifier: &'a Verifier },
    /// Each policy that is about the target.
    Policies(Policies<'a>),
}

/// Policies, and the trusted root of those that name none.
pub(in crate::commands) struct Policies<'a> {
    set: &'a PolicySet,
    root: Option<&'a TrustedRoot>,
    /// Each root is parsed once, however many targets there are.
    prepared: PreparedRoots,
}

impl<'a> Policies<'a> {
    pub(in crate::commands) fn new(set: &'a PolicySet, root: Option<&'a TrustedRoot>) -> Self {
        Policies { set, root, prepared: PreparedRoots::default() }
    }
}

impl Judge<'_> {
    /// How much of a target the rules need.
    fn limits(&self, target: &TargetName) -> Result<Limits, Failure> {
        match self {
            Judge::Policies(it) => Ok(sbom::limits(select(it.set, target)?.depth())),
            Judge::Signer { .. } | Judge::Provenance { .. } => Ok(Limits::default()),
        }
    }

    /// How much of what is inside of an image the rules need; `None` where they look at its digest only.
    pub(super) fn inside(&self, target: &TargetName) -> Result<Option<Limits>, Failure> {
        match self {
            Judge::Policies(it) => {
                let selection = select(it.set, target)?;
                Ok(selection.looks_inside().then(|| sbom::limits(selection.depth())))
            }
            Judge::Signer { .. } | Judge::Provenance { .. } => Ok(None),
        }
    }

    /// What of all that is stored about an image may decide.
    pub(super) fn wanted(&self) -> Wanted {
        match self {
            Judge::Policies(_) => Wanted::Evidence,
            Judge::Signer { .. } => Wanted::Signatures,
            Judge::Provenance { .. } => Wanted::Attestations,
        }
    }

    /// One outcome without a policy; with a set, one for each policy that is about the target.
    pub(in crate::commands) fn decide(
        &self,
        gathered: &Gathered,
        lists: &[List],
        given: Option<&GivenRoot>,
        now: Timestamp,
    ) -> Vec<TargetOutcome> {
        let of_lists = lists.iter().flat_map(|list| list.looked_in());
        let looked_in: Vec<_> = gathered.looked_in().into_iter().chain(of_lists).collect();
        let outcome = |asked, decided| TargetOutcome {
            target: gathered.target.clone(),
            used_as: gathered.used_as.clone(),
            looked_in: looked_in.clone(),
            given: given.cloned(),
            asked,
            decided,
        };
        match self {
            Judge::Signer { demand, requirements, verifier } => {
                let of_image = image(&gathered.name).is_some();
                let says = |bundle: &VerifiedBundle| {
                    if of_image {
                        is_signature(bundle)?;
                        annotated(&demand.annotations, bundle)?;
                    }
                    says(demand, bundle).map(|()| None)
                };
                let by = Asked { verifier, requirements, says: &says };
                vec![outcome(Vec::new(), signed(&by, gathered, lists, now))]
            }
            Judge::Provenance { wanted, requirements, verifier } => {
                let says = |bundle: &VerifiedBundle| {
                    provenance::says(&wanted.expectations, bundle).map(Some)
                };
                let by = Asked { verifier, requirements, says: &says };
                vec![outcome(Vec::new(), signed(&by, gathered, lists, now))]
            }
            Judge::Policies(policies) => match select(policies.set, &gathered.name) {
                Err(failure) => vec![outcome(Vec::new(), Err(failure))],
                Ok(selection) => {
                    let decided = by_policies(policies, &selection, gathered, lists, now);
                    decided.into_iter().map(|(asked, decided)| outcome(asked, decided)).collect()
                }
            },
        }
    }

    /// The outcome of what could not be decided.
    pub(super) fn failed(&self, failed: &Failed, given: Option<&GivenRoot>) -> TargetOutcome {
        let asked = match self {
            Judge::Policies(it) => match it.set.policies() {
                [one] => one.explain(),
                _ => Vec::new(),
            },
            Judge::Signer { .. } | Judge::Provenance { .. } => Vec::new(),
        };
        TargetOutcome {
            target: failed.target.clone(),
            used_as: failed.used_as.clone(),
            looked_in: failed.looked_in.clone(),
            given: given.cloned(),
            asked,
            decided: Err(failed.failure.clone()),
        }
    }
}

/// The policies that are about a target: by their `match`, with what it captures from the name. None
/// at all is an answer only where the set may let the target pass without one.
fn select(set: &PolicySet, target: &TargetName) -> Result<Selection, Failure> {
    let selection =
        set.select(target).map_err(|error| Failure::undecided("not-matched", error.to_string()))?;
    match selection.policies().is_empty() && !set.allows_without_policy() {
        true if set.always_allow().is_empty() => Err(not_matched(set, target)),
        _ => Ok(selection),
    }
}

/// A reference with a digest is to that image and no other.
fn is_that_image(used_as: Option<&UsedAs>, gathered: &Gathered) -> Result<(), Failure> {
    let wanted = used_as.and_then(|used_as| used_as.digest.as_ref());
    let Some(wanted) = wanted else { return Ok(()) };
    let found: Vec<_> = gathered.facts.identities().flat_map(ArtifactDigests::iter).collect();
    match found.contains(&wanted) {
        true => Ok(()),
        false => {
            let found: Vec<_> = found.iter().map(ToString::to_string).collect();
            let (target, found) = (gathered.target.display(), found.join(" and "));
            let message = format!("--as-image names {wanted}, found {found} for {target}");
            let failure = Failure::no("other-digest", message);
            Err(failure.hint("the target is another image than the one that the reference pins"))
        }
    }
}

/// No policy is about the target.
fn not_matched(set: &PolicySet, name: &TargetName) -> Failure {
    // One policy says itself which targets it is about.
    if let [one] = set.policies()
        && let Err(error @ TargetError::NotMatched { .. }) = one.for_target(name)
    {
        let failure = Failure::undecided("not-matched", error.to_string());
        return failure.hint("name a policy that is about it");
    }
    let message = format!("none of {} policies is about {name}", set.policies().len());
    Failure::undecided("not-matched", message)
        .hint("name policies that are about it, or add one to the set")
}

/// What each policy says, with what it asks for. Evidence is verified once for all of them.
fn by_policies(
    policies: &Policies<'_>,
    selection: &Selection,
    gathered: &Gathered,
    lists: &[List],
    now: Timestamp,
) -> Vec<(Vec<Explanation>, Result<Decided, Failure>)> {
    let plan = selection.plan(policies.root);
    let verifiers = plan.verifiers_with(&policies.prepared);
    let facts = &gathered.facts;
    let candidates = gathered
        .documents
        .iter()
        .map(|document| candidate(&verifiers, document, lists, facts, now))
        .chain(gathered.unread.iter().map(Unread::candidate))
        .chain(lists::candidates(lists, &verifiers, facts, now));
    let evidence = plan.evidence(candidates);
    let verdict = selection.evaluate(&evidence, facts, now);
    let listed = verdict.always_allowed().filter(|_| verdict.decision() == Decision::Allow);
    let because = match (listed, selection.policies().is_empty()) {
        (Some(digest), _) => Some(AllowedBecause::Listed(digest.clone())),
        (None, true) if policies.set.allows_without_policy() => Some(AllowedBecause::NoPolicy),
        (None, true) => {
            return vec![(Vec::new(), Err(not_matched(policies.set, &gathered.name)))];
        }
        (None, false) => None,
    };
    if let Some(why) = because {
        let digests = facts.digests.clone();
        return vec![(Vec::new(), Ok(Decided::Allowed(Allowed { digests, why })))];
    }
    let verdicts = verdict.into_verdicts().into_iter();
    let decided = |(policy, verdict): (&chainsign_policy::Policy, Verdict)| {
        (policy.explain(), Ok(Decided::Verdict(Box::new(verdict))))
    };
    selection.policies().iter().zip(verdicts).map(decided).collect()
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
    verifier: &'a Verifier,
    requirements: &'a Requirements,
    /// Whether it says what was asked for, and how the artifact was built where it says that.
    says: &'a dyn Fn(&VerifiedBundle) -> Result<Option<Built>, Failure>,
}

impl Asked<'_> {
    /// Verifies one document about an artifact, which any of these digests names.
    pub(super) fn verify<'d>(
        &self,
        material: &SignedMaterial,
        identities: impl Iterator<Item = &'d ArtifactDigests>,
        now: Timestamp,
    ) -> Result<(VerifiedBundle, Option<Built>), Failure> {
        let bundle = verify_as_any(self.verifier, material, identities, self.requirements, now)?;
        (self.says)(&bundle).map(|built| (bundle, built))
    }
}

/// Verifies one document about an artifact that several digests may name: an image of an index has its own, and the
/// index's, which covers it.
///
/// # Errors
/// Where none of them is what it is about, the refusal that says more than that.
pub(in crate::commands) fn verify_as_any<'a>(
    verifier: &Verifier,
    material: &SignedMaterial,
    identities: impl Iterator<Item = &'a ArtifactDigests>,
    requirements: &Requirements,
    now: Timestamp,
) -> Result<VerifiedBundle, Failure> {
    let mut refusals = Vec::new();
    for digests in identities {
        match verifier.verify(material, Artifact::Digests(digests), requirements, now) {
            Ok(bundle) => return Ok(bundle),
            Err(refusal) => refusals.push(refusal),
        }
    }
    let is_about_another = |refusal: &&Refusal| {
        matches!(refusal, Refusal::SubjectMismatch { .. } | Refusal::MessageDigestMismatch { .. })
    };
    let telling = refusals.iter().find(|it| !is_about_another(it)).or(refusals.first());
    let nothing = || Failure::undecided("system", "found no digest to verify");
    Err(telling.map_or_else(nothing, refused))
}

/// An attestation about an image, by whomever, does not make the image signed.
fn is_signature(bundle: &VerifiedBundle) -> Result<(), Failure> {
    match bundle.statement() {
        Some(statement) if statement.predicate_type != COSIGN_SIGN => {
            let found = &statement.predicate_type;
            let message = format!("found an attestation of type {found}, wanted a signature");
            Err(Failure::no("wrong-type", message)
                .hint("`chainsign verify-attestation` verifies attestations"))
        }
        _ => Ok(()),
    }
}

/// What the signer says about a signature over an image.
fn annotated(wanted: &[(String, String)], bundle: &VerifiedBundle) -> Result<(), Failure> {
    for (key, wanted) in wanted {
        let found = match (bundle.simple_signing(), bundle.statement()) {
            (Some(payload), _) => payload.annotations.get(key).and_then(|it| it.as_str()),
            (None, Some(statement)) => {
                let about = |it: &&Subject| {
                    let named = it.digest.acceptable();
                    named.is_ok_and(|named| {
                        bundle.subject().iter().all(|of| named.get(of.algorithm()) == Some(of))
                    })
                };
                let subject = statement.subject.iter().find(about);
                subject.and_then(|it| it.annotations.as_ref()?.get(key)?.as_str())
            }
            (None, None) => None,
        };
        if found != Some(wanted) {
            let found = found.map_or_else(|| "nothing".to_owned(), |found| format!("{found:?}"));
            let message = format!("the signature says {found} as {key}, wanted {wanted:?}");
            return Err(Failure::no("annotation-mismatch", message));
        }
    }
    Ok(())
}

/// The first document that the signer asked for has signed; else every refusal, in one failure.
fn signed(
    by: &Asked<'_>,
    gathered: &Gathered,
    lists: &[List],
    now: Timestamp,
) -> Result<Decided, Failure> {
    let Gathered { documents, facts, unread, .. } = gathered;
    // An archive of an image is more than the image: it is signed itself.
    let named = if image(&gathered.name).is_some() { usize::MAX } else { 1 };
    let mut failures = Vec::new();
    for document in documents {
        let outcome = match &document.material {
            Err(error) => Err(Failure::no("malformed-evidence", error.to_string())),
            Ok(material) => by.verify(material, facts.identities().take(named), now),
        };
        match outcome {
            Ok((bundle, built)) => {
                let (origin, digests) = (document.origin.clone(), facts.digests.clone());
                let signed = Signed { origin, via: None, built, digests, bundle };
                return Ok(Decided::Signed(Box::new(signed)));
            }
            Err(failure) => failures.push((document.origin.clone(), failure)),
        }
    }
    match lists::signed(lists, documents, facts, by, now) {
        Ok(signed) => return Ok(Decided::Signed(Box::new(signed))),
        Err(more) => failures.extend(more),
    }
    failures.extend(unread.iter().map(|it| (it.origin.clone(), it.failure())));
    // What is of the wrong kind says least about why the right one is not there.
    let telling = |failure: &Failure| (failure.exit, failure.reason != "wrong-type");
    let Some((_, worst)) = failures.iter().max_by_key(|(_, failure)| telling(failure)) else {
        let message = format!("found no signature for {}", facts.name);
        return Err(Failure::no("unsigned", message).hint(match &gathered.name {
            TargetName::File(path) if path == "-" => "name evidence with --bundle or --attestations",
            TargetName::File(_) => "put FILE.sigstore.json beside it, or name evidence with --bundle or --attestations",
            _ => "its registry was asked and answered; `chainsign tree` shows what is stored about it",
        }));
    };
    let lines: Vec<_> =
        failures.iter().map(|(origin, failure)| format!("{origin}: {}", failure.message)).collect();
    Err(Failure { message: lines.join("\n       "), ..worst.clone() })
}

/// Writes exactly the bytes that passed.
fn copy(
    request: &VerifyRequest,
    opened: &Opened,
    gathered: &Gathered,
    outcomes: &[TargetOutcome],
) -> Result<(), Failure> {
    let passed = |outcome: &TargetOutcome| match &outcome.decided {
        Ok(Decided::Signed(..) | Decided::Made(_) | Decided::Allowed(_)) => true,
        Ok(Decided::Verdict(verdict)) => verdict.decision() == Decision::Allow,
        Err(_) => false,
    };
    match request.copy_to.as_ref().filter(|_| outcomes.iter().all(passed)) {
        Some(path) => opened.copy(&gathered.facts, path),
        None => Ok(()),
    }
}
