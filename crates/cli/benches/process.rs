//! The whole process, as ratios to floors measured in the same run:
//!
//! - `verify-blob` of a small file against starting a Rust program that does nothing, and against one
//!   that only calls the library, once: what a process does for the first time is slower than in a loop;
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
    let arguments: Vec<_> = std::env::args().collect();
    if let Some(only) = arguments.iter().position(|argument| argument == ONLY_VERIFY) {
        return verify_blob(&request(Path::new(&arguments[only + 1]), &arguments[only + 2]))
            .map(|_| ())
            .unwrap();
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start(Options::default())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // As they are when they were installed: what a linker wrote is in smaller pieces of memory, each of which
    // costs when it is touched.
    std::fs::copy(env!("CARGO_BIN_EXE_chainsign"), at("chainsign")).unwrap();
    std::fs::copy(std::env::current_exe().unwrap(), at("other")).unwrap();
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

    let nothing = median(RUNS, || run(Command::new(at("other")).arg(NOTHING)));
    let small = median(RUNS, || run(&mut verify("small")));
    let once = median(RUNS, || {
        let mut program = Command::new(at("other"));
        run(program.arg(ONLY_VERIFY).arg(folder.path()).arg(sandbox.issuer()));
    });
    let request = request(folder.path(), sandbox.issuer());
    let in_process = median(RUNS, || verify_blob(&request).map(|_| ()).unwrap());
    let over = small.saturating_sub(nothing).saturating_sub(in_process);
    line("start a program that does nothing", nothing, "");
    line("verify-blob of a small file, in process", in_process, "files read, root parsed");
    line(
        "verify-blob of a small file, whole process",
        small,
        &format!("{over:.2?} beyond the two above"),
    );
    let over = small.saturating_sub(once);
    line(
        "a program that only calls the library, once",
        once,
        &format!("verify-blob takes {over:.2?} more"),
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

/// The file that is small, its bundle and the sandbox's trust are in the folder.
fn request(folder: &Path, issuer: &str) -> VerifyBlobRequest {
    let signer = IdentityMatcher::exact(EMAIL, issuer);
    VerifyBlobRequest {
        formats: Formats::Any,
        target: Target::File(folder.join("small")),
        evidence: BlobEvidence::Bundle(folder.join("small.sigstore.json")),
        kind: Kind::Any,
        demand: Demand::new(DemandedSigner::Identity(signer)),
        trust: TrustRequest::Config(folder.join("trust.json")),
        now: Timestamp::now(),
    }
}

fn chainsign(folder: &Path) -> Command {
    let mut command = Command::new(folder.join("chainsign"));
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
/// Followed by the folder and the issuer.
const ONLY_VERIFY: &str = "--only-verify";
const EMAIL: &str = "dev@sandbox.invalid";
const GIBIBYTE: u64 = 1 << 30;
