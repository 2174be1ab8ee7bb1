//! The bundle-verify cases of the official Sigstore client conformance suite
//! (sigstore/sigstore-conformance), each run with the artifact's bytes and with its digest.
//!
//! The suite lies beside the repository, in `../shared/vectors`; without it nothing is run, and a
//! line says so. A name that ends in `_fail` must be refused, and by the reason of
//! `conformance.txt`: a refusal for another reason is a failed test. Every other case must be
//! accepted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

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
    let Some(cases) = cases() else { return };
    let mut reasons = expected_reasons();
    let mut wrong = Vec::new();
    for case in &cases {
        let name = &case.name;
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
    assert!(cases.len() >= 70, "found {} cases, wanted all 70", cases.len());
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
    assert!(reasons.is_empty(), "cases in conformance.txt that do not exist: {reasons:?}");
}

/// The cases in the order of their names; none, and a line that says so, where they are absent.
pub(crate) fn cases() -> Option<Vec<Case>> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let assets = vectors.join("sigstore-conformance/test/assets");
    let Ok(folder) = fs::read_dir(assets.join("bundle-verify")) else {
        println!("skipped: no conformance vectors at {}", assets.display());
        return None;
    };
    let folders = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut folders: Vec<_> = folders.collect();
    folders.sort();
    Some(folders.iter().map(|folder| Case::read(folder, &vectors)).collect())
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

/// A case as its files have it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bundle: Vec<u8>,
    pub(crate) root: Vec<u8>,
    pub(crate) artifact: Vec<u8>,
    /// PEM.
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) identity: String,
    pub(crate) issuer: String,
}

impl Case {
    fn read(folder: &Path, vectors: &Path) -> Self {
        let file = |name: &str| fs::read(folder.join(name)).ok();
        let text =
            |name: &str| file(name).map(|text| String::from_utf8(text).unwrap().trim().to_owned());
        let public_good = || fs::read(vectors.join("roots/public-good.json")).unwrap();
        let usual_artifact = || fs::read(folder.join("../../a.txt")).unwrap();
        Case {
            name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
            bundle: file("bundle.sigstore.json").unwrap(),
            root: file("trusted_root.json").unwrap_or_else(public_good),
            artifact: file("artifact").unwrap_or_else(usual_artifact),
            key: file("key.pub"),
            identity: text("identity").unwrap_or_else(|| IDENTITY.to_owned()),
            issuer: text("issuer").unwrap_or_else(|| ISSUER.to_owned()),
        }
    }

    /// `accepted`, the refusal's reason, or the error's kind, with the message.
    fn run(&self, mode: Mode) -> (String, String) {
        let root = TrustedRoot::parse(&self.root, &Limits::default()).unwrap();
        let material = match bundle::parse(&self.bundle, &Limits::default()) {
            Ok(material) => material,
            Err(error) => return (kind(&error).to_owned(), error.to_string()),
        };
        let requirements = match self.key.as_deref().map(PublicKey::from_pem) {
            Some(Ok(key)) => Requirements::logged_key(key),
            Some(Err(error)) => return (kind(&error).to_owned(), error.to_string()),
            None => {
                let matcher = IdentityMatcher::exact(&*self.identity, &*self.issuer);
                Requirements::keyless(SignerRequirement::Identity(vec![matcher]))
            }
        };
        let digests = ArtifactDigests::from(ArtifactDigest::sha256(&self.artifact));
        let artifact = match mode {
            Mode::Bytes => Artifact::Bytes(&self.artifact),
            Mode::Digest => Artifact::Digests(&digests),
        };
        let now: Timestamp = NOW.parse().unwrap();
        match Verifier::new(&root).verify(&material, artifact, &requirements, now) {
            Ok(_) => ("accepted".to_owned(), String::new()),
            Err(refusal) => (reason(&refusal), refusal.to_string()),
        }
    }

    /// Whether the artifact's bytes are accepted.
    pub(crate) fn is_accepted(&self) -> bool {
        self.run(Mode::Bytes).0 == "accepted"
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
