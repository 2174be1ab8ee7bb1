//! Peak live heap of files, and of SBOMs by others.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    dead_code,
    reason = "a test that measures, with a part of the generators"
)]

#[path = "it/generate/mod.rs"]
mod generate;

#[path = "../../../fuzz/src/heap.rs"]
mod heap;

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

use chainsign_gosbom::diff::ModuleSet;
use chainsign_gosbom::{Depth, Limits, read};
use generate::elf::{self, Section};
use generate::pclntab::{GO_1_2, GO_1_20, table};
use generate::specimens::specimens;
use generate::{MODULES, Order, Width, archive, inline, inline_raw, macho, pe, plan9, wasm, xcoff};
use heap::HeapBound;

/// About the size of each file.
const SIZE: usize = 1 << 20;

#[test]
fn files_take_little_memory() {
    let mut heap = HeapBound::default();
    let mut limits = Limits::default();
    limits.depth = Depth::SecondRecords;
    for (name, file) in specimens().into_iter().chain(hostile()) {
        heap.check(name, file.len(), || match read(&file, &limits) {
            Ok(binary) => format!("{} slices", binary.slices.len()),
            Err(error) => error.to_string(),
        });
    }
    for (name, document) in documents() {
        heap.check(name, document.len(), || match ModuleSet::from_sbom(document.as_bytes()) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        });
    }
    heap.assert();
}

/// Files that ask for much more than they are.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let mut files = Vec::new();
    let with_modules = |text: String| elf::program(inline("go1.27.3", &text)).build();
    let times = |line: &str, count: usize| line.repeat(count.min(SIZE / line.len()));
    let deps = 24_999;
    let lines = [
        ("many dependencies", times("dep\ta\tv\n", deps)),
        ("too many dependencies", times("dep\ta\tv\n", usize::MAX)),
        ("many replacements", times("dep\ta\tv\n=>\tb\tv\t\n", deps / 2)),
        ("many settings", times("build\ta=\n", usize::MAX)),
        ("a line of tabs", format!("dep\t{}\n", "\t".repeat(SIZE - 100))),
        ("a long line", format!("path\t{}\n", "a".repeat(SIZE - 100))),
        ("a long quoted value", format!("build\ta=\"{}\"\n", "\\\\".repeat(SIZE / 3))),
        ("many unknown lines", times("\n", usize::MAX)),
    ];
    files.extend(lines.map(|(name, text)| (name, with_modules(text))));
    let invalid = [b"path\t".as_slice(), &vec![0xff; SIZE - 100], b"\n"].concat();
    let framed = [&[0; 16][..], &invalid, &[0; 16]].concat();
    let invalid = inline_raw(b"go1.27.3", &framed);
    files.push(("a name that is not text", elf::program(invalid).build()));

    files.push(("sections with one long name", sections_with_one_long_name()));
    files.push(("members with one long name", members_with_one_long_name()));
    files.push(("many libraries", many_libraries()));
    files.push(("many imports", many_imports()));
    let empty = elf::program(Vec::new());
    let sections = vec![empty.sections[0].clone(); 60_000];
    files.push(("many sections", elf::Elf { sections, ..empty.clone() }.build()));
    let programs = vec![empty.programs[0].clone(); 60_000];
    files.push(("many segments", elf::Elf { programs, sections: Vec::new(), ..empty }.build()));
    let object = b"\x7fELFxxxx".to_vec();
    let members = |count| vec![("a.o", object.clone()); count];
    files.push(("many members", archive::gnu(&members(4000))));
    files.push(("too many members", archive::gnu(&members(16_000))));
    let section = pe::Section { name: "a", flags: pe::WRITABLE_DATA, content: Vec::new() };
    let sections = vec![section; 20_000];
    files.push(("many PE sections", pe::Pe { sections, ..pe::program(Vec::new()) }.build()));
    let libraries = vec!["a"; 20_000];
    let libraries = macho::MachO { libraries, ..macho::program(inline("go1.27.3", MODULES)) };
    files.push(("many dylibs", libraries.build()));

    let settings = times("build\ta=\n", 80_000);
    let image = macho::program(inline("go1.27.3", &settings)).build();
    // More than thirty slices are not believed: Java classes begin the same.
    let mut slices = macho::universal(Width::Bits32, &[(macho::ARM64, image); 1]);
    let first = slices[8..28].to_vec();
    for entry in 1..20 {
        slices[8 + 20 * entry..28 + 20 * entry].copy_from_slice(&first);
    }
    slices[7] = 20;
    files.push(("slices that are all the same", slices));

    for (name, magic) in [("short file names", GO_1_20), ("short file names by offset", GO_1_2)] {
        files.push((
            name,
            with_table(&table(magic, Order::Little, Width::Bits64, &["a.b"], &vec!["a"; SIZE / 6])),
        ));
    }
    let short: Vec<_> = (0..SIZE / 8).map(|it| format!("{it:x}.b")).collect();
    let short: Vec<_> = short.iter().map(String::as_str).collect();
    files.push((
        "short packages",
        with_table(&table(GO_1_20, Order::Little, Width::Bits64, &short, &["a"])),
    ));
    let versioned: Vec<_> = (0..SIZE / 16).map(|it| format!("a@v{it}/b")).collect();
    let versioned: Vec<_> = versioned.iter().map(String::as_str).collect();
    files.push((
        "many versions",
        with_table(&table(GO_1_20, Order::Little, Width::Bits64, &["a.b"], &versioned)),
    ));

    files.push(("zeros", vec![0; SIZE]));
    files.push(("a large Plan 9 program", plan9::program(plan9::AMD64, 0, &vec![0; SIZE])));
    files.push(("a large XCOFF program", xcoff::program(Width::Bits64, &vec![0; SIZE])));
    files.push(("many wasm sections", wasm::module(&vec![(0, wasm::name("a")); SIZE / 4])));
    let magic = b"\xff Go buildinf:\x08\x02".repeat(SIZE / 16);
    files.push(("many decoys", elf::program(magic).build()));
    files
}

/// Each section has the whole name table for a name.
fn sections_with_one_long_name() -> Vec<u8> {
    let mut file = elf::program(inline("go1.27.3", MODULES));
    file.sections = vec![file.sections[0].clone(); 10_000];
    let mut bytes = file.build();
    let table = u64::from_le_bytes(bytes[40..48].try_into().unwrap()) as usize;
    let names = bytes.len();
    bytes.extend(vec![b'a'; SIZE - 1]);
    bytes.push(0);
    for section in 0..10_002 {
        bytes[table + 64 * section..][..4].fill(0);
    }
    bytes[table + 64 + 24..][..8].copy_from_slice(&(names as u64).to_le_bytes());
    bytes[table + 64 + 32..][..8].copy_from_slice(&(SIZE as u64).to_le_bytes());
    bytes
}

fn members_with_one_long_name() -> Vec<u8> {
    let long = "a".repeat(SIZE / 2);
    let object = archive::member("/0", b"\x7fELFxxxx");
    let names = archive::member("//", format!("{long}/\n").as_bytes());
    [b"!<arch>\n".to_vec(), names, object.repeat(4000)].concat()
}

/// Each entry of the dynamic section names the same long library.
fn many_libraries() -> Vec<u8> {
    let mut file = elf::program(inline("go1.27.3", MODULES));
    let mut dynamic = Vec::new();
    let mut entry = |tag: u64, value: u64| {
        dynamic.extend(tag.to_le_bytes());
        dynamic.extend(value.to_le_bytes());
    };
    entry(5, 0x80_0000);
    (0..50_000).for_each(|_| entry(1, 0));
    let strings = [vec![b'a'; 4000], vec![0; 200]].concat();
    file.programs.push(elf::load(elf::READ, 0x80_0000, strings));
    file.programs.push(elf::other(elf::DYNAMIC, 6, 0x90_0000, dynamic));
    file.build()
}

/// Each import names the same long library.
fn many_imports() -> Vec<u8> {
    let mut content = vec![b'a'; 250];
    content.push(0);
    content.resize(512, 0);
    let address = (pe::FIRST - pe::IMAGE_BASE) as u32;
    for _ in 0..SIZE / 20 {
        content.extend([0; 12]);
        content.extend(address.to_le_bytes());
        content.extend([0; 4]);
    }
    let size = content.len() as u32;
    let mut bytes = pe::program(content).build();
    // The second data directory, behind the optional header's 112 bytes.
    let directory = 0x80 + 24 + 112 + 8;
    bytes[directory..directory + 4].copy_from_slice(&(address + 512).to_le_bytes());
    bytes[directory + 4..directory + 8].copy_from_slice(&size.to_le_bytes());
    bytes
}

fn with_table(table: &[u8]) -> Vec<u8> {
    let mut file = elf::program(inline("go1.27.3", MODULES));
    file.programs.push(elf::load(elf::READ, 0x90_0000, table.to_vec()));
    let (size, program) = (table.len() as u64, 1);
    let first = file.sections[0].clone();
    file.sections.push(Section { name: ".gopclntab", program, size, ..first });
    file.build()
}

/// SBOMs.
fn documents() -> Vec<(&'static str, String)> {
    let list = |open: &str, item: &str, close: &str| {
        let items = vec![item; SIZE / (item.len() + 1)].join(",");
        format!("{open}{items}{close}")
    };
    let cyclonedx = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":["#;
    let spdx = r#"{"spdxVersion":"SPDX-2.3","packages":["#;
    let distinct: Vec<_> =
        (0..SIZE / 33).map(|it| format!(r#"{{"purl":"pkg:golang/a{it:05}@v1"}}"#)).collect();
    vec![
        ("distinct components", format!("{cyclonedx}{}]}}", distinct.join(","))),
        ("empty components", list(cyclonedx, "{}", "]}")),
        ("components", list(cyclonedx, r#"{"purl":"pkg:golang/a@v1"}"#, "]}")),
        ("nested components", list(cyclonedx, r#"{"components":[{}]}"#, "]}")),
        ("packages", list(spdx, r#"{"externalRefs":[{}]}"#, "]}")),
        ("empty arrays", list("[", "[]", "]")),
        ("numbers", list("[", "1", "]")),
        ("a long text", format!("{{\"bomFormat\":\"{}\"}}", "a".repeat(SIZE))),
    ]
}
