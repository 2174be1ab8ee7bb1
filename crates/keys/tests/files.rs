//! Key files of other tools are read, and what must not be read is refused for the right reason.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails where it stands, and reads its files"
)]

use std::path::Path;

use chainsign_core::encoding::{base64_encode, pem_decode, pem_encode};
use chainsign_core::key::PublicKey;
use chainsign_keys::file::KeyFile;
use chainsign_keys::{Error, KeyKind, Password, PrivateKey};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// Every form, with its kind and the public key that the same tool prints.
#[test]
fn keys_of_other_tools_are_read() {
    let wanted = [
        ("cosign.key", KeyKind::EcdsaP256, "cosign.pub"),
        ("cosign-empty-password.key", KeyKind::EcdsaP256, "cosign-empty-password.pub"),
        ("cosign-p384.key", KeyKind::EcdsaP384, "p384.pub"),
        ("cosign-p521.key", KeyKind::EcdsaP521, "p521.pub"),
        ("cosign-ed25519.key", KeyKind::Ed25519, "ed25519.pub"),
        ("cosign-rsa3072.key", KeyKind::Rsa3072, "rsa3072.pub"),
        ("p256-sec1.pem", KeyKind::EcdsaP256, "p256-sec1.pub"),
        ("p256.pem", KeyKind::EcdsaP256, "p256.pub"),
        ("p256-pbkdf2.pem", KeyKind::EcdsaP256, "p256.pub"),
        ("p384.pem", KeyKind::EcdsaP384, "p384.pub"),
        ("p384-scrypt.pem", KeyKind::EcdsaP384, "p384.pub"),
        ("p521.pem", KeyKind::EcdsaP521, "p521.pub"),
        ("ed25519.pem", KeyKind::Ed25519, "ed25519.pub"),
        ("rsa2048-pkcs1.pem", KeyKind::Rsa2048, "rsa2048-pkcs1.pub"),
        ("rsa3072.pem", KeyKind::Rsa3072, "rsa3072.pub"),
        ("rsa4096.pem", KeyKind::Rsa4096, "rsa4096.pub"),
    ];
    let mut faults = Vec::new();
    for (file, kind, public) in wanted {
        let public = PublicKey::from_pem(&read(public)).unwrap();
        let password = if file.contains("empty") { "" } else { "correct horse" };
        match open(&read(file), password) {
            Ok(key) if (key.kind(), key.public_key()) == (kind, &public) => {}
            Ok(key) => faults.push(format!("{file}: {key:?}, wanted {kind} {public:?}")),
            Err(error) => faults.push(format!("{file}: {error}")),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_must_not_be_read_is_refused_for_its_own_reason() {
    let wanted = [
        (
            "iterations_fail.pem",
            "the private key asks for 20000000 iterations of PBKDF2, wanted 1 to 10,000,000 iterations of PBKDF2",
        ),
        (
            "pbes1_fail.pem",
            "the private key is encrypted with \"1.2.840.113549.1.12.1.3\", wanted PBES2",
        ),
        (
            "traditional_fail.pem",
            "the private key is encrypted in OpenSSL's traditional way, wanted PKCS#8 or cosign's format",
        ),
        (
            "secp256k1_fail.pem",
            "found a private key of 1.3.132.0.10, wanted ECDSA P-256, P-384 or P-521, Ed25519 or RSA",
        ),
        (
            "explicit-curve_fail.pem",
            "found a private key of an elliptic curve without a name, wanted ECDSA P-256, P-384 or P-521, Ed25519 or RSA",
        ),
        (
            "ed448_fail.pem",
            "found a private key of 1.3.101.113, wanted ECDSA P-256, P-384 or P-521, Ed25519 or RSA",
        ),
        ("rsa1024_fail.pem", "the rsa private key is not a valid one: TooSmall"),
        ("rsa2056_fail.pem", "found an RSA key of 2056 bits, wanted 2048, 3072 or 4096"),
        ("several_fail.pem", "found several private keys in one file, wanted one"),
        (
            "public_fail.pem",
            "found a PEM block \"PUBLIC KEY\", wanted a private key: ENCRYPTED SIGSTORE PRIVATE KEY, ENCRYPTED COSIGN PRIVATE KEY, ENCRYPTED PRIVATE KEY, PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY",
        ),
    ];
    let mut faults = Vec::new();
    for (file, wanted) in wanted {
        let found = open(&read(file), "correct horse").map_err(|error| error.to_string());
        if found.as_ref().err().map(String::as_str) != Some(wanted) {
            faults.push(format!("{file}: {found:?}\n  wanted {wanted:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn texts_that_are_no_pem_are_refused() {
    let begin = "-----BEGIN PRIVATE KEY-----\n";
    for (text, reason) in [
        (String::new(), "found no block of a private key"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into(),
            "found no block of a private key",
        ),
        (begin.into(), "found no END of a block"),
        (
            format!("{begin}AAAA\n-----END PUBLIC KEY-----\n"),
            "found another END than the block's own",
        ),
        (
            format!("{begin}AAA\n-----END PRIVATE KEY-----\n"),
            "found a block that is not canonical base64",
        ),
    ] {
        let error = KeyFile::parse(text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, Error::NotPem { reason: found } if found == reason),
            "{text:?}: {error}"
        );
    }
    let error = KeyFile::parse(&[0xff]).unwrap_err();
    assert!(matches!(error, Error::NotPem { reason: "found bytes that are no text" }), "{error}");
    let error = KeyFile::parse(&vec![b' '; KeyFile::MOST_BYTES + 1]).unwrap_err();
    assert!(matches!(error, Error::TooLarge { found, limit } if found == limit + 1), "{error}");
}

#[test]
fn text_around_the_key_and_other_line_ends_do_not_matter() {
    let text = String::from_utf8(read("p256.pem")).unwrap();
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let around = format!("a key of ours:\n{text}and its certificate\n{certificate}");
    for text in [around.clone(), around.replace('\n', "\r\n")] {
        assert_eq!(open(text.as_bytes(), "").unwrap().kind(), KeyKind::EcdsaP256);
    }
}

#[test]
fn the_older_label_of_cosign_is_read_too() {
    let text = String::from_utf8(read("cosign.key")).unwrap();
    let older = text.replace("SIGSTORE", "COSIGN");
    let key = open(older.as_bytes(), "correct horse").unwrap();
    assert_eq!(key.public_key(), open(text.as_bytes(), "correct horse").unwrap().public_key());
}

#[test]
fn every_kind_survives_being_encrypted_and_being_written() {
    for kind in KeyKind::ALL {
        let key = match kind {
            // Generating these takes seconds, and is tried with the smallest.
            KeyKind::Rsa3072 | KeyKind::Rsa4096 => {
                open(&read(&format!("{kind}.pem").replace('-', "")), "").unwrap()
            }
            _ => PrivateKey::generate(kind).unwrap(),
        };
        let plain = open(key.to_plain_pem().unwrap().as_bytes(), "").unwrap();
        assert_eq!((plain.kind(), plain.public_key()), (kind, key.public_key()));
        let sealed = key.to_encrypted_pem(&Password::new("p\n")).unwrap();
        assert!(sealed.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"), "{sealed}");
        assert_eq!(open(sealed.as_bytes(), "p\n").unwrap().public_key(), key.public_key());
        let error = open(sealed.as_bytes(), "p").unwrap_err();
        assert!(matches!(error, Error::WrongPassword), "{error}");
    }
}

/// PBES2 does not authenticate: one wrong password in 256 leaves what looks like padding.
#[test]
fn a_wrong_password_is_never_taken_for_a_broken_key() {
    let KeyFile::Encrypted(key) = KeyFile::parse(&read("p256-pbkdf2.pem")).unwrap() else {
        panic!("wanted an encrypted key")
    };
    let errors = (0..700).map(|number| key.decrypt(&Password::new(number.to_string())));
    let others: Vec<_> = errors.filter(|it| !matches!(it, Err(Error::WrongPassword))).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn salt_and_nonce_are_fresh() {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let password = Password::new("");
    let sealed = || document(key.to_encrypted_pem(&password).unwrap().as_bytes());
    let (one, other) = (sealed(), sealed());
    assert_ne!(one["kdf"]["salt"], other["kdf"]["salt"]);
    assert_ne!(one["cipher"]["nonce"], other["cipher"]["nonce"]);
    // The shape is cosign's, member for member.
    let theirs = document(&read("cosign.key"));
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for member in ["", "/kdf", "/cipher"] {
        assert_eq!(names(one.pointer(member).unwrap()), names(theirs.pointer(member).unwrap()));
    }
    assert_eq!(one["kdf"]["params"], theirs["kdf"]["params"]);
}

/// One change to a good encrypted key at a time. All but the last two are found before any work.
#[test]
fn a_changed_encrypted_key_is_refused() {
    let sixteen = |n: usize| base64_encode(vec![0; n]);
    let known = "wanted N = 32768, 65536 or 131072 with r = 8 and p = 1";
    let changes: [(&str, Value, String); 11] = [
        (
            "/kdf/name",
            json!("argon2"),
            "the private key is encrypted with \"argon2\", wanted scrypt".into(),
        ),
        (
            "/cipher/name",
            json!("none"),
            "the private key is encrypted with \"none\", wanted nacl/secretbox".into(),
        ),
        (
            "/kdf/params/N",
            json!(1_u64 << 40),
            format!(
                "the private key asks for scrypt with N = 1099511627776, r = 8, p = 1, {known}"
            ),
        ),
        (
            "/kdf/params/N",
            json!(2),
            format!("the private key asks for scrypt with N = 2, r = 8, p = 1, {known}"),
        ),
        (
            "/kdf/params/r",
            json!(1024),
            format!("the private key asks for scrypt with N = 65536, r = 1024, p = 1, {known}"),
        ),
        (
            "/kdf/params/p",
            json!(64),
            format!("the private key asks for scrypt with N = 65536, r = 8, p = 64, {known}"),
        ),
        (
            "/kdf/salt",
            json!(sixteen(15)),
            "the encrypted private key's salt has 15 bytes, wanted 16 to 64".into(),
        ),
        (
            "/cipher/nonce",
            json!(sixteen(12)),
            "the encrypted private key's nonce has 12 bytes, wanted 24".into(),
        ),
        ("/kdf/params", json!(null), "the encrypted private key is malformed".into()),
        (
            "/kdf/salt",
            json!(sixteen(32)),
            "the password does not open the private key, or the file was changed".into(),
        ),
        (
            "/ciphertext",
            json!(sixteen(8)),
            "the password does not open the private key, or the file was changed".into(),
        ),
    ];
    let mut faults = Vec::new();
    for (place, value, wanted) in changes {
        let mut document = document(&read("cosign.key"));
        *document.pointer_mut(place).unwrap() = value.clone();
        let text =
            pem_encode("ENCRYPTED SIGSTORE PRIVATE KEY", &serde_json::to_vec(&document).unwrap());
        let found = open(text.as_bytes(), "correct horse").map_err(|error| error.to_string());
        if found.as_ref().err() != Some(&wanted) {
            faults.push(format!("{place} = {value}: {found:?}\n  wanted {wanted:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn nothing_secret_is_printed() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let public = key.public_key().clone();
    assert_eq!(
        format!("{key:?}"),
        format!("PrivateKey {{ kind: Ed25519, public: {public:?}, .. }}")
    );
    assert_eq!(format!("{:?}", Password::new("hunter2")), "Password(redacted)");
    let file = KeyFile::parse(&read("cosign.key")).unwrap();
    assert_eq!(format!("{file:?}"), "Encrypted(EncryptedKey)");
}

proptest! {
    /// Whatever is in a file, and whatever is in a block of a known label, is read or refused.
    #[test]
    fn nothing_in_a_file_makes_reading_it_fail_otherwise(
        text in any::<Vec<u8>>(),
        body in any::<Vec<u8>>(),
        label in select(LABELS),
    ) {
        let _ = KeyFile::parse(&text);
        let _ = KeyFile::parse(pem_encode(label, &body).as_bytes());
    }

    /// A key with some bytes changed is read as a key, or refused; never does it ask for more work.
    #[test]
    fn a_damaged_key_is_read_or_refused(
        file in select(&["cosign.key", "p256-pbkdf2.pem", "p384-scrypt.pem", "ed25519.pem", "p256-sec1.pem", "rsa2048-pkcs1.pem"][..]),
        at in any::<Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = read(file);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = KeyFile::parse(&bytes);
    }
}

const LABELS: &[&str] = &[
    "ENCRYPTED SIGSTORE PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "PRIVATE KEY",
    "EC PRIVATE KEY",
    "RSA PRIVATE KEY",
];

fn open(text: &[u8], password: &str) -> Result<PrivateKey, Error> {
    match KeyFile::parse(text)? {
        KeyFile::Plain(key) => Ok(key),
        KeyFile::Encrypted(key) => key.decrypt(&Password::new(password)),
    }
}

fn document(pem: &[u8]) -> Value {
    let body = pem_decode("key", "ENCRYPTED SIGSTORE PRIVATE KEY", pem).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn read(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/keys");
    std::fs::read(folder.join(name)).unwrap()
}
