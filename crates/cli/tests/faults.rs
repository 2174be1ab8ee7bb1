//! Services that fail while files are signed: what is left behind, what is said, and that the same
//! command does it when they are well again.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::sync::Mutex;

use std::time::Duration;

use chainsign_sandbox::{ErrorStatus, Fork, Misbehaviour, Requests, Service};
use support::{Stage, faults};

type Case = (&'static str, Misbehaviour, &'static str);

fn refuses(service: Service, code: ErrorStatus) -> Misbehaviour {
    Misbehaviour::Status { service, code, requests: Requests::All }
}

fn cases() -> Vec<Case> {
    let slow = |service| Misbehaviour::Slow { service, delay: Duration::from_secs(60) };
    let large = |service| Misbehaviour::Oversized { service, padding: 16 << 20 };
    let mut cases = vec![
        ("the issuer is down", refuses(Service::Oidc, ErrorStatus::ServiceUnavailable), "service"),
        ("the issuer says too much", large(Service::Oidc), "service"),
        ("a certificate without SCT", Misbehaviour::NoSct, "refused-own"),
        ("an SCT of nobody", Misbehaviour::SctByUnknownLog, "refused-own"),
        ("an SCT of another", Misbehaviour::SctOfAnotherCertificate, "refused-own"),
        ("a forked log", Misbehaviour::ForkedTree(Fork::OnlyTheCheckpoint), "refused-own"),
        (
            "an entry's timestamp of another",
            Misbehaviour::EntryTimestampOfAnotherEntry,
            "refused-own",
        ),
        ("a timestamp of another", Misbehaviour::TimestampOfAnotherMessage, "service"),
    ];
    for service in [Service::Fulcio, Service::RekorV1, Service::TimestampAuthority] {
        cases.push(("too busy", refuses(service, ErrorStatus::TooManyRequests), "service"));
        cases.push(("down", refuses(service, ErrorStatus::BadGateway), "service"));
        cases.push(("slow", slow(service), "timed-out"));
        cases.push(("says too much", large(service), "service"));
    }
    cases
}

#[test]
fn nothing_is_half_done_and_the_same_command_does_the_rest() {
    let (cases, found) = (Mutex::new(cases()), Mutex::new(Vec::new()));
    // Most of each is waiting.
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                while let Some(case) = { cases.lock().unwrap().pop() } {
                    let what = format!("{case:?}");
                    let faults = run(case).into_iter().map(|fault| format!("{what}: {fault}"));
                    found.lock().unwrap().extend(faults);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "{found:#?}");
}

fn run((_, misbehaviour, reason): Case) -> Vec<String> {
    let stage = Stage::new();
    std::fs::create_dir(stage.desk.path("dist")).unwrap();
    let names = ["a", "b", "c"].map(|name| format!("dist/{name}"));
    for name in &names {
        stage.desk.write(name, name);
    }
    let sign = || {
        let flags = ["--trust-config", "trust.json", "-o", "json"];
        let flow = ["--fulcio-auth-flow", "device", "--output-directory", "bundles", "dist"];
        let mut command = stage.desk.command(&[&["sign-blob"], &flags[..], &flow].concat());
        if reason == "timed-out" {
            command.args(["--timeout", "2s"]);
        }
        stage.desk.ran(&mut command)
    };
    let mut wrong = Vec::new();
    stage.misbehave(misbehaviour);
    let ran = sign();
    let json = ran.json();
    let (schema, reasons) = match json.get("unsigned") {
        Some(unsigned) => {
            let unsigned = unsigned.as_array().unwrap().iter();
            ("sign.v1", unsigned.map(|it| it["failure"]["reason"].clone()).collect())
        }
        None => ("failure.v1", vec![json["failure"]["reason"].clone()]),
    };
    wrong.extend(faults(schema, &json));
    if ran.code != 2 || !reasons.iter().any(|found| found == reason) {
        wrong.push(format!("wanted {reason}: {ran:?}"));
    }
    // Every file is named as not done, with its own reason or that it was not begun.
    if schema == "sign.v1" && reasons.len() != names.len() {
        wrong.push(format!("{} of {} files are named", reasons.len(), names.len()));
    }
    let left = |folder: &str| {
        let entries = std::fs::read_dir(stage.desk.path(folder)).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
    };
    if !left("bundles").is_empty() || left("dist").len() != names.len() {
        wrong.push(format!("left behind: {:?}, {:?}", left("bundles"), left("dist")));
    }
    stage.sandbox.misbehave([]);
    let again = sign();
    if again.code != 0 || left("bundles").len() != names.len() {
        wrong.push(format!("the second run: {again:?}"));
    }
    for name in &names {
        let bundle = name.replace("dist/", "bundles/") + ".sigstore.json";
        if stage.verify_blob(&["--bundle", &bundle, name]).code != 0 {
            wrong.push(format!("{bundle} does not verify"));
        }
    }
    wrong
}
