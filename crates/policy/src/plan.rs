//! What to verify before a policy can be evaluated: under which roots, with which requirements.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chainsign_artifact::ArtifactFacts;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::material::{Credential, SignedMaterial};
use chainsign_core::requirements::Requirements;
use chainsign_core::trust::TrustedRoot;
use chainsign_core::verifier::BundleVerifier;
use chainsign_verify::{CheckId, Refusal, VerifiedBundle, Verifier};
use jiff::Timestamp;

use crate::evidence::{
    Candidate, Claim, Evidence, EvidenceSet, Origin, Refused, Testimony, Unavailable, Via,
};
use chainsign_core::checksums::{Checksums, Listing};

/// The roots that a policy trusts, and how each candidate document is to be verified.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) roots: Vec<TrustedRoot>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) caller_root: Option<ArtifactDigest>,
}

/// One way in which a candidate may verify.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Digest of the trusted root; `None` when only a key is trusted.
    pub root: Option<ArtifactDigest>,
    /// What the verifier must demand.
    pub requirements: Requirements,
    /// The authorities of the policy that such evidence may meet.
    pub authorities: Vec<String>,
}

impl Plan {
    /// One plan for several policies.
    pub(crate) fn of(
        plans: impl IntoIterator<Item = Plan>,
        caller_root: Option<&TrustedRoot>,
    ) -> Self {
        let caller_root = caller_root.map(|root| root.digest().clone());
        let mut all = Plan { roots: Vec::new(), attempts: Vec::new(), caller_root };
        for plan in plans {
            all.roots.extend(plan.roots);
            plan.attempts.into_iter().for_each(|attempt| all.add(attempt));
        }
        all.roots.sort_by(|left, right| left.digest().cmp(right.digest()));
        all.roots.dedup_by(|left, right| left.digest() == right.digest());
        all
    }

    /// The trusted roots, each once.
    pub fn roots(&self) -> &[TrustedRoot] {
        &self.roots
    }

    /// The ways in which a candidate may verify, each once.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The ways in which this document may verify: certificates under each root, a key by each
    /// key.
    pub fn attempts_for(&self, material: &SignedMaterial) -> impl Iterator<Item = &Attempt> {
        let by_key = matches!(material.credential, Credential::Key { .. });
        self.attempts.iter().filter(move |attempt| attempt.is_by_key() == by_key)
    }

    /// Adds a way, or its authorities to the same way.
    pub(crate) fn add(&mut self, attempt: Attempt) {
        let same = |known: &&mut Attempt| {
            known.root == attempt.root && known.requirements == attempt.requirements
        };
        match self.attempts.iter_mut().find(same) {
            Some(known) => {
                let new = |name: &String| !known.authorities.contains(name);
                let new: Vec<_> = attempt.authorities.into_iter().filter(new).collect();
                known.authorities.extend(new);
            }
            None => self.attempts.push(attempt),
        }
    }

    /// Prepares the verifiers: parses each root once. Share the result between threads.
    pub fn verifiers(&self) -> Verifiers<'_> {
        self.verifiers_with(&PreparedRoots::default())
    }

    /// As [`verifiers`](Self::verifiers), with the roots that other plans have prepared: for many
    /// targets, or the policies of a set.
    pub fn verifiers_with(&self, prepared: &PreparedRoots) -> Verifiers<'_> {
        let verifier = |root: &TrustedRoot| (Some(root.digest().clone()), prepared.verifier(root));
        let mut verifiers: Vec<_> = self.roots.iter().map(verifier).collect();
        verifiers.push((None, Arc::new(Verifier::keys_only())));
        Verifiers { plan: self, verifiers }
    }

    /// Gathers what became of the candidates, for [`Policy::evaluate`](crate::Policy::evaluate).
    pub fn evidence(&self, candidates: impl IntoIterator<Item = Candidate>) -> EvidenceSet {
        EvidenceSet::new(self.caller_root.clone(), candidates)
    }
}

impl Attempt {
    fn is_by_key(&self) -> bool {
        matches!(self.requirements.signer, chainsign_core::requirements::SignerRequirement::Key(_))
    }
}

/// Trusted roots, each parsed once however many plans use it, with the certificates that were
/// verified under it. Share it between threads.
#[derive(Debug, Default)]
pub struct PreparedRoots(Mutex<HashMap<ArtifactDigest, Arc<Verifier>>>);

impl PreparedRoots {
    fn verifier(&self, root: &TrustedRoot) -> Arc<Verifier> {
        let mut verifiers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let prepared = verifiers.entry(root.digest().clone());
        Arc::clone(prepared.or_insert_with(|| Arc::new(Verifier::new(root))))
    }
}

/// The verifiers of a [`Plan`], ready to use.
pub struct Verifiers<'a> {
    plan: &'a Plan,
    verifiers: Vec<(Option<ArtifactDigest>, Arc<Verifier>)>,
}

impl Verifiers<'_> {
    /// Verifies one candidate in every way in which it may verify.
    ///
    /// What it verifies under becomes evidence, once for each root or key. When it verifies in no
    /// way, the refusal that got furthest is kept. `now` is the time before which everything must
    /// have happened.
    pub fn check(
        &self,
        origin: &Origin,
        material: &SignedMaterial,
        artifact: Artifact<'_>,
        now: Timestamp,
    ) -> Candidate {
        let (mut verified, mut refusals) = (Vec::new(), Vec::new());
        for attempt in self.plan.attempts_for(material) {
            match self.attempt(attempt, material, artifact, now) {
                Ok(bundle) => verified.push(Evidence::new(origin.clone(), bundle)),
                Err(refusal) => refusals.push(refusal),
            }
        }
        if !verified.is_empty() {
            return Candidate::Verified(verified);
        }
        let furthest = refusals.iter().max_by_key(|refusal| reached(refusal.check()));
        Candidate::Refused(match furthest {
            Some(refusal) => Refused {
                origin: origin.clone(),
                document: material.document.clone(),
                check: refusal.check().as_str().to_owned(),
                reason: refusal.reason().to_owned(),
                message: refusal.to_string(),
                claim: Claim::of(material),
                reached: reached(refusal.check()),
            },
            None => self.nobody(origin, material),
        })
    }

    /// As [`check`](Self::check), for everything by which evidence may name the artifact: its bytes, and
    /// the image in it.
    pub fn check_facts(
        &self,
        origin: &Origin,
        material: &SignedMaterial,
        facts: &ArtifactFacts,
        now: Timestamp,
    ) -> Candidate {
        let check = |digests| self.check(origin, material, Artifact::Digests(digests), now);
        let mut refused: Option<Refused> = None;
        for digests in facts.identities() {
            match check(digests) {
                Candidate::Refused(next) => match &refused {
                    Some(first) if first.reached >= next.reached => {}
                    _ => refused = Some(next),
                },
                other => return other,
            }
        }
        Candidate::Refused(refused.unwrap_or_else(|| self.nobody(origin, material)))
    }

    /// Verifies a signature over a checksum file, and finds the artifact in it. What verifies becomes
    /// evidence about the artifact, which counts where a policy says so.
    pub fn check_listed(
        &self,
        origin: &Origin,
        material: &SignedMaterial,
        checksums: &Checksums,
        facts: &ArtifactFacts,
        now: Timestamp,
    ) -> Candidate {
        let artifact = Artifact::Digests(checksums.digests());
        let refused = |reason: &str, message| {
            Candidate::Refused(Refused {
                origin: origin.clone(),
                document: material.document.clone(),
                check: "checksums".to_owned(),
                reason: reason.to_owned(),
                message,
                claim: Claim::of(material),
                reached: reached(CheckId::Subject),
            })
        };
        let verified = match self.check(origin, material, artifact, now) {
            Candidate::Verified(verified) => verified,
            other => return other,
        };
        if verified.iter().any(|evidence| evidence.0.statement().is_some()) {
            let message =
                format!("found an attestation about {}, wanted a signature", checksums.name());
            return refused("not-a-signature", message);
        }
        match checksums.listing(&facts.name, &facts.digests) {
            Listing::Listed { name, digest } => {
                let via = Via { file: checksums.name().to_owned(), name: name.to_owned() };
                let listed =
                    |evidence: Evidence| Evidence(evidence.0.via(via.clone(), digest.clone()));
                Candidate::Verified(verified.into_iter().map(listed).collect())
            }
            Listing::Other { .. } | Listing::Nothing => {
                let listed = checksums.lists(&facts.name, &facts.digests);
                refused("not-listed", listed.err().unwrap_or_default())
            }
        }
    }

    fn attempt(
        &self,
        attempt: &Attempt,
        material: &SignedMaterial,
        artifact: Artifact<'_>,
        now: Timestamp,
    ) -> Result<VerifiedBundle, Refusal> {
        let verifier = self.verifiers.iter().find(|(root, _)| *root == attempt.root);
        let Some((_, verifier)) = verifier else {
            return Err(Refusal::NoTrustedRoot { what: "this attempt" });
        };
        verifier.verify(material, artifact, &attempt.requirements, now)
    }

    /// The policy has no authority that could have signed with such a credential.
    fn nobody(&self, origin: &Origin, material: &SignedMaterial) -> Refused {
        let (check, message) = match &material.credential {
            Credential::Key { hint } => (
                CheckId::Key,
                format!("found a signature by a key (hint {hint:?}), wanted a certificate"),
            ),
            Credential::Certificate { .. } => (
                CheckId::Identity,
                "found a certificate, wanted a signature by a key of the policy".to_owned(),
            ),
        };
        Refused {
            origin: origin.clone(),
            document: material.document.clone(),
            check: check.as_str().to_owned(),
            reason: "no-such-authority".to_owned(),
            message,
            claim: Claim::of(material),
            reached: reached(check),
        }
    }
}

impl Evidence {
    fn new(origin: Origin, bundle: VerifiedBundle) -> Self {
        Evidence(Testimony::of_bundle(origin, bundle))
    }
}

impl Candidate {
    /// A document that is not signed material: it counts as absent and is listed.
    pub fn malformed(origin: Origin, error: &chainsign_core::Error) -> Self {
        Candidate::Refused(Refused {
            origin,
            document: None,
            check: "format".to_owned(),
            reason: "malformed".to_owned(),
            message: error.to_string(),
            claim: Claim::Unknown,
            reached: 0,
        })
    }

    /// Evidence that could not be fetched or looked at: rules that miss evidence then cannot be
    /// decided.
    pub fn unavailable(origin: Origin, message: impl Into<String>) -> Self {
        Candidate::Unavailable(Unavailable { origin, message: message.into() })
    }
}

/// How far a document came before this check refused it: the checks of a verification in the
/// order in which they mean most to whoever must act on a refusal.
fn reached(check: CheckId) -> u8 {
    const ORDER: [CheckId; 13] = [
        CheckId::CertificatePath,
        CheckId::CertificateEku,
        CheckId::CertificateValidity,
        CheckId::Sct,
        CheckId::Timestamp,
        CheckId::Checkpoint,
        CheckId::InclusionProof,
        CheckId::SignedEntryTimestamp,
        CheckId::LogEntryBinding,
        CheckId::Key,
        CheckId::Signature,
        CheckId::Subject,
        CheckId::Identity,
    ];
    let place = ORDER.iter().position(|known| *known == check);
    // The list is short; what is not on it got furthest as far as anybody knows.
    place.and_then(|place| u8::try_from(place + 1).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use chainsign_core::Limits;

    use super::*;

    #[test]
    fn a_root_is_prepared_once() {
        let root = |text: &str| TrustedRoot::parse(text.as_bytes(), &Limits::default()).unwrap();
        let json = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot.v0.1+json"}"#;
        let (one, other) = (root(json), root(&format!("{json} ")));
        let prepared = PreparedRoots::default();
        let first = prepared.verifier(&one);
        assert!(Arc::ptr_eq(&first, &prepared.verifier(&root(json))));
        assert!(!Arc::ptr_eq(&first, &prepared.verifier(&other)));
    }
}
