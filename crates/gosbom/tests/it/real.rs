//! Real binaries, shrunk (`testdata/gosbom/README.md`): what we read is what `go version -m` reads,
//! and what the headers show is what was built.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::LazyLock;

use chainsign_gosbom::pclntab::{self, TableFormat, Trace};
use chainsign_gosbom::{
    Arch, BinaryFacts, CodeSignature, Container, GoBinary, Kind, Limits, Linkage, Os, Relro, read,
};

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/gosbom/real")
}

pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".gz").map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

pub(crate) fn bytes(name: &str) -> &'static [u8] {
    static FILES: LazyLock<HashMap<String, Vec<u8>>> =
        LazyLock::new(|| names().into_iter().map(|name| (name.clone(), inflate(&name))).collect());
    FILES.get(name).unwrap_or_else(|| panic!("no {name}"))
}

fn inflate(name: &str) -> Vec<u8> {
    let file = std::fs::read(folder().join(format!("{name}.gz"))).unwrap();
    let mut bytes = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(file.as_slice());
    decoder.read_to_end(&mut bytes).unwrap();
    bytes
}

pub(crate) fn binary(name: &str) -> GoBinary {
    read(&bytes(name), &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What was read, in the form of `go version -m`.
fn printed(binary: &GoBinary) -> String {
    let info = &binary.slices[0].build_info;
    let version = info.go_version();
    let version = version.map(|version| format!("go\t{version}\n"));
    let modules = std::str::from_utf8(info.raw_modules()).unwrap();
    version.unwrap_or_default() + modules
}

#[test]
fn build_information_is_what_go_reads() {
    let names = names();
    assert!(names.len() >= 30, "only {} files", names.len());
    for name in names {
        let expected = std::fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap();
        let binary = binary(&name);
        assert_eq!(binary.slices.len(), 1, "{name}");
        assert_eq!(printed(&binary), expected, "{name}");
        binary.slices[0].build_info.modules().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// GOOS and GOARCH as the file shows them never contradict those that the build recorded.
#[test]
fn headers_agree_with_the_recorded_platform() {
    for name in names() {
        let binary = binary(&name);
        let slice = &binary.slices[0];
        let info = slice.build_info.modules().unwrap();
        if let (Some(os), Some(goos)) = (slice.facts.os, info.setting("GOOS")) {
            assert_eq!(os.as_str(), goos, "{name}");
        }
        let arch = slice.facts.arch.unwrap();
        if let Some(goarch) = info.setting("GOARCH") {
            assert_eq!(arch.as_str(), goarch, "{name}");
        }
        let is_program = slice.facts.kind == Some(Kind::Executable);
        if is_program && info.setting("-buildmode") == Some("pie") {
            assert_eq!(slice.facts.pie, Some(true), "{name}");
        }
    }
}

fn facts(name: &str) -> BinaryFacts {
    binary(name).slices[0].facts.clone()
}

fn dynamic(interpreter: Option<&str>, needed: &[&str]) -> Linkage {
    Linkage::Dynamic {
        interpreter: interpreter.map(str::to_owned),
        needed: needed.iter().map(|&name| name.to_owned()).collect(),
    }
}

#[test]
fn facts_of_elf() {
    let plain = facts("toy-linux-amd64");
    assert_eq!(plain.os, None, "a static Linux program carries no mark");
    assert_eq!(plain.arch, Some(Arch::Amd64));
    assert_eq!(plain.kind, Some(Kind::Executable));
    assert_eq!(plain.linkage, Linkage::Static);
    assert_eq!((plain.pie, plain.stripped), (Some(false), Some(false)));
    assert_eq!((plain.relro, plain.bind_now), (Some(Relro::Absent), Some(false)));
    assert_eq!(plain.executable_stack, Some(false));
    assert_eq!(plain.link_id.as_ref().map(Vec::len), Some(20));
    assert_eq!(plain.code_signature, None);
    let id = plain.go_build_id.unwrap();
    assert_eq!(id.split('/').count(), 4, "{id}");

    assert_eq!(facts("rich-linux-amd64").stripped, Some(true));
    let loader = "/lib64/ld-linux-x86-64.so.2";
    let pie = facts("rich-linux-amd64-pie");
    assert_eq!(pie.os, Some(Os::Linux));
    assert_eq!(pie.linkage, dynamic(Some(loader), &[]), "a loader, but no library");
    assert_eq!((pie.pie, pie.relro, pie.bind_now), (Some(true), Some(Relro::Partial), Some(false)));

    let now = facts("cgo-linux-amd64-pie-now");
    assert_eq!(now.linkage, dynamic(Some(loader), &["libc.so.6"]));
    assert_eq!((now.pie, now.relro, now.bind_now), (Some(true), Some(Relro::Full), Some(true)));

    let static_pie = facts("cgo-linux-amd64-static-pie");
    assert_eq!(static_pie.linkage, Linkage::Static);
    assert_eq!((static_pie.pie, static_pie.kind), (Some(true), Some(Kind::Executable)));

    let library = facts("cgo-linux-amd64-c-shared");
    assert_eq!(library.kind, Some(Kind::SharedLibrary));
    assert_eq!(library.linkage, dynamic(None, &["libc.so.6"]));
    assert_eq!(library.pie, Some(false));

    let object = facts("cgo-linux-amd64-c-archive");
    assert_eq!(object.kind, Some(Kind::Object));
    assert_eq!(object.linkage, Linkage::Unknown);

    for (name, os) in [
        ("toy-freebsd-amd64", Some(Os::Freebsd)),
        ("toy-netbsd-amd64", Some(Os::Netbsd)),
        ("toy-openbsd-amd64", Some(Os::Openbsd)),
        ("toy-dragonfly-amd64", None),
        ("toy-solaris-amd64", None),
        ("toy-android-arm64", Some(Os::Android)),
    ] {
        assert_eq!(facts(name).os, os, "{name}");
    }
}

#[test]
fn facts_of_other_containers() {
    let darwin = facts("rich-darwin-arm64");
    assert_eq!((darwin.os, darwin.arch), (Some(Os::Darwin), Some(Arch::Arm64)));
    let libraries = ["/usr/lib/libSystem.B.dylib", "/usr/lib/libresolv.9.dylib"];
    assert_eq!(darwin.linkage, dynamic(Some("/usr/lib/dyld"), &libraries));
    assert_eq!((darwin.pie, darwin.stripped), (Some(true), Some(false)));
    assert_eq!(darwin.link_id.as_ref().map(Vec::len), Some(16));
    assert_eq!(darwin.code_signature, Some(CodeSignature::AdHoc));
    assert!(darwin.go_build_id.is_some());
    let unsigned = facts("toy-darwin-amd64").code_signature;
    assert_eq!(unsigned, Some(CodeSignature::Absent));

    let windows = facts("rich-windows-amd64");
    assert_eq!((windows.os, windows.arch), (Some(Os::Windows), Some(Arch::Amd64)));
    assert_eq!(windows.linkage, dynamic(None, &["kernel32.dll"]));
    assert_eq!((windows.pie, windows.stripped), (Some(true), Some(true)));
    assert_eq!(windows.executable_stack, Some(false));
    assert_eq!(windows.code_signature, Some(CodeSignature::Absent));

    let aix = facts("toy-aix-ppc64");
    assert_eq!((aix.os, aix.arch), (Some(Os::Aix), Some(Arch::Ppc64)));
    let libraries = ["libc.a(shr_64.o)", "libpthread.a(shr_xpg5_64.o)"];
    assert_eq!(aix.linkage, dynamic(None, &libraries));

    let plan9 = facts("toy-plan9-arm");
    assert_eq!((plan9.os, plan9.arch), (Some(Os::Plan9), Some(Arch::Arm)));
    assert_eq!(plan9.linkage, Linkage::Static);

    let js = facts("toy-js-wasm");
    assert_eq!((js.os, js.arch), (Some(Os::Js), Some(Arch::Wasm)));
    assert_eq!(facts("toy-wasip1-wasm").os, Some(Os::Wasip1));
    assert!(js.go_build_id.is_some());
}

#[test]
fn containers_and_members_are_named() {
    assert_eq!(binary("toy-js-wasm").container, Container::Wasm);
    assert_eq!(binary("toy-aix-ppc64").container, Container::Xcoff);
    assert_eq!(binary("toy-plan9-386").container, Container::Plan9);
    let archive = binary("cgo-linux-amd64-c-archive");
    assert_eq!(archive.container, Container::Archive);
    assert_eq!(archive.slices[0].name.as_deref(), Some("go.o"));
    assert!(archive.slices[0].offset > 0);
    assert!(!archive.other_slices.is_empty(), "the objects of the C compiler");
}

/// In every container where Go writes a table, all that it names is in the module list.
#[test]
fn function_tables_agree_with_the_module_lists() {
    for name in names() {
        let bytes = bytes(&name);
        let limits = Limits::default();
        let binary = read(&bytes, &limits).unwrap();
        let slice = &binary.slices[0];
        let table = pclntab::read(&bytes, slice, &limits).unwrap();
        // Not in the shrunk file: too widely spread (Go 1.15), or in pieces (WebAssembly).
        if name == "esbuild-0.8.0-linux-amd64" || name.ends_with("wasm") {
            assert_eq!(table, None, "{name}");
            continue;
        }
        let table = table.unwrap_or_else(|| panic!("{name}: no table"));
        let expected = match name.starts_with("esbuild") {
            true => TableFormat::Go1_16,
            false => TableFormat::Go1_20,
        };
        assert_eq!(table.format, expected, "{name}");
        assert!(table.functions > 1000, "{name}: {}", table.functions);
        assert!(table.packages.contains("runtime") && table.packages.contains("main"), "{name}");
        let comparison = table.compare(slice.build_info.modules().unwrap());
        assert!(comparison.is_consistent(), "{name}: {comparison:#?}");
    }
}

#[test]
fn function_table_of_a_trimmed_and_stripped_program() {
    let bytes = bytes("rich-linux-amd64");
    let limits = Limits::default();
    let binary = read(&bytes, &limits).unwrap();
    let slice = &binary.slices[0];
    let table = pclntab::read(&bytes, slice, &limits).unwrap().unwrap();
    assert!(table.packages.contains("golang.org/x/text/internal/tag"));
    assert!(table.files.iter().any(|file| file == "github.com/BurntSushi/toml@v1.4.0/decode.go"));
    let comparison = table.compare(slice.build_info.modules().unwrap());
    let traces: Vec<_> =
        comparison.listed.iter().map(|module| (module.path.as_str(), &module.trace)).collect();
    assert_eq!(
        traces,
        [
            ("example.com/Acme/rich", &Trace::Packages),
            ("example.com/local", &Trace::Version),
            ("github.com/BurntSushi/toml", &Trace::Version),
            ("github.com/blang/semver", &Trace::Version),
            ("golang.org/x/text", &Trace::Version),
            ("rsc.io/quote", &Trace::Version),
            ("rsc.io/sampler", &Trace::Version),
        ]
    );
}
