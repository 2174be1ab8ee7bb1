//! The ten kinds of lie, each made from the demo's program, and each refused by its own rule.
//!
//! What is signed is right in everything else: signer, digest, log, time. Archives and images are made
//! and read as anybody's are.

use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use chainsign_artifact::{ArtifactFacts, Limits, OpenArtifact, image};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_gosbom::sbom::{Sbom, SpecVersion, Subject};
use chainsign_gosbom::{Depth, GoSlice};
use chainsign_policy::Outcome;
use chainsign_policy::testing::{self, TestVerdict};
use serde_json::{Value, json};

use crate::common::*;

const SHA256: [DigestAlgorithm; 1] = [DigestAlgorithm::Sha256];

/// What the program, the archive and the image must meet.
fn policy(programs: &str) -> String {
    format!(
        "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: lies}}\n\
         trust: {{roots: {{public: {{file: root.json}}}}}}\n\
         authorities:\n  \
           release: {{keyless: {{issuer: '{ISSUER}', subject: 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.4.2'}}}}\n  \
           builder: {{keyless: {{issuer: '{ISSUER}', subject: 'https://github.com/acme/builders/.github/workflows/release.yml@refs/heads/main'}}}}\n  \
           scanner: {{keyless: {{issuer: '{ISSUER}', subject: scanner@acme.example}}}}\n\
         signatures: {{require: release}}\n\
         attestations:\n  \
           provenance: {{predicateType: slsaprovenance1, by: builder}}\n  \
           sbom: {{predicateType: cyclonedx, by: scanner}}\n\
         go:\n  \
           settings: {{vcs.modified: false, CGO_ENABLED: 0, '-trimpath': true}}\n  \
           records: agree\n  modules: {{equal: sbom}}\n  commit: {{equals: provenance}}\n{programs}"
    )
}

const PROGRAMS: &str = "  programs: [bin/shipcheck]\n";
const LISTED: &str = "  listed: {sbom: sbom}\n";

/// An artifact and the documents that are signed about it.
struct Told {
    facts: ArtifactFacts,
    /// What its digest is.
    digest: ArtifactDigest,
    commit: &'static str,
    sbom: Value,
    rules: &'static str,
}

impl Told {
    fn verdict(&self) -> TestVerdict {
        let policy = parse(&policy(self.rules)).unwrap_or_else(|error| panic!("{error}"));
        // Fixtures are about bytes with a digest: any fixture, made about this one.
        let about = |statement| fixture_about(&self.digest, statement);
        let provenance = provenance_json(self.commit);
        let fixtures = [
            about(Signed::Artifact),
            about(Signed::Provenance(&provenance)),
            about(Signed::Sbom(&self.sbom.to_string())),
        ];
        let evidence = policy.plan(None).evidence([]);
        testing::evaluate(&policy, &evidence, &fixtures, &self.facts, at(NOW))
    }
}

enum Signed<'a> {
    Artifact,
    Provenance(&'a str),
    Sbom(&'a str),
}

fn fixture_about(digest: &ArtifactDigest, signed: Signed<'_>) -> testing::Fixture {
    use chainsign_core::identity::SubjectAlternativeName::Email;
    use chainsign_core::predicate::PredicateType;
    use chainsign_core::statement::{Statement, Subject};
    use serde_json::value::RawValue;
    let of = |kind: &str, json: &str| {
        let kind = PredicateType::from_alias_or_uri(kind).unwrap();
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        Some(Statement::new(vec![Subject::new("x", &digest.clone().into())], kind, raw))
    };
    let (origin, signer, statement) = match signed {
        Signed::Artifact => ("signature", signer(), None),
        Signed::Provenance(json) => {
            let builder = identity(workflow("acme/builders", "refs/heads/main"));
            ("provenance", builder, of("slsaprovenance1", json))
        }
        Signed::Sbom(json) => {
            ("sbom", identity(Email("scanner@acme.example".to_owned())), of("cyclonedx", json))
        }
    };
    let origin = chainsign_policy::Origin::new(origin);
    let signed_at = at("2026-11-21T11:00:00Z");
    testing::Fixture::new(origin, signer, digest.clone().into(), statement, signed_at)
}

#[expect(clippy::disallowed_methods, reason = "the test reads a file")]
fn shipcheck() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/demo/shipcheck");
        std::fs::read(path).unwrap()
    })
}

/// The program with its module text edited, in every copy of it, without a byte more or less.
fn edited(edits: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = shipcheck().to_vec();
    for (from, to) in edits {
        let (mut at, mut found) = (0, 0);
        // Whole lines only: the same words elsewhere stay.
        let (from, to) = (from.as_bytes(), to.as_bytes());
        while let Some(offset) = bytes[at..].windows(from.len()).position(|it| it == from) {
            at += offset;
            bytes.splice(at..at + from.len(), to.iter().copied());
            (at, found) = (at + to.len(), found + 1);
        }
        assert_eq!(found, 2, "copies of {:?}", String::from_utf8_lossy(from));
    }
    assert_eq!(bytes.len(), shipcheck().len());
    bytes
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.go.depth = Depth::SecondRecords;
    limits
}

fn facts_of(bytes: &[u8]) -> ArtifactFacts {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    OpenArtifact::from_file("artifact", file).unwrap().facts(SHA256, &limits()).unwrap()
}

fn slices(bytes: &[u8]) -> Vec<GoSlice> {
    chainsign_gosbom::read(&bytes, &chainsign_gosbom::Limits::default()).unwrap().slices
}

fn subject(name: &str, bytes: &[u8]) -> Subject {
    let sha256 = ArtifactDigest::sha256(bytes).bytes().try_into().unwrap();
    Subject::new(name).with_sha256(sha256)
}

/// What `chainsign sbom` writes about a program.
fn sbom_of(bytes: &[u8]) -> Value {
    let sbom = Sbom::of_slices(&slices(bytes), &subject("shipcheck", bytes));
    serde_json::from_slice(&sbom.to_cyclonedx_json(SpecVersion::V1_6)).unwrap()
}

/// The program, described as it is.
fn program(bytes: &[u8]) -> Told {
    Told {
        facts: facts_of(bytes),
        digest: ArtifactDigest::sha256(bytes),
        commit: COMMIT,
        sbom: sbom_of(bytes),
        rules: "",
    }
}

/// The program with another SBOM.
fn described(change: impl FnOnce(&mut Value)) -> Told {
    let mut told = program(shipcheck());
    let before = told.sbom.clone();
    change(&mut told.sbom);
    assert_ne!(before, told.sbom, "nothing was changed");
    told
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// An archive with these files, of which the first is described.
fn archive(files: &[(&str, &[u8])]) -> Told {
    let tar = tar(files);
    let (path, bytes) = files[0];
    let (slices, subject) = (slices(bytes), subject("shipcheck", bytes).found_at(path));
    let sbom = Sbom::of_binaries(&self::subject("app.tar", &tar), [(&slices[..], &subject)]);
    Told {
        facts: facts_of(&tar),
        digest: ArtifactDigest::sha256(&tar),
        commit: COMMIT,
        sbom: serde_json::from_slice(&sbom.to_cyclonedx_json(SpecVersion::V1_6)).unwrap(),
        rules: PROGRAMS,
    }
}

/// An image with these files in one layer, of which the first is described.
#[expect(clippy::disallowed_methods, reason = "the test makes a layout")]
fn layout(files: &[(&str, &[u8])]) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let put = |media_type: &str, bytes: &[u8]| {
        let digest = ArtifactDigest::sha256(bytes);
        let blobs = folder.path().join("blobs/sha256");
        std::fs::create_dir_all(&blobs).unwrap();
        std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
        json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len()})
    };
    let layer = put("application/vnd.oci.image.layer.v1.tar", &tar(files));
    let config = json!({
        "os": "linux", "architecture": "amd64", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    });
    let config = put("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest =
        json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]});
    let manifest = put(kind, manifest.to_string().as_bytes());
    let digest = manifest["digest"].as_str().unwrap().parse().unwrap();
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    std::fs::write(folder.path().join("index.json"), index.to_string()).unwrap();
    let version = r#"{"imageLayoutVersion":"1.0.0"}"#;
    std::fs::write(folder.path().join("oci-layout"), version).unwrap();
    let images = image::open(folder.path(), &limits()).unwrap().unwrap();
    Told {
        facts: images.facts(SHA256, &limits()).unwrap(),
        digest,
        rules: LISTED,
        ..archive(files)
    }
}

/// The components of an SBOM, without what it describes.
fn components(sbom: &mut Value) -> &mut Vec<Value> {
    sbom["components"].as_array_mut().unwrap()
}

fn named<'a>(sbom: &'a mut Value, purl: &str) -> &'a mut Value {
    components(sbom).iter_mut().find(|it| it["purl"] == purl).unwrap()
}

#[test]
fn what_is_honest_passes() {
    let files: [(&str, &[u8]); 1] = [("bin/shipcheck", shipcheck())];
    for (what, told) in
        [("program", program(shipcheck())), ("archive", archive(&files)), ("image", layout(&files))]
    {
        assert_eq!(causes(&told.verdict()), [], "{what}");
    }
}

#[test]
fn each_lie_is_refused_by_its_own_rule() {
    const COBRA: &str = "pkg:golang/github.com/spf13/cobra@v1.10.2";
    let other = edited(&[("build\tGOAMD64=v1\n", "build\tGOAMD64=v3\n")]);
    let two: [(&str, &[u8]); 2] = [("bin/shipcheck", shipcheck()), ("libexec/other", &other)];
    let lies: [(&str, Told, &str, &str); 10] = [
        (
            "a module is missing from the SBOM",
            described(|sbom| components(sbom).retain(|it| it["purl"] != COBRA)),
            "go.modules",
            "modules-differ",
        ),
        (
            "the SBOM lists a module more",
            described(|sbom| {
                let more = json!({"type": "library", "name": "more", "purl": "pkg:golang/example.com/more@v1.0.0"});
                components(sbom).push(more);
            }),
            "go.modules",
            "modules-differ",
        ),
        (
            "the SBOM lists another version",
            described(|sbom| {
                named(sbom, COBRA)["purl"] = "pkg:golang/github.com/spf13/cobra@v1.10.3".into();
            }),
            "go.modules",
            "modules-differ",
        ),
        (
            "the SBOM lists another sum",
            described(|sbom| {
                let text = sbom.to_string().replace("h1:DMTTonx5m65", "h1:AAAAonx5m65");
                *sbom = serde_json::from_str(&text).unwrap();
            }),
            "go.modules",
            "modules-differ",
        ),
        (
            "the provenance names another commit",
            Told { commit: "0000000000c9fa4928704dbc89884a8a0000ca9f", ..program(shipcheck()) },
            "go.commit",
            "commit-differs",
        ),
        (
            "it was built from a dirty tree",
            // The room for it is taken from a setting that no rule looks at.
            program(&edited(&[
                ("build\t-compiler=gc\n", "build\t-compiler=gcx\n"),
                ("build\tvcs.modified=false\n", "build\tvcs.modified=true\n"),
            ])),
            "go.settings.vcs.modified",
            "value-mismatch",
        ),
        (
            "it was built with another flag",
            program(&edited(&[("build\tCGO_ENABLED=0\n", "build\tCGO_ENABLED=1\n")])),
            "go.settings.CGO_ENABLED",
            "value-mismatch",
        ),
        (
            "another binary is inside the archive",
            archive(&two),
            "go.programs",
            "program-not-allowed",
        ),
        ("an unlisted binary is in the image", layout(&two), "go.listed", "program-not-listed"),
        (
            "the build information hides a module",
            program(&edited(&[(
                "dep\tgithub.com/spf13/cobra\tv1.10.2\t",
                "dep\tgithub.com/spf13/viper\tv1.10.2\t",
            )])),
            "go.records",
            "records-differ",
        ),
    ];
    let mut wrong = Vec::new();
    for (lie, told, rule, reason) in &lies {
        let found = causes(&told.verdict());
        if found != [((*rule).to_owned(), Outcome::Fail, *reason)] {
            wrong.push(format!("{lie}: {found:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
