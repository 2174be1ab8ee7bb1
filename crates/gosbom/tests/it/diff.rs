//! The comparison of a binary's modules with an SBOM's.

use chainsign_gosbom::diff::{Difference, Kind, Mode, ModuleSet, SbomError, Source, compare};
use chainsign_gosbom::purl::PurlError;
use chainsign_gosbom::sbom::{Sbom, SpecVersion};
use chainsign_gosbom::{BuildInfo, Limits, ModulesUnavailable};
use serde_json::{Value, json};

use crate::real;
use crate::sbom::{program, subject};

const MODULES: &str = "path\tx.y/App/cmd/z\nmod\tx.y/App\tv1.2.3\n\
    dep\ta.b/c\tv1.0.0\th1:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\
    dep\tgithub.com/Masterminds/semver/v3\tv3.3.0\n\
    dep\told.example/m\tv1.1.0\n=>\tfork.example/m\tv1.9.9\th1:zMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMw=\n\
    dep\tlocal.example/l\tv0.5.0\n=>\t../l\t(devel)\t\n\
    dep\tsibling.example/s\t(devel)\n";

fn binary(modules: &str) -> ModuleSet {
    let info = BuildInfo::from_text(Some("go1.27.3"), modules.as_bytes(), &Limits::default());
    ModuleSet::of_build_info(&info.unwrap()).unwrap()
}

/// What a faithful SBOM lists.
const PURLS: [&str; 7] = [
    "pkg:golang/stdlib@1.27.3",
    "pkg:golang/x.y/App@v1.2.3#cmd/z",
    "pkg:golang/a.b/c@v1.0.0",
    "pkg:golang/github.com/Masterminds/semver/v3@v3.3.0",
    "pkg:golang/fork.example/m@v1.9.9",
    "pkg:golang/local.example/l",
    "pkg:golang/sibling.example/s",
];

/// Replaces one package URL by others, and compares.
#[track_caller]
fn with(index: usize, purls: &[&str]) -> Difference {
    let mut all = PURLS.to_vec();
    all.splice(index..=index, purls.iter().copied());
    difference(&all, Mode::Equal)
}

#[track_caller]
fn difference(purls: &[&str], mode: Mode) -> Difference {
    compare(&binary(MODULES), &ModuleSet::from_purls(purls.iter().copied()).unwrap(), mode)
}

#[track_caller]
fn says(difference: &Difference, lines: &[&str]) {
    let text = difference.to_string();
    // Without an SBOM's sums the binary's are unknown; not what most tests are about.
    let found: Vec<_> = text.lines().filter(|line| !line.starts_with("sum on one side")).collect();
    assert_eq!(found, lines);
}

const SAME: &str = "the binary and the SBOM have the same modules";

#[test]
fn a_faithful_sbom() {
    let difference = difference(&PURLS, Mode::Equal);
    assert!(difference.is_none());
    says(&difference, &[SAME]);
    assert_eq!(difference.sum_unknown.len(), 2);
}

#[test]
fn a_module_left_out() {
    for (index, line) in [
        (0, "only in the binary: stdlib 1.27.3"),
        (1, "only in the binary: x.y/App v1.2.3"),
        (2, "only in the binary: a.b/c v1.0.0"),
        (4, "only in the binary: fork.example/m v1.9.9"),
        (5, "only in the binary: local.example/l v0.5.0"),
    ] {
        let difference = with(index, &[]);
        assert!(!difference.is_none());
        says(&difference, &[line]);
    }
}

#[test]
fn a_module_too_many_counts_only_for_equality() {
    let mut purls = PURLS.to_vec();
    purls.extend(["pkg:golang/extra.example/e@v1.0.0", "pkg:npm/left-pad@1.0.0"]);
    says(&difference(&purls, Mode::Equal), &["only in the SBOM: extra.example/e v1.0.0"]);
    assert!(difference(&purls, Mode::Covers).is_none());
    // Another version beside the right one is too many as well.
    let two = with(2, &["pkg:golang/a.b/c@v1.0.0", "pkg:golang/a.b/c@v0.9.0"]);
    says(&two, &["only in the SBOM: a.b/c v0.9.0"]);
}

#[test]
fn another_version() {
    let other = with(2, &["pkg:golang/a.b/c@v1.0.1"]);
    assert!(!other.is_none());
    says(&other, &["version differs: a.b/c: the binary has v1.0.0, the SBOM v1.0.1"]);
    let none = with(2, &["pkg:golang/a.b/c"]);
    says(&none, &["version differs: a.b/c: the binary has v1.0.0, the SBOM no version"]);
    let devel = with(2, &["pkg:golang/a.b/c@(devel)"]);
    says(&devel, &["version differs: a.b/c: the binary has v1.0.0, the SBOM no version"]);
    let two = with(2, &["pkg:golang/a.b/c@v2.0.0", "pkg:golang/a.b/c@v1.5.0"]);
    says(&two, &["version differs: a.b/c: the binary has v1.0.0, the SBOM v1.5.0, v2.0.0"]);
    let go = with(0, &["pkg:golang/stdlib@1.27.2"]);
    says(&go, &["version differs: stdlib: the binary has 1.27.3, the SBOM 1.27.2"]);
    let main = with(1, &["pkg:golang/x.y/App@v1.2.4"]);
    says(&main, &["version differs: x.y/App: the binary has v1.2.3, the SBOM v1.2.4"]);
    let wrong = with(3, &["pkg:golang/github.com/Masterminds/semver/v3@v3.3.1"]);
    assert_eq!(wrong.version_differs.len(), 1);
}

/// Names are compared whole and with their case.
#[test]
fn similar_names_are_other_modules() {
    for purl in [
        "pkg:golang/a.b/C@v1.0.0",
        "pkg:golang/a.b/cc@v1.0.0",
        "pkg:golang/a.b@v1.0.0",
        "pkg:golang/evil/a.b/c@v1.0.0",
        "pkg:golang/c@v1.0.0",
    ] {
        let difference = with(2, &[purl]);
        assert_eq!(difference.missing.len(), 1, "{purl}");
        assert_eq!(difference.extra.len(), 1, "{purl}");
    }
    let lower = with(3, &["pkg:golang/github.com/masterminds/semver/v3@v3.3.0"]);
    assert_eq!((lower.missing.len(), lower.extra.len()), (1, 1));
    // A subpath names a package of the main module only.
    let package = with(2, &["pkg:golang/a.b/c@v1.0.0#sub"]);
    assert_eq!((package.missing.len(), package.extra.len()), (1, 1));
}

#[test]
fn other_tools_spellings() {
    for (index, purl) in [
        (0, "pkg:golang/stdlib@v1.27.3"),
        (0, "pkg:golang/stdlib@go1.27.3"),
        (0, "pkg:golang/std@1.27.3"),
        (0, "pkg:golang/stdlib@1.27.3-X%3Anogreenteagc"),
        (1, "pkg:golang/x.y/App@v1.2.3"),
        (1, "pkg:golang/x.y/App@v1.2.3?goarch=amd64&goos=linux&type=module#cmd/z"),
        (2, "pkg:golang/a.b/c@1.0.0"),
        (3, "pkg:golang/github.com/Masterminds/semver@v3.3.0#v3"),
    ] {
        says(&with(index, &[purl]), &[SAME]);
    }
}

#[test]
fn replaced_modules_under_either_name() {
    for (index, purl) in [
        (4, "pkg:golang/old.example/m@v1.1.0"),
        (5, "pkg:golang/local.example/l@v0.5.0"),
        (5, "pkg:golang/local.example/l@(devel)"),
        (5, "pkg:golang/../l@(devel)"),
    ] {
        says(&with(index, &[purl]), &[SAME]);
    }
    says(
        &with(4, &["pkg:golang/old.example/m@v1.1.0", "pkg:golang/fork.example/m@v1.9.9"]),
        &[SAME],
    );
    // But each name has its own version.
    let swapped = with(4, &["pkg:golang/old.example/m@v1.9.9"]);
    assert_eq!(swapped.version_differs.len(), 1);
    let unversioned = with(4, &["pkg:golang/old.example/m"]);
    assert_eq!(unversioned.version_differs.len(), 1);
    let local = with(5, &["pkg:golang/local.example/l@v9.9.9"]);
    let line = "version differs: local.example/l: the binary has v0.5.0, the SBOM v9.9.9";
    says(&local, &[line]);
}

#[test]
fn what_go_does_not_know_is_reported_and_not_refused() {
    let difference = with(6, &["pkg:golang/sibling.example/s@v1.0.0"]);
    assert!(difference.is_none());
    says(&difference, &[SAME, "version unknown to Go, not compared: sibling.example/s v1.0.0"]);
}

#[test]
fn sums() {
    let sbom = |properties: Value| {
        let component = |purl: &&str| json!({"purl": purl});
        let mut components: Vec<_> = PURLS.iter().map(component).collect();
        components[2] = json!({"purl": PURLS[2], "properties": properties});
        let document = json!({"bomFormat": "CycloneDX", "components": components});
        let stated = ModuleSet::from_sbom(document.to_string().as_bytes()).unwrap();
        compare(&binary(MODULES), &stated, Mode::Equal)
    };
    let right = "h1:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=";
    let wrong = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for name in ["chainsign:go:sum", "syft:metadata:h1Digest"] {
        let same = sbom(json!([{"name": name, "value": right}]));
        assert!(same.is_none());
        assert_eq!(same.sum_unknown.len(), 1, "only the replacement's");
        let other = sbom(json!([{"name": name, "value": wrong}]));
        assert!(!other.is_none());
        let line = format!("sum differs: a.b/c v1.0.0: the binary has {right}, the SBOM {wrong}");
        says(&other, &[line.as_str()]);
    }
    let unknown = sbom(json!([]));
    assert!(unknown.is_none());
    let text = unknown.to_string();
    assert!(
        text.contains("sum on one side only, not compared: a.b/c v1.0.0 and 1 more\n"),
        "{text}"
    );
}

/// A right sum beside a wrong one does not cover it.
#[test]
fn two_sums_for_one_module() {
    let modules = "path\tx\ndep\ta.b/c\tv1.0.0\th1:right\n";
    let component = |sum: &str| {
        let properties = json!([{"name": "chainsign:go:sum", "value": sum}]);
        json!({"purl": "pkg:golang/a.b/c@v1.0.0", "properties": properties})
    };
    let stdlib = json!({"purl": "pkg:golang/stdlib@1.27.3"});
    let components = json!([component("h1:right"), component("h1:wrong"), stdlib]);
    let document = json!({"bomFormat": "CycloneDX", "components": components});
    let stated = ModuleSet::from_sbom(document.to_string().as_bytes()).unwrap();
    let difference = compare(&binary(modules), &stated, Mode::Covers);
    assert_eq!(difference.sum_differs.len(), 1);
    assert_eq!(difference.sum_differs[0].stated.as_str(), "h1:wrong");
}

#[test]
fn hashes_are_sums_only_of_the_tools_that_use_them_so() {
    let hex = "aa".repeat(32);
    let find = |stated: ModuleSet| stated.entries()[0].sum.clone().map(|sum| sum.to_string());
    let cyclonedx = |tools: Value| {
        let hashes = json!([{"alg": "SHA-256", "content": hex}]);
        let components = json!([{"purl": "pkg:golang/a.b/c@v1", "hashes": hashes}]);
        let metadata = json!({"tools": tools});
        let document =
            json!({"bomFormat": "CycloneDX", "metadata": metadata, "components": components});
        find(ModuleSet::from_sbom(document.to_string().as_bytes()).unwrap())
    };
    let sum = Some("h1:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=".to_owned());
    assert_eq!(cyclonedx(json!([{"name": "cyclonedx-gomod"}])), sum);
    assert_eq!(cyclonedx(json!({"components": [{"name": "cyclonedx-gomod"}]})), sum);
    assert_eq!(cyclonedx(json!([{"name": "other"}])), None);
    let spdx = |creator: &str| {
        let reference = json!({"referenceType": "purl", "referenceLocator": "pkg:golang/a.b/c@v1"});
        let checksum = json!({"algorithm": "SHA256", "checksumValue": hex});
        let package = json!({"externalRefs": [reference], "checksums": [checksum]});
        let info = json!({"creators": [creator]});
        let document =
            json!({"spdxVersion": "SPDX-2.3", "creationInfo": info, "packages": [package]});
        find(ModuleSet::from_sbom(document.to_string().as_bytes()).unwrap())
    };
    assert_eq!(spdx("Tool: syft-1.18.1"), sum);
    assert_eq!(spdx("Tool: other-1"), None);
}

/// Our own documents say what the binary says, in every format.
#[test]
fn our_own_documents_agree_with_the_binary() {
    for name in real::names() {
        let binary = real::binary(&name);
        let actual = ModuleSet::of_slices(&binary.slices).unwrap();
        let sbom = Sbom::of_binary(&binary, &subject());
        for json in [
            sbom.to_cyclonedx_json(SpecVersion::V1_4),
            sbom.to_cyclonedx_json(SpecVersion::V1_7),
            sbom.to_spdx_json(),
        ] {
            let stated = ModuleSet::from_sbom(&json).unwrap();
            assert_eq!(stated.source(), Source::Sbom);
            let difference = compare(&actual, &stated, Mode::Equal);
            assert!(difference.is_none(), "{name}: {difference}");
            assert_eq!(difference.sum_unknown, [], "{name}: {difference}");
            assert_eq!(difference.version_unknown, [], "{name}: {difference}");
        }
    }
}

/// Each module of our own document in turn is left out, renamed or given another version.
#[test]
fn every_lie_about_a_real_binary_is_found() {
    let binary = real::binary("rich-linux-amd64");
    let actual = ModuleSet::of_slices(&binary.slices).unwrap();
    let json = Sbom::of_binary(&binary, &subject()).to_cyclonedx_json(SpecVersion::V1_6);
    let document: Value = serde_json::from_slice(&json).unwrap();
    let count = document["components"].as_array().unwrap().len();
    assert_eq!(count, 7);
    let check = |document: &Value| {
        let stated = ModuleSet::from_sbom(document.to_string().as_bytes()).unwrap();
        compare(&actual, &stated, Mode::Equal)
    };
    for index in 0..count {
        let mut without = document.clone();
        without["components"].as_array_mut().unwrap().remove(index);
        assert_eq!(check(&without).missing.len(), 1);
        let purl = document["components"][index]["purl"].as_str().unwrap();
        let mut other = document.clone();
        other["components"][index]["purl"] = match purl.split_once('@') {
            Some((path, _)) => format!("{path}@v9.9.9").into(),
            None => format!("{purl}@v9.9.9").into(),
        };
        assert_eq!(check(&other).version_differs.len(), 1, "{purl}");
        let mut renamed = document.clone();
        renamed["components"][index]["purl"] = purl.replace("golang/", "golang/evil/").into();
        let difference = check(&renamed);
        assert_eq!((difference.missing.len(), difference.extra.len()), (1, 1), "{purl}");
    }
}

#[test]
fn components_at_any_depth_and_in_metadata_count() {
    let document = json!({
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"purl": "pkg:golang/a.b/main@v1", "components": [
            {"purl": "pkg:golang/a.b/nested@v1"}]}},
        "components": [{"name": "no purl", "components": [
            {"components": [{"purl": "pkg:golang/a.b/deep@v1"}]}]}]
    });
    let set = ModuleSet::from_sbom(document.to_string().as_bytes()).unwrap();
    let mut paths: Vec<_> = set.entries().iter().map(|it| it.name.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["a.b/deep", "a.b/main", "a.b/nested"]);
}

#[test]
fn two_binaries_must_have_compiled_the_same() {
    let same = compare(&binary(MODULES), &binary(MODULES), Mode::Equal);
    assert!(same.is_none());
    says(&same, &["the first binary and the second binary have the same modules"]);
    let plain = MODULES.replace(
        "=>\tfork.example/m\tv1.9.9\th1:zMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMw=\n",
        "",
    );
    let difference = compare(&binary(MODULES), &binary(&plain), Mode::Equal);
    says(
        &difference,
        &[
            "only in the first binary: fork.example/m v1.9.9",
            "only in the second binary: old.example/m v1.1.0",
        ],
    );
}

#[test]
fn a_main_package_without_a_module_need_not_be_listed() {
    let loose = binary("path\tcommand-line-arguments\ndep\ta.b/c\tv1.0.0\n");
    let main = loose.entries().iter().find(|it| it.kind == Kind::MainPackage).unwrap();
    assert_eq!(main.name.path, "command-line-arguments");
    let listed = ["pkg:golang/stdlib@1.27.3", "pkg:golang/a.b/c@v1.0.0"];
    let with_main = [listed[0], listed[1], "pkg:golang/command-line-arguments@(devel)"];
    for purls in [listed.as_slice(), with_main.as_slice()] {
        let stated = ModuleSet::from_purls(purls.iter().copied()).unwrap();
        assert!(compare(&loose, &stated, Mode::Equal).is_none());
    }
}

#[test]
fn no_module_list_is_nothing_to_compare() {
    let info = BuildInfo::from_text(Some("go1.27.3"), b"", &Limits::default()).unwrap();
    assert_eq!(ModuleSet::of_build_info(&info), Err(ModulesUnavailable::Absent));
    let binary = program("go1.27.3", "dep\ta\n");
    assert!(matches!(
        ModuleSet::of_slices(&binary.slices),
        Err(ModulesUnavailable::Malformed { line: 1, .. })
    ));
}

#[test]
fn documents_that_cannot_be_read() {
    let of = |json: &str| ModuleSet::from_sbom(json.as_bytes()).unwrap_err();
    assert!(matches!(of("<bom/>"), SbomError::Json(_)));
    assert!(matches!(of("{}"), SbomError::UnknownFormat));
    assert!(matches!(of(r#"{"bomFormat":"Other"}"#), SbomError::UnknownFormat));
    assert!(matches!(of(r#"{"spdxVersion":"SPDX-3.0"}"#), SbomError::UnknownFormat));
    assert!(matches!(
        of(r#"{"bomFormat":"CycloneDX","components":[{"purl":1}]}"#),
        SbomError::Json(_)
    ));
    let deep = format!(
        "{{\"bomFormat\":\"CycloneDX\",\"components\":{}{}}}",
        "[{\"components\":".repeat(200),
        "]".repeat(200)
    );
    assert!(matches!(of(&deep), SbomError::Json(_)));
    let error = of(r#"{"bomFormat":"CycloneDX","components":[{"purl":"pkg:golang/a%2"}]}"#);
    let SbomError::Purl { purl, reason } = error else { panic!("{error}") };
    assert_eq!(purl, "pkg:golang/a%2");
    assert_eq!(reason, PurlError::Encoding("a%2".to_owned()));
}
