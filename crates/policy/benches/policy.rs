//! Loading a policy, and evaluating it on 233 KB of evidence: a provenance with 61 dependencies, an
//! SBOM with 420 components, a Go binary with 300 modules.
//!
//! `cargo bench -p chainsign-policy`. To reach: 2 ms to load, 0.2 ms for the rules.

#![expect(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "../tests/policy/common/mod.rs"]
#[allow(dead_code, reason = "the benches use a part of it")]
mod common;

use common::elf::Elf;
use common::*;
use divan::Bencher;

fn main() {
    divan::main();
}

#[divan::bench]
fn load(bencher: Bencher<'_, '_>) {
    bencher.bench(|| parse(BASELINE).unwrap());
}

/// Parses every predicate: what the first policy that looks at it pays.
#[divan::bench]
fn evaluate_and_parse_the_evidence(bencher: Bencher<'_, '_>) {
    let policy = parse(BASELINE).unwrap();
    let (binary, facts) = (binary(), facts(&binary()));
    bencher.with_inputs(|| release(&binary)).bench_local_values(|release| {
        let evidence = policy.plan(None).evidence([]);
        chainsign_policy::testing::evaluate(
            &policy,
            &evidence,
            &release.fixtures,
            &facts,
            release.now,
        )
    });
}

/// The rules alone: what each further policy pays.
#[divan::bench]
fn evaluate(bencher: Bencher<'_, '_>) {
    let policy = parse(BASELINE).unwrap();
    let (binary, facts) = (binary(), facts(&binary()));
    let release = release(&binary);
    let evidence = policy.plan(None).evidence([]);
    let evaluate = || {
        chainsign_policy::testing::evaluate(
            &policy,
            &evidence,
            &release.fixtures,
            &facts,
            release.now,
        )
    };
    assert_eq!(causes(&evaluate()), []);
    bencher.bench_local(evaluate);
}

const SUM: &str = "h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=";

fn binary() -> Vec<u8> {
    let mut elf = Elf::default();
    let modules: String = (0..298)
        .map(|index| format!("dep\texample.com/module{index}\tv1.0.{index}\t{SUM}\n"))
        .collect();
    elf.modules = elf.modules.replacen("dep\t", &format!("{modules}dep\t"), 1);
    elf.build()
}

fn release(binary: &[u8]) -> Release {
    let mut provenance: serde_json::Value = serde_json::from_str(&provenance_json(COMMIT)).unwrap();
    let dependencies = &mut provenance["buildDefinition"]["resolvedDependencies"];
    for index in 0..60 {
        let uri = format!("pkg:golang/example.com/module{index}@v1.0.{index}");
        let digest = serde_json::json!({"dirHash": "ab".repeat(32)});
        let dependency = serde_json::json!({"uri": uri, "digest": digest});
        dependencies.as_array_mut().unwrap().push(dependency);
    }
    let mut sbom_value: serde_json::Value = serde_json::from_str(&sbom_json(MODULES)).unwrap();
    let components = sbom_value["components"].as_array_mut().unwrap();
    let filler = "x".repeat(180);
    for index in 0..416 {
        let purl = match index {
            0..298 => format!("pkg:golang/example.com/module{index}@v1.0.{index}"),
            _ => format!("pkg:npm/module{index}@1.0.{index}"),
        };
        components.push(serde_json::json!({
            "type": "library", "bom-ref": purl, "name": purl, "purl": purl, "description": filler,
            "properties": [{"name": "chainsign:go:sum", "value": SUM}],
        }));
    }
    Release {
        fixtures: vec![
            signature(binary),
            key_signature(binary),
            common::provenance(binary, &provenance.to_string()),
            common::sbom(binary, &sbom_value.to_string()),
        ],
        binary: binary.to_vec(),
        now: at(NOW),
    }
}
