//! A case made ready: facts read, documents parsed, predicates changed. Then it costs little to
//! put it to one policy after the other.

use std::sync::Arc;

use chainsign_artifact::ArtifactFacts;
use chainsign_core::Limits;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::image::ImageName;
use chainsign_core::statement::{Statement, Subject};
use chainsign_core::trust::TrustedRoot;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use super::resolve::{Expectation, Piece, Resolved};
use super::{CaseVerdict, SignedDocument, Suite};
use crate::error::{LoadError, Place};
use crate::evidence::{Candidate, EvidenceSet, Origin, Signer};
use crate::language::{
    AssumedAttestation, AssumedSigner, At, CaseEvidence, CaseTarget, Change, Name,
};
use crate::load;
use crate::model::Model;
use crate::plan::PreparedRoots;
use crate::policy::Policy;
use crate::target::{TargetError, TargetName, Workload};
use crate::testing::assume::{self, About};
use crate::testing::{Fixture, evaluate};

/// A case that is ready to be judged.
pub(in crate::testing) struct Prepared {
    pub(in crate::testing) name: String,
    pub(in crate::testing) expected: Expectation,
    target: TargetName,
    facts: Arc<ArtifactFacts>,
    documents: Vec<SignedDocument>,
    fixtures: Vec<Fixture>,
    now: Timestamp,
}

impl Prepared {
    /// Reads what the case names.
    pub(super) fn new(case: &Resolved, suite: &Suite<'_>) -> Result<Self, LoadError> {
        let target = target(case)?;
        let unreadable = |path: &str, at, error: std::io::Error| LoadError::File {
            at,
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let mut documents = Vec::new();
        for piece in case.evidence.values() {
            if let CaseEvidence::Bundle(path) = &piece.evidence.value {
                if suite.root.is_none() && suite.policy.model().roots.is_empty() {
                    let reason = "found a bundle and no trusted root, wanted `root`".to_owned();
                    return Err(LoadError::Value { at: path.at, reason });
                }
                let found = suite.files.documents(path);
                documents.extend(found.map_err(|error| unreadable(path, path.at, error))?);
            }
        }
        let facts = suite.files.facts(&case.artifact, &documents, suite.policy.depth());
        let artifact = &case.artifact;
        let facts = facts.map_err(|error| unreadable(&artifact.path, artifact.at, error))?;
        let bound = match suite.policy.for_target(&target) {
            Ok(bound) => bound,
            Err(TargetError::Load(error)) => return Err(error),
            // It may expect that. Whoever is assumed to sign meets the policy's sample.
            Err(_) => suite.policy.clone(),
        };
        known(case.expected.rules(), &bound)?;
        let make =
            Make { case, suite, model: bound.model(), digests: &facts.digests, name: &facts.name };
        let fixtures = case.evidence.iter().filter_map(|(name, piece)| make.fixture(name, piece));
        Ok(Prepared {
            name: case.name.clone(),
            expected: case.expected.clone(),
            fixtures: fixtures.collect::<Result<_, _>>()?,
            target,
            facts,
            documents,
            now: case.now,
        })
    }

    /// What a policy says about it. Documents are verified under the roots of that policy.
    pub(in crate::testing) fn judge(
        &self,
        policy: &Policy,
        root: Option<&TrustedRoot>,
        prepared: &PreparedRoots,
    ) -> Result<CaseVerdict, LoadError> {
        let policy = match policy.for_target(&self.target) {
            Ok(policy) => policy,
            Err(TargetError::Load(error)) => return Err(error),
            Err(other) => return Ok(CaseVerdict::NotMatched(other.to_string())),
        };
        let plan = policy.plan(root);
        let verifiers = plan.verifiers_with(prepared);
        let candidates = self.documents.iter().map(|document| match &document.material {
            Ok(material) => {
                verifiers.check_facts(&document.origin, material, &self.facts, self.now)
            }
            Err(error) => Candidate::malformed(document.origin.clone(), error),
        });
        let evidence = EvidenceSet::new(Some(caller_root(root)), candidates);
        let verdict = evaluate(&policy, &evidence, &self.fixtures, &self.facts, self.now);
        Ok(CaseVerdict::Evaluated(Box::new(verdict)))
    }

    /// Times that mean something in this case: its own, and of its signatures.
    pub(in crate::testing) fn times(&self) -> impl Iterator<Item = Timestamp> {
        let signed = self.fixtures.iter().filter_map(|fixture| fixture.0.signed_at());
        [self.now].into_iter().chain(signed)
    }

    /// Digests that mean something in this case: of its artifact, and of whoever signed.
    pub(in crate::testing) fn digests(&self) -> Vec<ArtifactDigest> {
        let mut digests: Vec<_> = self.facts.digests.iter().cloned().collect();
        for fixture in &self.fixtures {
            match &fixture.0.signer {
                Signer::Certificate { certificate, key, .. } => {
                    digests.extend([certificate.clone(), key.clone()]);
                }
                Signer::Key { key } => digests.push(key.clone()),
            }
        }
        digests
    }
}

/// Makes the evidence that nobody made.
struct Make<'a> {
    case: &'a Resolved,
    suite: &'a Suite<'a>,
    model: &'a Model,
    digests: &'a ArtifactDigests,
    /// The artifact's own name.
    name: &'a str,
}

impl Make<'_> {
    fn fixture(&self, name: &Name, piece: &Piece) -> Option<Result<Fixture, LoadError>> {
        let (by, lacks, signed_at, attestation) = match &piece.evidence.value {
            CaseEvidence::Bundle(_) => return None,
            CaseEvidence::Signature(it) => (&it.by, &it.lacks, &it.signed_at, None),
            CaseEvidence::Attestation(it) => (&it.by, &it.lacks, &it.signed_at, Some(it)),
        };
        let statement = attestation.map(|it| self.statement(it, &piece.changes)).transpose();
        let make = |statement| {
            let caller_root = caller_root(self.suite.root());
            let about = About {
                origin: Origin::new(format!("{} (assumed)", name.as_str())),
                subject: self.digests,
                statement,
                signed_at: signed_at.as_ref().map_or(self.case.now, |time| time.0),
                lacks,
                caller_root: &caller_root,
            };
            self.signed(by, about)
        };
        let via = match &piece.evidence.value {
            CaseEvidence::Signature(it) => it.via.as_ref(),
            _ => None,
        };
        let listed = |fixture: Fixture| match via {
            Some(file) => fixture.via_checksums(file.clone(), self.name),
            None => fixture,
        };
        Some(statement.and_then(make).map(listed))
    }

    fn signed(&self, by: &At<AssumedSigner>, about: About<'_>) -> Result<Fixture, LoadError> {
        let wrong = |reason| LoadError::Value { at: by.at, reason };
        match &by.value {
            AssumedSigner::Authority(name) => {
                let authorities = &self.model.authorities;
                let found = authorities.iter().find(|it| it.name == name.as_str());
                let found = found.ok_or_else(|| LoadError::UnknownName {
                    at: by.at,
                    kind: "an authority",
                    name: name.to_string(),
                    wanted: authorities.iter().map(|it| it.name.clone()).collect(),
                })?;
                assume::meeting(found, about).map_err(|reason| {
                    wrong(format!("{reason}; write `by` with issuer and subject"))
                })
            }
            AssumedSigner::Identity(identity) => {
                let roots = &self.model.roots;
                let root = match (identity.root.as_ref(), roots.as_slice()) {
                    (None, []) => about.caller_root.clone(),
                    (None, [only]) => only.root.digest().clone(),
                    (None, several) => {
                        return Err(LoadError::AmbiguousRoot { at: by.at, roots: several.len() });
                    }
                    (Some(name), roots) => {
                        let found = roots.iter().find(|root| root.name == name.as_str());
                        let found = found.ok_or_else(|| LoadError::UnknownName {
                            at: name.at,
                            kind: "a root",
                            name: name.to_string(),
                            wanted: roots.iter().map(|root| root.name.clone()).collect(),
                        })?;
                        found.root.digest().clone()
                    }
                };
                assume::signed_by(identity, root, self.model, about).map_err(wrong)
            }
        }
    }

    fn statement(
        &self,
        it: &AssumedAttestation,
        changes: &[At<Change>],
    ) -> Result<Statement, LoadError> {
        let bytes = load::read_file(&it.predicate, self.suite.files)?;
        let content = |error: chainsign_core::Error| LoadError::FileContent {
            at: it.predicate.at,
            path: it.predicate.value.clone(),
            wanted: "a predicate in JSON",
            error,
        };
        let limits = Limits::default();
        let mut predicate: Value =
            chainsign_core::json::parse("predicate", &bytes, &limits).map_err(content)?;
        for change in changes {
            let wrong = |reason| LoadError::Value { at: change.at, reason };
            apply(&mut predicate, change).map_err(wrong)?;
        }
        let raw = RawValue::from_string(predicate.to_string()).map_err(|error| {
            let reason = format!("the predicate cannot be written: {error}");
            LoadError::Value { at: it.predicate.at, reason }
        })?;
        let subject = vec![Subject::new("artifact", self.digests)];
        Ok(Statement::new(subject, it.predicate_type.0.clone(), raw))
    }
}

/// Stands for the root of a caller where a test names none.
fn caller_root(root: Option<&TrustedRoot>) -> ArtifactDigest {
    match root {
        Some(root) => root.digest().clone(),
        None => ArtifactDigest::sha256(b"the trusted root of whoever runs this test"),
    }
}

fn target(case: &Resolved) -> Result<TargetName, LoadError> {
    match &case.target {
        None => Ok(TargetName::File(case.artifact.path.clone())),
        Some(At { value: CaseTarget::File(name), .. }) => Ok(TargetName::File(name.clone())),
        Some(At { value: CaseTarget::Image(name), at }) => image(name, *at).map(TargetName::Image),
        Some(At { value: CaseTarget::Workload(it), at }) => {
            let image = image(&it.image, *at)?;
            let mut workload = Workload::new(image, it.namespace.as_str(), it.kind.as_str());
            workload.labels.clone_from(&it.labels);
            Ok(TargetName::Workload(workload))
        }
    }
}

fn image(reference: &str, at: Place) -> Result<ImageName, LoadError> {
    let wrong = |error: chainsign_core::Error| LoadError::Value { at, reason: error.to_string() };
    reference.parse().map_err(wrong)
}

fn known(rules: &[At<String>], policy: &Policy) -> Result<(), LoadError> {
    let known = policy.rule_ids();
    for rule in rules {
        if !known.iter().any(|id| id.as_str() == rule.value) {
            return Err(LoadError::UnknownName {
                at: rule.at,
                kind: "a rule",
                name: rule.value.clone(),
                wanted: known.iter().map(ToString::to_string).collect(),
            });
        }
    }
    Ok(())
}

/// Applies a change: first `set`, then `add`, then `remove`. A place where nothing is, or where
/// something already is, is a mistake in the test: it would then test nothing.
fn apply(predicate: &mut Value, change: &Change) -> Result<(), String> {
    let nothing = |pointer: &str| format!("the predicate has nothing at {pointer:?}");
    for (pointer, value) in &change.set {
        *predicate.pointer_mut(pointer).ok_or_else(|| nothing(pointer))? = value.clone();
    }
    for (pointer, value) in &change.add {
        match parent(predicate, pointer) {
            Some((Value::Object(members), name)) if !members.contains_key(&name) => {
                members.insert(name, value.clone());
            }
            Some((Value::Array(items), name)) if name == "-" => items.push(value.clone()),
            Some((Value::Object(_), _)) => {
                return Err(format!("the predicate has something at {pointer:?} already"));
            }
            _ => return Err(nothing(pointer)),
        }
    }
    for pointer in &change.remove {
        match parent(predicate, pointer) {
            Some((Value::Object(members), name)) => {
                drop(members.remove(&name).ok_or_else(|| nothing(pointer))?)
            }
            Some((Value::Array(items), name)) => {
                let index = name.parse().ok().filter(|index| *index < items.len());
                items.remove(index.ok_or_else(|| nothing(pointer))?);
            }
            _ => return Err(nothing(pointer)),
        }
    }
    Ok(())
}

/// The value that holds the place, and the last part of the pointer, unescaped (RFC 6901).
fn parent<'a>(value: &'a mut Value, pointer: &str) -> Option<(&'a mut Value, String)> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let name = name.replace("~1", "/").replace("~0", "~");
    Some((value.pointer_mut(parent)?, name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_changed_by_their_pointers() {
        let change = |set: Value, add: Value, remove: &[&str]| Change {
            set: serde_json::from_value(set).unwrap(),
            add: serde_json::from_value(add).unwrap(),
            remove: remove.iter().map(|it| (*it).to_owned()).collect(),
        };
        let before = json!({"a": {"b/c": 1, "d": [1, 2]}});
        let check = |change: Change, wanted: Result<Value, &str>| {
            let mut value = before.clone();
            let found = apply(&mut value, &change).map(|()| value);
            assert_eq!(found, wanted.map_err(str::to_owned));
        };
        let none = json!({});
        check(
            change(json!({"/a/b~1c": "x"}), json!({"/a/e": null, "/a/d/-": 3}), &["/a/d/0"]),
            Ok(json!({"a": {"b/c": "x", "d": [2, 3], "e": null}})),
        );
        let nothing = |pointer: &str| format!("the predicate has nothing at {pointer:?}");
        check(change(json!({"/x": 1}), none.clone(), &[]), Err(&nothing("/x")));
        check(change(none.clone(), json!({"/x/y": 1}), &[]), Err(&nothing("/x/y")));
        check(change(none.clone(), none.clone(), &["/a/d/2"]), Err(&nothing("/a/d/2")));
        check(change(none.clone(), none.clone(), &["a"]), Err(&nothing("a")));
        check(
            change(none.clone(), json!({"/a/d": 1}), &[]),
            Err("the predicate has something at \"/a/d\" already"),
        );
    }
}
