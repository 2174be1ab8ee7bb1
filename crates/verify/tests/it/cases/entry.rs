//! Log entries: what they say, promises, proofs, checkpoints, thresholds.

use chainsign_core::encoding::{base64_encode, hex_encode};
use serde_json::{Value, json};

use super::{Case, Forge};
use crate::forge::key::Key;
use crate::forge::log::{self, Log, Verifier, canonical, leaf_hash};
use crate::forge::{ARTIFACT, IN_TOTO, SIGNED, Signed, V0_1, V0_3, sha256, statement, time};

pub(super) fn cases(forge: &Forge, cases: &mut Vec<Case>) {
    bodies(forge, cases);
    statements(forge, cases);
    promises(forge, cases);
    proofs(forge, cases);
    checkpoints(forge, cases);
    thresholds(forge, cases);
}

/// A bundle of which the log took another body than it should have.
fn with_body(forge: &Forge, signed: &Signed, edit: &dyn Fn(&mut Value)) -> Value {
    let mut body = signed.body_v1();
    edit(&mut body);
    let entry = forge.instance.rekor_v1.entry_v1(&body, time(SIGNED).as_second(), 4);
    signed.bundle(V0_3, &[entry], &[])
}

fn with_body_v2(forge: &Forge, signed: &Signed, edit: &dyn Fn(&mut Value)) -> Value {
    let mut body = signed.body_v2();
    edit(&mut body);
    let entry = forge.instance.rekor_v2.entry_v2(&body, 4);
    signed.bundle(V0_3, &[entry], &[forge.instance.stamp(signed)])
}

const MISMATCH: &str = "log-entry-binding/entry-mismatch";
const MALFORMED: &str = "log-entry-binding/entry-malformed";

fn bodies(forge: &Forge, cases: &mut Vec<Case>) {
    let other = forge.instance.sign_with(Key::p256(), b"something else");
    let signed = forge.instance.sign();
    let mut case = |name, why, expect, edit: &dyn Fn(&mut Value)| {
        cases.push(forge.case(name, why, expect, &with_body(forge, &signed, edit)));
    };
    case(
        "entry-of-another-artifact",
        "GHSA-whqx-f9j3-ch6m: the entry must be about this artifact",
        MISMATCH,
        &|body| body["spec"]["data"]["hash"]["value"] = json!(hex_encode(&other.logged)),
    );
    case(
        "entry-of-another-signature",
        "GHSA-whqx-f9j3-ch6m: the entry must have this signature",
        MISMATCH,
        &|body| body["spec"]["signature"]["content"] = json!(base64_encode(&other.signature)),
    );
    case(
        "entry-of-another-certificate",
        "GHSA-whqx-f9j3-ch6m: the entry must name this signer",
        MISMATCH,
        &|body| {
            body["spec"]["signature"]["publicKey"]["content"] =
                json!(base64_encode(other.verifier().pem()));
        },
    );
    case(
        "entry-of-the-key-without-its-certificate",
        "the entry must name this certificate, which says who signed",
        MISMATCH,
        &|body| {
            let spki = signed.key.spki();
            body["spec"]["signature"]["publicKey"]["content"] =
                json!(base64_encode(Verifier::Key(&spki).pem()));
        },
    );
    case(
        "entry-of-everything-else",
        "GHSA-ccxc-vr6p-4858: a promise over another entry",
        MISMATCH,
        &|body| *body = other.body_v1(),
    );
    case("entry-with-unknown-field", "one reading of an entry", MALFORMED, &|body| {
        body["spec"]["data"]["url"] = json!("https://example.com");
    });
    case("entry-with-upper-case-digest", "one spelling of a digest", MALFORMED, &|body| {
        let hash = &mut body["spec"]["data"]["hash"]["value"];
        *hash = json!(hash.as_str().unwrap().to_uppercase());
    });
    case("entry-with-sha1", "SHA-1 names no artifact", MALFORMED, &|body| {
        body["spec"]["data"]["hash"] = json!({"algorithm": "sha1", "value": "00".repeat(20)});
    });
    case("entry-with-short-digest", "a digest has its length", MALFORMED, &|body| {
        body["spec"]["data"]["hash"]["value"] = json!("00");
    });
    case("entry-with-two-verifiers", "an entry names one signer", MALFORMED, &|body| {
        let two = signed.verifier().pem() + &other.verifier().pem();
        body["spec"]["signature"]["publicKey"]["content"] = json!(base64_encode(two));
    });
    case(
        "entry-empty",
        "GHSA-273p-m2cw-6833: an empty entry is an error and no panic",
        MALFORMED,
        &|body| body["spec"] = json!({}),
    );
    // the entry's kind beside the body's
    let bundle = forge.with_entry(&signed, |entry| entry["kindVersion"]["kind"] = json!("rekord"));
    let kind = "log-entry-binding/entry-kind";
    cases.push(forge.case("entry-of-unknown-kind", "it cannot be read", kind, &bundle));
    let bundle = forge.with_entry(&signed, |entry| {
        entry["kindVersion"]["version"] = json!("0.0.2");
    });
    cases.push(forge.case(
        "entry-says-another-version",
        "kind and version are those of the body",
        MALFORMED,
        &bundle,
    ));
    let body = canonical(&signed.body_v1());
    let twice = String::from_utf8(body).unwrap();
    let twice = twice.replacen("\"kind\":", "\"kind\":\"x\",\"kind\":", 1).into_bytes();
    let at = time(SIGNED).as_second();
    let entry = forge.instance.rekor_v1.entry_v1_as(&signed.body_v1(), &twice, at, 4);
    cases.push(forge.case(
        "entry-with-duplicate-key",
        "two readers would read two entries",
        MALFORMED,
        &signed.bundle(V0_3, &[entry], &[]),
    ));

    let mut case = |name, why, expect, edit: &dyn Fn(&mut Value)| {
        cases.push(forge.case(name, why, expect, &with_body_v2(forge, &signed, edit)));
    };
    let spec = |body: &mut Value, path: &str, value: Value| {
        *body["spec"]["hashedRekordV002"].pointer_mut(path).unwrap() = value;
    };
    case("entry-v2-of-another-artifact", "it must be about this artifact", MISMATCH, &|body| {
        spec(body, "/data/digest", json!(base64_encode(&other.logged)));
    });
    case("entry-v2-of-another-signature", "it must have this signature", MISMATCH, &|body| {
        spec(body, "/signature/content", json!(base64_encode(&other.signature)));
    });
    case("entry-v2-of-another-certificate", "it must name this signer", MISMATCH, &|body| {
        let leaf = json!(base64_encode(&other.leaf));
        spec(body, "/signature/verifier/x509Certificate/rawBytes", leaf);
    });
    case("entry-v2-with-other-key-details", "it must name this algorithm", MISMATCH, &|body| {
        spec(body, "/signature/verifier/keyDetails", json!("PKIX_ED25519"));
    });
    case("entry-v2-with-two-verifiers", "the verifier is a oneof", MALFORMED, &|body| {
        let verifier = &mut body["spec"]["hashedRekordV002"]["signature"]["verifier"];
        verifier["publicKey"] = json!({"rawBytes": base64_encode(signed.key.spki())});
    });
    let mut timed = forge.instance.entry_v2(&signed);
    timed["integratedTime"] = json!("1");
    let mut moved = forge.instance.entry_v2(&signed);
    moved["logIndex"] = json!("5");
    for (name, why, entry) in [
        ("entry-v2-with-time", "Rekor v2 knows no time", timed),
        ("entry-v2-with-another-index", "Rekor v2 has one index for an entry", moved),
    ] {
        let bundle = signed.bundle(V0_3, &[entry], &[forge.instance.stamp(&signed)]);
        cases.push(forge.case(name, why, MISMATCH, &bundle));
    }
    let mut case = |name, why, expect, edit: &dyn Fn(&mut Value)| {
        cases.push(forge.case(name, why, expect, &with_body_v2(forge, &signed, edit)));
    };
    case("entry-v2-with-unknown-digest", "an unknown algorithm", MALFORMED, &|body| {
        spec(body, "/data/algorithm", json!("SHA3_256"));
    });
}

fn statements(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let signed = instance.attest();
    let payload = signed.payload.as_ref().unwrap().1.clone();
    let other = instance.attest_with(Key::p256(), &statement(b"something else"));
    let mut case = |name, why, expect, edit: &dyn Fn(&mut Value)| {
        cases.push(forge.case(name, why, expect, &with_body(forge, &signed, edit)));
    };
    case("entry-dsse-of-another-payload", "it must be about this statement", MISMATCH, &|body| {
        body["spec"]["payloadHash"]["value"] = json!(hex_encode(sha256(b"something else")));
    });
    case("entry-dsse-of-another-signature", "it must have this signature", MISMATCH, &|body| {
        body["spec"]["signatures"][0]["signature"] = json!(base64_encode(&other.signature));
    });
    case("entry-dsse-with-one-signature-more", "the sets are equal both ways", MISMATCH, &|body| {
        let mut more = body["spec"]["signatures"][0].clone();
        more["signature"] = json!(base64_encode(&other.signature));
        body["spec"]["signatures"].as_array_mut().unwrap().push(more);
    });
    case("entry-dsse-without-signature", "the sets are equal both ways", MISMATCH, &|body| {
        body["spec"]["signatures"] = json!([]);
    });
    case("entry-dsse-of-another-certificate", "it must name this signer", MISMATCH, &|body| {
        body["spec"]["signatures"][0]["verifier"] = json!(base64_encode(other.verifier().pem()));
    });
    case("entry-dsse-of-everything-else", "another statement was logged", MISMATCH, &|body| {
        *body = other.body_v1();
    });

    let by = signed.verifier();
    let signatures: &[(&[u8], _)] = &[(&signed.signature, &by)];
    let intoto = log::intoto_0_0_2(IN_TOTO, &payload, signatures);
    let mut case = |name, why, expect, edit: &dyn Fn(&mut Value)| {
        let mut body = intoto.clone();
        edit(&mut body);
        let entry = instance.rekor_v1.entry_v1(&body, time(SIGNED).as_second(), 4);
        cases.push(forge.case(name, why, expect, &signed.bundle(V0_3, &[entry], &[])));
    };
    case(
        "entry-intoto-of-another-payload",
        "TOB-SIGSTORE-12: intoto 0.0.2 was not bound",
        MISMATCH,
        &|body| {
            body["spec"]["content"]["payloadHash"]["value"] = json!(hex_encode(sha256(b"other")));
        },
    );
    case(
        "entry-intoto-of-another-signature",
        "the case that the official suite masks by an encoding error",
        MISMATCH,
        &|body| {
            body["spec"]["content"]["envelope"]["signatures"][0]["sig"] =
                json!(base64_encode(base64_encode(&other.signature)));
        },
    );
    case("entry-intoto-of-another-certificate", "it must name this signer", MISMATCH, &|body| {
        body["spec"]["content"]["envelope"]["signatures"][0]["publicKey"] =
            json!(base64_encode(other.verifier().pem()));
    });
    case("entry-intoto-of-another-payload-type", "the type is signed too", MISMATCH, &|body| {
        body["spec"]["content"]["envelope"]["payloadType"] = json!("application/json");
    });
    case("entry-intoto-with-another-payload", "the payload is repeated", MISMATCH, &|body| {
        body["spec"]["content"]["envelope"]["payload"] =
            json!(base64_encode(base64_encode(b"other")));
    });
    case("entry-intoto-encoded-once", "base64 of base64 is wanted", MALFORMED, &|body| {
        body["spec"]["content"]["envelope"]["signatures"][0]["sig"] =
            json!(base64_encode(&signed.signature));
    });
    let envelope = serde_json::to_vec(&signed.content.1).unwrap();
    let body = log::intoto_0_0_1(&envelope, &payload, &by);
    let entry = instance.rekor_v1.entry_v1(&body, time(SIGNED).as_second(), 4);
    cases.push(forge.case(
        "entry-intoto-0.0.1-in-bundle",
        "it has only a hash of the envelope as it was sent, which a bundle does not keep",
        "log-entry-binding/entry-binds-nothing",
        &signed.bundle(V0_3, &[entry], &[]),
    ));
    // kinds that cannot stand for the content
    let kind = "log-entry-binding/entry-kind";
    let message = instance.sign();
    let entry = instance.rekor_v1.entry_v1(&signed.body_v1(), time(SIGNED).as_second(), 4);
    cases.push(forge.case(
        "entry-dsse-beside-a-message",
        "the entry is about a statement",
        kind,
        &message.bundle(V0_3, &[entry], &[]),
    ));
    let entry = instance.rekor_v1.entry_v1(&message.body_v1(), time(SIGNED).as_second(), 4);
    cases.push(forge.case(
        "entry-hashedrekord-beside-an-envelope",
        "the entry is about a file",
        kind,
        &signed.bundle(V0_3, &[entry], &[]),
    ));
    let mut case = |name, why, expect, edit: &dyn Fn(&mut Value)| {
        cases.push(forge.case(name, why, expect, &with_body_v2(forge, &signed, edit)));
    };
    case(
        "entry-v2-of-the-payload-alone",
        "rekor-v2-spec section 6.1.4: the digest is that of the pre-authentication encoding",
        MISMATCH,
        &|body| {
            body["spec"]["hashedRekordV002"]["data"]["digest"] =
                json!(base64_encode(sha256(&payload)));
        },
    );
}

fn promises(forge: &Forge, cases: &mut Vec<Case>) {
    let signed = forge.instance.sign();
    let invalid = "signed-entry-timestamp/set-invalid";
    let mut case = |name, why, expect, edit: &dyn Fn(&mut Value)| {
        cases.push(forge.case(name, why, expect, &forge.with_entry(&signed, edit)));
    };
    case("promise-for-another-time", "the time is signed", invalid, &|entry| {
        entry["integratedTime"] = json!((time(SIGNED).as_second() + 1).to_string());
    });
    case("promise-for-another-index", "the index is signed", invalid, &|entry| {
        entry["logIndex"] = json!("1005");
    });
    case("promise-by-another-log", "a promise is by the entry's own log", invalid, &|entry| {
        let body = canonical(&signed.body_v1());
        let at = time(SIGNED).as_second();
        let promise = forge.stranger.rekor_v1.promise(&body, at, 1004);
        entry["inclusionPromise"]["signedEntryTimestamp"] = json!(base64_encode(promise));
    });
    case("promise-empty", "an empty signature", invalid, &|entry| {
        entry["inclusionPromise"]["signedEntryTimestamp"] = json!("");
    });
    case(
        "promise-without-time",
        "a promise is for a time",
        "signed-entry-timestamp/set-time",
        &|entry| drop(entry.as_object_mut().unwrap().remove("integratedTime")),
    );
    let at = time("2026-01-01T12:30:01Z").as_second();
    let future = forge.instance.rekor_v1.entry_v1(&signed.body_v1(), at, 4);
    cases.push(forge.case(
        "promise-after-now",
        "TOB-SIGSTORE-7: a time in the future was accepted",
        "signed-entry-timestamp/set-in-future",
        &signed.bundle(V0_3, &[future], &[]),
    ));
    let outside = "signed-entry-timestamp/set-outside-key-validity";
    for (name, edge, text) in [
        ("promise-after-the-logs-key", "end", "2026-01-01T12:00:04Z"),
        ("promise-before-the-logs-key", "start", "2026-01-01T12:00:06Z"),
    ] {
        let bundle = forge.instance.bundle(&signed);
        let why = "GHSA-wqqc-jjcq-vfxm: the key's range was ignored";
        let case = forge.case(name, why, outside, &bundle);
        cases.push(case.root(|root| root["tlogs"][0]["publicKey"]["validFor"][edge] = json!(text)));
    }
    // a proof alone, with whatever time the bundle says
    let mut entry = forge.instance.entry_v1(&signed);
    entry.as_object_mut().unwrap().remove("inclusionPromise");
    cases.push(forge.case(
        "time-without-promise",
        "GHSA-xgjw-pm74-86q4: an integrated time without a promise is nobody's word",
        "timestamp/too-few-times",
        &signed.bundle(V0_3, &[entry], &[]),
    ));
    let unlogged = signed.bundle(V0_3, &[], &[]);
    cases.push(forge.case(
        "time-by-nobody",
        "nothing proves a time",
        "timestamp/too-few-times",
        &unlogged,
    ));
}

fn proofs(forge: &Forge, cases: &mut Vec<Case>) {
    let signed = forge.instance.sign();
    let invalid = "inclusion-proof/inclusion-proof-invalid";
    let mut case = |name, why, expect, edit: &dyn Fn(&mut Value)| {
        let bundle = forge.with_entry(&signed, |entry| edit(&mut entry["inclusionProof"]));
        cases.push(forge.case(name, why, expect, &bundle));
    };
    case("proof-with-another-hash", "the path leads elsewhere", invalid, &|proof| {
        proof["hashes"][0] = json!(base64_encode([7; 32]));
    });
    case("proof-with-a-hash-less", "the path is too short", invalid, &|proof| {
        proof["hashes"].as_array_mut().unwrap().pop();
    });
    case("proof-with-a-hash-more", "the path is too long", invalid, &|proof| {
        proof["hashes"].as_array_mut().unwrap().push(json!(base64_encode([7; 32])));
    });
    case("proof-of-another-leaf", "the path is another leaf's", invalid, &|proof| {
        proof["logIndex"] = json!("3");
    });
    case("proof-of-a-leaf-beyond", "the tree is smaller", invalid, &|proof| {
        proof["logIndex"] = json!("7");
    });
    case("proof-with-another-root", "the path leads elsewhere", invalid, &|proof| {
        proof["rootHash"] = json!(base64_encode([7; 32]));
    });
    case("proof-of-the-empty-tree", "it has no leaf", invalid, &|proof| {
        proof["treeSize"] = json!("0");
    });
    case(
        "proof-of-the-root-as-leaf",
        "RFC 6962 section 2.1: leaves and nodes are hashed differently",
        invalid,
        &|proof| {
            let body = canonical(&signed.body_v1());
            proof["rootHash"] = json!(base64_encode(sha256(&body)));
            proof["treeSize"] = json!("1");
            proof["logIndex"] = json!("0");
            proof["hashes"] = json!([]);
            let root: [u8; 32] = sha256(&body);
            assert_ne!(root, leaf_hash(&body));
            let note = forge.instance.rekor_v1.checkpoint(1, &root);
            proof["checkpoint"]["envelope"] = json!(note);
        },
    );
    case(
        "proof-without-checkpoint",
        "nobody signed the root, and since 0.2 a promise is not enough",
        "checkpoint/checkpoint-missing",
        &|proof| drop(proof.as_object_mut().unwrap().remove("checkpoint")),
    );
    let mut entry = forge.instance.entry_v1(&signed);
    let proof = entry["inclusionProof"].as_object_mut().unwrap();
    proof.remove("checkpoint");
    proof["hashes"][0] = json!(base64_encode([7; 32]));
    cases.push(forge.case(
        "proof-that-contradicts-itself",
        "a proof without a checkpoint proves nothing, but it must not be wrong",
        invalid,
        &signed.bundle(V0_1, &[entry], &[]),
    ));
}

fn checkpoints(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let signed = instance.sign();
    let body = canonical(&signed.body_v1());
    let leaf = leaf_hash(&body);
    let unsigned = "checkpoint/checkpoint-not-signed";
    // one leaf: the root is the leaf's hash
    let mut case = |name, why, expect, note: String| {
        let bundle = forge.with_entry(&signed, |entry| {
            entry["inclusionProof"] = json!({
                "logIndex": "0", "treeSize": "1", "hashes": [], "rootHash": base64_encode(leaf),
                "checkpoint": {"envelope": note}});
        });
        cases.push(forge.case(name, why, expect, &bundle));
    };
    let log = &instance.rekor_v1;
    case(
        "checkpoint-of-another-tree",
        "it is about another root than the proof",
        "checkpoint/checkpoint-mismatch",
        log.checkpoint(1, &[7; 32]),
    );
    case(
        "checkpoint-of-another-size",
        "it is about another size than the proof",
        "checkpoint/checkpoint-mismatch",
        log.checkpoint(2, &leaf),
    );
    case(
        "checkpoint-by-another-log",
        "a checkpoint is by the entry's own log",
        unsigned,
        forge.stranger.rekor_v1.checkpoint(1, &leaf),
    );
    let v2 = &instance.rekor_v2;
    case(
        "checkpoint-by-another-log-of-the-root",
        "sigstore-go #496: trusted logs do not vouch for each other's entries",
        unsigned,
        v2.checkpoint(1, &leaf),
    );
    let named = Log { name: "other.example.com".to_owned(), ..copy(log) };
    case(
        "checkpoint-signed-under-another-name",
        "the name on the line is the log's",
        unsigned,
        named.checkpoint(1, &leaf),
    );
    let tree = Log { origin: format!("{} - x1", log.name), ..copy(log) };
    case(
        "checkpoint-of-a-strange-origin",
        "Rekor v1 adds a decimal tree id to its name, and nothing else",
        unsigned,
        tree.checkpoint(1, &leaf),
    );
    let good = log.checkpoint(1, &leaf);
    let (text, _) = good.split_once("\n\n").unwrap();
    let forged = Log { key: Key::p256(), ..copy(log) };
    case(
        "checkpoint-with-forged-signature",
        "the hint is the log's, the signature is not",
        "checkpoint/checkpoint-invalid",
        format!("{text}\n\n{}", forged.signature_line(&format!("{text}\n"))),
    );
    let malformed = "checkpoint/checkpoint-malformed";
    case("checkpoint-without-signature", "nobody signed", malformed, format!("{text}\n\n"));
    case(
        "checkpoint-without-blank-line",
        "C2SP signed-note",
        malformed,
        good.replace("\n\n", "\n"),
    );
    case(
        "checkpoint-with-leading-zero",
        "one spelling of a size",
        malformed,
        good.replacen("\n1\n", "\n01\n", 1),
    );
    case(
        "checkpoint-with-carriage-return",
        "C2SP signed-note",
        malformed,
        good.replacen('\n', "\r\n", 1),
    );
    case("checkpoint-empty", "nothing at all", malformed, String::new());

    // Rekor v2: the log id is made from the name
    let entry_v2 = |log: &Log, named: &str| {
        let mut entry = log.entry_v2(&signed.body_v2(), 4);
        let body = canonical(&signed.body_v2());
        let renamed = Log { name: named.to_owned(), origin: named.to_owned(), ..copy(log) };
        entry["inclusionProof"] = renamed.proof(&body, 4, 7);
        signed.bundle(V0_3, &[entry], &[instance.stamp(&signed)])
    };
    cases.push(forge.case(
        "checkpoint-v2-under-another-name",
        "C2SP signed-note: the key id is made from the name",
        unsigned,
        &entry_v2(v2, "other.example.com"),
    ));
    for (name, edge, text) in [
        ("checkpoint-after-the-logs-key", "end", "2026-01-01T12:00:04Z"),
        ("checkpoint-before-the-logs-key", "start", "2026-01-01T12:00:06Z"),
    ] {
        let why = "GHSA-wqqc-jjcq-vfxm: the key's range was ignored";
        let expect = "checkpoint/log-key-not-valid";
        let case = forge.case(name, why, expect, &instance.bundle_v2(&signed));
        cases.push(case.root(|root| root["tlogs"][1]["publicKey"]["validFor"][edge] = json!(text)));
    }
    let key = Key::p256();
    let pem = key.public().to_pem();
    let signed = instance.sign_with(key, ARTIFACT);
    let spki = signed.key.spki();
    let entry = instance.rekor_v2.entry_v2(&signed.body_v2_by(&Verifier::Key(&spki)), 4);
    cases.push(
        forge
            .case(
                "checkpoint-at-no-proven-time",
                "a range that cannot be compared with a proven time does not hold",
                "checkpoint/log-key-validity-unknown",
                &signed.key_bundle(&[entry], &[]),
            )
            .key(&pem, "logged-key"),
    );
}

/// The same log once more.
fn copy(log: &Log) -> Log {
    Log {
        url: log.url.clone(),
        origin: log.origin.clone(),
        name: log.name.clone(),
        key: log.key.again(),
        id: log.id,
    }
}

fn thresholds(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let signed = instance.sign();
    let entry = instance.entry_v1(&signed);
    let again = instance.rekor_v1.entry_v1(&signed.body_v1(), time(SIGNED).as_second(), 2);
    cases.push(
        forge
            .case(
                "threshold-two-entries-of-one-log",
                "GHSA-9vcr-p3rj-q5q6: entries were counted, not logs",
                "inclusion-proof/too-few-logs",
                &signed.bundle(V0_3, &[entry.clone(), again], &[]),
            )
            .require("transparencyLogs", json!(2)),
    );
    cases.push(forge.case(
        "entry-twice",
        "one entry is not two",
        "error: found the same log entry twice",
        &signed.bundle(V0_3, &[entry.clone(), entry.clone()], &[]),
    ));
    let stamp = instance.stamp(&signed);
    cases.push(forge.case(
        "timestamp-twice",
        "one timestamp is not two",
        "error: found the same timestamp twice",
        &signed.bundle(V0_3, std::slice::from_ref(&entry), &[stamp.clone(), stamp.clone()]),
    ));
    let mut renamed = instance.entry_v1(&signed);
    renamed["logId"]["keyId"] = json!(base64_encode([7; 32]));
    cases.push(forge.case(
        "entry-of-a-known-log-under-another-id",
        "it was changed, and is not a stranger's",
        MISMATCH,
        &signed.bundle(V0_3, &[renamed, instance.entry_v2(&signed)], &[stamp]),
    ));
    cases.push(
        forge
            .case(
                "threshold-one-authority-of-two",
                "one authority proved a time",
                "timestamp/too-few-times",
                &signed.bundle(V0_3, std::slice::from_ref(&entry), &[]),
            )
            .require("timeAuthorities", json!(2)),
    );
    cases.push(forge.case(
        "threshold-entry-of-an-unknown-log",
        "an entry of a log that the trusted root does not have counts for nothing",
        "inclusion-proof/too-few-logs",
        &signed.bundle(V0_3, &[forge.stranger.entry_v1(&signed)], &[instance.stamp(&signed)]),
    ));
    cases.push(
        forge
            .case(
                "threshold-log-that-cannot-be-used",
                "a log that cannot be read disables itself, and never counts",
                "inclusion-proof/too-few-logs",
                &instance.bundle_v2(&signed),
            )
            .root(|root| {
                root["tlogs"][1]["publicKey"]["keyDetails"] = json!("PKIX_ECDSA_P256_SHA_256");
            }),
    );
}
