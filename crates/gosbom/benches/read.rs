//! How long it takes to read a binary and to write its SBOM.
//!
//! `cargo bench -p chainsign-gosbom`, or with files of your own, which are then read from disk:
//! `GOSBOM_BENCH=/usr/bin/hugo:/usr/bin/syft cargo bench -p chainsign-gosbom`
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench opens files and stops when they are not there"
)]

use std::io::Read;
use std::path::PathBuf;

use chainsign_gosbom::diff::{Mode, ModuleSet, compare};
use chainsign_gosbom::sbom::{Sbom, SpecVersion, Subject};
use chainsign_gosbom::{GoBinary, Limits, ReadAt, pclntab, read};
use divan::{AllocProfiler, Bencher, black_box};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// A file of the test data, or one that was asked for.
#[derive(Clone)]
struct Input {
    name: String,
    bytes: Vec<u8>,
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} MB)", self.name, self.bytes.len() / 1_000_000)
    }
}

fn inputs() -> Vec<Input> {
    if let Some(paths) = std::env::var_os("GOSBOM_BENCH") {
        return std::env::split_paths(&paths)
            .map(|path| Input {
                name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                bytes: std::fs::read(path).unwrap(),
            })
            .collect();
    }
    let names = [
        "rich-linux-amd64",
        "rich-darwin-arm64",
        "rich-windows-amd64",
        "toy-js-wasm",
        "toy-linux-amd64-no-section-table",
    ];
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/gosbom/real");
    names
        .into_iter()
        .map(|name| {
            let file = std::fs::read(folder.join(format!("{name}.gz"))).unwrap();
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(file.as_slice()).read_to_end(&mut bytes).unwrap();
            Input { name: name.to_owned(), bytes }
        })
        .collect()
}

fn binary(source: &dyn ReadAt) -> GoBinary {
    read(source, &Limits::default()).unwrap()
}

#[divan::bench(args = inputs())]
fn build_information_and_facts(bencher: Bencher<'_, '_>, input: &Input) {
    bencher.bench(|| binary(black_box(&input.bytes)));
}

#[divan::bench(args = inputs())]
fn function_table(bencher: Bencher<'_, '_>, input: &Input) {
    let binary = binary(&input.bytes);
    let limits = Limits::default();
    bencher.bench(|| pclntab::read(&input.bytes, black_box(&binary.slices[0]), &limits).unwrap());
}

#[divan::bench(args = inputs())]
fn cyclonedx(bencher: Bencher<'_, '_>, input: &Input) {
    let binary = binary(&input.bytes);
    let subject = Subject::new("program").with_sha256([1; 32]);
    bencher.bench(|| {
        Sbom::of_binary(black_box(&binary), &subject).to_cyclonedx_json(SpecVersion::V1_6)
    });
}

#[divan::bench(args = inputs())]
fn spdx(bencher: Bencher<'_, '_>, input: &Input) {
    let binary = binary(&input.bytes);
    let subject = Subject::new("program").with_sha256([1; 32]);
    bencher.bench(|| Sbom::of_binary(black_box(&binary), &subject).to_spdx_json());
}

#[divan::bench(args = inputs())]
fn comparison_with_an_sbom(bencher: Bencher<'_, '_>, input: &Input) {
    let binary = binary(&input.bytes);
    let json =
        Sbom::of_binary(&binary, &Subject::new("program")).to_cyclonedx_json(SpecVersion::V1_6);
    bencher.bench(|| {
        let actual = ModuleSet::of_slices(black_box(&binary.slices)).unwrap();
        let stated = ModuleSet::from_sbom(black_box(&json)).unwrap();
        compare(&actual, &stated, Mode::Equal)
    });
}
