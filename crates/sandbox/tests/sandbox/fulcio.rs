//! The certificate authority: services.md section 3.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use chainsign_core::encoding::{base64_encode, pem_encode};
use chainsign_sandbox::{GithubWorkflow, TokenRequest};
use der::asn1::{BitString, Ia5String, OctetString, SetOfVec, Utf8StringRef};
use der::{Decode as _, Encode as _};
use jiff::SignedDuration;
use p256::ecdsa::SigningKey;
use p384::ecdsa::signature::Verifier as _;
use p384::pkcs8::DecodePublicKey as _;
use serde_json::{Value, json};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectAltName, SubjectKeyIdentifier};
use x509_cert::request::{CertReq, CertReqInfo};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::client::{
    COMMIT, EMAIL, NOW, WORKFLOW, certificate, certificate_request, chain, claims, email_token,
    get, key, key_pem, parsed, post, post_as, post_json, sha256, sign, spki, start, trust_config,
};

const PATH: &str = "/api/v2/signingCert";

/// Identifier, criticality and value of each extension, in the certificate's order.
fn extensions(der: &[u8]) -> Vec<(String, bool, Vec<u8>)> {
    let extensions = parsed(der).tbs_certificate.extensions.unwrap();
    extensions
        .into_iter()
        .map(|e| (e.extn_id.to_string(), e.critical, e.extn_value.into_bytes()))
        .collect()
}

/// The leftmost 160 bits of the SHA-256 of the key's bits.
fn key_identifier(spki: &[u8]) -> OctetString {
    let spki = SubjectPublicKeyInfoOwned::from_der(spki).unwrap();
    OctetString::new(&sha256(spki.subject_public_key.raw_bytes())[..20]).unwrap()
}

fn spki_of(der: &[u8]) -> Vec<u8> {
    parsed(der).tbs_certificate.subject_public_key_info.to_der().unwrap()
}

fn text(value: &str) -> Vec<u8> {
    Utf8StringRef::new(value).unwrap().to_der().unwrap()
}

fn alternative_name(name: GeneralName) -> Vec<u8> {
    SubjectAltName(vec![name]).to_der().unwrap()
}

/// What every leaf starts with: usage, purpose, both key identifiers.
fn first_extensions(leaf_spki: &[u8], issuer_spki: &[u8]) -> Vec<(String, bool, Vec<u8>)> {
    let authority = AuthorityKeyIdentifier {
        key_identifier: Some(key_identifier(issuer_spki)),
        ..Default::default()
    };
    let subject = SubjectKeyIdentifier(key_identifier(leaf_spki));
    vec![
        ("2.5.29.15".to_owned(), true, vec![3, 2, 7, 0x80]),
        ("2.5.29.37".to_owned(), false, hex::decode("300a06082b06010505070303").unwrap()),
        ("2.5.29.14".to_owned(), false, subject.to_der().unwrap()),
        ("2.5.29.35".to_owned(), false, authority.to_der().unwrap()),
    ]
}

#[tokio::test]
async fn an_email_certificate_has_exactly_these_extensions() {
    let sandbox = start().await;
    let request = certificate_request(&email_token(&sandbox), EMAIL, &key());
    let chain = chain(&post_json(&sandbox, PATH, &request).await);
    let mut found = extensions(&chain[0]);
    let (oid, critical, _) = found.pop().unwrap();
    assert_eq!((oid.as_str(), critical), ("1.3.6.1.4.1.11129.2.4.2", false));
    let name = GeneralName::Rfc822Name(Ia5String::new(EMAIL).unwrap());
    let mut wanted = first_extensions(&spki(&key()), &spki_of(&chain[1]));
    wanted.push(("2.5.29.17".to_owned(), true, alternative_name(name)));
    wanted.push(("1.3.6.1.4.1.57264.1.1".to_owned(), false, sandbox.url().into()));
    wanted.push(("1.3.6.1.4.1.57264.1.8".to_owned(), false, text(sandbox.url())));
    wanted.push(("1.3.6.1.4.1.57264.1.24".to_owned(), false, text(EMAIL)));
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn a_workflow_certificate_has_exactly_these_extensions() {
    let sandbox = start().await;
    let builder = "builders/go/.github/workflows/build.yml@refs/tags/v2";
    let workflow = GithubWorkflow::new(builder, COMMIT).unwrap().called_by(WORKFLOW).unwrap();
    let token = sandbox.token(TokenRequest::github_workflow(workflow)).unwrap();
    let claims = claims(&token);
    let claim = |name: &str| claims[name].as_str().unwrap().to_owned();
    let request = certificate_request(&token, &claim("sub"), &key());
    let chain = chain(&post_json(&sandbox, PATH, &request).await);
    let mut found = extensions(&chain[0]);
    assert_eq!(found.pop().unwrap().0, "1.3.6.1.4.1.11129.2.4.2");
    let signer = format!("https://github.com/{builder}");
    let name = GeneralName::UniformResourceIdentifier(Ia5String::new(&signer).unwrap());
    let mut wanted = first_extensions(&spki(&key()), &spki_of(&chain[1]));
    wanted.push(("2.5.29.17".to_owned(), true, alternative_name(name)));
    // services.md section 3.3, the GitHub column.
    for (arc, value) in [
        (1, sandbox.url().to_owned()),
        (2, "push".to_owned()),
        (3, COMMIT.to_owned()),
        (4, ".github/workflows/release.yml".to_owned()),
        (5, "acme/app".to_owned()),
        (6, "refs/tags/v1.2.3".to_owned()),
    ] {
        wanted.push((format!("1.3.6.1.4.1.57264.1.{arc}"), false, value.into_bytes()));
    }
    for (arc, value) in [
        (8, sandbox.url().to_owned()),
        (9, signer),
        (10, claim("job_workflow_sha")),
        (11, "github-hosted".to_owned()),
        (12, "https://github.com/acme/app".to_owned()),
        (13, COMMIT.to_owned()),
        (14, "refs/tags/v1.2.3".to_owned()),
        (15, claim("repository_id")),
        (16, "https://github.com/acme".to_owned()),
        (17, claim("repository_owner_id")),
        (18, format!("https://github.com/{WORKFLOW}")),
        (19, COMMIT.to_owned()),
        (20, "push".to_owned()),
        (21, "https://github.com/acme/app/actions/runs/1/attempts/1".to_owned()),
        (22, "public".to_owned()),
        (24, "repo:acme/app:ref:refs/tags/v1.2.3".to_owned()),
    ] {
        wanted.push((format!("1.3.6.1.4.1.57264.1.{arc}"), false, text(&value)));
    }
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn a_leaf_is_valid_for_ten_minutes_and_has_no_subject() {
    let sandbox = start().await;
    let tbs = parsed(&certificate(&sandbox, &key()).await).tbs_certificate;
    assert!(tbs.subject.is_empty());
    let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs() as i64;
    assert_eq!(seconds(tbs.validity.not_before), NOW);
    assert_eq!(seconds(tbs.validity.not_after), NOW + 600);
    let serial = tbs.serial_number.as_bytes();
    assert_eq!(serial.len(), 20);
    assert!((1..0x80).contains(&serial[0]));
    let another = parsed(&certificate(&sandbox, &key()).await).tbs_certificate;
    assert_ne!(another.serial_number.as_bytes(), serial);
}

#[tokio::test]
async fn the_chain_leads_to_the_root_of_the_trust_config() {
    let sandbox = start().await;
    let request = certificate_request(&email_token(&sandbox), EMAIL, &key());
    let chain = chain(&post_json(&sandbox, PATH, &request).await);
    assert_eq!(chain.len(), 3);
    for (certificate, issuer) in [(0, 1), (1, 2), (2, 2)] {
        let certificate = parsed(&chain[certificate]);
        let issuer_spki = spki_of(&chain[issuer]);
        let issuer_key = p384::ecdsa::VerifyingKey::from_public_key_der(&issuer_spki).unwrap();
        let signature =
            p384::ecdsa::DerSignature::from_bytes(certificate.signature.raw_bytes()).unwrap();
        let signed = certificate.tbs_certificate.to_der().unwrap();
        issuer_key.verify(&signed, &signature).unwrap();
        assert_eq!(certificate.signature_algorithm.oid.to_string(), "1.2.840.10045.4.3.3");
        assert_eq!(
            certificate.tbs_certificate.issuer,
            parsed(&chain[issuer]).tbs_certificate.subject
        );
    }
    let identifier =
        |der: &[u8]| SubjectKeyIdentifier(key_identifier(&spki_of(der))).to_der().unwrap();
    let authority = AuthorityKeyIdentifier {
        key_identifier: Some(key_identifier(&spki_of(&chain[2]))),
        ..Default::default()
    };
    let usage = ("2.5.29.15".to_owned(), true, vec![3, 2, 1, 6]);
    let root = vec![
        usage.clone(),
        ("2.5.29.19".to_owned(), true, hex::decode("30030101ff").unwrap()),
        ("2.5.29.14".to_owned(), false, identifier(&chain[2])),
    ];
    assert_eq!(extensions(&chain[2]), root);
    let intermediate = vec![
        usage,
        ("2.5.29.19".to_owned(), true, hex::decode("30060101ff020100").unwrap()),
        ("2.5.29.37".to_owned(), false, hex::decode("300a06082b06010505070303").unwrap()),
        ("2.5.29.14".to_owned(), false, identifier(&chain[1])),
        ("2.5.29.35".to_owned(), false, authority.to_der().unwrap()),
    ];
    assert_eq!(extensions(&chain[1]), intermediate);
    assert_eq!(
        parsed(&chain[2]).tbs_certificate.subject.to_string(),
        "CN=chainsign sandbox root: certificates mean nothing,O=sandbox.invalid"
    );
    let trusted = &trust_config(&sandbox)["trustedRoot"]["certificateAuthorities"][0];
    let certificates = &trusted["certChain"]["certificates"];
    assert_eq!(certificates[0]["rawBytes"], base64_encode(&chain[1]));
    assert_eq!(certificates[1]["rawBytes"], base64_encode(&chain[2]));
}

#[tokio::test]
async fn the_token_may_come_as_bearer_and_the_key_with_crlf() {
    let sandbox = start().await;
    let token = email_token(&sandbox);
    let mut request = certificate_request("", EMAIL, &key());
    request.as_object_mut().unwrap().remove("credentials");
    let content = key_pem(&key()).replace('\n', "\r\n");
    request["publicKeyRequest"]["publicKey"]["content"] = json!(content);
    let leaf = chain(&post_as(&sandbox, PATH, &token, &request).await).swap_remove(0);
    assert_eq!(spki_of(&leaf), spki(&key()));
    // Names as the protocol buffers have them, and unknown fields.
    let request = json!({
        "credentials": { "oidc_identity_token": token },
        "public_key_request": {
            "public_key": { "content": key_pem(&key()), "algorithm": "anything" },
            "proof_of_possession": base64_encode(sign(&key(), EMAIL.as_bytes())),
        },
        "unknown": {},
    });
    chain(&post_json(&sandbox, PATH, &request).await);
}

/// A PKCS#10 request, PEM, signed by `signer`.
fn signing_request(key: &SigningKey, signer: &SigningKey) -> String {
    let info = CertReqInfo {
        version: x509_cert::request::Version::V1,
        subject: Default::default(),
        public_key: SubjectPublicKeyInfoOwned::from_der(&spki(key)).unwrap(),
        attributes: SetOfVec::new(),
    };
    let signature = sign(signer, &info.to_der().unwrap());
    let request = CertReq {
        info,
        algorithm: AlgorithmIdentifierOwned {
            oid: der::oid::db::rfc5912::ECDSA_WITH_SHA_256,
            parameters: None,
        },
        signature: BitString::from_bytes(&signature).unwrap(),
    };
    pem_encode("CERTIFICATE REQUEST", &request.to_der().unwrap())
}

#[tokio::test]
async fn a_certificate_request_proves_the_key_by_itself() {
    let sandbox = start().await;
    let token = email_token(&sandbox);
    let request =
        json!({ "certificateSigningRequest": base64_encode(signing_request(&key(), &key())) });
    let leaf = chain(&post_as(&sandbox, PATH, &token, &request).await).swap_remove(0);
    assert_eq!(spki_of(&leaf), spki(&key()));
    let name = GeneralName::Rfc822Name(Ia5String::new(EMAIL).unwrap());
    assert_eq!(extensions(&leaf)[4].2, alternative_name(name));
}

#[tokio::test]
async fn every_kind_of_key_that_fulcio_takes_gets_a_certificate() {
    let sandbox = start().await;
    let random = SystemRandom::new();
    let ecdsa = |algorithm| {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let proof = pair.sign(&random, EMAIL.as_bytes()).unwrap();
        (spki.as_ref().to_vec(), proof.as_ref().to_vec())
    };
    let rsa = {
        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let mut proof = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &random, EMAIL.as_bytes(), &mut proof).unwrap();
        (spki.as_ref().to_vec(), proof)
    };
    let ed25519 = {
        let pair = Ed25519KeyPair::generate().unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        (spki.as_ref().to_vec(), pair.sign(EMAIL.as_bytes()).as_ref().to_vec())
    };
    let p384 = ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING);
    let p521 = ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING);
    for (spki, proof) in [p384, p521, rsa, ed25519] {
        let request = json!({
            "credentials": { "oidcIdentityToken": email_token(&sandbox) },
            "publicKeyRequest": {
                "publicKey": { "content": pem_encode("PUBLIC KEY", &spki) },
                "proofOfPossession": base64_encode(proof),
            },
        });
        let leaf = chain(&post_json(&sandbox, PATH, &request).await).swap_remove(0);
        assert_eq!(spki_of(&leaf), spki);
    }
}

#[tokio::test]
async fn refusals_are_fulcios() {
    let sandbox = start().await;
    let email = || TokenRequest::email(EMAIL).unwrap();
    let good = || certificate_request(&email_token(&sandbox), EMAIL, &key());
    let with_token = |request: TokenRequest| {
        certificate_request(&sandbox.token(request).unwrap(), EMAIL, &key())
    };
    let with_key = |pem: &str| {
        let mut request = good();
        request["publicKeyRequest"]["publicKey"]["content"] = json!(pem);
        request
    };
    let with_csr = |csr: String| {
        json!({
            "credentials": { "oidcIdentityToken": email_token(&sandbox) },
            "certificateSigningRequest": csr,
        })
    };
    let another = SigningKey::from_slice(&[8; 32]).unwrap();
    let stranger = start().await;
    let mut tampered = email_token(&sandbox);
    tampered.replace_range(tampered.len() - 6.., "AAAAAA");
    let second = SignedDuration::from_secs(0);

    const TOKEN: &str = "There was an error processing the identity token";
    const KEY: &str = "The public key supplied in the request could not be parsed";
    const INSECURE: &str = "The public key supplied in the request is insecure";
    const PROOF: &str = "The signature supplied in the request could not be verified";
    const CSR: &str = "The certificate signing request could not be parsed";
    let cases = [
        ("no token", certificate_request("", EMAIL, &key()), TOKEN),
        ("no JWT", certificate_request("a.b.c", EMAIL, &key()), TOKEN),
        ("tampered", certificate_request(&tampered, EMAIL, &key()), TOKEN),
        ("of another sandbox", certificate_request(&email_token(&stranger), EMAIL, &key()), TOKEN),
        ("for another audience", with_token(email().audience("other")), TOKEN),
        ("expired", with_token(email().lifetime(second)), TOKEN),
        ("no key", json!({ "credentials": good()["credentials"] }), KEY),
        ("garbage key", with_key("x"), KEY),
        ("wrong label", with_key(&key_pem(&key()).replace("PUBLIC KEY", "CERTIFICATE")), KEY),
        ("point not on the curve", with_key(&off_the_curve()), KEY),
        ("RSA 1024", with_key(RSA_1024), INSECURE),
        ("RSA exponent 3", with_key(RSA_EXPONENT_3), INSECURE),
        ("secp256k1", with_key(SECP256K1), INSECURE),
        ("X25519", with_key(X25519), INSECURE),
        (
            "proof over another address",
            certificate_request(&email_token(&sandbox), "eve@sandbox.invalid", &key()),
            PROOF,
        ),
        ("proof of another key", with_key(&key_pem(&another)), PROOF),
        (
            "request signed by another key",
            with_csr(base64_encode(signing_request(&key(), &another))),
            PROOF,
        ),
        ("request not base64", with_csr("!".to_owned()), CSR),
        ("request not PEM", with_csr(base64_encode("x")), CSR),
        (
            "request not PKCS#10",
            with_csr(base64_encode(pem_encode("CERTIFICATE REQUEST", b"x"))),
            CSR,
        ),
    ];
    for (name, request, message) in cases {
        let wanted = json!({ "code": 3, "message": message, "details": [] });
        let answer = post_json(&sandbox, PATH, &request).await;
        assert_eq!(answer.refusal(), (400, wanted), "{name}");
    }
    let (status, refusal) = post(&sandbox, PATH, "application/json", "{").await.refusal();
    assert_eq!((status, &refusal["code"]), (400, &json!(3)));
    let large = post(&sandbox, PATH, "application/json", vec![b' '; (4 << 20) + 1]).await;
    assert_eq!(large.status, 413);
    stranger.stop().await;
}

fn off_the_curve() -> String {
    let mut spki = spki(&key());
    *spki.last_mut().unwrap() ^= 1;
    pem_encode("PUBLIC KEY", &spki)
}

#[tokio::test]
async fn trust_bundle_and_configuration_are_served() {
    let sandbox = start().await;
    let trusted = &trust_config(&sandbox)["trustedRoot"]["certificateAuthorities"][0];
    let pem = |place: usize| {
        let der = crate::client::decode(&trusted["certChain"]["certificates"][place]["rawBytes"]);
        pem_encode("CERTIFICATE", &der)
    };
    let bundle = get(&sandbox, "/api/v2/trustBundle").await.json();
    assert_eq!(bundle, json!({ "chains": [{ "certificates": [pem(0), pem(1)] }] }));
    let issuer = |challenge: &str, kind: &str| -> Value {
        json!({
            "issuerUrl": sandbox.url(),
            "audience": "sigstore",
            "challengeClaim": challenge,
            "spiffeTrustDomain": "",
            "issuerType": kind,
            "subjectDomain": "",
            "skipEmailVerification": false,
        })
    };
    let wanted = json!({ "issuers": [issuer("email", "email"), issuer("sub", "github-workflow")] });
    assert_eq!(get(&sandbox, "/api/v2/configuration").await.json(), wanted);
}

// Made with `openssl genrsa 1024`, `openssl genrsa -3 2048`, `openssl ecparam -name secp256k1`,
// `openssl genpkey -algorithm X25519`.
const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCiu01KbGye0J3U23I6ZCzGjwCV
QM/ZR6KUQQsYchHoTJ/U22sxV86dFNvW3/AjRBya2SGGtdHHrLlerhbnL0pxoh/X
gXjqKkdZrUkkNS6/gDX7/X0bnLt86grNmqkD0j+iZDyuICXH79OeS6DxnRXZXhft
FCMZJ6qwP4xXIK+EiwIDAQAB
-----END PUBLIC KEY-----
";
const RSA_EXPONENT_3: &str = "-----BEGIN PUBLIC KEY-----
MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEArXrI5URRErGMYhYS1SXq
EqC0jSOAWbnH1BqGBCcd4OrjKEk86znbbedS9yWBmv6QJzcQZQ4rfwkxjX1LERuW
ltrWjkBifcAarnbBircDSluQTkVlYmNbWoqOw5yvb4XAxN80l8TU0XF5u8nnZyUt
I+wPH9lH+UeKeHLRH+lk1dIF+QiYRIrdZdub/Z3ZkVzLNg44PUzzLT2oce/zGj1C
2InsGhEMPO/ol/cYct+l+0RvDOpqzaZlbzycxVISFbIJGJroQhmdWglGvKKap+9k
PUe8hv8ixpzIeGhA2Oy7MaWxYMQX9MRronLUw+z1qJNvtvYRpNJv0ageQeKKo5b9
CQIBAw==
-----END PUBLIC KEY-----
";
const SECP256K1: &str = "-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAERiv1dUNr5rA/Ave+Ke/HKdV6j07mfcgx
jhkqGl1NbeWz2F5emDQFlC8I5kggPzjVB/of6fqk2u3f6ieGxt7zhA==
-----END PUBLIC KEY-----
";
const X25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEAUIz8ClobYgsmVPZYeIh75/r2Ef/6XqlNuoA2JkmimDI=
-----END PUBLIC KEY-----
";
