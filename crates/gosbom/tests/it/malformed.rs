//! Files that lie: every case ends quickly, reads little, and says what is wrong.

use std::cell::Cell;
use std::io;

use chainsign_gosbom::{Container, Error, Limit, Limits, ReadAt, pclntab, read};

use crate::generate::elf::{self, Program};
use crate::generate::specimens::specimens;
use crate::generate::{
    MODULES, Order, Width, archive, by_address, framed, inline, inline_raw, macho, pe, plan9, wasm,
    xcoff,
};
use crate::real;
use crate::watched::Watched;

fn blob() -> Vec<u8> {
    inline("go1.27.3", MODULES)
}

/// Reads everything there is to read.
pub(crate) fn exercise(bytes: &[u8]) -> Result<(), Error> {
    let watched = Watched::new(bytes);
    let limits = Limits::default();
    let binary = read(&watched, &limits)?;
    for slice in &binary.slices {
        if let Some(table) = pclntab::read(&watched, slice, &limits)?
            && let Ok(info) = slice.build_info.modules()
        {
            table.compare(info);
        }
    }
    Ok(())
}

#[test]
fn every_specimen_is_read() {
    for (name, bytes) in specimens() {
        exercise(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_truncation_ends_with_an_error_or_a_version() {
    for (name, bytes) in specimens() {
        for len in 0..bytes.len() {
            match exercise(&bytes[..len]) {
                Ok(())
                | Err(
                    Error::NotExecutable { .. }
                    | Error::NotGo { .. }
                    | Error::NoBuildInfo { .. }
                    | Error::Malformed { .. },
                ) => {}
                Err(error) => panic!("{name} cut to {len} bytes: {error}"),
            }
        }
    }
}

/// Each field of the first 512 bytes in turn gets the values that break careless arithmetic.
#[test]
fn every_header_field_may_lie() {
    let values = [0_u32, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];
    for (name, bytes) in specimens() {
        for at in (0..bytes.len().min(512).saturating_sub(4)).step_by(2) {
            for value in values {
                for size in [2, 4] {
                    let mut bytes = bytes.clone();
                    bytes[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
                    if let Err(error @ Error::Io(_)) = exercise(&bytes) {
                        panic!("{name} with {value:#x} at {at}: {error}");
                    }
                }
            }
        }
    }
}

#[track_caller]
fn malformed(bytes: &[u8], container: Container, part: &str) {
    match exercise(bytes) {
        Err(Error::Malformed { container: found, part: found_part, .. }) => {
            assert_eq!((found, found_part), (container, part));
        }
        other => panic!("wanted {part:?}, found {other:?}"),
    }
}

#[track_caller]
fn limited(bytes: &[u8], wanted: Limit) {
    match exercise(bytes) {
        Err(Error::LimitReached { limit, found, allowed }) => {
            assert_eq!(limit, wanted);
            assert!(found > allowed);
        }
        other => panic!("wanted a limit on {wanted}, found {other:?}"),
    }
}

fn with(mut bytes: Vec<u8>, at: usize, replacement: &[u8]) -> Vec<u8> {
    bytes[at..at + replacement.len()].copy_from_slice(replacement);
    bytes
}

#[test]
fn elf_headers() {
    let file = || elf::program(blob()).build();
    let check = |at, replacement: &[u8], part| {
        malformed(&with(file(), at, replacement), Container::Elf, part);
    };
    check(4, &[3], "ELF class is neither 32 nor 64 bit");
    check(5, &[0], "ELF data encoding is neither little nor big endian");
    check(32, &[0xff; 8], "program header table lies outside the file");
    check(54, &[57], "program header entries have the wrong size");
    malformed(&file()[..60], Container::Elf, "ELF header is cut off");
    let mut dynamic = elf::program(blob());
    let mut program: Program = elf::other(elf::DYNAMIC, 6, 0x80_0000, Vec::new());
    program.size = Some(1 << 16);
    dynamic.programs.push(program);
    malformed(&dynamic.build(), Container::Elf, "dynamic section lies outside the file");
}

/// golang/go's `debug/elf` inflates a compressed name table on opening: 256 MiB from a small file.
#[test]
fn elf_compressed_name_table_is_not_inflated() {
    let mut file = elf::program(blob()).build();
    let table = u64::from_le_bytes(file[40..48].try_into().unwrap()) as usize;
    file[table + 64 + 8..table + 64 + 16].copy_from_slice(&0x800_u64.to_le_bytes());
    // The section has no name then, and is found through its segment.
    exercise(&file).unwrap();
}

#[test]
fn elf_tables_are_counted_before_they_are_read() {
    let file = elf::program(blob()).build();
    let table = u64::from_le_bytes(file[40..48].try_into().unwrap()) as usize;
    // Section 0 claims 2^40 sections.
    let many = with(file.clone(), 60, &[0, 0]);
    limited(&with(many, table + 32, &(1_u64 << 40).to_le_bytes()), Limit::Headers);
    limited(&with(file, table + 64 + 32, &u64::MAX.to_le_bytes()), Limit::NameTable);
    let mut dynamic = elf::program(blob());
    let mut program = elf::other(elf::DYNAMIC, 6, 0x80_0000, Vec::new());
    program.size = Some(u64::MAX);
    dynamic.programs.push(program);
    limited(&dynamic.build(), Limit::Headers);
}

/// Found by random damage: the address could not be rounded up.
#[test]
fn segment_at_the_end_of_the_address_space() {
    for address in [u64::MAX, u64::MAX - 15, u64::MAX - 16] {
        let mut file = elf::program(blob());
        file.programs[0].address = address;
        file.sections.clear();
        let _ = exercise(&file.build());
        let mut file = macho::program(blob());
        file.address = address;
        let _ = exercise(&file.build());
    }
}

/// Segments that each cover the whole file: the work is bounded, not multiplied.
#[test]
fn overlapping_segments_are_searched_within_the_budget() {
    limited(&overlapping_segments(1000), Limit::BytesRead);
    limited(&overlapping_segments(60_000), Limit::Segments);
}

fn overlapping_segments(count: usize) -> Vec<u8> {
    let mut file = elf::without_sections(Order::Little, Width::Bits64, vec![0; 1 << 20]);
    let size = file.programs[0].content.len() as u64;
    for _ in 0..count {
        let mut program = elf::load(elf::READ_WRITE, elf::DATA, Vec::new());
        program.size = Some(size);
        file.programs.push(program);
    }
    let mut bytes = file.build();
    for index in 0..file.programs.len() {
        let offset = 64 + 56 * index + 8;
        bytes[offset..offset + 8].fill(0);
    }
    bytes
}

#[test]
fn macho_headers() {
    let file = || macho::program(blob()).build();
    let check = |at, replacement: &[u8], part| {
        malformed(&with(file(), at, replacement), Container::MachO, part);
    };
    malformed(&file()[..20], Container::MachO, "Mach-O header is cut off");
    check(20, &[0, 0, 4, 0], "load commands lie outside the file");
    check(36, &[4, 0, 0, 0], "load command has a wrong size");
    check(36, &[0xff; 4], "load command has a wrong size");
    check(36, &[0x20, 0, 0, 0], "load command is cut off");
    check(32 + 64, &[0xff; 4], "load command is cut off");
    limited(&with(file(), 16, &[0xff; 4]), Limit::Headers);
    limited(&with(file(), 20, &[0xff; 4]), Limit::NameTable);

    let universal = macho::universal(Width::Bits32, &[(macho::ARM64, file())]);
    let check = |at, replacement: &[u8], part| {
        let container = Container::MachOUniversal;
        malformed(&with(universal.clone(), at, replacement), container, part);
    };
    check(16, &[0xff; 4], "slice lies outside the file");
    check(20, &[0xff; 4], "slice lies outside the file");
    malformed(&universal[..7], Container::MachOUniversal, "universal header is cut off");
    malformed(&universal[..12], Container::MachOUniversal, "slice table lies outside the file");
    let wide = macho::universal(Width::Bits64, &[(macho::ARM64, file())]);
    limited(&with(wide, 4, &[0, 0, 0x10, 0]), Limit::Slices);
    let not_macho = macho::universal(Width::Bits32, &[(macho::ARM64, vec![0; 64])]);
    let part = "slice does not start with the Mach-O magic number";
    malformed(&not_macho, Container::MachO, part);
}

#[test]
fn pe_headers() {
    let file = || pe::program(blob()).build();
    let check = |at, replacement: &[u8], part| {
        malformed(&with(file(), at, replacement), Container::Pe, part);
    };
    malformed(b"MZ", Container::Pe, "DOS header is cut off");
    check(0x3c, &[0xff; 4], "no PE signature");
    check(0x80, b"NE", "no PE signature");
    check(0x80 + 20, &[0xff; 2], "optional header lies outside the file");
    check(0x98, &[0, 0], "optional header is neither PE32 nor PE32+");
    check(0x80 + 6, &[0xff; 2], "section table lies outside the file");
}

#[test]
fn other_headers() {
    let xcoff = xcoff::program(Width::Bits64, &blob());
    malformed(&xcoff[..23], Container::Xcoff, "XCOFF header is cut off");
    let part = "section table lies outside the file";
    malformed(&with(xcoff, 2, &[0xff; 2]), Container::Xcoff, part);

    let plan9 = plan9::program(plan9::I386, 0x100, &blob());
    malformed(&plan9[..31], Container::Plan9, "a.out header is cut off");
    let part = "data section lies outside the file";
    malformed(&with(plan9, 8, &[0xff; 4]), Container::Plan9, part);

    let wasm = wasm::module(&[wasm::data(&framed(MODULES))]);
    let part = "section lies outside the file";
    malformed(&wasm[..wasm.len() - 1], Container::Wasm, part);
    malformed(&with(wasm, 9, &[0xff; 6]), Container::Wasm, "section size is cut off");

    let archive = archive::gnu(&[("go.o", elf::program(blob()).build())]);
    malformed(&archive[..60], Container::Archive, "archive member has no header");
    let part = "archive member has no size";
    malformed(&with(archive.clone(), 8 + 48, b"12x"), Container::Archive, part);
    let part = "archive member lies outside the file";
    malformed(&with(archive.clone(), 8 + 48, b"999999999"), Container::Archive, part);
    let part = "archive member has a wrong name";
    malformed(&with(archive.clone(), 8, b"/999 "), Container::Archive, part);
    malformed(&with(archive, 8, b"#1/9999 "), Container::Archive, part);
    let empty = [b"!<arch>\n".to_vec(), archive::member("a/", b"").repeat(70_000)].concat();
    limited(&empty, Limit::Headers);
}

#[test]
fn build_information_is_bounded() {
    let mut limits = Limits::default();
    (limits.module_text, limits.modules, limits.go_version) = (1 << 16, 50, 64);
    let reached = |file: elf::Elf| match read(&file.build(), &limits) {
        Err(Error::LimitReached { limit, .. }) => limit,
        other => panic!("{other:?}"),
    };
    let many = "dep\ta\tv1\n".repeat(51);
    assert_eq!(reached(elf::program(inline("go1.27.3", &many))), Limit::Modules);
    let long = "x".repeat(1 << 17);
    assert_eq!(reached(elf::program(inline("go1.27.3", &long))), Limit::ModuleText);
    assert_eq!(reached(elf::program(inline_raw(&[b'x'; 65], b""))), Limit::GoVersion);
    let text = by_address(Order::Little, Width::Bits64, elf::DATA, "go1.15", &long);
    assert_eq!(reached(elf::program(text)), Limit::ModuleText);
    let mut frames = elf::program(vec![0; 16]);
    frames.sections[0].name = ".gopclntab";
    frames.programs.push(elf::load(elf::READ, 0x90_0000, framed(&long)));
    assert_eq!(reached(frames), Limit::ModuleText);
}

/// As many modules as the facts of `go` know a test for, and a line of 2 MiB.
#[test]
fn large_lists_are_read_within_the_limits() {
    let many: String = (0..20_000).map(|i| format!("dep\texample.com/m{i}\tv1.0.0\n")).collect();
    let file = elf::program(inline("go1.27.3", &many)).build();
    let binary = read(&file, &Limits::default()).unwrap();
    assert_eq!(binary.slices[0].build_info.modules().unwrap().deps.len(), 20_000);
    let line = format!("path\t{}\n", "x".repeat(2 << 20));
    let file = elf::program(inline("go1.27.3", &line)).build();
    limited(&file, Limit::Line);
}

/// Of a real binary, only headers, tables and the build information are read.
#[test]
fn little_is_read_of_a_real_binary() {
    for name in ["rich-linux-amd64", "rich-darwin-arm64", "rich-windows-amd64"] {
        let bytes = real::bytes(name);
        let watched = Watched::new(bytes);
        read(&watched, &Limits::default()).unwrap();
        let read = watched.read.get();
        assert!(read < 150_000, "{name}: {read} of {} bytes", bytes.len());
    }
}

#[test]
fn an_unreadable_source_is_not_a_finding_about_the_file() {
    struct Broken(Vec<u8>, u64);
    impl ReadAt for Broken {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            if offset >= self.1 {
                return Err(io::Error::other("bad sector"));
            }
            self.0.as_slice().read_at(offset, buffer)
        }

        fn len(&self) -> u64 {
            self.0.len() as u64
        }
    }
    for (name, bytes) in specimens() {
        let at = if name.starts_with("universal") { 0x1000 } else { 0 };
        let error = read(&Broken(bytes, at), &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::Io(_)), "{name}: {error}");
        assert_eq!(error.to_string(), "cannot read: bad sector");
    }
}

/// A source may give fewer bytes than asked for, or be interrupted.
#[test]
fn short_and_interrupted_reads_are_continued() {
    struct Slow(Vec<u8>, Cell<u32>);
    impl ReadAt for Slow {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            self.1.set(self.1.get() + 1);
            if self.1.get().is_multiple_of(3) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let len = buffer.len().min(7);
            self.0.as_slice().read_at(offset, &mut buffer[..len])
        }

        fn len(&self) -> u64 {
            self.0.len() as u64
        }
    }
    for (name, bytes) in specimens() {
        let binary = read(&Slow(bytes, Cell::new(0)), &Limits::default());
        let binary = binary.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(binary.slices[0].build_info.modules().is_ok(), "{name}");
    }
}
