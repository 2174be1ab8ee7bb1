//! A release that meets a policy which uses every field of the language, to be changed one thing
//! at a time.

pub(crate) mod elf;

use std::io;

use chainsign_artifact::{ArtifactFacts, Content};
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::identity::{
    CertificateIdentity, FulcioExtensions, Issuer, SubjectAlternativeName,
};
use chainsign_core::key::PublicKey;
use chainsign_core::predicate::PredicateType;
use chainsign_core::statement::{Statement, Subject};
use chainsign_gosbom as gosbom;
use chainsign_policy::testing::{self, Fixture, FixtureSigner, TestVerdict};
use chainsign_policy::verdict::{Outcome, Rule};
use chainsign_policy::{EvidenceSet, LoadError, Origin, Policy};
use jiff::Timestamp;
use serde_json::value::RawValue;

pub(crate) const BASELINE: &str = include_str!("../baseline.yaml");
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";
pub(crate) const COMMIT: &str = "99617f4070c9fa4928704dbc89884a8a0000ca9f";
pub(crate) const ISSUER: &str = "https://token.actions.githubusercontent.com";
const APP: &str = "https://github.com/acme/app";
const REF: &str = "refs/tags/v1.4.2";

/// The baseline policy with one text replaced by another. The text must be there.
pub(crate) fn changed(from: &str, to: &str) -> String {
    assert!(BASELINE.contains(from), "the baseline does not contain {from:?}");
    BASELINE.replacen(from, to, 1)
}

pub(crate) fn parse(yaml: &str) -> Result<Policy, LoadError> {
    Policy::parse(yaml.as_bytes(), &file)
}

/// The files that policies name.
pub(crate) fn file(path: &str) -> io::Result<Vec<u8>> {
    match path {
        "root.json" => Ok(root("one").into_bytes()),
        "other-root.json" => Ok(root("two").into_bytes()),
        "key.pub" => Ok(key().to_pem().into_bytes()),
        "other-key.pub" => Ok(other_key().to_pem().into_bytes()),
        _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
    }
}

pub(crate) fn root(name: &str) -> String {
    format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.trustedroot.v0.1+json","note":"{name}"}}"#
    )
}

pub(crate) fn root_digest(name: &str) -> ArtifactDigest {
    ArtifactDigest::sha256(root(name).as_bytes())
}

pub(crate) fn key() -> PublicKey {
    PublicKey::from_spki([1, 2, 3])
}

pub(crate) fn other_key() -> PublicKey {
    PublicKey::from_spki([4, 5, 6])
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What is known about a release.
pub(crate) struct Release {
    pub(crate) binary: Vec<u8>,
    pub(crate) fixtures: Vec<Fixture>,
    pub(crate) now: Timestamp,
}

impl Release {
    /// Meets the baseline.
    pub(crate) fn good() -> Self {
        let binary = elf::Elf::default().build();
        let fixtures = vec![
            signature(&binary),
            key_signature(&binary),
            provenance(&binary, &provenance_json(COMMIT)),
            sbom(&binary, &sbom_json(MODULES)),
        ];
        Release { binary, fixtures, now: at(NOW) }
    }

    pub(crate) fn digests(&self) -> ArtifactDigests {
        digests(&self.binary)
    }

    pub(crate) fn facts(&self) -> ArtifactFacts {
        facts(&self.binary)
    }

    pub(crate) fn evaluate(&self, policy: &Policy) -> TestVerdict {
        self.evaluate_with(policy, &policy.plan(None).evidence([]))
    }

    pub(crate) fn evaluate_with(&self, policy: &Policy, evidence: &EvidenceSet) -> TestVerdict {
        testing::evaluate(policy, evidence, &self.fixtures, &self.facts(), self.now)
    }

    pub(crate) fn against(&self, yaml: &str) -> TestVerdict {
        self.evaluate(&parse(yaml).unwrap_or_else(|error| panic!("{error}")))
    }
}

pub(crate) fn facts(binary: &[u8]) -> ArtifactFacts {
    let content = match gosbom::read(&binary, &gosbom::Limits::default()) {
        Ok(binary) => Content::GoBinary(binary),
        Err(error) => Content::NotGo(error),
    };
    ArtifactFacts::new("app", binary.len() as u64, digests(binary), content)
}

pub(crate) fn digests(binary: &[u8]) -> ArtifactDigests {
    ArtifactDigest::sha256(binary).into()
}

/// The rules that are the cause of the outcome: id, outcome, reason.
pub(crate) fn causes(verdict: &TestVerdict) -> Vec<(String, Outcome, &'static str)> {
    let cause = |rule: &&Rule| rule.because.is_none();
    let violations = verdict.report().violations().filter(cause);
    violations.map(|rule| (rule.id.to_string(), rule.outcome, rule.reason.as_str())).collect()
}

pub(crate) fn workflow(repository: &str, reference: &str) -> SubjectAlternativeName {
    let uri = format!("https://github.com/{repository}/.github/workflows/release.yml@{reference}");
    SubjectAlternativeName::Uri(uri)
}

pub(crate) fn identity(subject: SubjectAlternativeName) -> FixtureSigner {
    let runner_environment = Some("github-hosted".to_owned());
    let extensions = FulcioExtensions { runner_environment, ..FulcioExtensions::default() };
    let identity = CertificateIdentity { subject, issuer: Issuer(ISSUER.to_owned()), extensions };
    FixtureSigner::Identity { identity: Box::new(identity), root: root_digest("one") }
}

pub(crate) fn signer() -> FixtureSigner {
    identity(workflow("acme/app", REF))
}

/// Signed an hour ago.
pub(crate) fn fixture(
    origin: &str,
    signer: FixtureSigner,
    binary: &[u8],
    statement: Option<Statement>,
) -> Fixture {
    let signed = at("2026-11-21T11:00:00Z");
    Fixture::new(Origin::new(origin), signer, digests(binary), statement, signed)
}

pub(crate) fn statement(binary: &[u8], predicate_type: &str, predicate: &str) -> Statement {
    let predicate_type = PredicateType::from_alias_or_uri(predicate_type).unwrap();
    let predicate = RawValue::from_string(predicate.to_owned()).unwrap();
    Statement::new(vec![Subject::new("app", &digests(binary))], predicate_type, predicate)
}

pub(crate) fn signature(binary: &[u8]) -> Fixture {
    fixture("app.sigstore.json", signer(), binary, None)
}

pub(crate) fn key_signature(binary: &[u8]) -> Fixture {
    fixture("app.sig", FixtureSigner::Key(key()), binary, None).under_root(root_digest("one"))
}

pub(crate) fn provenance(binary: &[u8], json: &str) -> Fixture {
    let builder = identity(workflow("acme/builders", "refs/heads/main"));
    let statement = statement(binary, "slsaprovenance1", json);
    fixture("provenance.json", builder, binary, Some(statement))
}

pub(crate) fn provenance_json(commit: &str) -> String {
    serde_json::json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {
                    "ref": REF, "repository": APP, "path": ".github/workflows/release.yml",
                },
                "level": "release",
                "note": {"free": "text"},
            },
            "resolvedDependencies": [
                {"uri": format!("git+{APP}@{REF}"), "digest": {"gitCommit": commit}},
            ],
        },
        "runDetails": {
            "builder": {"id": "https://github.com/acme/builders/go@v2"},
            "metadata": {"invocationId": "https://github.com/acme/app/actions/runs/1"},
        },
    })
    .to_string()
}

pub(crate) fn sbom(binary: &[u8], json: &str) -> Fixture {
    let scanner = identity(SubjectAlternativeName::Email("scanner@acme.example".to_owned()));
    let statement = statement(binary, "cyclonedx", json);
    fixture("sbom.cdx.json", scanner, binary, Some(statement))
}

/// The modules of the good binary, as purl and sum.
pub(crate) const MODULES: &[(&str, &str)] = &[
    ("pkg:golang/example.com/acme/app@v1.4.2", ""),
    ("pkg:golang/stdlib@1.26.8", ""),
    ("pkg:golang/rsc.io/quote@v1.5.2", "h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y="),
    ("pkg:golang/rsc.io/sampler@v1.3.0", "h1:7uVkIFmeBqHfdjD+gZwtXXI+RODJ2Wc4O7MPEh/QiW4="),
];

pub(crate) fn sbom_json(modules: &[(&str, &str)]) -> String {
    let component = |(purl, sum): &(&str, &str)| {
        let property = serde_json::json!({"name": "chainsign:go:sum", "value": sum});
        let properties = if sum.is_empty() { vec![] } else { vec![property] };
        serde_json::json!({"type": "library", "name": purl, "purl": purl, "properties": properties})
    };
    let components: Vec<_> = modules.iter().map(component).collect();
    serde_json::json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components,
    })
    .to_string()
}
