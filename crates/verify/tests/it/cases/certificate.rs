//! Certificates and SCTs: RFC 5280, RFC 6962, Fulcio's certificate specification.

use chainsign_core::encoding::base64_encode;
use serde_json::{Value, json};

use super::{Case, Forge};
use crate::forge::key::Key;
use crate::forge::x509::{self, CertificateSpec, CtLog, TIME_STAMPING, name};
use crate::forge::{ARTIFACT, ISSUED, Instance, Signed, V0_2, V0_3, der, time};

pub(super) fn cases(forge: &Forge, cases: &mut Vec<Case>) {
    leaves(forge, cases);
    identities(forge, cases);
    issuers(forge, cases);
    validity(forge, cases);
    transparency(forge, cases);
}

/// A bundle whose signer has a certificate that was changed before it was issued.
fn with_leaf(instance: &Instance, edit: impl FnOnce(&mut CertificateSpec)) -> Value {
    let key = Key::p256();
    let mut leaf = instance.leaf(&key);
    edit(&mut leaf);
    let leaf = instance.issue(&leaf);
    instance.bundle(&instance.sign_as(key, leaf, ARTIFACT))
}

fn leaves(forge: &Forge, cases: &mut Vec<Case>) {
    let mut case = |name, why, expect, edit: &dyn Fn(&mut CertificateSpec)| {
        cases.push(forge.case(name, why, expect, &with_leaf(&forge.instance, edit)));
    };
    case(
        "leaf-for-timestamping",
        "the certificate is for another purpose",
        "certificate-eku/not-for-code-signing",
        &|leaf| {
            leaf.usage(TIME_STAMPING, false);
        },
    );
    case(
        "leaf-without-usage",
        "Fulcio's certificates say that they are for code signing",
        "certificate-eku/not-for-code-signing",
        &|leaf| {
            leaf.remove("2.5.29.37");
        },
    );
    case(
        "leaf-is-ca",
        "the holder of a CA certificate issues, and does not sign",
        "certificate-path/certificate-malformed",
        &|leaf| {
            leaf.set("2.5.29.19", true, der::sequence(&[der::boolean(true)]));
        },
    );
    case(
        "leaf-without-digital-signature",
        "its key is not for signatures (RFC 5280 section 4.2.1.3)",
        "certificate-path/certificate-malformed",
        &|leaf| {
            leaf.set("2.5.29.15", true, vec![0x03, 0x02, 0x05, 0x20]);
        },
    );
    case(
        "leaf-with-unknown-critical-extension",
        "what is critical must be understood (RFC 5280 section 4.2)",
        "certificate-path/path-invalid",
        &|leaf| {
            leaf.set("1.2.3.4", true, der::null());
        },
    );
    case(
        "leaf-with-p-224-key",
        "the algorithm is not in Sigstore's registry",
        "key/key-unusable",
        &|leaf| {
            let curve = [der::oid("1.2.840.10045.2.1"), der::oid("1.3.132.0.33")];
            leaf.spki = der::sequence(&[der::sequence(&curve), der::bits([4; 57])]);
        },
    );
    case(
        "leaf-with-large-set",
        "work must be bounded: the parser sorts sets",
        "certificate-path/certificate-malformed",
        &|leaf| {
            let part = der::sequence(&[der::oid("2.5.4.3"), der::utf8("x")]);
            leaf.subject = der::sequence(&[der::value(0x31, part.repeat(65))]);
        },
    );
    let signed = forge.instance.sign();
    let mut twice = forge.instance.leaf(&Key::p256());
    twice.extensions.push(twice.extensions[0].clone());
    let mut trailing = signed.leaf.clone();
    trailing.push(0);
    for (name, why, leaf) in [
        ("leaf-with-extension-twice", "RFC 5280 section 4.2", forge.instance.issue(&twice)),
        ("leaf-with-trailing-data", "one spelling of a certificate", trailing),
        ("leaf-truncated", "half a certificate is none", signed.leaf[..200].to_vec()),
        ("leaf-empty", "no certificate", Vec::new()),
    ] {
        let mut bundle = forge.instance.bundle(&signed);
        bundle["verificationMaterial"]["certificate"]["rawBytes"] = json!(base64_encode(leaf));
        let expect = "certificate-path/certificate-malformed";
        cases.push(forge.case(name, why, expect, &bundle));
    }
}

fn identities(forge: &Forge, cases: &mut Vec<Case>) {
    let malformed = "identity/identity-malformed";
    let mut case = |name, why, expect, edit: &dyn Fn(&mut CertificateSpec)| {
        cases.push(forge.case(name, why, expect, &with_leaf(&forge.instance, edit)));
    };
    case("identity-other-subject", "somebody else signed", "identity/identity-mismatch", &|leaf| {
        leaf.alternative_name(x509::email("mallory@example.com"));
    });
    case(
        "identity-other-issuer",
        "somebody else vouches for the same name",
        "identity/identity-mismatch",
        &|leaf| {
            leaf.fulcio_raw(1, "https://evil.example.com");
            leaf.fulcio(8, "https://evil.example.com");
        },
    );
    case(
        "identity-other-case",
        "names are compared byte for byte",
        "identity/identity-mismatch",
        &|leaf| {
            leaf.alternative_name(x509::email("Dev@example.com"));
        },
    );
    case(
        "identity-issuer-with-slash",
        "issuers are compared byte for byte",
        "identity/identity-mismatch",
        &|leaf| {
            leaf.fulcio_raw(1, "https://issuer.example.com/");
            leaf.fulcio(8, "https://issuer.example.com/");
        },
    );
    case("identity-two-names", "a certificate has one name", malformed, &|leaf| {
        let names = [x509::email("dev@example.com"), x509::email("mallory@example.com")];
        leaf.set("2.5.29.17", true, der::sequence(&names));
    });
    case("identity-dns-name", "Fulcio issues no DNS names", malformed, &|leaf| {
        leaf.alternative_name(der::value(0x82, "example.com"));
    });
    case("identity-foreign-other-name", "only Fulcio's otherName is known", malformed, &|leaf| {
        let value = der::context(0, der::utf8("dev@example.com"));
        let other = [der::oid("1.3.6.1.4.1.311.20.2.3"), value].concat();
        leaf.alternative_name(der::context(0, other));
    });
    case("identity-without-name", "nobody is named", malformed, &|leaf| {
        leaf.remove("2.5.29.17");
    });
    case("identity-without-issuer", "nobody vouches for the name", malformed, &|leaf| {
        leaf.remove("1.3.6.1.4.1.57264.1.1");
        leaf.remove("1.3.6.1.4.1.57264.1.8");
    });
    case("identity-issuers-disagree", "both forms are there and differ", malformed, &|leaf| {
        leaf.fulcio_raw(1, "https://evil.example.com");
    });
    case("identity-issuer-not-utf8string", "since .1.8 extensions are DER", malformed, &|leaf| {
        leaf.fulcio_raw(8, "https://issuer.example.com");
    });
    case("identity-refs-disagree", "both forms are there and differ", malformed, &|leaf| {
        leaf.fulcio_raw(6, "refs/heads/main");
        leaf.fulcio(14, "refs/tags/v1");
    });
    case("identity-repositories-disagree", "both forms are there and differ", malformed, &|leaf| {
        leaf.fulcio_raw(5, "acme/app");
        leaf.fulcio(12, "https://github.com/evil-acme/app");
    });
}

fn issuers(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let mut altered = instance.intermediate.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    for (name, why, other) in [
        ("issuer-beside-the-path", "a bundle has a chain, not a bag", &forge.stranger.intermediate),
        ("issuer-altered-beside-the-path", "it is not the authority's certificate", &altered),
    ] {
        let expect = "certificate-path/certificate-not-on-path";
        cases.push(forge.case(name, why, expect, &with_other(forge, other)));
    }
    let bundle_of =
        |leaf: Vec<u8>, key: Key| instance.bundle(&instance.sign_as(key, leaf, ARTIFACT));
    let key = Key::p256();
    let leaf = forge.stranger.issue(&forge.stranger.leaf(&key));
    cases.push(forge.case(
        "issuer-unknown",
        "the certificate is of an authority that the trusted root does not have",
        "certificate-path/issuer-not-trusted",
        &bundle_of(leaf, key),
    ));
    let twin = Instance::new("example.com");
    let key = Key::p256();
    let leaf = twin.issue(&twin.leaf(&key));
    cases.push(forge.case(
        "issuer-with-the-same-name",
        "an authority is its key, not its name",
        "certificate-path/issuer-not-trusted",
        &bundle_of(leaf, key),
    ));
    let key = Key::p256();
    let mut spec = twin.leaf(&key);
    spec.remove("2.5.29.35");
    let leaf = twin.issue(&spec);
    cases.push(forge.case(
        "issuer-with-the-same-name-and-no-key-id",
        "an authority is its key, not its name",
        "certificate-path/path-invalid",
        &bundle_of(leaf, key),
    ));
    let key = Key::p256();
    let mut spec = instance.leaf(&key);
    spec.issuer = spec.subject.clone();
    let leaf = spec.sign(&key);
    cases.push(forge.case(
        "issuer-is-the-signer",
        "a self-signed certificate is trusted by nobody",
        "certificate-path/issuer-not-trusted",
        &bundle_of(leaf, key),
    ));
    // an end entity acts as an authority
    let middle_key = Key::p256();
    let mut middle = instance.leaf(&middle_key);
    middle.subject = name("middle");
    let middle = instance.issue(&middle);
    let with_chain = |leaf: Vec<u8>, key: Key, others: &[Vec<u8>]| {
        let signed = instance.sign_as(key, leaf, ARTIFACT);
        let mut bundle = signed.bundle(V0_2, &[instance.entry_v1(&signed)], &[]);
        let chain = &mut bundle["verificationMaterial"]["x509CertificateChain"]["certificates"];
        let others = others.iter().map(|der| json!({"rawBytes": base64_encode(der)}));
        chain.as_array_mut().unwrap().extend(others);
        bundle
    };
    let below = |issuer_name: &str, issuer: &Key| {
        let key = Key::p256();
        let mut leaf = instance.leaf(&key);
        leaf.issuer = name(issuer_name);
        leaf.remove("2.5.29.35");
        (leaf.sign(issuer), key)
    };
    let (leaf, key) = below("middle", &middle_key);
    cases.push(forge.case(
        "issuer-is-an-end-entity",
        "the holder of a signer's certificate cannot issue (RFC 5280 section 4.2.1.9)",
        "certificate-path/path-invalid",
        &with_chain(leaf, key, &[middle]),
    ));
    let mut sub_ca = |name: &'static str,
                      why: &'static str,
                      expect: &'static str,
                      edit: &dyn Fn(&mut CertificateSpec)| {
        let middle_key = Key::p256();
        let issuer = instance.intermediate_name();
        let spki = instance.intermediate_key.spki();
        let mut middle = CertificateSpec::ca("middle", &issuer, &middle_key, &spki);
        edit(&mut middle);
        let (leaf, key) = below("middle", &middle_key);
        let middle = middle.sign(&instance.intermediate_key);
        cases.push(forge.case(name, why, expect, &with_chain(leaf, key, &[middle])));
    };
    sub_ca(
        "issuer-without-key-cert-sign",
        "its key is not for certificates (RFC 5280 section 4.2.1.3)",
        "certificate-path/path-invalid",
        &|middle| {
            middle.set("2.5.29.15", true, vec![0x03, 0x02, 0x07, 0x80]);
        },
    );
    sub_ca(
        "issuer-for-timestamping",
        "the purposes of a path are nested",
        "certificate-path/path-invalid",
        &|middle| {
            middle.usage(TIME_STAMPING, false);
        },
    );
    sub_ca(
        "issuer-expired",
        "every certificate of the path is valid at every proven time",
        "certificate-validity/certificate-not-valid",
        &|middle| middle.not_after = time("2025-12-31T00:00:00Z"),
    );
    // pathLenConstraint 0 on the intermediate, and one more below it
    let constrained = Instance::with("example.com", |intermediate| {
        let none_below = der::sequence(&[der::boolean(true), der::integer(&[0])]);
        intermediate.set("2.5.29.19", true, none_below);
    });
    let middle_key = Key::p256();
    let spki = constrained.intermediate_key.spki();
    let middle =
        CertificateSpec::ca("middle", &constrained.intermediate_name(), &middle_key, &spki);
    let middle = middle.sign(&constrained.intermediate_key);
    let (leaf, key) = below("middle", &middle_key);
    let signed = constrained.sign_as(key, leaf, ARTIFACT);
    let mut bundle = signed.bundle(V0_2, &[constrained.entry_v1(&signed)], &[]);
    let chain = &mut bundle["verificationMaterial"]["x509CertificateChain"]["certificates"];
    chain.as_array_mut().unwrap().push(json!({"rawBytes": base64_encode(middle)}));
    cases.push(
        forge
            .case(
                "issuer-below-its-path-length",
                "the authority must not have authorities below it",
                "certificate-path/path-invalid",
                &bundle,
            )
            .root(|root| *root = constrained.root()),
    );
    let signed = instance.sign();
    let mut bundle = signed.bundle(V0_2, &[instance.entry_v1(&signed)], &[]);
    let chain = &mut bundle["verificationMaterial"]["x509CertificateChain"]["certificates"];
    chain.as_array_mut().unwrap().push(json!({"rawBytes": base64_encode(&instance.root)}));
    cases.push(forge.case(
        "issuer-root-in-bundle",
        "a trust anchor comes from the trusted root only",
        "certificate-path/root-in-material",
        &bundle,
    ));
}

/// A bundle of 0.2 with another certificate behind the signer's.
fn with_other(forge: &Forge, other: &[u8]) -> Value {
    let signed = forge.instance.sign();
    let mut bundle = signed.bundle(V0_2, &[forge.instance.entry_v1(&signed)], &[]);
    let chain = &mut bundle["verificationMaterial"]["x509CertificateChain"]["certificates"];
    chain.as_array_mut().unwrap().push(json!({"rawBytes": base64_encode(other)}));
    bundle
}

fn validity(forge: &Forge, cases: &mut Vec<Case>) {
    let not_valid = "certificate-validity/certificate-not-valid";
    let mut case = |name, why, expect, edit: &dyn Fn(&mut CertificateSpec)| {
        cases.push(forge.case(name, why, expect, &with_leaf(&forge.instance, edit)));
    };
    case("leaf-expired", "signed after the certificate's end", not_valid, &|leaf| {
        leaf.not_before = time("2026-01-01T11:50:00Z");
        leaf.not_after = time("2026-01-01T12:00:04Z");
    });
    case("leaf-not-yet-valid", "signed before the certificate's start", not_valid, &|leaf| {
        leaf.not_before = time("2026-01-01T12:00:06Z");
    });
    let mut authority = |name, why, instance: &Instance| {
        let bundle = instance.bundle(&instance.sign());
        let case = forge.case(name, why, not_valid, &bundle);
        cases.push(case.root(|root| *root = instance.root()));
    };
    authority(
        "intermediate-expired",
        "GHSA-wfqv-66vq-46rm: only the leaf was checked",
        &Instance::with("example.com", |intermediate| {
            intermediate.not_after = time("2026-01-01T12:00:04Z");
        }),
    );
    authority(
        "intermediate-not-yet-valid",
        "every certificate of the path is valid at every proven time",
        &Instance::with("example.com", |intermediate| {
            intermediate.not_before = time("2026-01-01T12:00:06Z");
        }),
    );
    let mut instance = Instance::new("example.com");
    let root_name = "example.com root";
    let spki = instance.root_key.spki();
    let mut root = CertificateSpec::ca(root_name, root_name, &instance.root_key, &spki);
    root.not_after = time("2026-01-01T12:00:04Z");
    instance.root = root.sign(&instance.root_key);
    authority("root-expired", "the trust anchor is part of the path", &instance);

    let trusted = instance_root_range(forge, "2020-01-01T00:00:00Z", "2026-01-01T12:00:04Z");
    let bundle = forge.instance.bundle(&forge.instance.sign());
    let expect = "certificate-validity/authority-not-valid";
    let why = "GHSA-wqqc-jjcq-vfxm: the trusted root's range was ignored";
    let case = forge.case("authority-range-ended", why, expect, &bundle);
    cases.push(case.root(|root| *root = trusted));
    let trusted = instance_root_range(forge, "2026-01-01T12:00:06Z", "2030-01-01T00:00:00Z");
    let case = forge.case("authority-range-not-begun", why, expect, &bundle);
    cases.push(case.root(|root| *root = trusted));

    let signed = forge.instance.sign();
    let late = forge.instance.tsa.stamp(&signed.signature, time("2026-01-01T12:20:00Z"));
    let bundle = signed.bundle(V0_3, &[forge.instance.entry_v1(&signed)], &[late]);
    cases.push(forge.case(
        "leaf-valid-at-one-of-two-times",
        "TOB-SIGSTORE-4: the certificate must hold at every proven time",
        not_valid,
        &bundle,
    ));
}

fn instance_root_range(forge: &Forge, start: &str, end: &str) -> Value {
    let mut root = forge.instance.root();
    root["certificateAuthorities"][0]["validFor"] = json!({"start": start, "end": end});
    root
}

fn transparency(forge: &Forge, cases: &mut Vec<Case>) {
    let instance = &forge.instance;
    let at = time(ISSUED);
    let spki = instance.intermediate_key.spki();
    // A certificate with the SCTs that come of its own TBSCertificate.
    let with_scts = |scts: &dyn Fn(&[u8]) -> Vec<Vec<u8>>| -> Signed {
        let key = Key::p256();
        let spec = instance.leaf(&key);
        let tbs = spec.tbs(&instance.intermediate_key.signature_algorithm());
        let leaf = instance.issue_with(&spec, &scts(&tbs));
        instance.sign_as(key, leaf, ARTIFACT)
    };
    let mut case = |name, why, expect, scts: &dyn Fn(&[u8]) -> Vec<Vec<u8>>| {
        cases.push(forge.case(name, why, expect, &instance.bundle(&with_scts(scts))));
    };
    case("sct-missing", "no log has seen the certificate", "sct/too-few-scts", &|_| Vec::new());
    case(
        "sct-of-unknown-log",
        "the trusted root does not have the log",
        "sct/too-few-scts",
        &|tbs| vec![forge.stranger.ct.embedded(tbs, &spki, at, &[])],
    );
    case(
        "sct-over-another-certificate",
        "the log has seen another certificate",
        "sct/sct-invalid",
        &|tbs| {
            let mut other = tbs.to_vec();
            let last = other.len() - 1;
            other[last] ^= 1;
            vec![instance.ct.embedded(&other, &spki, at, &[])]
        },
    );
    case(
        "sct-for-another-issuer",
        "sigstore-rust #154: the issuer is its key, not its name",
        "sct/sct-invalid",
        &|tbs| vec![instance.ct.embedded(tbs, &forge.stranger.intermediate_key.spki(), at, &[])],
    );
    case(
        "sct-of-a-forged-log",
        "a log is its key: the id is copied, the signature is not",
        "sct/sct-invalid",
        &|tbs| {
            let impostor = CtLog { url: String::new(), key: Key::p256() };
            let mut sct = impostor.embedded(tbs, &spki, at, &[]);
            sct[1..33].copy_from_slice(&instance.ct.id());
            vec![sct]
        },
    );
    case("sct-truncated", "half an SCT is none", "sct/sct-malformed", &|tbs| {
        let mut sct = instance.ct.embedded(tbs, &spki, at, &[]);
        sct.truncate(40);
        vec![sct]
    });
    case("sct-of-another-version", "only version 1 is known", "sct/sct-malformed", &|tbs| {
        let mut sct = instance.ct.embedded(tbs, &spki, at, &[]);
        sct[0] = 1;
        vec![sct]
    });
    case(
        "sct-says-another-algorithm",
        "the algorithm is that of the log's key",
        "sct/sct-invalid",
        &|tbs| {
            let mut sct = instance.ct.embedded(tbs, &spki, at, &[]);
            // after version, id, time and no extensions
            sct[43] = 2;
            vec![sct]
        },
    );
    let signed = with_scts(&|tbs| vec![instance.ct.embedded(tbs, &spki, at, &[])]);
    let end = "2025-12-31T00:00:00Z";
    cases.push(
        forge
            .case(
                "sct-after-the-logs-key",
                "the log's key was not valid when it signed",
                "sct/sct-outside-key-validity",
                &instance.bundle(&signed),
            )
            .root(|root| root["ctlogs"][0]["publicKey"]["validFor"]["end"] = json!(end)),
    );
    let signed = with_scts(&|tbs| {
        vec![
            instance.ct.embedded(tbs, &spki, at, &[]),
            instance.ct.embedded(tbs, &spki, time("2026-01-01T12:00:01Z"), &[]),
        ]
    });
    cases.push(
        forge
            .case(
                "sct-twice-by-one-log",
                "GHSA-9vcr-p3rj-q5q6: SCTs were counted, not logs",
                "sct/too-few-scts",
                &instance.bundle(&signed),
            )
            .require("certificateTransparencyLogs", json!(2)),
    );
}
