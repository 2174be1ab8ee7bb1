//! The whole process, as ratios to floors measured in the same run:
//!
//! - `verify-blob` of a small file against starting a Rust program that does nothing;
//! - `verify-blob` of a gibibyte against one SHA-256 pass over the same file in this process.
//!
//! `cargo bench -p chainsign --bench process`

#![expect(clippy::unwrap_used, reason = "a bench ends with the first fault")]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chainsign::commands::trust::TrustRequest;
use chainsign::commands::verify::{
    BlobEvidence, Demand, DemandedSigner, Formats, Kind, Target, VerifyBlobRequest, verify_blob,
};
use chainsign_core::identity::IdentityMatcher;
use chainsign_sandbox::{Options, Sandbox, TokenRequest};
use common::digest;
use jiff::Timestamp;

fn main() {
    if std::env::args().any(|argument| argument == NOTHING) {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start(Options::default())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("trust.json"), sandbox.trust_config()).unwrap();
    std::fs::write(at("small"), "content").unwrap();
    std::fs::File::create(at("large")).unwrap().set_len(GIBIBYTE).unwrap();
    let token = sandbox.token(TokenRequest::email(EMAIL).unwrap()).unwrap();
    for name in ["small", "large"] {
        let signed = chainsign(folder.path())
            .args(["sign-blob", "--trust-config", "trust.json", "--identity-token", &token, name])
            .status();
        assert!(signed.unwrap().success());
    }
    let verify = |name: &str| {
        let mut command = chainsign(folder.path());
        command.args(["verify-blob", "--trust-config", "trust.json", "--certificate-identity"]);
        command.args([EMAIL, "--certificate-oidc-issuer", sandbox.issuer(), name]);
        command
    };

    let nothing = median(RUNS, || run(Command::new(std::env::current_exe().unwrap()).arg(NOTHING)));
    let small = median(RUNS, || run(&mut verify("small")));
    let request = VerifyBlobRequest {
        formats: Formats::Any,
        target: Target::File(at("small")),
        evidence: BlobEvidence::Bundle(at("small.sigstore.json")),
        kind: Kind::Any,
        demand: Demand::new(DemandedSigner::Identity(IdentityMatcher::exact(
            EMAIL,
            sandbox.issuer(),
        ))),
        trust: TrustRequest::Config(at("trust.json")),
        now: Timestamp::now(),
    };
    let in_process = median(RUNS, || verify_blob(&request).map(|_| ()).unwrap());
    let over = small.saturating_sub(nothing).saturating_sub(in_process);
    line("start a program that does nothing", nothing, "");
    line("verify-blob of a small file, in process", in_process, "files read, root parsed");
    line(
        "verify-blob of a small file, whole process",
        small,
        &format!("{over:.2?} beyond the two above"),
    );

    let floor = median(3, || digest(&at("large")));
    let large = median(3, || run(&mut verify("large")));
    let percent = 100.0 * floor.as_secs_f64() / large.as_secs_f64();
    line("one SHA-256 pass over 1 GiB, in process", floor, "");
    line(
        "verify-blob of 1 GiB, whole process",
        large,
        &format!("{percent:.1} % of the pass's speed"),
    );
}

fn chainsign(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chainsign"));
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

fn median(runs: usize, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn line(what: &str, time: Duration, note: &str) {
    println!("{what:45} {time:>10.2?}  {note}");
}

const RUNS: usize = 40;
const NOTHING: &str = "--do-nothing";
const EMAIL: &str = "dev@sandbox.invalid";
const GIBIBYTE: u64 = 1 << 30;
