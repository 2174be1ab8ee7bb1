//! What is fuzzed of this crate, each with what must hold of any input. libFuzzer (`fuzz/`) and
//! `cargo test` run the same.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use chainsign_gosbom::diff::{Mode, ModuleSet, compare};
use chainsign_gosbom::purl::GolangPurl;
use chainsign_gosbom::sbom::{Sbom, SpecVersion, Subject};
use chainsign_gosbom::{
    BuildInfo, Container, Depth, Error, GoBinary, GoSlice, Limits, ModuleInfo, read,
};

use super::generate::elf::{self, Section};
use super::generate::pclntab::{GO_1_2, GO_1_16, GO_1_20, table};
use super::generate::specimens::specimens;
use super::generate::{MODULES, Order, Width, by_address, inline};
use super::watched::Watched;
use crate::target::Target;

pub(crate) const TARGETS: [Target; 12] = [
    Target { name: "gosbom_elf", run: elf, seeds: elf_seeds },
    Target { name: "gosbom_macho", run: macho, seeds: macho_seeds },
    Target { name: "gosbom_universal", run: universal, seeds: universal_seeds },
    Target { name: "gosbom_pe", run: pe, seeds: pe_seeds },
    Target { name: "gosbom_xcoff", run: xcoff, seeds: xcoff_seeds },
    Target { name: "gosbom_plan9", run: plan9, seeds: plan9_seeds },
    Target { name: "gosbom_wasm", run: wasm, seeds: wasm_seeds },
    Target { name: "gosbom_archive", run: archive, seeds: archive_seeds },
    Target { name: "gosbom_build_info", run: build_info, seeds: build_info_seeds },
    Target { name: "gosbom_modules", run: modules, seeds: modules_seeds },
    Target { name: "gosbom_function_table", run: function_table, seeds: function_table_seeds },
    Target { name: "gosbom_stated_sbom", run: stated_sbom, seeds: stated_sbom_seeds },
];

fn elf(file: &[u8]) -> bool {
    container(file, &[Container::Elf])
}

fn macho(file: &[u8]) -> bool {
    container(file, &[Container::MachO])
}

fn universal(file: &[u8]) -> bool {
    container(file, &[Container::MachOUniversal])
}

fn pe(file: &[u8]) -> bool {
    container(file, &[Container::Pe])
}

fn xcoff(file: &[u8]) -> bool {
    container(file, &[Container::Xcoff])
}

fn plan9(file: &[u8]) -> bool {
    container(file, &[Container::Plan9])
}

fn wasm(file: &[u8]) -> bool {
    container(file, &[Container::Wasm])
}

fn archive(file: &[u8]) -> bool {
    container(file, &[Container::Archive])
}

/// A whole file. What is read of it lies in it, is written as an SBOM, and agrees with that SBOM.
fn container(file: &[u8], wanted: &[Container]) -> bool {
    let Some(binary) = read_all(file) else { return false };
    for slice in &binary.slices {
        let end = slice.offset.checked_add(slice.size).unwrap();
        assert!(end <= file.len() as u64, "a slice outside the file");
        assert!(
            (slice.offset..end).contains(&slice.build_info_offset) || end == slice.offset,
            "build information at {} outside the slice {}..{end}",
            slice.build_info_offset,
            slice.offset,
        );
    }
    written(&binary.slices);
    wanted.contains(&binary.container)
}

/// Everything there is to read, twice the same, in a bounded number of bytes.
fn read_all(file: &[u8]) -> Option<GoBinary> {
    let mut limits = Limits::default();
    limits.depth = Depth::SecondRecords;
    let once = || {
        let watched = Watched::new(file);
        let outcome = read(&watched, &limits);
        // The file itself, and for each of its images the two other records.
        let images = outcome.as_ref().map_or(1, |binary| binary.slices.len() as u64 * 2 + 1);
        let allowed = images * (4 * file.len() as u64 + (1 << 20));
        assert!(watched.read.get() <= allowed, "{} bytes read", watched.read.get());
        outcome
    };
    let (first, second) = (once(), once());
    match (first, second) {
        (Ok(first), Ok(second)) => {
            assert_eq!(format!("{first:?}"), format!("{second:?}"), "read differently");
            assert!(!first.slices.is_empty(), "accepted without a slice");
            Some(first)
        }
        (Err(first), Err(second)) => {
            assert_eq!(first.to_string(), second.to_string(), "refused differently");
            assert!(!matches!(first, Error::Io(_)), "{first}");
            None
        }
        (first, second) => panic!("read differently: {first:?}, then {second:?}"),
    }
}

/// Every document is JSON, and says of the modules what the binary says.
fn written(slices: &[GoSlice]) {
    let sbom = Sbom::of_slices(slices, &Subject::new("program").with_sha256([1; 32]));
    let documents = [sbom.to_cyclonedx_json(SpecVersion::V1_6), sbom.to_spdx_json()];
    let stated = documents.map(|document| ModuleSet::from_sbom(&document).unwrap());
    // Package URLs have no names of other shapes, and Go no modules.
    let modules = slices.iter().filter_map(|slice| slice.build_info.modules().ok());
    let named = modules.flat_map(|info| info.main.iter().chain(&info.deps));
    let mut paths = named.flat_map(|module| [Some(module), module.replace.as_deref()]).flatten();
    let is_plain = |part: &str| !matches!(part, "" | "." | ".." | "std" | "stdlib");
    let mut modules = slices.iter().filter_map(|slice| slice.build_info.modules().ok());
    if !paths.all(|module| module.path.split('/').all(is_plain)) || modules.any(lists_twice) {
        return;
    }
    let Ok(actual) = ModuleSet::of_slices(slices) else { return };
    for stated in &stated {
        let difference = compare(&actual, stated, Mode::Equal);
        assert!(difference.is_none(), "differs from its own SBOM: {difference}");
    }
}

/// What the linker writes, header and all, in a program.
fn build_info(blob: &[u8]) -> bool {
    read_all(&elf::program(blob.to_vec()).build()).is_some_and(|binary| {
        written(&binary.slices);
        true
    })
}

/// The module list. It is kept as it is, and its lines are those of the text.
fn modules(text: &[u8]) -> bool {
    let info = BuildInfo::from_text(Some("go1.27.3"), text, &Limits::default());
    let Ok(info) = info else { return false };
    assert_eq!(info.raw_modules(), text);
    let Ok(modules) = info.modules() else { return false };
    let count = |prefix: &str| {
        text.split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n") && line.starts_with(prefix.as_bytes()))
            .count()
    };
    let ModuleInfo { deps, settings, .. } = modules;
    assert_eq!(deps.len(), count("dep\t"), "dependencies");
    assert_eq!(settings.len(), count("build\t"), "settings");
    if let Ok(set) = ModuleSet::of_build_info(&info) {
        let difference = compare(&set, &set, Mode::Equal);
        assert!(lists_twice(modules) || difference.is_none(), "differs from itself: {difference}");
    }
    true
}

/// A module that is listed twice, with two sums, agrees with nothing.
fn lists_twice(modules: &ModuleInfo) -> bool {
    let mut paths = BTreeSet::new();
    let listed = modules.main.iter().chain(&modules.deps);
    let mut named = listed.flat_map(|module| [Some(module), module.replace.as_deref()]).flatten();
    !named.all(|module| paths.insert(&module.path))
}

/// A function table, in a program with a module list.
fn function_table(table: &[u8]) -> bool {
    let mut file = elf::program(inline("go1.27.3", MODULES));
    file.programs.push(elf::load(elf::READ, 0x90_0000, table.to_vec()));
    file.sections.push(Section {
        name: ".gopclntab",
        program: 1,
        size: table.len() as u64,
        ..file.sections[0].clone()
    });
    let binary = read_all(&file.build());
    let Some(binary) = binary else { return false };
    written(&binary.slices);
    let slice = &binary.slices[0];
    let records = slice.second_records.as_ref().unwrap();
    let Some(found) = &records.function_table else { return false };
    let comparison = found.compare(slice.build_info.modules().unwrap());
    assert_eq!(comparison.listed.len(), slice.build_info.modules().unwrap().deps.len() + 1);
    true
}

/// Any tool's SBOM. Its package URLs are written as they were read.
fn stated_sbom(document: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(document)
        && let Ok(purl) = GolangPurl::parse(text)
    {
        assert_eq!(GolangPurl::parse(&purl.to_string()), Ok(purl));
    }
    let Ok(set) = ModuleSet::from_sbom(document) else { return false };
    for mode in [Mode::Equal, Mode::Covers] {
        let difference = compare(&set, &set, mode);
        assert!(difference.is_none(), "differs from itself: {difference}");
    }
    true
}

fn named(wanted: &[&str]) -> Vec<Vec<u8>> {
    let is_wanted = |name: &str| wanted.contains(&name);
    specimens().into_iter().filter(|(name, _)| is_wanted(name)).map(|(_, file)| file).collect()
}

fn elf_seeds() -> Vec<Vec<u8>> {
    let mut seeds = named(&["elf", "elf by address"]);
    for (order, width) in [(Order::Little, Width::Bits32), (Order::Big, Width::Bits64)] {
        let blob = by_address(order, width, elf::DATA, "go1.15", MODULES);
        seeds.push(elf::without_sections(order, width, blob).build());
    }
    seeds
}

fn macho_seeds() -> Vec<Vec<u8>> {
    named(&["macho"])
}

fn universal_seeds() -> Vec<Vec<u8>> {
    named(&["universal", "universal64"])
}

fn pe_seeds() -> Vec<Vec<u8>> {
    named(&["pe"])
}

fn xcoff_seeds() -> Vec<Vec<u8>> {
    named(&["xcoff"])
}

fn plan9_seeds() -> Vec<Vec<u8>> {
    named(&["plan9"])
}

fn wasm_seeds() -> Vec<Vec<u8>> {
    named(&["wasm"])
}

fn archive_seeds() -> Vec<Vec<u8>> {
    named(&["gnu archive", "bsd archive"])
}

fn build_info_seeds() -> Vec<Vec<u8>> {
    let by_address = by_address(Order::Little, Width::Bits64, elf::DATA, "go1.15", MODULES);
    vec![inline("go1.27.3", MODULES), by_address]
}

fn modules_seeds() -> Vec<Vec<u8>> {
    let rich = "path\tcommand-line-arguments\n\
        mod\tgithub.com/Acme/app\tv0.0.0-20210203040506-d87908747e47+dirty\t\n\
        dep\texample.com/a\tv1.2.3+incompatible\n\
        =>\texample.com/fork\tv1.9.9\th1:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\
        dep\texample.com/b\tv1.0.0\n=>\t../b\t(devel)\t\n\
        build\t-ldflags=\"-X main.version=1.2.3 -s\"\nbuild\t`a=b`=`c d`\nbuild\tvcs=git\n";
    vec![MODULES.into(), rich.into()]
}

fn function_table_seeds() -> Vec<Vec<u8>> {
    let functions = ["main.main", "example.com/a.F[go.shape.int]", "gopkg.in/yaml%2ev3.X"];
    let files = ["runtime/asm.s", "example.com/a@v1.2.3/a.go", "/go/pkg/mod/a.b/!x@v2.0.0/a.go"];
    [GO_1_20, GO_1_16, GO_1_2]
        .map(|magic| table(magic, Order::Little, Width::Bits64, &functions, &files))
        .to_vec()
}

fn stated_sbom_seeds() -> Vec<Vec<u8>> {
    let file = named(&["elf"]).remove(0);
    let binary = read(&file, &Limits::default()).unwrap();
    let sbom = Sbom::of_binary(&binary, &Subject::new("program"));
    vec![
        sbom.to_cyclonedx_json(SpecVersion::V1_6),
        sbom.to_spdx_json(),
        b"pkg:golang/github.com/Acme/x%20y@v1.2.3%2Bincompatible?type=module#cmd/app".to_vec(),
    ]
}
