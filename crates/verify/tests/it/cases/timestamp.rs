//! RFC 3161 timestamps.

use serde_json::json;

use super::{Case, Forge};
use crate::forge::key::Key;
use crate::forge::tsa::{Ess, TokenSpec, Tsa};
use crate::forge::x509::{CODE_SIGNING, CertificateSpec, TIME_STAMPING};
use crate::forge::{SIGNED, V0_3, der, time};

const INVALID: &str = "timestamp/timestamp-invalid";
const MALFORMED: &str = "timestamp/timestamp-malformed";
const NOBODY: &str = "timestamp/too-few-times";

pub(super) fn cases(forge: &Forge, cases: &mut Vec<Case>) {
    tokens(forge, cases);
    authorities(forge, cases);
    times(forge, cases);
}

fn tokens(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let signed = instance.sign();
    let tsa = &instance.tsa;
    let mut case = |name, why, expect, edit: &dyn Fn(&mut TokenSpec)| {
        let mut token = tsa.token(&signed.signature, time(SIGNED));
        edit(&mut token);
        let bundle = forge.with_stamps(&signed, &[token.response(tsa)]);
        cases.push(forge.case(name, why, expect, &bundle));
    };
    case(
        "timestamp-of-another-signature",
        "clients must compare the imprint with the signature (sigstore_bundle.proto)",
        "timestamp/timestamp-imprint",
        &|token| token.imprint = b"another signature".to_vec(),
    );
    case("timestamp-rejected", "the authority granted nothing", MALFORMED, &|token| {
        token.status = 2;
    });
    case("timestamp-of-other-content", "the content is not a TSTInfo", MALFORMED, &|token| {
        token.content_type = "1.2.840.113549.1.7.1".to_owned();
    });
    case("timestamp-with-two-signers", "a token has one signer", MALFORMED, &|token| {
        token.signers = 2;
    });
    case("timestamp-with-critical-extension", "it is not understood", MALFORMED, &|token| {
        let parts = [der::oid("1.2.3.4"), der::boolean(true), der::octets([])];
        token.tst_extensions = Some(der::sequence(&parts));
    });
    case("timestamp-with-other-time", "GeneralizedTime in UTC only", MALFORMED, &|token| {
        token.time = der::value(0x18, b"20260101120005+0100");
    });
    case("timestamp-with-trailing-fraction", "one spelling of a time", MALFORMED, &|token| {
        token.time = der::value(0x18, b"20260101120005.50Z");
    });
    case("timestamp-attribute-of-other-content", "RFC 5652 section 11.1", INVALID, &|token| {
        token.attribute_content_type = Some("1.2.840.113549.1.7.1".to_owned());
    });
    case("timestamp-without-content-type", "RFC 5652 section 11.1", INVALID, &|token| {
        token.attribute_content_type = None;
    });
    case("timestamp-without-signing-certificate", "RFC 3161 section 2.4.2", INVALID, &|token| {
        token.ess = None;
    });
    case("timestamp-naming-another-certificate", "RFC 5816 section 2.2.1", INVALID, &|token| {
        token.ess = Some(Ess::V2(forge.stranger.tsa.leaf.clone()));
    });
    case("timestamp-naming-another-by-sha1", "RFC 2634 section 5.4", INVALID, &|token| {
        token.ess = Some(Ess::V1(forge.stranger.tsa.leaf.clone()));
    });
    case("timestamp-by-another-serial", "the SignerInfo names another", INVALID, &|token| {
        let issuer = tsa.leaf_spec.issuer.clone();
        token.signer = der::sequence(&[issuer, der::integer(&[7])]);
    });
    case("timestamp-in-anothers-name", "RFC 3161 section 2.4.2, tsa", INVALID, &|token| {
        token.tsa = Some(forge.stranger.tsa.leaf_spec.subject.clone());
    });
    for (name, why, token) in [
        ("timestamp-empty", "nothing at all", Vec::new()),
        ("timestamp-not-der", "bytes that are no DER", b"timestamp".to_vec()),
        (
            "timestamp-without-token",
            "a response that grants nothing",
            der::sequence(&[der::sequence(&[der::integer(&[0])])]),
        ),
        (
            "timestamp-of-64-kib",
            "GHSA-4qg8-fj49-pxjh: work must be bounded",
            der::sequence(&[der::octets(vec![0; 1 << 16])]),
        ),
        ("timestamp-with-trailing-data", "one spelling of a token", {
            let mut token = tsa.stamp(&signed.signature, time(SIGNED));
            token.push(0);
            token
        }),
    ] {
        cases.push(forge.case(name, why, MALFORMED, &forge.with_stamps(&signed, &[token])));
    }
    let mut forged = tsa.stamp(&signed.signature, time(SIGNED));
    let last = forged.len() - 1;
    forged[last] ^= 1;
    cases.push(forge.case(
        "timestamp-with-forged-signature",
        "the authority did not sign this",
        INVALID,
        &forge.with_stamps(&signed, &[forged]),
    ));
    // another key signs, everything else is the authority's own
    let mut impostor = Tsa::new(&tsa.url, Key::p256());
    impostor.leaf = tsa.leaf.clone();
    impostor.leaf_spec = tsa.leaf_spec.clone();
    cases.push(forge.case(
        "timestamp-by-another-key",
        "the authority did not sign this",
        INVALID,
        &forge.with_stamps(&signed, &[impostor.stamp(&signed.signature, time(SIGNED))]),
    ));
    cases.push(forge.case(
        "timestamp-by-a-stranger",
        "the trusted root does not have the authority",
        NOBODY,
        &forge.with_stamps(&signed, &[forge.stranger.stamp(&signed)]),
    ));
}

/// The trusted root has another authority than the instance's.
fn under(
    forge: &Forge,
    name: &'static str,
    why: &'static str,
    expect: &'static str,
    tsa: &Tsa,
) -> Case {
    let signed = forge.instance.sign();
    let bundle = forge.with_stamps(&signed, &[tsa.stamp(&signed.signature, time(SIGNED))]);
    forge.case(name, why, expect, &bundle).root(|root| {
        let chain: Vec<_> = tsa
            .certificates()
            .iter()
            .map(|der| json!({"rawBytes": chainsign_core::encoding::base64_encode(der)}))
            .collect();
        root["timestampAuthorities"][0]["certChain"]["certificates"] = json!(chain);
    })
}

fn authorities(forge: &Forge, cases: &mut Vec<Case>) {
    let url = &forge.instance.tsa.url;
    let with = |edit: &dyn Fn(&mut CertificateSpec)| Tsa::with(url, Key::p256(), edit);
    // an authority that may not sign timestamps disables itself: nobody is known then
    for (name, why, tsa) in [
        (
            "timestamp-usage-not-critical",
            "RFC 3161 section 2.3",
            with(&|leaf| {
                leaf.usage(TIME_STAMPING, false);
            }),
        ),
        (
            "timestamp-usage-code-signing",
            "RFC 3161 section 2.3",
            with(&|leaf| {
                leaf.usage(CODE_SIGNING, true);
            }),
        ),
        (
            "timestamp-usage-among-others",
            "timestamp-authority #1389: timeStamping is the only usage",
            with(&|leaf| {
                let both = [der::oid(TIME_STAMPING), der::oid(CODE_SIGNING)];
                leaf.set("2.5.29.37", true, der::sequence(&both));
            }),
        ),
        (
            "timestamp-usage-and-an-unknown-one",
            "timestamp-authority #1389: unknown usages count",
            with(&|leaf| {
                let both = [der::oid(TIME_STAMPING), der::oid("1.2.3.4")];
                leaf.set("2.5.29.37", true, der::sequence(&both));
            }),
        ),
        (
            "timestamp-certificates-never-valid-together",
            "no time can be proven",
            with(&|leaf| leaf.not_before = time("2041-01-01T00:00:00Z")),
        ),
    ] {
        cases.push(under(forge, name, why, NOBODY, &tsa));
    }
    // the chain does not reach the root: the leaf is by another key
    let mut tsa = Tsa::new(url, Key::p256());
    tsa.leaf = tsa.leaf_spec.sign(&Key::p384());
    cases.push(under(
        forge,
        "timestamp-chain-broken",
        "rfc3161-client before 1.0.3: the chain was not verified to the root",
        NOBODY,
        &tsa,
    ));
    // a CA certificate signs: the root lists it as the only one
    let mut tsa = Tsa::new(url, Key::p384());
    let root_name = format!("{url} root");
    tsa.leaf_spec = CertificateSpec::ca(&root_name, &root_name, &tsa.key, &tsa.key.spki());
    tsa.leaf = tsa.leaf_spec.sign(&tsa.key);
    tsa.root = tsa.leaf.clone();
    cases.push(under(
        forge,
        "timestamp-signed-by-ca",
        "timestamp-authority #1416: a CA certificate is no signer's",
        INVALID,
        &tsa,
    ));
    // a certificate with the right usage lies before the real signer's
    let signed = forge.instance.sign();
    let tsa = &forge.instance.tsa;
    let mut rogue = Tsa::new("https://rogue.example", Key::p256());
    rogue.leaf_spec.serial = tsa.leaf_spec.serial.clone();
    rogue.leaf = rogue.leaf_spec.sign(&rogue.root_key);
    let mut token = rogue.token(&signed.signature, time(SIGNED));
    token.certificates = vec![tsa.leaf.clone(), rogue.leaf.clone()];
    token.ess = Some(Ess::V2(tsa.leaf.clone()));
    cases.push(forge.case(
        "timestamp-beside-the-authoritys-certificate",
        "GHSA-xm5m-wgh2-rrg3: the checks were made on another certificate than the signer's",
        INVALID,
        &forge.with_stamps(&signed, &[token.response(&rogue)]),
    ));
    let mut altered = tsa.leaf.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let mut token = tsa.token(&signed.signature, time(SIGNED));
    token.certificates = vec![altered];
    cases.push(forge.case(
        "timestamp-beside-an-altered-certificate",
        "what comes with a token in the signer's name is the signer's",
        INVALID,
        &forge.with_stamps(&signed, &[token.response(tsa)]),
    ));
    let mut other_version = tsa.leaf.clone();
    let version = other_version.windows(5).position(|bytes| bytes == [0xa0, 3, 2, 1, 2]).unwrap();
    other_version[version + 4] = 1;
    let mut token = tsa.token(&signed.signature, time(SIGNED));
    token.certificates = vec![other_version];
    cases.push(forge.case(
        "timestamp-beside-a-certificate-of-version-2",
        "what comes with a token in the signer's name is the signer's, though nobody reads it",
        INVALID,
        &forge.with_stamps(&signed, &[token.response(tsa)]),
    ));
    let lone = under(
        forge,
        "timestamp-authority-without-issuer",
        "an authority has at least its signer and its root",
        NOBODY,
        tsa,
    );
    cases.push(lone.root(|root| {
        let chain = &mut root["timestampAuthorities"][0]["certChain"]["certificates"];
        chain.as_array_mut().unwrap().truncate(1);
    }));
    // the signer comes with the token, under a root that is not its own
    let stranger = &forge.stranger.tsa;
    let case = under(
        forge,
        "timestamp-signer-under-another-root",
        "the token brings its signer, and the path leads elsewhere",
        NOBODY,
        stranger,
    );
    let root = chainsign_core::encoding::base64_encode(&tsa.root);
    cases.push(case.root(|trusted| {
        trusted["timestampAuthorities"][0]["certChain"]["certificates"] =
            json!([{"rawBytes": root}]);
    }));
}

fn times(forge: &Forge, cases: &mut Vec<Case>) {
    let signed = forge.instance.sign();
    let bundle = forge.instance.bundle_v2(&signed);
    let outside = "timestamp/timestamp-outside-validity";
    for (name, edge, text) in [
        ("timestamp-after-the-authoritys-range", "end", "2026-01-01T12:00:04Z"),
        ("timestamp-before-the-authoritys-range", "start", "2026-01-01T12:00:06Z"),
    ] {
        let why = "GHSA-wqqc-jjcq-vfxm: the trusted root's range was ignored";
        let case = forge.case(name, why, outside, &bundle);
        cases.push(case.root(|root| {
            root["timestampAuthorities"][0]["validFor"][edge] = json!(text);
        }));
    }
    let url = &forge.instance.tsa.url;
    let expired = Tsa::with(url, Key::p256(), |leaf| leaf.not_after = time("2026-01-01T12:00:04Z"));
    cases.push(under(
        forge,
        "timestamp-after-the-certificates-end",
        "its certificate was not valid any more",
        outside,
        &expired,
    ));
    // TOB-SIGSTORE-11: two authorities with one key; one has ended, the other may not lend its range
    let twin = Tsa::new("https://tsa2.example.com", Key::p256());
    let case = forge.case(
        "timestamp-with-anothers-range",
        "TOB-SIGSTORE-11: a token of one authority borrowed the range of another",
        outside,
        &bundle,
    );
    cases.push(case.root(|root| {
        let mut other = root["timestampAuthorities"][0].clone();
        other["uri"] = json!(twin.url);
        let chain: Vec<_> = twin
            .certificates()
            .iter()
            .map(|der| json!({"rawBytes": chainsign_core::encoding::base64_encode(der)}))
            .collect();
        other["certChain"]["certificates"] = json!(chain);
        root["timestampAuthorities"][0]["validFor"]["end"] = json!("2026-01-01T12:00:04Z");
        root["timestampAuthorities"].as_array_mut().unwrap().push(other);
    }));
    let tsa = &forge.instance.tsa;
    let late = tsa.stamp(&signed.signature, time("2026-01-01T12:30:01Z"));
    cases.push(forge.case(
        "timestamp-after-now",
        "a time in the future was accepted by other clients",
        "timestamp/timestamp-in-future",
        &forge.with_stamps(&signed, &[late]),
    ));
    let later = tsa.stamp(&signed.signature, time("2026-01-01T12:20:00Z"));
    cases.push(forge.case(
        "timestamp-after-the-certificate",
        "the case that the official suite masks by an encoding error",
        "certificate-validity/certificate-not-valid",
        &forge.with_stamps(&signed, &[later]),
    ));
    let twice = [
        tsa.stamp(&signed.signature, time(SIGNED)),
        tsa.stamp(&signed.signature, time("2026-01-01T12:00:06Z")),
    ];
    cases.push(
        forge
            .case(
                "threshold-two-timestamps-of-one-authority",
                "timestamps were counted, not authorities",
                "timestamp/too-few-timestamps",
                &signed.bundle(V0_3, &[forge.instance.entry_v2(&signed)], &twice),
            )
            .require("timestampAuthorities", json!(2)),
    );
}
