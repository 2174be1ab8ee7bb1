//! What the documents say, and that they say it the same way each time.

use chainsign_gosbom::sbom::{Sbom, SpecVersion, Subject};
use chainsign_gosbom::{GoBinary, Limits, read};
use serde_json::Value;

use crate::generate::{Width, elf, inline, inline_raw, macho};
use crate::real;

const VERSIONS: [SpecVersion; 4] =
    [SpecVersion::V1_4, SpecVersion::V1_5, SpecVersion::V1_6, SpecVersion::V1_7];

pub(crate) fn subject() -> Subject {
    Subject::new("tool").with_sha256([0x11; 32]).with_sha512([0x22; 64]).found_at("bin/tool")
}

fn rich() -> Sbom {
    let created = "2026-01-02T03:04:05.678Z".parse().unwrap();
    Sbom::of_binary(&real::binary("rich-linux-amd64"), &subject()).created(created)
}

pub(crate) fn program(version: &str, modules: &str) -> GoBinary {
    let file = elf::program(inline(version, modules)).build();
    read(&file, &Limits::default()).unwrap()
}

fn cyclonedx(binary: &GoBinary) -> Value {
    let json = Sbom::of_binary(binary, &subject()).to_cyclonedx_json(SpecVersion::V1_6);
    serde_json::from_slice(&json).unwrap()
}

fn spdx(binary: &GoBinary) -> Value {
    serde_json::from_slice(&Sbom::of_binary(binary, &subject()).to_spdx_json()).unwrap()
}

fn snapshot(name: &str, json: &[u8]) {
    let text = std::str::from_utf8(json).unwrap();
    let tool = concat!("chainsign-", env!("CARGO_PKG_VERSION"));
    let version = concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"");
    let text = text.replace(tool, "chainsign-X.Y.Z").replace(version, "\"version\": \"X.Y.Z\"");
    insta::assert_snapshot!(name, text);
}

#[test]
fn whole_documents() {
    snapshot("cyclonedx-1.6", &rich().to_cyclonedx_json(SpecVersion::V1_6));
    snapshot("spdx-2.3", &rich().to_spdx_json());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for version in VERSIONS {
        assert_eq!(rich().to_cyclonedx_json(version), rich().to_cyclonedx_json(version));
    }
    assert_eq!(rich().to_spdx_json(), rich().to_spdx_json());
}

/// What a later version added is missing in an earlier one; all else is the same.
#[test]
fn versions_differ_only_where_the_specification_does() {
    let document =
        |version| -> Value { serde_json::from_slice(&rich().to_cyclonedx_json(version)).unwrap() };
    let [v1_4, v1_5, mut v1_6, mut v1_7] = VERSIONS.map(document);
    for version in [&mut v1_6, &mut v1_7] {
        version["$schema"] = Value::Null;
        version["specVersion"] = Value::Null;
    }
    assert_eq!(v1_6, v1_7);

    let main = |document: &Value| document["metadata"]["component"].clone();
    assert!(v1_4["metadata"]["tools"].is_array() && v1_5["metadata"]["tools"].is_object());
    assert!(v1_4["metadata"]["lifecycles"].is_null() && v1_5["metadata"]["lifecycles"].is_array());
    assert!(main(&v1_4)["evidence"].is_null());
    assert!(main(&v1_5)["evidence"]["identity"].is_object());
    assert!(main(&v1_6)["evidence"]["identity"].is_array());
    assert!(main(&v1_5)["evidence"]["occurrences"][0]["offset"].is_null());
    assert!(main(&v1_6)["evidence"]["occurrences"][0]["offset"].is_u64());
    let without_evidence = |document: &Value| {
        let mut components = document["components"].clone();
        for component in components.as_array_mut().unwrap() {
            component.as_object_mut().unwrap().remove("evidence");
        }
        components
    };
    for other in [&v1_4, &v1_5] {
        assert_eq!(without_evidence(other), without_evidence(&v1_6));
        for field in ["serialNumber", "dependencies", "compositions"] {
            assert_eq!(other[field], v1_6[field]);
        }
    }
}

/// The serial number is bound to the file, and absent where the file is not known.
#[test]
fn serial_number_and_time() {
    let binary = real::binary("toy-linux-amd64");
    let serial = |subject: &Subject| {
        let json = Sbom::of_binary(&binary, subject).to_cyclonedx_json(SpecVersion::V1_6);
        let document: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(document["metadata"]["timestamp"], Value::Null);
        document["serialNumber"].as_str().map(str::to_owned)
    };
    // uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, "https://chainsign.dev/sbom"), "sha256:" + 32 * "11")
    let expected = "urn:uuid:d79f827c-54a6-5963-91e7-31b10d984be4";
    assert_eq!(serial(&subject()).as_deref(), Some(expected));
    assert_ne!(serial(&subject().with_sha256([0x12; 32])).as_deref(), Some(expected));
    assert_eq!(serial(&Subject::new("tool")), None);
}

fn component<'a>(document: &'a Value, name: &str) -> &'a Value {
    let components = document["components"].as_array().unwrap();
    components.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

fn property<'a>(component: &'a Value, name: &str) -> Option<&'a str> {
    let properties = component["properties"].as_array()?;
    properties.iter().find(|it| it["name"] == name)?["value"].as_str()
}

#[test]
fn replaced_modules() {
    let document = cyclonedx(&real::binary("rich-linux-amd64"));
    let version = component(&document, "rsc.io/sampler");
    assert_eq!(version["purl"], "pkg:golang/rsc.io/sampler@v1.99.99");
    assert_eq!(version["pedigree"]["ancestors"][0]["purl"], "pkg:golang/rsc.io/sampler@v1.3.0");
    let folder = component(&document, "example.com/local");
    assert_eq!(folder["purl"], "pkg:golang/example.com/local");
    assert_eq!(folder["version"], Value::Null);
    assert_eq!(property(folder, "chainsign:go:replacedByFolder"), Some("./local"));
    assert_eq!(folder["pedigree"]["ancestors"][0]["version"], "v1.2.3");
}

/// A sum is not the hash of a file, so that it is no hash of the component.
#[test]
fn sums_are_properties_and_never_hashes() {
    let document = cyclonedx(&real::binary("rich-linux-amd64"));
    let toml = component(&document, "github.com/BurntSushi/toml");
    assert_eq!(toml["hashes"], Value::Null);
    let sum = "h1:kuoIxZQy2WRRk1pttg9asf+WVv6tWQuBNVmK8+nqPr0=";
    assert_eq!(property(toml, "chainsign:go:sum"), Some(sum));
    let document = spdx(&real::binary("rich-linux-amd64"));
    let packages = document["packages"].as_array().unwrap();
    let toml = packages.iter().find(|it| it["name"] == "github.com/BurntSushi/toml").unwrap();
    assert_eq!(toml["checksums"], Value::Null);
    assert_eq!(toml["annotations"][0]["comment"], format!("chainsign:go:sum={sum}"));
}

#[test]
fn standard_library_of_every_kind_of_version() {
    #[track_caller]
    fn check(go: &str, purl: &str, cpe: Option<&str>) {
        let document = cyclonedx(&program(go, "path\ta.b/c\n"));
        let stdlib = component(&document, "stdlib");
        assert_eq!(stdlib["purl"], purl);
        assert_eq!(stdlib["cpe"].as_str(), cpe);
        assert_eq!(property(stdlib, "chainsign:go:version"), Some(go));
        assert_eq!(stdlib["licenses"][0]["license"]["id"], "BSD-3-Clause");
    }
    let release = Some("cpe:2.3:a:golang:go:1.27.3:-:*:*:*:*:*:*");
    check("go1.27.3", "pkg:golang/stdlib@1.27.3", release);
    check("go1.27.3-X:nogreenteagc", "pkg:golang/stdlib@1.27.3", release);
    check("go1.27.3 (Red Hat 1.27.3-1.el10)", "pkg:golang/stdlib@1.27.3", release);
    let candidate = Some("cpe:2.3:a:golang:go:1.27:rc1:*:*:*:*:*:*");
    check("go1.27rc1", "pkg:golang/stdlib@1.27rc1", candidate);
    check("devel go1.28-8a1b2c Thu Jan 1", "pkg:golang/stdlib", None);
}

#[test]
fn main_component() {
    let of = |modules: &str| {
        let document = cyclonedx(&program("go1.27.3", modules));
        document["metadata"]["component"].clone()
    };
    let released = of("path\tx.y/App/cmd/z\nmod\tx.y/App\tv1.2.3+dirty\th1:x\n");
    assert_eq!(released["purl"], "pkg:golang/x.y/App@v1.2.3%2Bdirty#cmd/z");
    assert_eq!(released["version"], "v1.2.3+dirty");
    assert_eq!(property(&released, "chainsign:go:versionSource"), Some("buildinfo"));
    assert_eq!(property(&released, "chainsign:go:sum"), Some("h1:x"));
    assert_eq!(released["hashes"][0]["content"], "11".repeat(32));
    assert_eq!(released["hashes"][1]["alg"], "SHA-512");

    let devel = of("path\tx.y/App\nmod\tx.y/App\t(devel)\t\n");
    assert_eq!((&devel["purl"], &devel["version"]), (&"pkg:golang/x.y/App".into(), &Value::Null));
    assert_eq!(property(&devel, "chainsign:go:versionSource"), Some("none"));

    let flags = "build\t-ldflags=\"-s -X main.version=2.0.1\"\n";
    let stated = of(&format!("path\tx.y/App\nmod\tx.y/App\t(devel)\t\n{flags}"));
    assert_eq!(stated["purl"], "pkg:golang/x.y/App@v2.0.1");
    let source = property(&stated, "chainsign:go:versionSource");
    assert_eq!(source, Some("ldflags:main.version"));

    // `go build file.go` and GOPATH builds name no module: nothing is made up.
    let file = of("path\tcommand-line-arguments\ndep\ta.b/c\tv1.0.0\n");
    assert_eq!((&file["name"], &file["purl"]), (&"tool".into(), &Value::Null));
    let gopath = of("path\tx.y/App/cmd/z\n");
    assert_eq!((&gopath["name"], &gopath["purl"]), (&"x.y/App/cmd/z".into(), &Value::Null));
}

#[test]
fn every_setting_is_a_property() {
    let document = cyclonedx(&program(
        "go1.27.3",
        "path\tx.y/z\nmod\tx.y/z\tv1.0.0\n\
         build\t-tags=netgo,osusergo\nbuild\tCGO_ENABLED=0\nbuild\tGOOS=linux\n\
         build\tGOFIPS140=v1.0.0-c2097c7c\nbuild\tvcs.modified=true\nbuild\t\"odd key\"=\"a b\"\n",
    ));
    let properties = document["metadata"]["component"]["properties"].as_array().unwrap();
    let properties: Vec<_> = properties
        .iter()
        .map(|it| format!("{}={}", it["name"].as_str().unwrap(), it["value"].as_str().unwrap()))
        .collect();
    for expected in [
        "cdx:gomod:build:env:GOVERSION=go1.27.3",
        "cdx:gomod:build:tag=netgo",
        "cdx:gomod:build:tag=osusergo",
        "chainsign:go:build:-tags=netgo,osusergo",
        "cdx:gomod:build:env:CGO_ENABLED=0",
        "cdx:gomod:build:env:GOOS=linux",
        "chainsign:go:build:GOFIPS140=v1.0.0-c2097c7c",
        "chainsign:go:build:vcs.modified=true",
        "chainsign:go:build:odd key=a b",
        "chainsign:go:observed:linkage=static",
    ] {
        assert!(properties.contains(&expected.to_owned()), "{expected} not in {properties:#?}");
    }
}

/// An unreadable module list is declared, and never looks like an empty one.
#[test]
fn unknown_modules_are_declared_unknown() {
    let file = elf::program(inline_raw(b"go1.27.3", b"")).build();
    let document = cyclonedx(&read(&file, &Limits::default()).unwrap());
    let main = &document["metadata"]["component"];
    let reason = property(main, "chainsign:go:modulesUnavailable");
    assert_eq!(reason, Some("the binary has no module list"));
    let compositions = document["compositions"].as_array().unwrap();
    assert_eq!(compositions.len(), 1);
    assert_eq!(compositions[0]["aggregate"], "unknown");
    let unknown = compositions[0]["dependencies"].as_array().unwrap();
    assert!(unknown.contains(&main["bom-ref"]));

    let document = cyclonedx(&program("go1.27.3", "path\ta\ndep\tb\n"));
    let main = &document["metadata"]["component"];
    let expected = "module list malformed at line 2: a module line has 1 columns, wanted path, \
                    version and perhaps sum";
    assert_eq!(property(main, "chainsign:go:modulesUnavailable"), Some(expected));
}

#[test]
fn universal_binaries_name_each_slice_once() {
    let modules = "path\tx.y/z\nmod\tx.y/z\tv1.0.0\ndep\ta.b/c\tv1.0.0\n";
    let arm = macho::program(inline("go1.27.3", modules));
    let mut intel =
        macho::program(inline("go1.27.3", &modules.replace("a.b/c\tv1.0.0", "a.b/c\tv1.1.0")));
    intel.cpu = macho::AMD64;
    let slices = [(macho::AMD64, intel.build()), (macho::ARM64, arm.build())];
    let file = macho::universal(Width::Bits32, &slices);
    let document = cyclonedx(&read(&file, &Limits::default()).unwrap());
    let components = document["components"].as_array().unwrap();
    let purls: Vec<_> = components.iter().map(|it| it["purl"].as_str().unwrap()).collect();
    let expected =
        ["pkg:golang/a.b/c@v1.0.0", "pkg:golang/a.b/c@v1.1.0", "pkg:golang/stdlib@1.27.3"];
    assert_eq!(purls, expected);
    let occurrences = &components[2]["evidence"]["occurrences"];
    let contexts: Vec<_> =
        occurrences.as_array().unwrap().iter().map(|it| &it["additionalContext"]).collect();
    assert_eq!(contexts, ["slice amd64 at 0x1000", "slice arm64 at 0x2000"]);
}

#[test]
fn a_folder_of_binaries_shares_its_modules() {
    let (a, b) = (real::binary("rich-linux-amd64"), real::binary("rich-darwin-arm64"));
    let subject = |name: &str, digest| Subject::new(name).with_sha256([digest; 32]).found_at(name);
    let subjects = [subject("linux/tool", 1), subject("darwin/tool", 2)];
    let image = Subject::new("release");
    let binaries = [(&a.slices[..], &subjects[0]), (&b.slices[..], &subjects[1])];
    let sbom = Sbom::of_binaries(&image, binaries);
    let document: Value =
        serde_json::from_slice(&sbom.to_cyclonedx_json(SpecVersion::V1_6)).unwrap();
    assert_eq!(document["metadata"]["component"]["name"], "release");
    let components = document["components"].as_array().unwrap();
    let programs: Vec<_> = components.iter().filter(|it| it["type"] == "application").collect();
    assert_eq!(programs.len(), 2);
    assert_eq!(programs[0]["purl"], programs[1]["purl"]);
    assert_ne!(programs[0]["bom-ref"], programs[1]["bom-ref"]);
    let toml: Vec<_> =
        components.iter().filter(|it| it["name"] == "github.com/BurntSushi/toml").collect();
    assert_eq!(toml.len(), 1);
    let occurrences = toml[0]["evidence"]["occurrences"].as_array().unwrap();
    let places: Vec<_> = occurrences.iter().map(|it| it["location"].as_str().unwrap()).collect();
    assert_eq!(places, ["linux/tool", "darwin/tool"]);

    let json = sbom.to_spdx_json();
    let document: Value = serde_json::from_slice(&json).unwrap();
    let relationships = document["relationships"].as_array().unwrap();
    let contains = relationships.iter().filter(|it| it["relationshipType"] == "CONTAINS");
    assert_eq!(contains.count(), 2);
}

/// Every reference in a document is to something that is in it, and nothing is in it twice.
#[test]
fn references_hold() {
    for name in real::names() {
        let document = cyclonedx(&real::binary(&name));
        let main = &document["metadata"]["component"]["bom-ref"];
        let components = document["components"].as_array().unwrap();
        let mut references: Vec<_> = components.iter().map(|it| &it["bom-ref"]).collect();
        references.push(main);
        let mut unique: Vec<_> = references.iter().map(|it| it.as_str().unwrap()).collect();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), references.len(), "{name}");
        let dependencies = document["dependencies"].as_array().unwrap();
        let targets = dependencies.iter().filter_map(|it| it["dependsOn"].as_array()).flatten();
        let compositions = document["compositions"].as_array().unwrap();
        let composed = compositions.iter().flat_map(|it| it["dependencies"].as_array().unwrap());
        for reference in dependencies.iter().map(|it| &it["ref"]).chain(targets).chain(composed) {
            assert!(references.contains(&reference), "{name}: {reference}");
        }
    }
}

/// An independent implementation reads our 1.4 and 1.5 without loss of the fields it knows.
mod independent {
    use cyclonedx_bom::models::bom::Bom;
    use cyclonedx_bom::validation::Validate;

    use super::*;

    #[test]
    fn reads_and_writes_the_same_components() {
        for (version, spec) in [(SpecVersion::V1_4, "1.4"), (SpecVersion::V1_5, "1.5")] {
            let ours = rich().to_cyclonedx_json(version);
            let parse = |json: &[u8]| match spec {
                "1.4" => Bom::parse_from_json_v1_4(json).unwrap(),
                _ => Bom::parse_from_json_v1_5(json).unwrap(),
            };
            let bom = parse(&ours);
            let validation = bom.validate();
            assert!(validation.passed(), "{spec}: {validation:?}");
            let mut theirs = Vec::new();
            match spec {
                "1.4" => bom.output_as_json_v1_4(&mut theirs).unwrap(),
                _ => bom.output_as_json_v1_5(&mut theirs).unwrap(),
            }
            let ours: Value = serde_json::from_slice(&ours).unwrap();
            let theirs: Value = serde_json::from_slice(&theirs).unwrap();
            for field in [
                "bomFormat",
                "specVersion",
                "serialNumber",
                "version",
                "dependencies",
                "compositions",
            ] {
                assert_eq!(ours[field], theirs[field], "{spec} {field}");
            }
            let components = |document: &Value| document["components"].as_array().unwrap().clone();
            let main = |document: &Value| document["metadata"]["component"].clone();
            let mut all = components(&ours);
            all.push(main(&ours));
            let mut others = components(&theirs);
            others.push(main(&theirs));
            assert_eq!(all.len(), others.len());
            for (ours, theirs) in all.iter().zip(&others) {
                for field in [
                    "type",
                    "bom-ref",
                    "name",
                    "version",
                    "hashes",
                    "licenses",
                    "cpe",
                    "purl",
                    "pedigree",
                    "properties",
                ] {
                    assert_eq!(ours[field], theirs[field], "{spec} {} {field}", ours["name"]);
                }
            }
        }
    }
}
