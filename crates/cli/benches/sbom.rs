//! What an SBOM costs, as ratios to floors measured in the same run:
//!
//! - `sbom` of one binary, in process, against one SHA-256 pass over the same file;
//! - the same without hashing, and the whole process with its peak memory;
//! - a folder of 1,000 binaries against the same work on one processor;
//! - syft and `go version -m`, where they are installed.
//!
//! `SBOM_BENCH=/path/hugo:/path/syft cargo bench -p chainsign --bench sbom` measures real binaries;
//! without it, one of 45 MB and one of 95 MB are made of the demo's. `SBOM_BENCH_SYFT` names syft
//! where it is not on the path.

#![expect(clippy::unwrap_used, reason = "a bench ends with the first fault")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chainsign::commands::sbom::{FileHash, SbomRequest, sbom};
use common::digest;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    for path in binaries(folder.path()) {
        one_binary(&path);
    }
    a_folder(folder.path());
}

fn one_binary(path: &Path) {
    let size = std::fs::metadata(path).unwrap().len();
    println(&format!("{} ({} MB)", path.display(), size / 1_000_000));
    let floor = fastest(RUNS, || digest(path));
    line("one SHA-256 pass, in process", floor, "");
    let request = SbomRequest::new(path);
    let made = fastest(RUNS, || make(&request));
    line("sbom, in process", made, &times(made, floor, "the pass"));
    let request = SbomRequest { hash: FileHash::Skip, ..SbomRequest::new(path) };
    line("sbom --no-file-hash, in process", fastest(RUNS, || make(&request)), "");
    let mut command = chainsign();
    command.arg("sbom").arg(path);
    let process = fastest(RUNS, || run(&mut command));
    line("sbom, whole process", process, &peak_memory(&["sbom"], path));
    let mut fast = chainsign();
    fast.args(["sbom", "--no-file-hash"]).arg(path);
    let fast = fastest(RUNS, || run(&mut fast));
    line(
        "sbom --no-file-hash, whole process",
        fast,
        &peak_memory(&["sbom", "--no-file-hash"], path),
    );
    peers(path, process, fast);
}

/// The other tools, in the time of ours.
fn peers(path: &Path, process: Duration, fast: Duration) {
    let mut go = Command::new("go");
    go.args(["version", "-m"]).arg(path);
    match installed(&mut go) {
        Some(time) => line("go version -m", time, &times(time, fast, "sbom --no-file-hash")),
        None => println("  go is not installed"),
    }
    let syft = std::env::var_os("SBOM_BENCH_SYFT").unwrap_or_else(|| "syft".into());
    let mut syft = Command::new(syft);
    syft.args(["--quiet", "scan", "--output", "cyclonedx-json"]);
    syft.arg(format!("file:{}", path.display())).env("SYFT_CHECK_FOR_APP_UPDATE", "false");
    match installed(&mut syft) {
        Some(time) => line("syft", time, &times(time, process, "sbom")),
        None => println("  syft is not installed"),
    }
}

fn a_folder(folder: &Path) {
    let tree = folder.join("tree");
    std::fs::create_dir(&tree).unwrap();
    let bytes = std::fs::read(SHIPCHECK).unwrap();
    let first = tree.join("0000");
    std::fs::write(&first, bytes).unwrap();
    for number in 1..FILES {
        std::fs::hard_link(&first, tree.join(format!("{number:04}"))).unwrap();
    }
    println(&format!("a folder of {FILES} binaries, {} processors", processors()));
    let single = SbomRequest::new(&first);
    let one_by_one = fastest(1, || (0..FILES).for_each(|_| make(&single)));
    let whole = SbomRequest::new(&tree);
    let together = fastest(3, || make(&whole));
    line("one after the other", one_by_one, "");
    let speedup = one_by_one.as_secs_f64() / together.as_secs_f64();
    line("sbom of the folder", together, &format!("{speedup:.2} times as fast"));
}

/// The files that were asked for, or files of the demo's binary and zeros behind it.
fn binaries(folder: &Path) -> Vec<PathBuf> {
    if let Some(paths) = std::env::var_os("SBOM_BENCH") {
        return std::env::split_paths(&paths).collect();
    }
    let make = |size: u64| {
        let path = folder.join(format!("{}-mb", size / 1_000_000));
        std::fs::copy(SHIPCHECK, &path).unwrap();
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(size).unwrap();
        path
    };
    vec![make(45_000_000), make(95_000_000)]
}

fn make(request: &SbomRequest) {
    assert!(!sbom(request, &()).unwrap().document.is_empty());
}

fn chainsign() -> Command {
    Command::new(env!("CARGO_BIN_EXE_chainsign"))
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
}

/// `None` where the program is not there.
fn installed(command: &mut Command) -> Option<Duration> {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    status.success().then(|| fastest(3, || run(command)))
}

/// The peak of resident memory, as GNU time tells it.
fn peak_memory(arguments: &[&str], path: &Path) -> String {
    let mut command = Command::new("/usr/bin/time");
    command.args(["--format", "%M", env!("CARGO_BIN_EXE_chainsign")]).args(arguments).arg(path);
    let output = command.stdout(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stderr).trim().to_owned());
    match text.ok().and_then(|text| text.lines().last()?.parse::<u64>().ok()) {
        Some(kibibytes) => format!("{:.1} MiB at most", kibibytes as f64 / 1024.0),
        None => "memory not measured: no GNU time".to_owned(),
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The fastest of several runs: what else the machine does only adds to it.
fn fastest(runs: usize, mut work: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..runs).map(time).min().unwrap_or_default()
}

fn times(time: Duration, floor: Duration, what: &str) -> String {
    format!("{:.2} x {what}", time.as_secs_f64() / floor.as_secs_f64())
}

fn line(what: &str, time: Duration, note: &str) {
    println(&format!("  {what:40} {time:>10.2?}  {note}"));
}

#[expect(clippy::print_stdout, reason = "a bench prints its result")]
fn println(line: &str) {
    println!("{line}");
}

const SHIPCHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/shipcheck");
const RUNS: usize = 9;
const FILES: usize = 1000;
