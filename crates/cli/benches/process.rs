//! The whole process, as ratios to floors measured in the same run:
//!
//! - `verify-blob` of a small file against starting a Rust program that does nothing;
//! - `verify-blob` of a gibibyte against one SHA-256 pass over the same file in this process.
//!
//! `cargo bench -p chainsign --bench process`, which measures the binary that Cargo just built, or
//! `cargo bench -p chainsign --bench process -- "$PWD/dist/chainsign"`, which measures that one.

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
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start(Options::default())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let measured = named.unwrap_or(env!("CARGO_BIN_EXE_chainsign").to_owned());
    install(Path::new(&measured), &folder.path().join("chainsign"));
    // Once, and not with each command: that would fork this process, where commands are spawned else.
    std::env::set_current_dir(folder.path()).unwrap();
    std::fs::write("nothing.rs", "fn main() {}").unwrap();
    run(Command::new("rustc").args(["-O", "nothing.rs"]));
    std::fs::write("trust.json", sandbox.trust_config()).unwrap();
    std::fs::write("small", "content").unwrap();
    std::fs::File::create("large").unwrap().set_len(GIBIBYTE).unwrap();
    let token = sandbox.token(TokenRequest::email(EMAIL).unwrap()).unwrap();
    for name in ["small", "large"] {
        let signed = chainsign()
            .args(["sign-blob", "--trust-config", "trust.json", "--identity-token", &token, name])
            .status();
        assert!(signed.unwrap().success());
    }
    let verify = |name: &str| {
        let mut command = chainsign();
        command.args(["verify-blob", "--trust-config", "trust.json", "--certificate-identity"]);
        command.args([EMAIL, "--certificate-oidc-issuer", sandbox.issuer(), name]);
        command
    };

    let request = request(folder.path(), sandbox.issuer());
    let [nothing, small, in_process] = quickest(
        20,
        20,
        [
            &mut || run(&mut Command::new("./nothing")),
            &mut || run(&mut verify("small")),
            &mut || verify_blob(&request).map(|_| ()).unwrap(),
        ],
    );
    let over = small.saturating_sub(nothing).saturating_sub(in_process);
    line("start a program that does nothing", nothing, "");
    line("verify-blob of a small file, in process", in_process, "files read, root parsed");
    line(
        "verify-blob of a small file, whole process",
        small,
        &format!("{over:.2?} beyond the two above"),
    );

    let [floor, large] =
        quickest(3, 1, [&mut || digest(Path::new("large")), &mut || run(&mut verify("large"))]);
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

fn chainsign() -> Command {
    let mut command = Command::new("./chainsign");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

/// As an unpacker writes it. What a linker wrote, and what was read through page faults, lies in smaller
/// pieces in the page cache, each of which costs when it is touched.
fn install(program: &Path, at: &Path) {
    std::fs::write(at, std::fs::read(program).unwrap()).unwrap();
    std::fs::set_permissions(at, program.metadata().unwrap().permissions()).unwrap();
    std::fs::File::open(at).unwrap().sync_all().unwrap();
}

/// What the quickest tenth of the runs took at most: the others were disturbed. In every round there are some
/// runs of each, one after the other: each finds the caches as it left them, and all meet the same machine.
fn quickest<const N: usize>(
    rounds: usize,
    runs: usize,
    mut work: [&mut dyn FnMut(); N],
) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (work, times) in work.iter_mut().zip(&mut times) {
            for _ in 0..runs {
                let start = Instant::now();
                work();
                times.push(start.elapsed());
            }
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 10]
    })
}

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn line(what: &str, time: Duration, note: &str) {
    println!("{what:45} {time:>10.2?}  {note}");
}

const EMAIL: &str = "dev@sandbox.invalid";
const GIBIBYTE: u64 = 1 << 30;
