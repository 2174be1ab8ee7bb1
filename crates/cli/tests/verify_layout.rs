//! `verify --layout`: in-toto's demo, made by in-toto, and its tampered variants.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::path::Path;

use support::{Desk, Ran};

/// A desk with one of the chains in `testdata/layouts`.
fn desk(case: &str) -> Desk {
    let desk = Desk::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/layouts").join(case);
    std::fs::create_dir(desk.path("links")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let to =
            if name.ends_with(".link") { desk.path("links").join(name) } else { desk.path(&name) };
        std::fs::copy(entry.path(), to).unwrap();
    }
    desk
}

const CHAIN: [&str; 6] =
    ["--layout", "root.layout", "--layout-keys", "alice.pub", "--links", "links"];
const TARGET: &str = "demo-project.tar.gz";

fn verify(desk: &Desk, flags: &[&str]) -> Ran {
    desk.run(&[&["verify", "-o", "json"], flags].concat())
}

fn reason(ran: &Ran) -> String {
    let json = ran.json();
    support::fits("verify.v1", &json);
    json["targets"][0]["failure"]["reason"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn the_demo_verifies_and_says_who_did_what() {
    for (case, packagers) in [("demo", 1), ("dsse", 1), ("threshold", 2)] {
        let desk = desk(case);
        let ran = verify(&desk, &[&CHAIN[..], &[TARGET]].concat()).exits(0);
        assert_eq!(reason(&ran), "none", "{case}");
        let layout = &ran.json()["targets"][0]["layout"];
        assert_eq!(layout["product"], TARGET);
        assert_eq!(layout["steps"][2]["name"], "package");
        assert_eq!(layout["steps"][2]["signers"].as_array().unwrap().len(), packagers, "{case}");
        assert_eq!(layout["inspections"], serde_json::json!(["untar"]));
        // Nothing was unpacked, and no command ran.
        assert!(!desk.path("demo-project").exists());
    }
    let ran = desk("demo").run(&[&["verify"], &CHAIN[..], &[TARGET]].concat()).exits(0);
    for line in ["Made as the layout says.", "step package: signed by ", "inspection untar:"] {
        assert!(ran.stdout.contains(line), "{}", ran.stdout);
    }
    for format in ["markdown", "html", "sarif"] {
        let report = format!("{format}=report");
        let desk = desk("demo");
        desk.run(&[&["verify", "--report", &report], &CHAIN[..], &[TARGET]].concat()).exits(0);
        let named = desk.read("report").contains("step package");
        assert_eq!(named, format != "sarif", "{format}");
    }
}

#[test]
fn tampered_variants_are_refused() {
    type Tamper = fn(&Desk);
    let cases: [(&str, &str, Tamper, i32, &str); 10] = [
        ("changed by Carl", "tampered_fail", |_| {}, 1, "file-disallowed"),
        ("packaged differently", "disagree_fail", |_| {}, 1, "links-differ"),
        (
            "changed product",
            "demo",
            |desk| drop(desk.write(TARGET, "something evil")),
            1,
            "not-a-product",
        ),
        ("missing link", "demo", |desk| remove(desk, "clone"), 1, "missing-link"),
        ("one signer of two", "threshold", |desk| remove(desk, "package"), 1, "too-few-signers"),
        (
            "swapped link",
            "demo",
            |desk| {
                let (from, to) = (link(desk, "clone"), link(desk, "update-version"));
                copy(&from, &to);
            },
            1,
            "missing-link",
        ),
        (
            "link by another key",
            "demo",
            |desk| copy(&link(&self::desk("dsse"), "clone"), &link(desk, "clone")),
            1,
            "unauthorized-link",
        ),
        (
            "another owner",
            "demo",
            |desk| drop(desk.write("alice.pub", self::desk("dsse").read("alice.pub"))),
            1,
            "layout-not-signed",
        ),
        (
            "layout that is none",
            "demo",
            |desk| drop(desk.write("root.layout", "{}")),
            1,
            "malformed-layout",
        ),
        (
            "target under another name",
            "demo",
            |desk| copy(&desk.path(TARGET), &desk.path("other.tar.gz")),
            2,
            "inspection-not-run",
        ),
    ];
    let mut wrong = Vec::new();
    for (what, case, tamper, code, wanted) in cases {
        let desk = desk(case);
        tamper(&desk);
        let target = if code == 2 { "other.tar.gz" } else { TARGET };
        let ran = verify(&desk, &[&CHAIN[..], &[target]].concat());
        if ran.code != code || reason(&ran) != wanted {
            wrong.push(format!("{what}: {} {}", ran.code, reason(&ran)));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn link(desk: &Desk, step: &str) -> std::path::PathBuf {
    let mut entries = std::fs::read_dir(desk.path("links")).unwrap().map(|entry| entry.unwrap());
    let of_step = |name: &str| name.starts_with(&format!("{step}."));
    entries.find(|entry| of_step(entry.file_name().to_str().unwrap())).unwrap().path()
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}

fn remove(desk: &Desk, step: &str) {
    std::fs::remove_file(link(desk, step)).unwrap();
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let desk = desk("demo");
    let with = |more: &[&'static str]| [&["verify"], &CHAIN[..], &[TARGET], more].concat();
    desk.run(&with(&["--policy", "p.yaml"])).exits(2).says("cannot be used with");
    desk.run(&with(&["--source-uri", "github.com/a/b"])).exits(2).says("cannot be used with");
    desk.run(&with(&["--key", "x.pub"])).exits(2).says("together with flags that say who");
    desk.run(&["verify", "--layout", "root.layout", TARGET]).exits(2).says("--layout-keys <FILE>");
    desk.write("alice.pub", "no key");
    verify(&desk, &[&CHAIN[..], &[TARGET]].concat()).exits(2);
}
