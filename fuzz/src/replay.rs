//! Fuzz targets without a fuzzer, for `cargo test`: each from its seeds, from what fuzzing has
//! kept (`fuzz/corpora/<target>.tar.gz`), from what once broke it (`fuzz/regressions/<target>/`),
//! and from a fixed row of changes to the seeds.

use std::fs::{self, File};
use std::io::Read;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use crate::target::Target;

/// Runs every target on all its inputs. What breaks is told together at the end, and each input
/// that broke a target is left in a file of its own.
///
/// `fuzz` is the folder of that name.
pub(crate) fn replay(targets: &[Target], fuzz: &Path) {
    let broken: Vec<String> = targets.iter().flat_map(|target| broken(target, fuzz)).collect();
    assert!(broken.is_empty(), "{} inputs broke a target:\n{}", broken.len(), broken.join("\n"));
}

fn broken(target: &Target, fuzz: &Path) -> Vec<String> {
    let mut broken = Vec::new();
    for (index, (name, input)) in inputs(target, fuzz).into_iter().enumerate() {
        let run = || (target.run)(&input);
        match panic::catch_unwind(AssertUnwindSafe(run)) {
            Ok(false) if index == 0 => broken.push(format!("{}: refuses {name}", target.name)),
            Ok(_) => {}
            Err(panic) => {
                let file = keep(target, &name, &input);
                let place =
                    file.map_or_else(|| "nowhere".to_owned(), |it| it.display().to_string());
                broken.push(format!("{}: {name} (in {place}): {}", target.name, text(&*panic)));
            }
        }
    }
    broken
}

/// Every input with a name that says where it is from. The first is the first seed.
fn inputs(target: &Target, fuzz: &Path) -> Vec<(String, Vec<u8>)> {
    let seeds = (target.seeds)();
    let named = |(index, seed): (usize, &Vec<u8>)| (format!("seed-{index}"), seed.clone());
    let mut inputs: Vec<_> = seeds.iter().enumerate().map(named).collect();
    inputs.push(("nothing".to_owned(), Vec::new()));
    inputs.extend(corpus(&fuzz.join("corpora").join(format!("{}.tar.gz", target.name))));
    for entry in fs::read_dir(fuzz.join("regressions").join(target.name)).into_iter().flatten() {
        let path = entry.expect("an entry of a folder").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        inputs.push((name, fs::read(&path).expect("a regression")));
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (index, seed) in seeds.iter().enumerate() {
        for change in 0..CHANGES {
            inputs.push((format!("seed-{index}-change-{change}"), changed(seed, &mut random)));
        }
    }
    inputs
}

/// What fuzzing has kept of a target; nothing for a target that was never fuzzed.
fn corpus(archive: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(file) = File::open(archive) else { return Vec::new() };
    let mut inputs = Vec::new();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for entry in archive.entries().expect("a corpus") {
        let mut entry = entry.expect("an entry of a corpus");
        if entry.header().entry_type().is_file() {
            let path = entry.path().expect("a name in a corpus");
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut input = Vec::new();
            entry.read_to_end(&mut input).expect("an input of a corpus");
            inputs.push((name, input));
        }
    }
    inputs
}

/// Some bytes set, and a piece moved, doubled or cut.
fn changed(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let until = at + random.below((bytes.len() - at).min(40)) + 1;
        let to = random.below(bytes.len());
        match random.below(8) {
            0 => drop(bytes.drain(at..until)),
            1 => {
                let piece = bytes[at..until].to_vec();
                bytes.splice(to..to, piece);
            }
            2 => bytes.truncate(at),
            3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\n', 0x30][random.below(8)],
            _ => bytes[at] ^= 1 << random.below(8),
        }
    }
    bytes
}

/// Marsaglia's xorshift: the same changes each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }
}

fn keep(target: &Target, name: &str, input: &[u8]) -> Option<PathBuf> {
    let folder = Path::new(option_env!("CARGO_TARGET_TMPDIR")?).join(target.name);
    fs::create_dir_all(&folder).ok()?;
    let file = folder.join(name);
    fs::write(&file, input).ok().map(|()| file)
}

fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message")
}

/// Changes of each seed.
const CHANGES: u32 = 40;

#[test]
fn everything_that_breaks_is_told() {
    let run = |input: &[u8]| match input {
        [first, ..] => panic!("found {first}"),
        [] => true,
    };
    let target = Target { name: "breaks", run, seeds: || vec![vec![1], vec![2]] };
    let broken = broken(&target, Path::new("nowhere"));
    let told = |part: &str| broken.iter().any(|line| line.contains(part));
    assert!(told("breaks: seed-0 (") && told("): found 1"), "{broken:?}");
    assert!(told("breaks: seed-1 (") && told("): found 2"), "{broken:?}");
    assert!(told("breaks: seed-1-change-39 ("), "{broken:?}");
}
