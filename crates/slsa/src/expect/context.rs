//! What started the build, as each kind of provenance says it.
//!
//! slsa-verifier `verifiers/internal/gha/slsaprovenance`: `common/common.go`, and the types of each version.

use serde_json::Value;

use super::builder::Trusted;
use super::{Unexpected, not_said, reference};
use crate::source::{GitRef, Repository};
use crate::{Producer, Provenance, ProvenanceVersion};

/// What started a build.
pub(super) struct Context<'a> {
    /// The repository and ref of the workflow that was started.
    pub(super) trigger: (Repository, GitRef),
    /// Whether the ref that was built may be another one.
    pub(super) may_build_other_ref: bool,
    provenance: &'a Provenance,
    kind: Kind,
}

/// Where a provenance says what started the build.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// v0.2: in its environment, in lower case.
    Environment,
    /// v1 of slsa-github-generator: in the internal parameters, in upper case.
    Internal,
    /// The same, of a build that another builder defined: the ref is that of the source.
    Delegated,
    /// GitHub's own: only in the workflow that was started.
    Workflow,
}

impl<'a> Context<'a> {
    pub(super) fn of(provenance: &'a Provenance, trusted: &Trusted) -> Result<Self, Unexpected> {
        let kind = match (provenance.version, provenance.producer(), trusted) {
            (ProvenanceVersion::V0_2, ..) => Kind::Environment,
            (ProvenanceVersion::V1, Producer::GitHubActions, _) => Kind::Workflow,
            (ProvenanceVersion::V1, _, Trusted::Delegator) => Kind::Delegated,
            (ProvenanceVersion::V1, ..) => Kind::Internal,
        };
        let trigger = match kind {
            Kind::Environment | Kind::Workflow => {
                let source = &provenance.source;
                source.repository.clone().zip(source.reference.clone())
            }
            Kind::Internal | Kind::Delegated => workflow_ref(provenance),
        };
        let trigger = trigger.ok_or_else(|| not_said("the repository and ref of the workflow"))?;
        Ok(Context { trigger, may_build_other_ref: kind == Kind::Delegated, provenance, kind })
    }

    /// The tag that was built.
    pub(super) fn tag(&self) -> Result<GitRef, Unexpected> {
        match self.kind {
            Kind::Workflow => Ok(self.trigger.1.clone()),
            Kind::Delegated => self.built(),
            Kind::Environment | Kind::Internal => match self.text("github_ref_type")? {
                "tag" => self.triggered(),
                other => Err(not_said(format!("a tag: a {other} was built"))),
            },
        }
    }

    /// The branch that was built; for a tag that which the event names.
    pub(super) fn branch(&self) -> Result<GitRef, Unexpected> {
        match self.kind {
            Kind::Workflow => Ok(self.trigger.1.clone()),
            Kind::Delegated => self.built(),
            Kind::Environment | Kind::Internal => match self.text("github_ref_type")? {
                "branch" => self.triggered(),
                "tag" => self.branch_of_tag(),
                _ => Err(not_said("the branch")),
            },
        }
    }

    /// What was entered under this name when the workflow was started by hand.
    pub(super) fn input(&self, name: &str) -> Result<&str, Unexpected> {
        if self.kind == Kind::Workflow {
            return Err(not_said("the inputs of the workflow"));
        }
        match self.text("github_event_name")? {
            "workflow_dispatch" => {}
            other => return Err(not_said(format!("inputs: the event was {other}"))),
        }
        let inputs = self.value("github_event_payload").and_then(|payload| payload.get("inputs"));
        let found = inputs.and_then(|inputs| inputs.get(name)).and_then(Value::as_str);
        found.ok_or_else(|| not_said(format!("the input {name}")))
    }

    /// GitHub's ref, which must be the one in the source.
    fn triggered(&self) -> Result<GitRef, Unexpected> {
        let found = reference("the ref", self.text("github_ref")?)?;
        match found == self.trigger.1 {
            true => Ok(found),
            false => Err(Unexpected::Source {
                what: "the ref of the event",
                found: found.to_string(),
                wanted: self.trigger.1.to_string(),
            }),
        }
    }

    /// The ref of the source that was built.
    fn built(&self) -> Result<GitRef, Unexpected> {
        let built = self.provenance.dependencies.first().and_then(|first| first.source());
        built.and_then(|built| built.reference).ok_or_else(|| not_said("the ref that was built"))
    }

    fn branch_of_tag(&self) -> Result<GitRef, Unexpected> {
        let base = self.text("github_base_ref")?;
        if !base.is_empty() {
            return reference("the branch", base);
        }
        let payload = self.value("github_event_payload");
        let at = |pointer: &str| payload.and_then(|it| it.pointer(pointer)).and_then(Value::as_str);
        match self.text("github_event_name")? {
            "push" => reference("the branch", at("/base_ref").unwrap_or_default()),
            "release" => {
                let branch = at("/release/target_commitish").unwrap_or_default();
                reference("the branch", &format!("refs/heads/{branch}"))
            }
            _ => Err(not_said("the branch of the tag")),
        }
    }

    fn text(&self, name: &str) -> Result<&str, Unexpected> {
        let found = self.value(name).and_then(Value::as_str);
        found.ok_or_else(|| not_said(name))
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let parameters = &self.provenance.internal_parameters;
        match self.kind {
            Kind::Environment => parameters.get(name),
            _ => parameters.get(&name.to_ascii_uppercase()),
        }
    }
}

/// `GITHUB_WORKFLOW_REF`: OWNER/REPO/PATH@REF.
fn workflow_ref(provenance: &Provenance) -> Option<(Repository, GitRef)> {
    let text = provenance.internal_parameters.get("GITHUB_WORKFLOW_REF")?.as_str()?;
    let (path, reference) = text.split_once('@')?;
    let mut parts = path.splitn(3, '/');
    let (owner, repository) = (parts.next()?, parts.next()?);
    let repository = format!("https://github.com/{owner}/{repository}").parse().ok()?;
    Some((repository, reference.parse().ok()?))
}
