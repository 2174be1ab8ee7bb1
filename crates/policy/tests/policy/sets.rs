//! Several policies for one target.

use std::io;

use chainsign_core::digest::ArtifactDigest;
use chainsign_policy::{Decision, LoadError, PolicySet, TargetName};

use crate::common::*;

/// A policy in which nobody signed and that is about these images, with the given other rules.
fn policy(name: &str, images: &str, more: &str) -> String {
    format!(
        "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: {name}}}\n\
         match: {{images: {{include: ['{images}']}}}}\nauthorities: {{a: {{key: {{file: key.pub}}}}}}\n\
         signatures: {{require: a}}\n{more}"
    )
}

/// The files next to the set.
fn files(path: &str) -> io::Result<Vec<u8>> {
    let artifact = Release::good().digests().iter().next().unwrap().to_string();
    let deny = format!("deny: {{digests: ['{artifact}']}}\n");
    Ok(match path {
        "all.yaml" => policy("all", "**", "mode: warn\n").into_bytes(),
        "acme/acme.yaml" => policy("acme", "ghcr.io/acme/**", "").into_bytes(),
        "deny.yaml" => policy("deny", "ghcr.io/denied/**", &deny).into_bytes(),
        "acme/key.pub" => file("key.pub")?,
        "bad.yaml" => policy("bad", "x", "signature: {}\n").into_bytes(),
        other => return file(other),
    })
}

fn set(rest: &str) -> Result<PolicySet, LoadError> {
    let yaml = format!("apiVersion: chainsign.dev/v1\nkind: PolicySet\n{rest}");
    PolicySet::parse(yaml.as_bytes(), &files)
}

#[track_caller]
fn check(set: &PolicySet, image: &str, names: &[&str], wanted: Decision) {
    let target = TargetName::Image(image.parse().unwrap());
    let selection = set.select(&target).unwrap();
    let found: Vec<_> = selection.policies().iter().map(|it| it.identity().name.as_str()).collect();
    assert_eq!(found, names);
    let evidence = selection.plan(None).evidence([]);
    let verdict = selection.evaluate(&evidence, &Release::good().facts(), at(NOW));
    assert_eq!(verdict.decision(), wanted);
    assert_eq!(verdict.verdicts().len(), names.len());
}

#[test]
fn every_policy_about_a_target_must_pass() {
    let two = set("policies: [{file: all.yaml}, {file: acme/acme.yaml}]\n").unwrap();
    check(&two, "ghcr.io/other/app", &["all"], Decision::Warn);
    check(&two, "ghcr.io/acme/app", &["all", "acme"], Decision::Deny);
    let attempts = two.select(&TargetName::Image("ghcr.io/acme/app".parse().unwrap())).unwrap();
    assert_eq!(attempts.plan(None).attempts().len(), 1);
}

/// GHSA-fgw4-v983-mgp8 and chainloop#3397: nothing evaluated is not a success.
#[test]
fn a_target_that_no_policy_is_about_is_not_decided() {
    let acme = "policies: [{file: acme/acme.yaml}]\n";
    check(&set(acme).unwrap(), "ghcr.io/other/app", &[], Decision::Undecided);
    let deny = format!("{acme}onNoMatch: deny\n");
    check(&set(&deny).unwrap(), "ghcr.io/other/app", &[], Decision::Undecided);
    let allow = format!("{acme}onNoMatch: dangerousAllow\n");
    check(&set(&allow).unwrap(), "ghcr.io/other/app", &[], Decision::Allow);
    check(&set(&allow).unwrap(), "ghcr.io/acme/app", &["acme"], Decision::Deny);
}

#[test]
fn copies_are_read_as_their_originals() {
    let mirrored = set(
        "policies: [{file: acme/acme.yaml}]\nmirrors: [{from: registry.acme.example/mirror/ghcr.io, to: ghcr.io}]\n",
    )
    .unwrap();
    check(&mirrored, "registry.acme.example/mirror/ghcr.io/acme/app", &["acme"], Decision::Deny);
    check(&mirrored, "registry.acme.example/mirror/ghcr.iox/acme/app", &[], Decision::Undecided);
    check(&mirrored, "registry.acme.example/acme/app", &[], Decision::Undecided);
}

#[test]
fn what_is_always_allowed_is_so_unless_its_digest_is_denied() {
    let artifact = Release::good().digests().iter().next().unwrap().to_string();
    let always = set(&format!(
        "policies: [{{file: acme/acme.yaml}}, {{file: deny.yaml}}]\nalwaysAllow: ['{artifact}']\n"
    ))
    .unwrap();
    check(&always, "ghcr.io/acme/app", &["acme"], Decision::Allow);
    check(&always, "ghcr.io/denied/app", &["deny"], Decision::Deny);
    let other = set(&format!(
        "policies: [{{file: acme/acme.yaml}}]\nalwaysAllow: ['{}']\n",
        ArtifactDigest::sha256(b"other")
    ))
    .unwrap();
    check(&other, "ghcr.io/acme/app", &["acme"], Decision::Deny);
}

#[test]
fn a_policy_alone_is_a_set_of_one() {
    let one = PolicySet::parse(&files("all.yaml").unwrap(), &files).unwrap();
    check(&one, "ghcr.io/acme/app", &["all"], Decision::Warn);
}

#[test]
fn what_is_wrong_in_a_set_is_told() {
    let text = |rest: &str| set(rest).unwrap_err().to_string();
    let other = ArtifactDigest::sha256(b"other").hex();
    assert_eq!(
        text("policies: []\n"),
        "the set has no policy, wanted at least one under `policies`"
    );
    assert_eq!(text("onNoMatch: deny\n"), "line 3, column 1: the key \"policies\" is missing");
    assert_eq!(
        text("policies: [{file: bad.yaml}]\n"),
        "in bad.yaml: line 7, column 1: unknown key \"signature\", wanted one of apiVersion, kind, \
         metadata, mode, match, trust, authorities, transparency, signed, signatures, attestations, acceptSummaries, \
         go, image, rules, deny, exceptions"
    );
    assert_eq!(
        text("policies: [{file: all.yaml}, {file: all.yaml}]\n"),
        "line 3, column 37: the key \"all\" is there twice"
    );
    assert_eq!(
        text(&format!("policies: [{{file: all.yaml, sha256: '{other}'}}]\n")),
        format!(
            "line 3, column 37: \"all.yaml\" has {}, wanted sha256:{other}",
            ArtifactDigest::sha256(&files("all.yaml").unwrap())
        )
    );
    assert_eq!(
        text("policies: [{file: all.yaml}]\nmirrors: [{from: 'a/**', to: b}]\n"),
        "line 4, column 11: found \"a/**\", wanted how names begin, up to a slash: \
         registry.acme.example/mirror"
    );
    assert_eq!(
        text("policies: [{file: all.yaml}]\nonNoMatch: allow\n"),
        "line 4, column 12: unknown value \"allow\", wanted one of deny, dangerousAllow"
    );
    let kind = PolicySet::parse(b"apiVersion: chainsign.dev/v1\nkind: Sets\n", &files).unwrap_err();
    assert_eq!(kind.to_string(), "found kind: \"Sets\", wanted \"Policy or PolicySet\"");
}
