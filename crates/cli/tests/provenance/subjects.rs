//! What provenance is about.

use serde_json::{Value, json};

use crate::support::Desk;
use crate::{WORKFLOW, job};

/// Files, globs, checksum files, GoReleaser's list and digests, in one statement.
#[test]
fn subjects_of_every_kind_make_one_statement() {
    let desk = Desk::new();
    for folder in ["dist", "dist/app_linux", "dist/app_darwin"] {
        std::fs::create_dir(desk.path(folder)).unwrap();
    }
    for file in ["b.tar.gz", "a.tar.gz", "a.txt", "app_linux/app", "app_darwin/app"] {
        desk.write(&format!("dist/{file}"), file);
    }
    let digest =
        |content: &str| chainsign_core::digest::ArtifactDigest::sha256(content.as_bytes()).hex();
    let zip = digest("zip");
    desk.write("sums", format!("{zip}  app.zip\n"));
    let artifacts = json!([
        {"name": "metadata.json", "path": "dist/metadata.json", "type": "Metadata"},
        {"name": "app", "path": "dist/app_linux/app", "type": "Binary"},
        {"name": "app", "path": "dist/app_darwin/app", "type": "Binary"},
        {"name": "notes", "path": "dist/a.txt", "type": "File", "extra": {"Checksum": format!("sha256:{}", digest("a.txt"))}},
    ]);
    desk.write("dist/artifacts.json", artifacts.to_string());
    let image = format!("ghcr.io/acme/app@sha256:{zip}");
    let arguments = [
        "provenance",
        "--subject",
        "dist/*.tar.gz",
        "--subject-checksums",
        "sums",
        "--subject-artifacts",
        "dist/artifacts.json",
        "--subject-digest",
        &image,
    ];
    let ran = desk.ran(&mut job(&desk, "github-tag", &arguments)).exits(0);
    let statement = ran.json();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    assert_eq!(
        statement["predicate"]["runDetails"]["builder"]["id"],
        format!("https://github.com/{WORKFLOW}")
    );
    let subjects: Vec<_> = statement["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| {
            (subject["name"].as_str().unwrap(), subject["digest"]["sha256"].as_str().unwrap())
        })
        .collect();
    // One digest may have two names.
    let wanted = [
        ("a.tar.gz", digest("a.tar.gz")),
        ("app.zip", zip.clone()),
        ("b.tar.gz", digest("b.tar.gz")),
        ("dist/app_darwin/app", digest("app_darwin/app")),
        ("dist/app_linux/app", digest("app_linux/app")),
        ("ghcr.io/acme/app", zip.clone()),
        ("notes", digest("a.txt")),
    ];
    assert_eq!(subjects, wanted.each_ref().map(|(name, digest)| (*name, digest.as_str())));
    ran.says("not subjects: 1 Metadata");

    let all =
        ["provenance", "--subject", "dist/**.gz", "--subject", "dist/a.txt", "--output", "s.json"];
    assert_eq!(desk.ran(&mut job(&desk, "github-tag", &all)).exits(0).stdout, "");
    let statement: Value = serde_json::from_str(&desk.read("s.json")).unwrap();
    assert_eq!(statement["subject"].as_array().unwrap().len(), 3);

    let mut wrong = Vec::new();
    let mut check = |arguments: &[&str], code, says: &str| {
        let arguments: Vec<_> = ["provenance"].iter().chain(arguments).copied().collect();
        let ran = desk.ran(&mut job(&desk, "github-tag", &arguments));
        if ran.code != code || !ran.stderr.contains(says) || !ran.stdout.is_empty() {
            wrong.push(format!("{arguments:?}: {} {}{}", ran.code, ran.stdout, ran.stderr));
        }
    };
    let twice = ["--subject", "dist/a.txt", "--subject", "dist/*.txt"];
    check(&twice, 2, "two subjects are named \"a.txt\"");
    check(&["--subject", "dist/**/app"], 2, "two subjects are named \"app\"");
    check(&["--subject", "dist/*.zip"], 2, "no file matches \"dist/*.zip\"");
    check(&["--subject", "dist/[ab]*"], 2, "found '[' in the glob");
    check(&["--subject", "dist"], 2, "directory");
    check(&["--subject", "-"], 2, "- has no file name");
    check(&["--subject", "none"], 2, "none");
    check(&["--subject-digest", "app@sha256:00"], 2, "lower-case hexadecimal");
    check(&["--subject-checksums", "dist/a.txt"], 2, "line 1: found \"a.txt\", wanted");
    check(&["--subject-artifacts", "sums"], 2, "GoReleaser's list of artifacts cannot be used");
    desk.write("none.json", "[]");
    check(&["--subject-artifacts", "none.json"], 2, "the lists name no subject");
    let lines: String = (0..1025).map(|number| format!("{zip}  {number}\n")).collect();
    desk.write("many", lines);
    check(&["--subject-checksums", "many"], 2, "found more than 1024 subjects for one statement");
    desk.write("dist/a.txt", "changed after goreleaser");
    check(
        &["--subject-artifacts", "dist/artifacts.json"],
        1,
        "dist/a.txt is not what GoReleaser made",
    );
    #[cfg(unix)]
    {
        desk.write("a*", "");
        check(&["--subject", "a*"], 2, "is a file and a glob at once");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
