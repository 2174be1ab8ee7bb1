//! Random and randomly damaged input: nothing panics, nothing reads without bound, and what can
//! be written back is.

use chainsign_gosbom::diff::{Mode, ModuleSet, compare};
use chainsign_gosbom::purl::{GolangPurl, module_purl};
use chainsign_gosbom::{BuildInfo, GoRelease, GoVersion, Limits, ModuleSum, pclntab, read};
use proptest::prelude::*;

use crate::generate::specimens::specimens;
use crate::malformed::exercise;
use crate::real;
use crate::watched::Watched;

/// The first bytes of every container.
const MAGICS: [&[u8]; 12] = [
    b"\x7fELF\x02\x01\x01",
    b"\x7fELF\x01\x02\x01",
    b"\xcf\xfa\xed\xfe",
    b"\xfe\xed\xfa\xce",
    b"\xca\xfe\xba\xbe\0\0\0\x01",
    b"\xca\xfe\xba\xbf\0\0\0\x02",
    b"MZ",
    b"\x01\xf7",
    b"\x01\xdf",
    b"\0\0\x8a\x97",
    b"\0asm\x01\0\0\0",
    b"!<arch>\n",
];

/// A change of a file: where, and what is written there.
fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, Vec<u8>)>> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..9),
        prop::sample::select(vec![vec![0; 8], vec![0xff; 8], vec![0xff; 2], vec![0x80, 0, 0, 0]]),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), bytes), 1..8)
}

fn apply(bytes: &mut [u8], damage: &[(prop::sample::Index, Vec<u8>)], within: usize) {
    for (at, replacement) in damage {
        let at = at.index(within.min(bytes.len()));
        let end = (at + replacement.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&replacement[..end - at]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_after_every_magic_number(
        magic in prop::sample::select(&MAGICS[..]),
        rest in prop::collection::vec(any::<u8>(), 0..2048),
    ) {
        let _ = exercise(&[magic, &rest].concat());
    }

    #[test]
    fn damaged_files_of_every_container(
        specimen in prop::sample::select(specimens()),
        damage in damage(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (_, mut bytes) = specimen;
        let whole = bytes.len();
        apply(&mut bytes, &damage, 1024);
        let _ = exercise(&bytes);
        bytes.truncate(cut.index(whole));
        let _ = exercise(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Real headers, notes, dynamic sections, load commands and function tables.
    #[test]
    fn damaged_real_files(
        name in prop::sample::select(vec![
            "toy-linux-386", "cgo-linux-amd64-pie-now", "toy-darwin-amd64", "rich-windows-amd64",
            "toy-aix-ppc64", "toy-js-wasm", "cgo-linux-amd64-c-archive",
        ]),
        headers in damage(),
        table in damage(),
    ) {
        let whole = real::bytes(name);
        let limits = Limits::default();
        let slice = &real::binary(name).slices[0];
        let mut bytes = whole.to_vec();
        if let Some(found) = pclntab::read(&whole, slice, &limits).unwrap() {
            let start = usize::try_from(found.offset).unwrap();
            let mut part = bytes.split_off(start);
            apply(&mut part, &table, 200);
            bytes.extend(part);
            let watched = Watched::new(&bytes);
            let _ = pclntab::read(&watched, slice, &limits);
            prop_assert!(watched.read.get() <= 4 * bytes.len() as u64 + (1 << 20));
        }
        apply(&mut bytes, &headers, 2048);
        let _ = exercise(&bytes);
    }
}

fn path() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9._~-]{1,8}(\\.[a-z]{2,3})?(/[a-zA-Z0-9._~+@ %-]{1,8}){0,3}"
}

fn version() -> impl Strategy<Value = String> {
    "v[0-9]\\.[0-9]{1,2}\\.[0-9](-[a-z0-9.]{1,6})?(\\+incompatible)?"
}

/// A setting as `debug.BuildInfo.String` writes it.
fn quoted(text: &str) -> String {
    let plain = |it: char| !matches!(it, '=' | ' ' | '\t' | '\r' | '\n' | '"' | '`');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let escape = |it: char| match it {
        '"' | '\\' => format!("\\{it}"),
        '\n' => "\\n".to_owned(),
        it if it.is_ascii_graphic() || it == ' ' => it.to_string(),
        it => format!("\\U{:08x}", u32::from(it)),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

proptest! {
    #[test]
    fn module_lists_are_read_as_they_were_written(
        deps in prop::collection::vec((path(), version(), any::<Option<[u8; 32]>>(), prop::option::of((path(), version()))), 0..8),
        settings in prop::collection::vec(("[ -~üé\n\t]{1,12}", "[ -~üé\n\t]{0,20}"), 0..6),
    ) {
        let mut text = "path\tx.y/z\n".to_owned();
        for (path, version, sum, replace) in &deps {
            let sum = sum.as_ref().map(|sum| ModuleSum::from_h1(sum).to_string()).unwrap_or_default();
            match replace {
                None => text += &format!("dep\t{path}\t{version}\t{sum}\n"),
                Some((by, to)) => text += &format!("dep\t{path}\t{version}\n=>\t{by}\t{to}\t{sum}\n"),
            }
        }
        for (key, value) in &settings {
            text += &format!("build\t{}={}\n", quoted(key), quoted(value));
        }
        let info = BuildInfo::from_text(Some("go1.27.3"), text.as_bytes(), &Limits::default()).unwrap();
        let info = info.modules().unwrap();
        prop_assert_eq!(info.deps.len(), deps.len());
        for (found, (path, version, sum, replace)) in info.deps.iter().zip(&deps) {
            prop_assert_eq!((&found.path, &found.version), (path, version));
            let built = found.effective();
            prop_assert_eq!(built.sum.as_ref().and_then(ModuleSum::h1), *sum);
            let by = found.replace.as_ref().map(|it| (it.path.clone(), it.version.clone()));
            prop_assert_eq!(&by, replace);
        }
        let found: Vec<_> = info.settings.iter().map(|it| (it.key.clone(), it.value.clone())).collect();
        prop_assert_eq!(found, settings);
    }

    #[test]
    fn any_module_text_is_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..512)) {
        let info = BuildInfo::from_text(None, &text, &Limits::default()).unwrap();
        prop_assert_eq!(info.raw_modules(), text);
        let _ = info.modules();
    }

    #[test]
    fn package_urls_are_read_as_they_were_written(path in path(), version in version(), subpath in "([a-z]{1,5}/){0,2}[a-z]{1,5}") {
        // No module path has such segments, and other implementations drop them.
        prop_assume!(path.split('/').all(|segment| segment != "." && segment != ".."));
        let purl = module_purl(&path, &version).with_subpath(&subpath);
        let text = purl.to_string();
        prop_assert_eq!(GolangPurl::parse(&text), Ok(purl));
        prop_assert!(!text.contains('+') && !text.contains(' '));
        // An independent implementation reads the same. It lower-cases, as the specification of
        // the type says and Go forbids.
        let theirs: packageurl::PackageUrl<'_> = text.parse().unwrap();
        let namespace = theirs.namespace().map(|it| format!("{it}/")).unwrap_or_default();
        prop_assert_eq!(format!("{namespace}{}", theirs.name()).to_lowercase(), path.to_lowercase());
        prop_assert_eq!(theirs.version(), Some(version.as_str()));
        prop_assert_eq!(theirs.subpath(), Some(subpath.as_str()));
    }

    #[test]
    fn any_text_is_a_package_url_or_not(text in "(pkg:golang/)?[ -~ü%]{0,40}") {
        if let Ok(purl) = GolangPurl::parse(&text) {
            prop_assert_eq!(GolangPurl::parse(&purl.to_string()), Ok(purl));
        }
    }

    #[test]
    fn any_text_is_a_go_version(text in "(go|devel go)?[ -~]{0,24}") {
        let version = GoVersion::new(text.clone());
        prop_assert_eq!(version.as_str(), text);
        if let Some(release) = version.release() {
            prop_assert_eq!(GoRelease::parse(&release.to_string()), Some(release));
        }
    }

    #[test]
    fn any_document_is_an_sbom_or_not(text in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = ModuleSet::from_sbom(&text);
    }

    /// A list always agrees with itself, and a list without one of its modules does not.
    #[test]
    fn comparison_finds_what_is_left_out(
        deps in prop::collection::btree_map(path(), version(), 1..10),
        left_out in any::<prop::sample::Index>(),
    ) {
        // Only paths that a package URL gives back as they are.
        prop_assume!(deps.keys().all(|path| !path.contains("//") && path != "std" && path != "stdlib"));
        let lines: String = deps.iter().map(|(path, version)| format!("dep\t{path}\t{version}\n")).collect();
        let text = format!("path\tx\n{lines}");
        let info = BuildInfo::from_text(Some("go1.27.3"), text.as_bytes(), &Limits::default()).unwrap();
        let actual = ModuleSet::of_build_info(&info).unwrap();
        let mut purls: Vec<_> = deps.iter().map(|(path, version)| module_purl(path, version).to_string()).collect();
        purls.push("pkg:golang/stdlib@1.27.3".to_owned());
        let stated = |purls: &[String]| ModuleSet::from_purls(purls.iter().map(String::as_str)).unwrap();
        for mode in [Mode::Equal, Mode::Covers] {
            prop_assert!(compare(&actual, &stated(&purls), mode).is_none());
        }
        purls.remove(left_out.index(purls.len()));
        let difference = compare(&actual, &stated(&purls), Mode::Covers);
        prop_assert_eq!(difference.missing.len(), 1);
    }
}

/// Nothing that is read depends on how much is read at once.
#[test]
fn specimens_are_read_the_same_each_time() {
    for (name, bytes) in specimens() {
        let limits = Limits::default();
        let (a, b) = (read(&bytes, &limits).unwrap(), read(&bytes, &limits).unwrap());
        assert_eq!(a.slices[0].build_info, b.slices[0].build_info, "{name}");
        assert_eq!(a.slices[0].facts, b.slices[0].facts, "{name}");
    }
}
