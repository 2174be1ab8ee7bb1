//! The same headers through the `object` crate, which shares no code with ours.

use chainsign_gosbom::{Arch, Linkage};
use object::{Architecture, Object, ObjectKind, ObjectSection};

use crate::real;

/// Files that `object` reads as one object.
fn files() -> impl Iterator<Item = (String, object::File<'static>)> {
    real::names().into_iter().filter_map(|name| {
        let file = object::File::parse(real::bytes(&name)).ok()?;
        Some((name, file))
    })
}

#[test]
fn build_information_stands_in_the_section_named_for_it() {
    let mut checked = 0;
    for (name, file) in files() {
        let section = file.section_by_name(".go.buildinfo");
        let Some(section) = section.or_else(|| file.section_by_name("__go_buildinfo")) else {
            continue;
        };
        let (start, _) = section.file_range().unwrap();
        assert_eq!(real::binary(&name).slices[0].build_info_offset, start, "{name}");
        checked += 1;
    }
    assert!(checked >= 15, "only {checked} files");
}

#[test]
fn architecture_kind_and_symbols() {
    let mut checked = 0;
    for (name, file) in files() {
        let facts = real::binary(&name).slices[0].facts.clone();
        let arch = match file.architecture() {
            Architecture::I386 => Arch::I386,
            Architecture::X86_64 => Arch::Amd64,
            Architecture::Aarch64 => Arch::Arm64,
            Architecture::S390x => Arch::S390x,
            Architecture::Mips => Arch::Mips,
            Architecture::PowerPc64 => Arch::Ppc64,
            Architecture::Wasm32 => Arch::Wasm,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(facts.arch, Some(arch), "{name}");
        if !name.contains("wasm") && !name.contains("aix") {
            let is_pie_or_library = file.kind() == ObjectKind::Dynamic;
            let is_static_kind = file.kind() == ObjectKind::Executable;
            assert!(is_pie_or_library || is_static_kind, "{name}: {:?}", file.kind());
        }
        checked += 1;
    }
    assert!(checked >= 25, "only {checked} files");
}

#[test]
fn imported_libraries() {
    let mut checked = 0;
    for (name, file) in files() {
        let Linkage::Dynamic { needed, .. } = &real::binary(&name).slices[0].facts.linkage else {
            continue;
        };
        let Ok(imports) = file.import_libraries() else {
            continue;
        };
        let libraries = imports.filter_map(Result::ok);
        let mut libraries: Vec<_> =
            libraries.map(|it| String::from_utf8_lossy(it.name()).into_owned()).collect();
        libraries.dedup();
        if libraries.is_empty() {
            continue;
        }
        assert_eq!(*needed, libraries, "{name}");
        checked += 1;
    }
    assert!(checked >= 5, "only {checked} files");
}
