//! Peak live heap of documents that are large, each in another place.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "../../../fuzz/src/heap.rs"]
mod heap;

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

use std::fs;
use std::path::Path;

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::encoding::base64_encode;
use chainsign_core::formats;
use chainsign_core::identity::IdentityMatcher;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::TrustedRoot;
use chainsign_core::verifier::BundleVerifier;
use chainsign_verify::Verifier;
use heap::HeapBound;
use serde_json::{Value, json};

/// About the size of each document.
const SIZE: usize = 2 << 20;

#[test]
fn documents_take_little_memory() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/verify");
    let root = fs::read(corpus.join("trusted_root.json")).unwrap();
    let verifier = Verifier::new(&TrustedRoot::parse(&root, &Limits::default()).unwrap());
    let matcher = IdentityMatcher::exact("dev@example.com", "https://issuer.example.com");
    let requirements = Requirements::keyless(SignerRequirement::Identity(vec![matcher]));
    let good = |case: &str| -> Value {
        let file = corpus.join(case).join("bundle.json");
        serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
    };
    let now = "2026-01-01T12:30:00Z".parse().unwrap();
    let mut heap = HeapBound::default();
    for (name, document) in large(&good) {
        heap.check(name, document.len(), || {
            let materials = formats::parse_many(&document, &Limits::default());
            for material in materials.iter().flatten().flatten() {
                material.digest_algorithms(&Limits::default());
                let _ = verifier.verify(material, Artifact::Bytes(b"artifact"), &requirements, now);
            }
            match materials {
                Ok(materials) => format!("{} documents", materials.len()),
                Err(error) => error.to_string(),
            }
        });
    }
    heap.assert();
}

/// Large documents, each large in another place.
fn large(good: &dyn Fn(&str) -> Value) -> Vec<(&'static str, Vec<u8>)> {
    let file = || good("file-in-both-logs");
    let statement = || good("statement-in-rekor-v1");
    let text = "a".repeat(SIZE);
    let bytes = base64_encode(vec![b'a'; SIZE / 4 * 3]);
    let nested = |open: &str, item: &str, close: &str| {
        let items = vec![item; SIZE / (item.len() + 1)].join(",");
        format!("{open}{items}{close}")
    };
    let keys: Vec<_> = (0..60_000).map(|key| format!("\"{key}\":1")).collect();
    let keys = format!("{{{}}}", keys.join(","));
    let mut documents = Vec::new();
    let mut add = |name, document: Value| {
        documents.push((name, serde_json::to_vec(&document).unwrap()));
    };
    let at = |mut document: Value, pointer: &str, value: Value| {
        *document.pointer_mut(pointer).unwrap() = value;
        document
    };

    add("a long signature", at(file(), "/messageSignature/signature", json!(bytes)));
    let leaf = "/verificationMaterial/certificate/rawBytes";
    add("a long certificate", at(file(), leaf, json!(bytes)));
    let der_of_nulls = |tag: u8| {
        let content = [5, 0].repeat(SIZE / 8 * 3);
        let length = (content.len() as u32).to_be_bytes();
        base64_encode([&[tag, 0x83][..], &length[1..], &content].concat())
    };
    add("a certificate of many values", at(file(), leaf, json!(der_of_nulls(0x30))));
    let stamp =
        "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";
    let stamped = || good("file-in-rekor-v2");
    add("a timestamp of many values", at(stamped(), stamp, json!(der_of_nulls(0x30))));
    add("a timestamp of a large set", at(stamped(), stamp, json!(der_of_nulls(0x31))));

    let body = "/verificationMaterial/tlogEntries/0/canonicalizedBody";
    let bodies = [
        ("a body of empty arrays", nested("[", "[]", "]")),
        ("a body of empty objects", nested("[", "{}", "]")),
        ("a body of numbers", nested("[", "1", "]")),
        ("a body of many keys", keys.clone()),
        ("a body in an object", nested(r#"{"spec":{"data":["#, "1", "]}}")),
        ("a body of a long text", format!("{{\"kind\":\"{text}\"}}")),
    ];
    for (name, json) in &bodies {
        add(name, at(file(), body, json!(base64_encode(json))));
    }
    let payload = "/dsseEnvelope/payload";
    let payloads = [
        ("a payload of empty arrays", nested("[", "[]", "]")),
        ("a payload of subjects", nested(r#"{"subject":["#, r#"{"digest":{}}"#, "]}")),
        ("a predicate of empty arrays", nested(r#"{"predicate":["#, "[]", "]}")),
        ("a payload of many keys", keys.clone()),
    ];
    for (name, json) in &payloads {
        add(name, at(statement(), payload, json!(base64_encode(json))));
    }
    let note = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";
    add("a checkpoint of line feeds", at(file(), note, json!("\n".repeat(SIZE / 2))));
    add("a long checkpoint", at(file(), note, json!(text)));
    let lines = "\u{2014} a AAAAAAAA\n".repeat(SIZE / 18);
    add("a checkpoint of signatures", at(file(), note, json!(format!("a\n1\nAAAA\n\n{lines}"))));

    let whole = [
        ("empty arrays", nested("[", "[]", "]")),
        ("entries", nested(r#"{"verificationMaterial":{"tlogEntries":["#, "{}", "]}}")),
        (
            "timestamps",
            nested(
                r#"{"mediaType":"","verificationMaterial":{"timestampVerificationData":{"rfc3161Timestamps":["#,
                r#"{"signedTimestamp":"AA=="}"#,
                "]}}}",
            ),
        ),
        (
            "signatures",
            nested(r#"{"payloadType":"","payload":"","signatures":["#, r#"{"sig":""}"#, "]}"),
        ),
        ("attestations", nested(r#"{"attestations":["#, r#"{"bundle":{}}"#, "]}")),
        ("many keys", keys),
        ("lines", "{}\n".repeat(SIZE / 3)),
        ("a long line", format!("{{\"{text}\":1}}")),
        ("escapes", format!("{{\"{}\":1}}", r"\u0041".repeat(SIZE / 6))),
    ];
    documents.extend(whole.map(|(name, json)| (name, json.into_bytes())));
    documents
}
