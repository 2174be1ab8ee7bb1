//! What else a binary says about its modules: the function table, and the runtime's copy of the
//! module text.

use std::collections::BTreeSet;

use chainsign_gosbom::pclntab::{self, FunctionTable, TableFormat, Trace};
use chainsign_gosbom::{Error, Limit, Limits, RuntimeCopy, read, runtime_copy};

use crate::generate::elf::{self, Elf};
use crate::generate::pclntab::{GO_1_2, GO_1_16, GO_1_18, GO_1_20, table};
use crate::generate::{MODULES, Order, Width, framed, inline};
use crate::real;

const FUNCTIONS: [&str; 6] = [
    "main.main",
    "runtime.goexit",
    "example.com/app/internal/x.(*T).M",
    "example.com/a.F[go.shape.int]",
    "gopkg.in/yaml%2ev3.Unmarshal",
    "go:buildid",
];

const FILES: [&str; 4] = [
    "runtime/asm_amd64.s",
    "example.com/a@v1.2.3/a.go",
    "/go/pkg/mod/gopkg.in/yaml.v3@v3.0.1/yaml.go",
    "/src/app/main.go",
];

/// A program with a function table in read-only data, in a section of this name or in none.
fn program(table: Vec<u8>, section: Option<&'static str>) -> Elf {
    let mut file = elf::program(inline("go1.27.3", MODULES));
    let size = table.len() as u64;
    file.programs.push(elf::load(elf::READ, 0x90_0000, table));
    file.sections.extend(section.map(|name| elf::Section {
        name,
        kind: 1,
        flags: 2,
        program: 1,
        start: 0,
        size,
    }));
    file
}

fn table_of(file: &Elf) -> Option<FunctionTable> {
    let bytes = file.build();
    let limits = Limits::default();
    let binary = read(&bytes, &limits).unwrap();
    pclntab::read(&bytes, &binary.slices[0], &limits).unwrap()
}

#[test]
fn every_format_width_and_order() {
    let formats = [
        (GO_1_2, TableFormat::Go1_2),
        (GO_1_16, TableFormat::Go1_16),
        (GO_1_18, TableFormat::Go1_18),
        (GO_1_20, TableFormat::Go1_20),
    ];
    for (magic, format) in formats {
        for order in [Order::Little, Order::Big] {
            for width in [Width::Bits32, Width::Bits64] {
                let bytes = table(magic, order, width, &FUNCTIONS, &FILES);
                for section in [Some(".gopclntab"), Some(".data.rel.ro.gopclntab"), None] {
                    let found = table_of(&program(bytes.clone(), section));
                    let found = found.unwrap_or_else(|| panic!("{format:?} {order:?} {width:?}"));
                    assert_eq!(found.format, format);
                    assert_eq!(found.functions, 6);
                    assert_eq!(found.files.iter().collect::<Vec<_>>(), FILES);
                    let mut packages: BTreeSet<_> = ["main", "runtime", "example.com/a"].into();
                    packages.extend(["example.com/app/internal/x", "gopkg.in/yaml.v3"]);
                    if format < TableFormat::Go1_20 {
                        // Before Go 1.20 the linker's symbols had no colon.
                        assert!(!found.packages.contains("go"));
                    }
                    assert!(found.packages.iter().eq(packages), "{:?}", found.packages);
                    let modules: Vec<_> =
                        found.modules.iter().map(|it| (&*it.path, &*it.version)).collect();
                    assert_eq!(
                        modules,
                        [("example.com/a", "v1.2.3"), ("gopkg.in/yaml.v3", "v3.0.1")]
                    );
                }
            }
        }
    }
}

/// The magic number alone is no table, and what looks like one does not hide the real one.
#[test]
fn decoys_are_passed_over() {
    let real = table(GO_1_20, Order::Little, Width::Bits64, &FUNCTIONS, &FILES);
    let mut decoy = vec![0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];
    decoy.resize(80, 0xee);
    assert_eq!(table_of(&program(decoy.clone(), None)), None);
    let both = [decoy, vec![0; 1 << 17], real].concat();
    assert!(table_of(&program(both, None)).is_some());
}

fn compare(modules: &str, functions: &[&str], files: &[&str]) -> pclntab::Comparison {
    let mut file = elf::program(inline("go1.27.3", modules));
    let table = table(GO_1_20, Order::Little, Width::Bits64, functions, files);
    file.programs.push(elf::load(elf::READ, 0x90_0000, table));
    let found = table_of(&file).unwrap();
    let binary = read(&file.build(), &Limits::default()).unwrap();
    found.compare(binary.slices[0].build_info.modules().unwrap())
}

const LIST: &str = "path\texample.com/app/cmd/x\nmod\texample.com/app\tv1.0.0\n\
    dep\texample.com/a\tv1.2.3\n\
    dep\tinlined.example/i\tv1.0.0\n\
    dep\tlocal.example/l\tv0.1.0\n=>\t../l\t(devel)\t\n\
    dep\told.example/o\tv1.0.0\n=>\tnew.example/n\tv2.0.0\t\n\
    dep\tvendored.example/v\tv1.0.0\n";

#[test]
fn traces_of_listed_modules() {
    let comparison = compare(
        LIST,
        &["main.main", "vendored.example/v/sub.F", "old.example/o.F", "example.com/app_test.T"],
        &["example.com/a@v1.2.3/a.go", "new.example/n@v2.0.0/n.go", "local.example/l@v0.1.0/l.go"],
    );
    assert!(comparison.is_consistent(), "{comparison:#?}");
    let traces: Vec<_> = comparison.listed.iter().map(|it| (&*it.path, &it.trace)).collect();
    let expected = [
        ("example.com/app", &Trace::Packages),
        ("example.com/a", &Trace::Version),
        ("inlined.example/i", &Trace::None),
        ("local.example/l", &Trace::Version),
        ("old.example/o", &Trace::Version),
        ("vendored.example/v", &Trace::Packages),
    ];
    assert_eq!(traces, expected);
}

#[test]
fn contradictions() {
    let files = ["example.com/a@v1.2.4/a.go"];
    let comparison = compare(LIST, &["main.main"], &files);
    assert!(!comparison.is_consistent());
    let other = Trace::OtherVersions(vec!["v1.2.4".to_owned()]);
    assert_eq!(comparison.listed[1].trace, other);

    let comparison = compare(LIST, &["main.main"], &["hidden.example/h@v1.0.0/h.go"]);
    assert!(!comparison.is_consistent());
    assert_eq!(comparison.unlisted_modules.len(), 1);
    assert_eq!(comparison.unlisted_modules[0].path, "hidden.example/h");

    let functions =
        ["main.main", "hidden.example/h/sub.F", "example.com/aa.F", "vendor/golang.org/x/net.F"];
    let comparison = compare(LIST, &functions, &[]);
    assert!(!comparison.is_consistent());
    assert_eq!(comparison.unlisted_packages, ["example.com/aa", "hidden.example/h/sub"]);
}

#[test]
fn table_limits() {
    let bytes =
        program(table(GO_1_20, Order::Little, Width::Bits64, &FUNCTIONS, &FILES), None).build();
    let binary = read(&bytes, &Limits::default()).unwrap();
    let reached = |limits: &Limits| match pclntab::read(&bytes, &binary.slices[0], limits) {
        Err(Error::LimitReached { limit, .. }) => limit,
        other => panic!("{other:?}"),
    };
    let mut limits = Limits::default();
    limits.functions = 5;
    assert_eq!(reached(&limits), Limit::Functions);
    let mut limits = Limits::default();
    limits.function_names = 10;
    assert_eq!(reached(&limits), Limit::FunctionNames);
    let long = "x".repeat(3 << 20);
    let bytes =
        program(table(GO_1_20, Order::Little, Width::Bits64, &[&long], &FILES), None).build();
    let binary = read(&bytes, &Limits::default()).unwrap();
    let error = pclntab::read(&bytes, &binary.slices[0], &Limits::default()).unwrap_err();
    assert!(matches!(error, Error::LimitReached { limit: Limit::Line, .. }), "{error}");
}

fn copy_in(bytes: &[u8]) -> RuntimeCopy {
    let limits = Limits::default();
    let binary = read(&bytes, &limits).unwrap();
    runtime_copy(&bytes, &binary.slices[0], &limits).unwrap()
}

#[test]
fn the_runtimes_copy_shows_an_edited_module_list() {
    let mut file = elf::program(inline("go1.27.3", MODULES));
    file.sections.push(elf::Section { name: ".gopclntab", size: 0, ..file.sections[0].clone() });
    assert_eq!(copy_in(&file.build()), RuntimeCopy::Absent);
    let edited = MODULES.replace("v1.2.3", "v1.2.4");
    for (text, expected) in [
        (MODULES, RuntimeCopy::Same),
        (&edited, RuntimeCopy::Differs { text: edited.clone().into_bytes() }),
    ] {
        let mut file = file.clone();
        let data = [vec![7; 99], framed(text), vec![7; 9]].concat();
        file.programs.push(elf::load(elf::READ, 0x90_0000, data));
        assert_eq!(copy_in(&file.build()), expected);
    }
}

/// Every Go since 1.18 keeps the second copy, on every system but WebAssembly.
#[test]
fn real_binaries_have_a_second_copy() {
    for name in real::names() {
        let without =
            name.ends_with("wasm") || name.ends_with("removed") || name.starts_with("esbuild");
        let expected = if without { RuntimeCopy::Absent } else { RuntimeCopy::Same };
        assert_eq!(copy_in(real::bytes(&name)), expected, "{name}");
    }
    // One byte of the linker's text changed in a real binary.
    let mut bytes = real::bytes("rich-darwin-arm64").to_vec();
    let at =
        usize::try_from(real::binary("rich-darwin-arm64").slices[0].build_info_offset).unwrap();
    let version = memchr::memmem::find(&bytes[at..], b"v1.4.2").unwrap();
    bytes[at + version + 5] = b'3';
    assert!(matches!(copy_in(&bytes), RuntimeCopy::Differs { .. }));
}
