//! The bundle-verify cases of the official Sigstore client conformance suite
//! (sigstore/sigstore-conformance), each run with the artifact's bytes and with its digest.
//!
//! The suite lies beside the repository, in `../shared/vectors`; without it nothing is run, and a
//! line says so. A name that ends in `_fail` must be refused, and by the reason of
//! `conformance.txt`: a refusal for another reason is a failed test. Every other case must be
//! accepted.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::formats::bundle;
use chainsign_core::identity::IdentityMatcher;
use chainsign_core::key::PublicKey;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::TrustedRoot;
use chainsign_core::verifier::BundleVerifier;
use chainsign_core::{Error, Limits};
use chainsign_verify::{Refusal, Verifier};
use jiff::Timestamp;

/// As the suite's `conftest.py` has them.
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
/// After every vector was made.
const NOW: &str = "2026-11-21T12:00:00Z";

#[test]
fn every_case_is_answered_as_its_name_says() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let cases = vectors.join("sigstore-conformance/test/assets/bundle-verify");
    let Ok(folder) = fs::read_dir(&cases) else {
        println!("skipped: no conformance vectors at {}", cases.display());
        return;
    };
    let mut names: Vec<_> = folder
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut reasons = expected_reasons();
    let mut wrong = Vec::new();
    for name in &names {
        let case = Case { folder: cases.join(name), vectors: &vectors };
        let wanted = if name.ends_with("_fail") {
            reasons.remove(name).unwrap_or_else(|| "a line in conformance.txt".to_owned())
        } else {
            "accepted".to_owned()
        };
        for mode in [Mode::Bytes, Mode::Digest] {
            let (found, message) = case.run(mode);
            if found != wanted {
                wrong.push(format!("{name} ({mode:?}): wanted {wanted}, found {found}: {message}"));
            }
        }
    }
    assert!(names.len() >= 70, "found {} cases, wanted all 70", names.len());
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
    assert!(reasons.is_empty(), "cases in conformance.txt that do not exist: {reasons:?}");
}

/// `<case>: <reason>` a line.
fn expected_reasons() -> BTreeMap<String, String> {
    let lines = include_str!("conformance.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, reason) = line.split_once(": ").expect("a case, a colon, a reason");
            (name.to_owned(), reason.to_owned())
        })
        .collect()
}

#[derive(Clone, Copy, Debug)]
enum Mode {
    Bytes,
    Digest,
}

struct Case<'a> {
    folder: PathBuf,
    vectors: &'a Path,
}

impl Case<'_> {
    /// `accepted`, the refusal's reason, or the error's kind, with the message.
    fn run(&self, mode: Mode) -> (String, String) {
        let root = self.file("trusted_root.json");
        let root =
            root.unwrap_or_else(|| fs::read(self.vectors.join("roots/public-good.json")).unwrap());
        let root = TrustedRoot::parse(&root, &Limits::default()).unwrap();
        let bundle = self.file("bundle.sigstore.json").unwrap();
        let material = match bundle::parse(&bundle, &Limits::default()) {
            Ok(material) => material,
            Err(error) => return (kind(&error).to_owned(), error.to_string()),
        };
        let requirements = match self.file("key.pub").map(|pem| PublicKey::from_pem(&pem)) {
            Some(Ok(key)) => Requirements::logged_key(key),
            Some(Err(error)) => return (kind(&error).to_owned(), error.to_string()),
            None => {
                let identity = self.text("identity").unwrap_or_else(|| IDENTITY.to_owned());
                let issuer = self.text("issuer").unwrap_or_else(|| ISSUER.to_owned());
                let matcher = IdentityMatcher::exact(identity, issuer);
                Requirements::keyless(SignerRequirement::Identity(vec![matcher]))
            }
        };
        let artifact = self.file("artifact");
        let artifact =
            artifact.unwrap_or_else(|| fs::read(self.folder.join("../../a.txt")).unwrap());
        let digests = ArtifactDigests::from(ArtifactDigest::sha256(&artifact));
        let artifact = match mode {
            Mode::Bytes => Artifact::Bytes(&artifact),
            Mode::Digest => Artifact::Digests(&digests),
        };
        let now: Timestamp = NOW.parse().unwrap();
        match Verifier::new(&root).verify(&material, artifact, &requirements, now) {
            Ok(_) => ("accepted".to_owned(), String::new()),
            Err(refusal) => (reason(&refusal), refusal.to_string()),
        }
    }

    fn file(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.join(name)).ok()
    }

    fn text(&self, name: &str) -> Option<String> {
        Some(String::from_utf8(self.file(name)?).unwrap().trim().to_owned())
    }
}

fn reason(refusal: &Refusal) -> String {
    format!("{}/{}", refusal.check(), refusal.reason())
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::Json { .. } => "error/json",
        Error::MediaType { .. } => "error/media-type",
        Error::Missing { .. } => "error/missing",
        Error::Pem { .. } => "error/pem",
        _ => "error/other",
    }
}
