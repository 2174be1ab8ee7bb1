//! Every container and both forms of build information, from generated files.

use chainsign_gosbom::{
    Arch, BuildInfoSource, Container, Error, GoBinary, GoSign, Kind, Limits, Linkage,
    ModulesUnavailable, Os, Packer, Relro, read,
};

use crate::generate::elf::{self, Elf, Section};
use crate::generate::{
    MODULES, Order, Width, archive, by_address, framed, inline, inline_raw, macho, pe, plan9, wasm,
    xcoff,
};

const VERSION: &str = "go1.27.3";

#[track_caller]
fn go(file: &[u8]) -> GoBinary {
    read(&file, &Limits::default()).unwrap()
}

#[track_caller]
fn refused(file: &[u8]) -> Error {
    read(&file, &Limits::default()).unwrap_err()
}

/// The file has one image, with the Go version and the modules of this file.
#[track_caller]
fn check(file: &[u8], container: Container) -> GoBinary {
    let binary = go(file);
    assert_eq!(binary.container, container);
    assert_eq!(binary.slices.len(), 1);
    let info = &binary.slices[0].build_info;
    assert_eq!(info.go_version().unwrap().as_str(), VERSION);
    assert_eq!(info.raw_modules(), MODULES.as_bytes());
    let modules = info.modules().unwrap();
    assert_eq!(modules.path, "example.com/app");
    assert_eq!(modules.deps[0].sum.as_ref().unwrap().h1(), Some([0xaa; 32]));
    binary
}

fn blob() -> Vec<u8> {
    inline(VERSION, MODULES)
}

const ORDERS: [Order; 2] = [Order::Little, Order::Big];
const WIDTHS: [Width; 2] = [Width::Bits32, Width::Bits64];

#[test]
fn elf_in_every_width_and_order_and_both_forms() {
    for order in ORDERS {
        for width in WIDTHS {
            let inline = elf::without_sections(order, width, blob());
            check(&inline.build(), Container::Elf);
            let old = by_address(order, width, elf::DATA, VERSION, MODULES);
            let by_address = elf::without_sections(order, width, old);
            check(&by_address.build(), Container::Elf);
        }
    }
    let binary = check(&elf::program(blob()).build(), Container::Elf);
    assert_eq!(binary.slices[0].offset, 0);
    assert_eq!(binary.slices[0].build_info_offset, 128);
}

#[test]
fn elf_section_renamed_or_its_table_gone() {
    let mut renamed = elf::program(blob());
    renamed.sections[0].name = ".other";
    check(&renamed.build(), Container::Elf);
    let mut file = elf::program(blob()).build();
    file[40..48].fill(0);
    file[60..64].fill(0);
    check(&file, Container::Elf);
    // A section table that points outside the file is no table.
    let mut file = elf::program(blob()).build();
    file[40..48].fill(0x7f);
    check(&file, Container::Elf);
}

/// golang/go#73060 aside, Go looks at every program header; a `PT_GNU_STACK` at address 0 and of
/// size 0 before the `PT_LOAD` then matches every address and hides the build information.
#[test]
fn elf_stack_header_before_the_segments_hides_nothing() {
    let old = by_address(Order::Little, Width::Bits64, elf::DATA, VERSION, MODULES);
    let mut file = elf::program(old);
    file.programs.insert(0, elf::other(elf::GNU_STACK, 6, 0, Vec::new()));
    file.sections[0].program = 1;
    check(&file.build(), Container::Elf);
}

/// Strings may run past the section, up to the end of the segment.
#[test]
fn elf_section_shorter_than_its_content() {
    let mut file = elf::program(blob());
    file.sections[0].size = 32;
    check(&file.build(), Container::Elf);
}

/// What counts is what is loaded: the section table may name another place in the file.
#[test]
fn elf_section_offset_that_lies() {
    let mut file = elf::program(blob());
    let other = inline("go1.0.0", "path\tdecoy\n");
    file.programs.push(elf::load(elf::READ_WRITE, 0x90_0000, other));
    let mut bytes = file.build();
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let (table, decoy) = (number(40) as usize, number(64 + 56 + 8));
    let offset = table + 2 * 64 + 24;
    bytes[offset..offset + 8].copy_from_slice(&decoy.to_le_bytes());
    check(&bytes, Container::Elf);
}

#[test]
fn decoys_do_not_hide_the_real_header() {
    // Aligned, but its version string does not end in the file.
    let broken = inline_raw(b"", b"")[..32].to_vec();
    let broken = [broken, vec![0xff; 16]].concat();
    // Not aligned (golang/go 1.24 to 1.27 then miscalculates the next address).
    let misaligned = [vec![1; 8], b"\xff Go buildinf:\x08\x02".to_vec(), vec![1; 24]].concat();
    let wrong_pointer_size = [b"\xff Go buildinf:\x05\x00".to_vec(), vec![0; 16]].concat();
    for decoy in [broken, misaligned, wrong_pointer_size] {
        assert_eq!(decoy.len() % 16, 0);
        let file = elf::program([decoy, blob()].concat());
        check(&file.build(), Container::Elf);
    }
    // In another chunk of the search.
    let far = [vec![0; 3 << 16], blob()].concat();
    check(&elf::program(far).build(), Container::Elf);
}

#[test]
fn non_minimal_lengths_are_accepted_and_overlong_ones_are_not() {
    let framed = framed(MODULES);
    let mut blob = b"\xff Go buildinf:\x08\x02".to_vec();
    blob.resize(32, 0);
    blob.extend([0x88, 0x80, 0x00]);
    blob.extend(VERSION.as_bytes());
    blob.extend([framed.len() as u8 | 0x80, (framed.len() >> 7) as u8 | 0x80, 0]);
    blob.extend(&framed);
    check(&elf::program(blob.clone()).build(), Container::Elf);
    blob.splice(32..35, [0xff; 10]);
    recovered(&elf::program(blob));
}

#[test]
fn a_go_version_without_modules_is_not_an_empty_module_list() {
    #[track_caller]
    fn unavailable(file: &Elf, reason: ModulesUnavailable) {
        let binary = go(&file.build());
        let info = &binary.slices[0].build_info;
        assert_eq!(info.go_version().unwrap().as_str(), VERSION);
        assert_eq!(info.modules(), Err(reason));
    }
    let with = |framed: &[u8]| elf::program(inline_raw(VERSION.as_bytes(), framed));
    unavailable(&with(b""), ModulesUnavailable::Absent);
    unavailable(&with(&[b'x'; 32]), ModulesUnavailable::Unframed { len: 32 });
    unavailable(&with(&[b'x'; 60]), ModulesUnavailable::Unframed { len: 60 });
    let fault = chainsign_gosbom::LineFault::ModuleColumns { found: 1 };
    let malformed = ModulesUnavailable::Malformed { line: 2, fault };
    unavailable(&with(&framed("path\ta\ndep\tb\n")), malformed);

    // By address: a null, an unreachable and an overlong module text.
    let (order, width) = (Order::Little, Width::Bits64);
    let old = by_address(order, width, elf::DATA, VERSION, MODULES);
    let changed = |at: usize, value: u64| {
        let mut old = old.clone();
        old[at..at + 8].copy_from_slice(&value.to_le_bytes());
        elf::program(old)
    };
    unavailable(&changed(24, 0), ModulesUnavailable::Absent);
    let nowhere = ModulesUnavailable::Unreachable { address: 0x1234 };
    unavailable(&changed(24, 0x1234), nowhere);
    let header = ModulesUnavailable::Unreachable { address: elf::DATA + 48 };
    unavailable(&changed(56, u64::MAX), header);
    // Without a version that can be read it is no header; the text is still there.
    recovered(&changed(16, 0x1234));
}

/// The header cannot be read, but the module text is found by its frames.
#[track_caller]
fn recovered(file: &Elf) {
    let binary = go(&file.build());
    let slice = &binary.slices[0];
    assert_eq!(slice.build_info_source, BuildInfoSource::ModuleFrames);
    assert_eq!(slice.build_info.go_version(), None);
    assert_eq!(slice.build_info.raw_modules(), MODULES.as_bytes());
}

#[test]
fn elf_facts() {
    let mut file = elf::program(blob());
    let facts = |file: &Elf| go(&file.build()).slices[0].facts.clone();
    assert_eq!(facts(&file).linkage, Linkage::Static);
    assert_eq!(facts(&file).executable_stack, None);

    let loader = b"/lib/ld-musl-x86_64.so.1\0".to_vec();
    file.programs.push(elf::other(elf::INTERP, 4, 0x60_0000, loader));
    file.programs.push(elf::other(elf::GNU_STACK, 7, 0, Vec::new()));
    file.programs.push(elf::other(elf::GNU_RELRO, 4, elf::DATA, Vec::new()));
    let strings = 0x70_0000_u64;
    file.programs.push(elf::load(elf::READ, strings, b"\0libc.so\0libm.so\0".to_vec()));
    let entries: [(u64, u64); 6] =
        [(1, 1), (1, 9), (5, strings), (30, 8), (0x6fff_fffb, 0x0800_0000), (0, 0)];
    let dynamic = entries.iter().flat_map(|(tag, value)| [tag.to_le_bytes(), value.to_le_bytes()]);
    let dynamic = dynamic.flatten().collect();
    file.programs.push(elf::other(elf::DYNAMIC, 6, 0x80_0000, dynamic));
    file.file_type = 3;
    let found = facts(&file);
    assert_eq!(found.os, Some(Os::Linux));
    assert_eq!(found.kind, Some(Kind::Executable));
    assert_eq!(
        (found.pie, found.relro, found.bind_now),
        (Some(true), Some(Relro::Full), Some(true))
    );
    assert_eq!(found.executable_stack, Some(true));
    let expected = Linkage::Dynamic {
        interpreter: Some("/lib/ld-musl-x86_64.so.1".to_owned()),
        needed: vec!["libc.so".to_owned(), "libm.so".to_owned()],
    };
    assert_eq!(found.linkage, expected);
    assert_eq!(found.linkage.is_static(), Some(false));

    // The same without interpreter and mark is a library.
    file.programs.retain(|program| program.kind != elf::INTERP && program.kind != elf::DYNAMIC);
    assert_eq!(facts(&file).kind, Some(Kind::SharedLibrary));
}

/// More than 65,535 sections: the counts stand in section 0.
#[test]
fn elf_counts_in_section_zero() {
    let mut file = elf::program(blob()).build();
    let table = u64::from_le_bytes(file[40..48].try_into().unwrap()) as usize;
    let count = u64::from(u16::from_le_bytes([file[60], file[61]]));
    file[60..62].fill(0);
    file[62..64].fill(0xff);
    file[table + 32..table + 40].copy_from_slice(&count.to_le_bytes());
    file[table + 40..table + 44].copy_from_slice(&1_u32.to_le_bytes());
    // Found by its name: elsewhere it would not be a sign of Go.
    let without = inline_raw(b"", b"");
    check(&file, Container::Elf);
    let at = 128;
    file[at..at + without.len()].copy_from_slice(&without);
    let error = refused(&file);
    assert!(matches!(error, Error::NoBuildInfo { sign: GoSign::Section, .. }), "{error}");
}

#[test]
fn macho_in_every_width_and_order() {
    for order in ORDERS {
        for width in WIDTHS {
            let mut file = macho::program(blob());
            (file.order, file.width) = (order, width);
            check(&file.build(), Container::MachO);
            file.content = by_address(order, width, macho::DATA, VERSION, MODULES);
            check(&file.build(), Container::MachO);
        }
    }
    let mut renamed = macho::program(blob());
    renamed.section = Some("__other");
    check(&renamed.build(), Container::MachO);
    renamed.section = None;
    check(&renamed.build(), Container::MachO);
}

/// golang/go#58796: Go reads only the first slice, and not at all in the 64-bit form.
#[test]
fn universal_files_give_every_slice() {
    let arm = macho::program(inline("go1.27.3", MODULES));
    let mut intel = macho::program(inline("go1.26.0", MODULES));
    intel.cpu = macho::AMD64;
    let mut not_go = macho::program(vec![0; 64]);
    not_go.section = None;
    for width in WIDTHS {
        let slices = [
            (macho::AMD64, not_go.build()),
            (macho::AMD64, intel.build()),
            (macho::ARM64, arm.build()),
            (macho::ARM64, vec![0; 40]),
        ];
        let binary = go(&macho::universal(width, &slices));
        assert_eq!(binary.container, Container::MachOUniversal);
        let found: Vec<_> = binary
            .slices
            .iter()
            .map(|slice| {
                let version = slice.build_info.go_version().unwrap().as_str();
                (slice.offset, slice.facts.arch, version)
            })
            .collect();
        let expected =
            [(0x2000, Some(Arch::Amd64), "go1.26.0"), (0x3000, Some(Arch::Arm64), "go1.27.3")];
        assert_eq!(found, expected);
        let others: Vec<_> = binary.other_slices.iter().map(|it| it.offset).collect();
        assert_eq!(others, [0x1000, 0x4000]);
        assert!(matches!(binary.other_slices[0].reason, Error::NotGo { .. }));
        assert!(matches!(binary.other_slices[1].reason, Error::Malformed { .. }));
    }
}

#[test]
fn java_classes_share_the_magic_number_of_universal_files() {
    let error = refused(b"\xca\xfe\xba\xbe\x00\x00\x00\x41rest of the class");
    assert!(matches!(error, Error::NotExecutable { .. }), "{error}");
}

#[test]
fn pe_whatever_flags_the_data_section_has() {
    for width in WIDTHS {
        let mut file = pe::program(blob());
        file.width = width;
        check(&file.build(), Container::Pe);
        file.sections[0].content = by_address(Order::Little, width, pe::FIRST, VERSION, MODULES);
        check(&file.build(), Container::Pe);
    }
    // golang/go#53071
    for flags in [0xc050_0040, pe::READ_ONLY_DATA, pe::WRITABLE_DATA | 0x0300_0000] {
        let mut file = pe::program(blob());
        file.sections[0].flags = flags;
        check(&file.build(), Container::Pe);
    }
    // Go reads the section with its own linker's flags, wherever it stands.
    let mut decoy = pe::program(inline("go1.0.0", "path\tdecoy\n"));
    decoy.sections[0].flags = 0xc050_0040;
    decoy.sections.push(pe::program(blob()).sections.remove(0));
    check(&decoy.build(), Container::Pe);
    let mut second = pe::program(vec![0; 64]);
    second.sections.push(pe::program(blob()).sections.remove(0));
    check(&second.build(), Container::Pe);
    second.dll_characteristics = 0;
    let facts = go(&second.build()).slices[0].facts.clone();
    assert_eq!((facts.pie, facts.executable_stack), (Some(false), Some(true)));
}

#[test]
fn xcoff_in_both_widths_and_forms() {
    for width in WIDTHS {
        check(&xcoff::program(width, &blob()), Container::Xcoff);
        let old = by_address(Order::Big, width, xcoff::DATA, VERSION, MODULES);
        check(&xcoff::program(width, &old), Container::Xcoff);
    }
}

/// golang/go#80193: the header is aligned in memory, not in the file.
#[test]
fn plan9_with_text_of_any_length() {
    for (magic, page) in [(plan9::I386, 0x1000), (plan9::AMD64, 0x20_0000), (plan9::ARM, 0x1000)] {
        for text in [0x1000, 0x1004, 0x1234] {
            check(&plan9::program(magic, text, &blob()), Container::Plan9);
            let header = if magic == plan9::AMD64 { 40 } else { 32 };
            let data = (page + header + text).next_multiple_of(page);
            let width = if magic == plan9::AMD64 { Width::Bits64 } else { Width::Bits32 };
            let order = Order::Little;
            let old = by_address(order, width, data, VERSION, MODULES);
            check(&plan9::program(magic, text, &old), Container::Plan9);
        }
    }
}

/// golang/go#73741: there is no header, only the framed text.
#[test]
fn wasm_module_text_and_version() {
    let text = [vec![7; 100_000], framed(MODULES), vec![7; 100]].concat();
    let (id, imports) = (wasm::build_id(), wasm::imports("gojs"));
    let sections = [id.clone(), imports, wasm::data(&text), wasm::producers(VERSION)];
    let binary = check(&wasm::module(&sections), Container::Wasm);
    let facts = &binary.slices[0].facts;
    assert_eq!((facts.os, facts.arch), (Some(Os::Js), Some(Arch::Wasm)));
    assert_eq!(facts.go_build_id.as_deref(), Some("action/content"));

    // Without `producers` the version is not known, and not guessed.
    let sections = [id.clone(), wasm::imports("wasi_snapshot_preview1"), wasm::data(&text)];
    let binary = go(&wasm::module(&sections));
    assert_eq!(binary.slices[0].build_info.go_version(), None);
    assert_eq!(binary.slices[0].facts.os, Some(Os::Wasip1));

    // The version alone.
    let binary = go(&wasm::module(&[id.clone(), wasm::producers(VERSION)]));
    assert_eq!(binary.slices[0].build_info_source, BuildInfoSource::Container);
    let info = &binary.slices[0].build_info;
    assert_eq!(info.go_version().unwrap().as_str(), VERSION);
    assert_eq!(info.modules(), Err(ModulesUnavailable::Absent));

    let error = refused(&wasm::module(&[id]));
    assert!(matches!(error, Error::NoBuildInfo { sign: GoSign::Section, .. }), "{error}");
    let error = refused(&wasm::module(&[wasm::data(&text)]));
    assert!(matches!(error, Error::NotGo { container: Container::Wasm }), "{error}");
}

#[test]
fn archives_in_both_styles() {
    let mut object = elf::program(blob());
    object.file_type = 1;
    object.programs[0].kind = 0;
    let object = object.build();
    let c_object = elf::without_sections(Order::Little, Width::Bits64, vec![0; 16]).build();
    let long = "a_rather_long_name_of_a_member.o";
    for (name, file) in [
        ("go.o", archive::gnu(&[("000000.o", c_object.clone()), ("go.o", object.clone())])),
        (long, archive::gnu(&[("text", b"hello".to_vec()), (long, object.clone())])),
        (long, archive::bsd(&[("odd", b"hello".to_vec()), (long, object.clone())])),
    ] {
        let binary = check(&file, Container::Archive);
        let slice = &binary.slices[0];
        assert_eq!(slice.name.as_deref(), Some(name));
        assert_eq!(slice.size, object.len() as u64);
        assert_eq!(slice.facts.kind, Some(Kind::Object));
        let start = usize::try_from(slice.offset).unwrap();
        assert_eq!(&file[start..start + object.len()], object);
    }
    let windows = archive::gnu(&[("go.o", pe::program(blob()).object())]);
    let binary = check(&windows, Container::Archive);
    assert_eq!(binary.slices[0].facts.os, Some(Os::Windows));
    let darwin = archive::bsd(&[("go.o", macho::program(blob()).build())]);
    check(&darwin, Container::Archive);

    let error = refused(&archive::gnu(&[("000000.o", c_object)]));
    assert!(matches!(error, Error::NotGo { .. }), "{error}");
    let error = refused(&archive::gnu(&[("text", b"hello".to_vec())]));
    assert!(matches!(error, Error::NotGo { container: Container::Archive }), "{error}");
}

#[test]
fn module_text_is_found_after_the_section_was_removed() {
    let text = [vec![7; 3 << 15], framed(MODULES), vec![7; 16]].concat();
    let mut file = elf::program(vec![0; 16]);
    file.sections[0].name = ".gopclntab";
    file.programs.push(elf::load(elf::READ, 0x90_0000, text));
    let binary = go(&file.build());
    assert_eq!(binary.slices[0].build_info_source, BuildInfoSource::ModuleFrames);
    recovered(&file);
    // The frames alone, in a file that shows no sign of Go, are nothing.
    file.sections[0].name = ".other";
    let error = refused(&file.build());
    assert!(matches!(error, Error::NotGo { container: Container::Elf }), "{error}");
}

#[test]
fn every_reason_for_nothing() {
    #[track_caller]
    fn check(file: &[u8], text: &str) {
        assert_eq!(refused(file).to_string(), text);
    }
    check(
        b"",
        "not an executable: the file starts with nothing (it is empty), wanted ELF, Mach-O, PE, XCOFF, Plan 9 a.out, WebAssembly or ar",
    );
    check(
        b"#!/bin/sh\n",
        "not an executable: the file starts with \"#!/bin/s\", wanted ELF, Mach-O, PE, XCOFF, Plan 9 a.out, WebAssembly or ar",
    );

    let c = elf::without_sections(Order::Little, Width::Bits64, vec![0; 64]);
    check(
        &c.build(),
        "not a Go binary: ELF file without Go build information or any other sign of Go",
    );

    let mut go = elf::program(vec![0; 64]);
    go.sections[0] = Section { name: ".gopclntab", ..go.sections[0].clone() };
    check(
        &go.build(),
        "Go binary without build information: ELF file, recognised by a section that only Go writes",
    );

    let mut id =
        macho::program([b"\xff Go build ID: \"a/b\"\n \xff".to_vec(), vec![0; 64]].concat());
    id.section = None;
    check(
        &id.build(),
        "Go binary without build information: Mach-O file, recognised by its Go build id",
    );

    let packed =
        elf::without_sections(Order::Little, Width::Bits64, [&[0; 8], b"UPX!".as_slice()].concat());
    check(
        &packed.build(),
        "ELF file packed with UPX: what is inside cannot be read, unpack it first",
    );
    let mut packed = pe::program(vec![0; 64]);
    packed.sections[0].name = "UPX0";
    let error = refused(&packed.build());
    assert!(
        matches!(error, Error::Packed { container: Container::Pe, packer: Packer::Upx }),
        "{error}"
    );

    check(
        &elf::program(inline_raw(b"unknown", b"")).build(),
        "Go binary whose build information was removed by an obfuscator (Go version \"unknown\", no modules)",
    );
}
