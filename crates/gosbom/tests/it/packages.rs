//! The packages of the function table in the documents, and that they do not disturb a comparison.

use chainsign_gosbom::diff::{Mode, ModuleSet, compare};
use chainsign_gosbom::sbom::{Sbom, SpecVersion, Subject};
use chainsign_gosbom::{Depth, GoBinary, Limits, RuntimeCopy, read};
use serde_json::Value;

use crate::generate::pclntab::{GO_1_20, table};
use crate::generate::{Order, Width, elf, inline};
use crate::real;

const MODULES: &str = "path\texample.com/app/cmd/x\nmod\texample.com/app\tv1.0.0\t\n\
    dep\tgithub.com/BurntSushi/toml\tv1.4.0\th1:abc=\n\
    dep\told.example/o\tv1.0.0\n=>\tnew.example/n\tv2.0.0\t\n\
    dep\tlocal.example/l\tv0.1.0\n=>\t../l\t(devel)\t\n";

const FUNCTIONS: [&str; 9] = [
    "main.main",
    "net/http.Get",
    "vendor/golang.org/x/net/idna.New",
    "example.com/app/internal/y.F",
    "github.com/BurntSushi/toml.Decode",
    "github.com/BurntSushi/toml/internal.F",
    "old.example/o/sub.F",
    "local.example/l.F",
    "hidden.example/h/p.F",
];

fn program(depth: Depth) -> GoBinary {
    let mut file = elf::program(inline("go1.27.3", MODULES));
    let files = ["hidden.example/h@v0.1.0/p/p.go"];
    let table = table(GO_1_20, Order::Little, Width::Bits64, &FUNCTIONS, &files);
    file.programs.push(elf::load(elf::READ, 0x90_0000, table));
    let mut limits = Limits::default();
    limits.depth = depth;
    read(&file.build(), &limits).unwrap()
}

fn subject() -> Subject {
    Subject::new("x").with_sha256([1; 32]).found_at("bin/x")
}

fn parsed(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap()
}

fn packages(component: &Value) -> Vec<(&str, &str)> {
    let packages = component["components"].as_array().into_iter().flatten();
    packages.map(|it| (it["name"].as_str().unwrap(), it["purl"].as_str().unwrap())).collect()
}

#[test]
fn each_package_is_below_its_module() {
    let sbom = Sbom::of_binary(&program(Depth::SecondRecords), &subject());
    let document = parsed(&sbom.to_cyclonedx_json(SpecVersion::V1_6));
    let main = &document["metadata"]["component"];
    assert_eq!(
        packages(main),
        [
            ("example.com/app/cmd/x", "pkg:golang/example.com/app@v1.0.0?type=package#cmd/x"),
            (
                "example.com/app/internal/y",
                "pkg:golang/example.com/app@v1.0.0?type=package#internal/y"
            ),
        ]
    );
    let property = |name: &str| {
        let properties = main["properties"].as_array().unwrap();
        properties.iter().find(|it| it["name"] == name).map(|it| it["value"].clone())
    };
    assert_eq!(property("chainsign:go:unlistedPackage").unwrap(), "hidden.example/h/p");
    assert_eq!(property("chainsign:go:unlistedModule").unwrap(), "hidden.example/h@v0.1.0");
    let of = |purl: &str| {
        let components = document["components"].as_array().unwrap();
        let module = components.iter().find(|it| it["bom-ref"] == purl);
        packages(module.unwrap_or_else(|| panic!("no {purl}")))
    };
    assert_eq!(
        of("pkg:golang/stdlib@1.27.3"),
        [
            ("net/http", "pkg:golang/stdlib@1.27.3?type=package#net/http"),
            (
                "vendor/golang.org/x/net/idna",
                "pkg:golang/stdlib@1.27.3?type=package#vendor/golang.org/x/net/idna"
            ),
        ]
    );
    assert_eq!(
        of("pkg:golang/github.com/BurntSushi/toml@v1.4.0"),
        [
            (
                "github.com/BurntSushi/toml",
                "pkg:golang/github.com/BurntSushi/toml@v1.4.0?type=package"
            ),
            (
                "github.com/BurntSushi/toml/internal",
                "pkg:golang/github.com/BurntSushi/toml@v1.4.0?type=package#internal"
            ),
        ]
    );
    // Under the name of what was compiled in.
    assert_eq!(
        of("pkg:golang/new.example/n@v2.0.0"),
        [("old.example/o/sub", "pkg:golang/new.example/n@v2.0.0?type=package#sub")]
    );
    assert_eq!(
        of("pkg:golang/local.example/l"),
        [("local.example/l", "pkg:golang/local.example/l?type=package")]
    );
}

#[test]
fn spdx_says_which_module_contains_them() {
    let sbom = Sbom::of_binary(&program(Depth::SecondRecords), &subject());
    let document = parsed(&sbom.to_spdx_json());
    let contained = document["relationships"].as_array().unwrap().iter();
    let contained = contained.filter(|it| it["relationshipType"] == "CONTAINS");
    let of_toml = contained
        .filter(|it| it["spdxElementId"] == "SPDXRef-github.com-BurntSushi-toml-v1.4.0")
        .count();
    assert_eq!(of_toml, 2);
    let modules = Sbom::of_binary(&program(Depth::BuildInfo), &subject());
    let modules = parsed(&modules.to_spdx_json());
    let count = |document: &Value| document["packages"].as_array().unwrap().len();
    assert_eq!(count(&document), count(&modules) + 8);
}

/// A package stands for its module: it adds none, and hides none.
#[test]
fn a_comparison_sees_modules_only() {
    let binary = program(Depth::SecondRecords);
    let actual = ModuleSet::of_slices(&binary.slices).unwrap();
    let sbom = Sbom::of_binary(&binary, &subject());
    for json in [sbom.to_cyclonedx_json(SpecVersion::V1_6), sbom.to_spdx_json()] {
        let difference = compare(&actual, &ModuleSet::from_sbom(&json).unwrap(), Mode::Equal);
        assert!(difference.is_none(), "{difference}");
    }
    let purls =
        ["pkg:golang/evil.example/e@v1.0.0?type=package#p", "pkg:golang/std@1?type=package#io"];
    let stated = ModuleSet::from_purls(purls).unwrap();
    let difference = compare(&actual, &stated, Mode::Equal);
    let extra: Vec<_> = difference.extra.iter().map(ToString::to_string).collect();
    assert_eq!(extra, ["evil.example/e v1.0.0"]);
}

#[test]
fn second_records_are_read_when_asked_for() {
    let without = real::binary("rich-linux-amd64");
    assert!(without.slices[0].second_records.is_none());
    let mut limits = Limits::default();
    limits.depth = Depth::SecondRecords;
    let binary = read(&real::bytes("rich-linux-amd64"), &limits).unwrap();
    let records = binary.slices[0].second_records.as_ref().unwrap();
    assert_eq!(records.runtime_copy, RuntimeCopy::Same);
    let table = records.function_table.as_ref().unwrap();
    assert!(table.packages.contains("runtime"));
}

#[test]
fn what_could_not_be_looked_into_is_said() {
    let binary = program(Depth::BuildInfo);
    let root = Subject::new("dist");
    let subject = subject();
    let sbom = || Sbom::of_binaries(&root, [(binary.slices.as_slice(), &subject)]);
    let compositions =
        |sbom: Sbom| parsed(&sbom.to_cyclonedx_json(SpecVersion::V1_6))["compositions"].clone();
    let aggregates = |compositions: &Value| -> Vec<String> {
        let compositions = compositions.as_array().unwrap().iter();
        compositions.map(|it| it["aggregate"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(aggregates(&compositions(sbom())), ["complete", "unknown"]);
    let incomplete = compositions(sbom().incomplete());
    assert_eq!(aggregates(&incomplete), ["incomplete", "complete", "unknown"]);
    assert_eq!(incomplete[0]["assemblies"], serde_json::json!(["collection:dist"]));
    let spdx = parsed(&sbom().incomplete().to_spdx_json());
    let unknown = spdx["relationships"].as_array().unwrap().iter().any(|it| {
        it["relationshipType"] == "CONTAINS" && it["relatedSpdxElement"] == "NOASSERTION"
    });
    assert!(unknown);
}
