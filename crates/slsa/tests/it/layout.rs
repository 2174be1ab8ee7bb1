//! Layouts of in-toto's demo, made by in-toto itself: they verify, and with one thing changed they do not, each for
//! its own reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestSet};
use chainsign_slsa::layout::{
    Document, Files, Inspected, Inspector, LayoutError, LayoutKey, VerifiedLayout, verify,
};
use jiff::Timestamp;
use serde_json::{Value, json};

fn folder(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/layouts").join(case)
}

fn read(case: &str, name: &str) -> Vec<u8> {
    std::fs::read(folder(case).join(name)).unwrap()
}

/// A layout, its links, and what is to be verified.
#[derive(Clone)]
struct Chain {
    layout: Vec<u8>,
    links: BTreeMap<String, Vec<u8>>,
    keys: Vec<Vec<u8>>,
    artifact: Vec<u8>,
    now: Timestamp,
    /// What unpacking the artifact leaves.
    inside: Files,
}

fn files(files: &[(&str, &[u8])]) -> Files {
    let digests =
        |bytes: &[u8]| DigestSet::from(&ArtifactDigests::from(ArtifactDigest::sha256(bytes)));
    files.iter().map(|(path, bytes)| ((*path).to_owned(), digests(bytes))).collect()
}

const PROGRAM: &[u8] = b"VERSION = \"foo-v1\"\n\nprint(\"Hello in-toto\")\n";

fn chain(case: &str) -> Chain {
    let mut links = BTreeMap::new();
    for entry in std::fs::read_dir(folder(case)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".link") {
            links.insert(name.clone(), read(case, &name));
        }
    }
    Chain {
        layout: read(case, "root.layout"),
        links,
        keys: vec![read(case, "alice.pub")],
        artifact: read(case, "demo-project.tar.gz"),
        now: "2026-11-21T12:00:00Z".parse().unwrap(),
        inside: files(&[("demo-project/foo.py", PROGRAM)]),
    }
}

/// Knows what `tar xzf demo-project.tar.gz` does with the artifact.
struct Unpacks<'a>(&'a Chain);

impl Inspector for Unpacks<'_> {
    fn inspect(&self, command: &[String]) -> Option<Result<Inspected, String>> {
        if command != ["tar", "xzf", "demo-project.tar.gz"] {
            return None;
        }
        let materials = files(&[("demo-project.tar.gz", &self.0.artifact)]);
        let mut products = materials.clone();
        products.extend(self.0.inside.clone());
        Some(Ok(Inspected { materials, products }))
    }
}

impl Chain {
    fn verify(&self) -> Result<VerifiedLayout, LayoutError> {
        let keys: Result<Vec<_>, _> =
            self.keys.iter().map(|key| LayoutKey::parse("alice.pub", key)).collect();
        let document = |name, bytes| Document { name, bytes };
        let links: Vec<_> = self
            .links
            .iter()
            .map(|(name, bytes)| document(name.as_str(), bytes.as_slice()))
            .collect();
        let artifact = ArtifactDigest::sha256(&self.artifact).into();
        let layout = document("root.layout", &self.layout);
        verify(layout, &keys?, &links, &artifact, &Unpacks(self), self.now)
    }

    fn link(&self, step: &str) -> String {
        let named = |name: &&String| name.starts_with(&format!("{step}."));
        self.links.keys().find(named).unwrap().clone()
    }

    fn without(mut self, step: &str) -> Self {
        let name = self.link(step);
        self.links.remove(&name);
        self
    }

    /// With the link of a step replaced.
    fn with(mut self, step: &str, link: Vec<u8>) -> Self {
        let name = self.link(step);
        self.links.insert(name, link);
        self
    }

    /// With something in the signed part of a link changed.
    fn changed(self, step: &str, pointer: &str, value: Value) -> Self {
        let mut link: Value = serde_json::from_slice(&self.links[&self.link(step)]).unwrap();
        *link.pointer_mut(&format!("/signed{pointer}")).unwrap() = value;
        self.with(step, link.to_string().into_bytes())
    }

    /// With something in the signed part of the layout changed.
    fn laid_out(mut self, pointer: &str, value: Value) -> Self {
        let mut layout: Value = serde_json::from_slice(&self.layout).unwrap();
        *layout.pointer_mut(&format!("/signed{pointer}")).unwrap() = value;
        self.layout = layout.to_string().into_bytes();
        self
    }
}

#[test]
fn the_demo_of_in_toto_verifies() {
    for (case, packagers) in [("demo", 1), ("dsse", 1), ("threshold", 2)] {
        let verified = chain(case).verify().unwrap_or_else(|error| panic!("{case}: {error}"));
        let steps: Vec<_> =
            verified.steps.iter().map(|step| (step.name.as_str(), step.signers.len())).collect();
        assert_eq!(steps, [("clone", 1), ("update-version", 1), ("package", packagers)], "{case}");
        assert_eq!(verified.product, "demo-project.tar.gz");
        assert_eq!(verified.inspections, ["untar"]);
        // Our Bob does not clone, and our Carl packs so that the bytes are always the same.
        let other: Vec<_> =
            verified.steps.iter().map(|step| step.other_command.is_some()).collect();
        assert_eq!(other, [true, false, true]);
    }
}

/// One failure each, from a chain that verifies.
#[test]
fn tampered_chains_are_refused_each_for_its_own_reason() {
    let mut owner = chain("demo");
    owner.keys = vec![read("dsse", "alice.pub")];
    let mut second_owner = chain("demo");
    second_owner.keys.push(read("dsse", "alice.pub"));
    let mut nobody = chain("demo");
    nobody.keys.clear();
    let mut expired = chain("demo");
    expired.now = "2046-11-20T00:00:00Z".parse().unwrap();
    let mut product = chain("demo");
    product.artifact.push(0);
    let mut inside = chain("demo");
    inside.inside = files(&[("demo-project/foo.py", b"something evil")]);
    let mut more_inside = chain("demo");
    more_inside.inside.extend(files(&[("demo-project/evil.py", b"")]));
    let mut command = chain("demo");
    command.layout = String::from_utf8(command.layout).unwrap().into_bytes();
    let digest = json!({"demo-project.tar.gz": {"sha256": "0".repeat(64)}});
    let other = chain("tampered_fail");
    let stolen = other.links[&other.link("clone")].clone();
    let demo = chain("demo");
    let clone = demo.links[&demo.link("clone")].clone();
    let package = demo.links[&demo.link("package")].clone();
    let cases: Vec<(&str, Chain, &str)> = vec![
        ("another owner", owner, "layout-not-signed"),
        ("one owner of two", second_owner, "layout-not-signed"),
        ("no owner", nobody, "no-layout-key"),
        (
            "changed layout",
            chain("demo").laid_out("/steps/2/threshold", json!(2)),
            "layout-not-signed",
        ),
        ("expired layout", expired, "layout-expired"),
        ("missing link", chain("demo").without("clone"), "missing-link"),
        (
            "no link",
            chain("demo").without("clone").without("package").without("update-version"),
            "missing-link",
        ),
        ("swapped link", chain("demo").with("update-version", clone), "missing-link"),
        (
            "link of a functionary for a step of another",
            chain("demo").changed("package", "/name", json!("clone")),
            "missing-link",
        ),
        (
            "renamed link",
            chain("demo").without("clone").with("update-version", package),
            "missing-link",
        ),
        ("link of somebody else", chain("demo").with("clone", stolen), "unauthorized-link"),
        (
            "changed link",
            chain("demo").changed("package", "/products", digest),
            "unauthorized-link",
        ),
        (
            "changed command in a link",
            chain("demo").changed("package", "/command", json!(["x"])),
            "unauthorized-link",
        ),
        ("fewer signers", chain("threshold").without("package"), "too-few-signers"),
        ("signers who saw different files", chain("disagree_fail"), "links-differ"),
        ("sublayout", chain("demo").with("clone", chain("demo").layout), "unauthorized-link"),
        ("changed product", product, "not-a-product"),
        ("changed on the way", chain("tampered_fail"), "file-disallowed"),
        ("other program inside", inside, "file-disallowed"),
        ("one more program inside", more_inside, "file-disallowed"),
    ];
    let mut wrong = Vec::new();
    for (what, chain, reason) in cases {
        match chain.verify() {
            Err(error) if error.reason() == reason => {}
            other => wrong.push(format!("{what}: found {other:?}, wanted {reason}")),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn refusals_say_what_was_found() {
    let said = |chain: Chain| chain.verify().unwrap_err().to_string();
    assert_eq!(
        said(chain("tampered_fail")),
        "step package: demo-project/foo.py is among the materials, which DISALLOW * forbids"
    );
    let mut inside = chain("demo");
    inside.inside.extend(files(&[("demo-project/evil.py", b"")]));
    assert_eq!(
        said(inside),
        "inspection untar: demo-project/evil.py is among the products, which DISALLOW * forbids"
    );
    assert_eq!(
        said(chain("demo").without("clone")),
        "found no link of the step clone, only of package, update-version"
    );
    assert_eq!(
        said(chain("threshold").without("package")),
        "found 1 signers of the step package, wanted 2"
    );
    let mut product = chain("demo");
    product.artifact = b"x".to_vec();
    let wanted =
        format!("found {}, wanted a product of the step package", ArtifactDigest::sha256(b"x"));
    assert_eq!(said(product), wanted);
}

/// A command that nobody understands is not run, and what it would have found is not guessed.
#[test]
fn an_inspection_that_is_not_understood_is_undecided() {
    struct Nothing;
    impl Inspector for Nothing {
        fn inspect(&self, _: &[String]) -> Option<Result<Inspected, String>> {
            None
        }
    }
    struct Fails;
    impl Inspector for Fails {
        fn inspect(&self, _: &[String]) -> Option<Result<Inspected, String>> {
            Some(Err("it is no archive".to_owned()))
        }
    }
    let chain = chain("dsse");
    let with = |inspector: &dyn Inspector| {
        let links: Vec<_> =
            chain.links.iter().map(|(name, bytes)| Document { name, bytes }).collect();
        let keys = [LayoutKey::parse("alice.pub", &chain.keys[0]).unwrap()];
        let layout = Document { name: "root.layout", bytes: &chain.layout };
        let artifact = ArtifactDigest::sha256(&chain.artifact).into();
        verify(layout, &keys, &links, &artifact, inspector, chain.now).unwrap_err()
    };
    let (name, command) = ("untar".to_owned(), "tar xzf demo-project.tar.gz".to_owned());
    let error = with(&Nothing);
    assert_eq!(error, LayoutError::InspectionNotRun { name: name.clone(), command });
    assert!(error.is_undecided());
    let error = with(&Fails);
    assert_eq!(
        error,
        LayoutError::InspectionFailed { name, reason: "it is no archive".to_owned() }
    );
    assert!(!error.is_undecided());
}

#[test]
fn documents_that_are_none_are_refused() {
    let of = |layout: &str| {
        let mut chain = chain("demo");
        chain.layout = layout.as_bytes().to_vec();
        chain.verify().unwrap_err()
    };
    let layout = |signed: &str| format!(r#"{{"signatures":[],"signed":{signed}}}"#);
    for (text, says) in [
        ("", "it is empty"),
        ("[]", "sequence"),
        (r#"{"signatures":[]}"#, "missing field `signed`"),
        (&layout("{}"), "found no type, wanted layout or link"),
        (&layout(r#"{"_type":"x"}"#), "found the type \"x\""),
        (&layout(r#"{"_type":"layout"}"#), "missing field `expires`"),
        (&layout(r#"{"_type":"link","_type":"layout"}"#), "_type"),
        (&layout(r#"{"_type":"layout","a":1.5}"#), "found the number 1.5"),
        (
            r#"{"payload":"","payloadType":"text/plain","signatures":[{"sig":""}]}"#,
            "found the payload type text/plain",
        ),
    ] {
        let error = of(text);
        let is_expected = matches!(&error, LayoutError::Malformed { .. });
        assert!(is_expected && error.to_string().contains(says), "{text}: {error}");
    }
    let mut link = chain("demo");
    link.layout = link.links[&link.link("clone")].clone();
    // Bob has signed it, and is no owner.
    assert_eq!(link.verify().unwrap_err().reason(), "layout-not-signed");
    let rules = chain("demo").laid_out("/steps/0/expected_products", json!([["CREATES", "x"]]));
    assert!(rules.verify().unwrap_err().to_string().contains("found the rule \"CREATES x\""));
    let threshold = chain("demo").laid_out("/steps/0/threshold", json!(0));
    assert_eq!(threshold.verify().unwrap_err().reason(), "malformed-layout");
    let many = (0..1001).map(|number| (number.to_string(), Vec::new())).collect();
    let many = Chain { links: many, ..chain("demo") };
    let limit = LayoutError::LimitReached { what: "links", limit: 1000 };
    assert_eq!(many.verify(), Err(limit));
}

#[test]
fn keys_are_pem_or_in_totos_json() {
    let of = |text: &[u8]| LayoutKey::parse("k", text);
    let pem = of(&read("dsse", "alice.pub")).unwrap();
    // The last 32 bytes of the SubjectPublicKeyInfo are the key.
    let layout: Value = serde_json::from_slice(&read("tampered_fail", "root.layout")).unwrap();
    let keys = layout["signed"]["keys"].as_object().unwrap();
    let json = keys.values().next().unwrap().to_string();
    assert_ne!(of(json.as_bytes()).unwrap().fingerprint(), pem.fingerprint());
    for (text, says) in [
        ("", "PEM"),
        ("{}", "missing field `scheme`"),
        (r#"{"scheme":"ed25519","keyval":{"public":"zz"}}"#, "hexadecimal"),
        (
            r#"{"scheme":"sphincs-shake-128s","keyval":{"public":""}}"#,
            "wanted RSA, Ed25519, or ECDSA",
        ),
    ] {
        let error = of(text.as_bytes()).unwrap_err();
        assert!(matches!(error, LayoutError::Key { .. }), "{error}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
}
