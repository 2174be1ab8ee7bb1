//! Signing many small files keyless, against the sandbox: time per file in one run, against one file alone,
//! and against a run for each; and the peak of memory, which grows by what is reported of each file.
//!
//! Twice: with services that answer at once, and with services that take 100 ms each, as across a
//! network. The sandbox runs in the bench's own process, on the same cores.
//!
//! `cargo bench -p chainsign --bench batch`

#![expect(clippy::unwrap_used, reason = "a bench ends with the first fault")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chainsign_sandbox::{Misbehaviour, Options, Sandbox, Service, TokenRequest};

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let slow = |service| Misbehaviour::Slow { service, delay: LATENCY };
    let slow = [Service::Fulcio, Service::RekorV1, Service::TimestampAuthority].map(slow);
    for (title, misbehaviour) in
        [("services that answer at once", Vec::new()), ("services that take 100 ms", slow.to_vec())]
    {
        let options = Options { misbehaviour, ..Options::default() };
        let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
        say(title);
        measure(&sandbox);
        runtime.block_on(sandbox.stop());
    }
}

fn measure(sandbox: &Sandbox) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trust.json"), sandbox.trust_config()).unwrap();
    let sign = |what: &str| {
        let token = sandbox.token(TokenRequest::email("dev@sandbox.invalid").unwrap()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_chainsign"));
        command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        command.args(["sign-blob", "--trust-config", "trust.json", "--identity-token", &token]);
        run(command.arg(what))
    };

    files(&folder.path().join("alone"), SINGLE_RUNS);
    let mut single: Vec<Run> = (0..SINGLE_RUNS).map(|n| sign(&format!("alone/{n}"))).collect();
    let together: Duration = single.iter().map(|run| run.time).sum();
    single.sort_by_key(|run| run.time);
    let alone = &single[SINGLE_RUNS / 2];
    line("one file alone, median of 50 runs", alone, 1);
    let mean = together / u32::try_from(SINGLE_RUNS).unwrap();
    let thousand = mean * 1000;
    say(&format!(
        "  a thousand runs for a thousand files would take {thousand:.1?}: 1000 times the mean of these 50"
    ));
    for count in [10, 100, 1000] {
        let name = format!("many-{count}");
        files(&folder.path().join(&name), count);
        let batch = sign(&name);
        let signed = std::fs::read_dir(folder.path().join(&name)).unwrap().count();
        assert_eq!(signed, 2 * count, "a bundle for each file");
        line(&format!("{count} files in one run"), &batch, count);
        if count == 1000 {
            let ratio = thousand.as_secs_f64() / batch.time.as_secs_f64();
            say(&format!("  {ratio:.1} times as fast as a thousand runs"));
        }
    }
}

struct Run {
    time: Duration,
    peak_kib: u64,
}

/// Runs to its end, watching its memory: the peak of all that is resident, the program itself
/// included.
fn run(command: &mut Command) -> Run {
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{command:?}");
            return Run { time: start.elapsed(), peak_kib };
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
        peak_kib = peak_kib.max(peak.unwrap_or_default());
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn files(folder: &Path, count: usize) {
    std::fs::create_dir(folder).unwrap();
    for n in 0..count {
        std::fs::write(folder.join(n.to_string()), format!("file {n} of {count}")).unwrap();
    }
}

fn line(what: &str, run: &Run, files: usize) {
    let each = run.time / u32::try_from(files).unwrap();
    let mebibytes = run.peak_kib / 1024;
    say(&format!("  {what:38} {:>9.2?}  {each:>9.2?} a file  peak {mebibytes} MiB", run.time));
}

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn say(text: &str) {
    println!("{text}");
}

const SINGLE_RUNS: usize = 50;
const LATENCY: Duration = Duration::from_millis(100);
