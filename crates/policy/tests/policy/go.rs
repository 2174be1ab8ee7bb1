//! What a binary shows beside its build information.

use std::path::Path;

use chainsign_artifact::{ArtifactFacts, Content};
use chainsign_gosbom::{BuildInfo, Depth, GoBinary, Limits, Relro, read};
use chainsign_policy::Outcome;
use chainsign_policy::testing::{self, TestVerdict};

use crate::common::*;

const FAIL: Outcome = Outcome::Fail;
const ERROR: Outcome = Outcome::Error;

/// A policy about the binary alone, beside a signature.
fn policy(rules: &str) -> String {
    format!(
        "apiVersion: chainsign.dev/v1\nkind: Policy\nmetadata: {{name: x}}\n\
         authorities: {{a: {{key: {{file: key.pub}}}}}}\nsignatures: {{require: a}}\ngo: {{{rules}}}\n"
    )
}

fn evaluate(bytes: &[u8], binary: GoBinary, rules: &str) -> TestVerdict {
    let policy = parse(&policy(rules)).unwrap();
    let digests = digests(bytes);
    let facts = ArtifactFacts::new("app", bytes.len() as u64, digests, Content::GoBinary(binary));
    let evidence = policy.plan(None).evidence([]);
    testing::evaluate(&policy, &evidence, &[key_signature(bytes)], &facts, at(NOW))
}

#[track_caller]
fn check(verdict: &TestVerdict, wanted: &[(&str, Outcome, &str)]) {
    let wanted: Vec<_> =
        wanted.iter().map(|(id, outcome, reason)| ((*id).to_owned(), *outcome, *reason)).collect();
    assert_eq!(causes(verdict), wanted);
}

#[test]
fn headers_say_how_a_binary_is_protected() {
    let bytes = elf::Elf::default().build();
    let with = |change: &dyn Fn(&mut chainsign_gosbom::BinaryFacts)| {
        let mut binary = read(&bytes, &Limits::default()).unwrap();
        change(&mut binary.slices[0].facts);
        binary
    };
    let all = "hardening: {pie: require, stripped: require, relro: full, bindNow: require, executableStack: deny}";
    let good = with(&|facts| {
        facts.pie = Some(true);
        facts.stripped = Some(true);
        facts.relro = Some(Relro::Full);
        facts.bind_now = Some(true);
        facts.executable_stack = Some(false);
    });
    check(&evaluate(&bytes, good, all), &[]);
    let bad = with(&|facts| {
        facts.pie = Some(false);
        facts.stripped = Some(false);
        facts.relro = Some(Relro::Partial);
        facts.bind_now = Some(false);
        facts.executable_stack = Some(true);
    });
    let rules = ["pie", "stripped", "relro", "bindNow", "executableStack"];
    let ids: Vec<_> = rules.iter().map(|rule| format!("go.hardening.{rule}")).collect();
    let each = |outcome, reason| -> Vec<(&str, Outcome, &str)> {
        ids.iter().map(|id| (id.as_str(), outcome, reason)).collect()
    };
    check(&evaluate(&bytes, bad, all), &each(FAIL, "value-mismatch"));
    let unknown = with(&|facts| *facts = chainsign_gosbom::BinaryFacts::default());
    check(&evaluate(&bytes, unknown, all), &each(ERROR, "not-knowable"));
    let partial = || with(&|facts| facts.relro = Some(Relro::Partial));
    check(&evaluate(&bytes, partial(), "hardening: {relro: partial}"), &[]);
    let absent = with(&|facts| facts.relro = Some(Relro::Absent));
    check(
        &evaluate(&bytes, absent, "hardening: {relro: partial}"),
        &[("go.hardening.relro", FAIL, "value-mismatch")],
    );
}

/// The demo's program, with everything that is in it.
#[expect(clippy::disallowed_methods, reason = "the test reads a file")]
fn shipcheck(depth: Depth) -> (Vec<u8>, GoBinary) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/demo/shipcheck");
    let bytes = std::fs::read(path).unwrap();
    let mut limits = Limits::default();
    limits.depth = depth;
    let binary = read(&bytes, &limits).unwrap();
    (bytes, binary)
}

/// A module that the build information hides and the function table still names.
#[test]
fn what_build_information_hides_is_found() {
    let (bytes, honest) = shipcheck(Depth::SecondRecords);
    check(&evaluate(&bytes, honest, "records: agree"), &[]);
    let differ: &[_] = &[("go.records", FAIL, "records-differ")];
    #[track_caller]
    fn lies(from: &str, to: &str, wanted: &str) -> TestVerdict {
        let (bytes, mut binary) = shipcheck(Depth::SecondRecords);
        let slice = &mut binary.slices[0];
        let text = String::from_utf8(slice.build_info.raw_modules().to_vec()).unwrap();
        let line = text.lines().find(|line| line.contains(from)).unwrap().to_owned();
        let to = if to.is_empty() { String::new() } else { format!("{to}\n") };
        let text = text.replace(&format!("{line}\n"), &to);
        slice.build_info =
            BuildInfo::from_text(Some("go1.26.8"), text.as_bytes(), &Limits::default()).unwrap();
        let verdict = evaluate(&bytes, binary, "records: agree");
        let rule = verdict.report().rule("go.records").unwrap();
        assert!(rule.message.starts_with(wanted), "{}", rule.message);
        verdict
    }
    check(
        &lies(
            "github.com/spf13/cobra",
            "",
            "github.com/spf13/cobra v1.10.2 is compiled in and not listed",
        ),
        differ,
    );
    check(
        &lies(
            "golang.org/x/sync",
            "dep\tgolang.org/x/sync\tv0.25.0\th1:x=",
            "golang.org/x/sync is listed as v0.25.0, compiled in is v0.24.0",
        ),
        differ,
    );
}

#[test]
fn records_that_were_not_read_are_not_taken_for_agreeing() {
    let (bytes, shallow) = shipcheck(Depth::BuildInfo);
    let unknown: &[_] = &[("go.records", ERROR, "not-knowable")];
    check(&evaluate(&bytes, shallow, "records: agree"), unknown);
    let policy = parse(&policy("records: agree")).unwrap();
    assert_eq!(policy.depth(), Depth::SecondRecords);
    assert_eq!(parse(BASELINE).unwrap().depth(), Depth::BuildInfo);
    // An image without any second record.
    let bytes = elf::Elf::default().build();
    let mut limits = Limits::default();
    limits.depth = Depth::SecondRecords;
    let binary = read(&bytes, &limits).unwrap();
    check(&evaluate(&bytes, binary, "records: agree"), unknown);
}
