//! Signing with keys in PKCS#11 tokens, with the real binary and SoftHSM, where it is installed
//! (`softhsm2` in most distributions). `.ci/interop pkcs11` installs it.
#![cfg(feature = "pkcs11")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::path::Path;
use std::process::Command;

use chainsign_core::encoding::pem_encode;
use chainsign_keys::{KeyKind, PrivateKey};
use serde_json::Value;
use support::{Desk, Ran, Stage};

const PIN: &str = "471147";

/// A desk with tokens, and a sandbox.
struct Hsm {
    stage: Stage,
    module: &'static str,
}

impl Hsm {
    /// One with an empty token named `releases`, unless there is no SoftHSM on this machine.
    fn new() -> Option<Self> {
        let Some(module) = MODULES.into_iter().find(|module| Path::new(module).exists()) else {
            use std::io::Write as _;
            // Past the capture of the test harness, so that it is seen.
            let _ = writeln!(std::io::stderr(), "SKIPPED: SoftHSM is not installed here");
            return None;
        };
        let hsm = Hsm { stage: Stage::new(), module };
        std::fs::create_dir(hsm.desk().path("tokens")).unwrap();
        let folder = hsm.desk().path("tokens");
        let config = format!("directories.tokendir = {}\nlog.level = ERROR\n", folder.display());
        hsm.desk().write("softhsm2.conf", config);
        hsm.desk().write("file", "content");
        hsm.new_token("releases");
        Some(hsm)
    }

    fn desk(&self) -> &Desk {
        &self.stage.desk
    }

    fn new_token(&self, label: &str) {
        self.tool(&[
            "--init-token",
            "--free",
            "--label",
            label,
            "--pin",
            PIN,
            "--so-pin",
            "12345678",
        ]);
    }

    /// Puts a new key into a token, and its public key into `LABEL.pub`.
    fn new_key(&self, kind: KeyKind, label: &str, id: &str) {
        let key = PrivateKey::generate(kind).unwrap();
        let pem = pem_encode("PRIVATE KEY", &key.to_pkcs8().unwrap());
        let file = self.desk().write("import.pem", pem);
        let file = file.to_str().unwrap();
        self.tool(&[
            "--import", file, "--token", "releases", "--label", label, "--id", id, "--pin", PIN,
        ]);
        self.desk().write(&format!("{label}.pub"), key.public_key().to_pem());
    }

    fn tool(&self, arguments: &[&str]) {
        let mut tool = Command::new("softhsm2-util");
        tool.env("SOFTHSM2_CONF", self.desk().path("softhsm2.conf")).args(arguments);
        let output = tool.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// The binary, without a PIN.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.desk().command(arguments);
        command.env("SOFTHSM2_CONF", self.desk().path("softhsm2.conf"));
        command.env("COSIGN_PKCS11_MODULE_PATH", self.module);
        command
    }

    /// Runs with the right PIN.
    fn run(&self, arguments: &[&str]) -> Ran {
        self.desk().ran(self.command(arguments).env("COSIGN_PKCS11_PIN", PIN))
    }
}

const TRUST: [&str; 2] = ["--trust-config", "trust.json"];
const NO_SERVICES: [&str; 2] = ["--tlog-upload=false", "--use-signing-config=false"];

#[test]
fn every_kind_of_key_signs_files_and_statements() {
    let Some(hsm) = Hsm::new() else { return };
    hsm.desk().write("p.json", r#"{"bomFormat":"CycloneDX"}"#);
    let mut faults = Vec::new();
    for (index, (kind, logged)) in [
        (KeyKind::EcdsaP256, true),
        (KeyKind::EcdsaP384, true),
        (KeyKind::EcdsaP521, true),
        (KeyKind::Rsa2048, true),
        (KeyKind::Rsa3072, true),
        // A log of files wants Ed25519ph, which tokens do not agree on.
        (KeyKind::Ed25519, false),
    ]
    .into_iter()
    .enumerate()
    {
        let (label, public) = (kind.name(), format!("{kind}.pub"));
        hsm.new_key(kind, label, &format!("0{index}"));
        let uri = format!("pkcs11:token=releases;object={label}");
        let key = ["--key", uri.as_str()];
        let mut check = |what: &str, ran: Ran, code: i32, says: &str| {
            if ran.code != code || !format!("{}{}", ran.stdout, ran.stderr).contains(says) {
                faults.push(format!("{label}, {what}: wanted {code} and {says:?}: {ran:?}"));
            }
        };
        // Without a PIN, and the one that was put in.
        let shown = hsm.desk().ran(&mut hsm.command(&[&["public-key"], &key[..]].concat()));
        check("public key", shown, 0, &hsm.desk().read(&public));
        let services: &[&[&str]] = if logged { &[&TRUST, &NO_SERVICES] } else { &[&NO_SERVICES] };
        for services in services {
            let sign = [&["sign-blob", "--bundle", "b.json"], &key[..], services, &["file"]];
            check("sign", hsm.run(&sign.concat()), 0, "");
            let verify = ["verify-blob", "--trust-config", "trust.json", "--bundle", "b.json"];
            let loose: &[&str] =
                if *services == TRUST { &[] } else { &["--insecure-ignore-tlog=true"] };
            let verify = [&verify[..], loose].concat();
            let ran = hsm.run(&[&verify[..], &["--key", &public, "file"]].concat());
            check("verify", ran, 0, "");
            let mut with_token = hsm.command(&[&verify[..], &key, &["file"]].concat());
            check("verify with the token", hsm.desk().ran(&mut with_token), 0, "");
            let other = hsm.run(&[&verify[..], &key, &["p.json"]].concat());
            check("another file", other, 1, "wanted sha");
        }
        let attest = ["attest-blob", "--predicate", "p.json", "--bundle", "a.json", "file"];
        // Rekor v1 takes statements with SHA-256 only.
        let larger = [KeyKind::EcdsaP384, KeyKind::EcdsaP521].contains(&kind);
        let (services, loose): (&[&str], &[&str]) =
            if larger { (&NO_SERVICES, &["--insecure-ignore-tlog=true"]) } else { (&TRUST, &[]) };
        check("attest", hsm.run(&[&attest[..], &key, services].concat()), 0, "");
        let verify =
            ["verify-blob-attestation", "--type", "cyclonedx", "--bundle", "a.json", "file"];
        let verify = [&verify[..], &TRUST, &["--key", &public], loose].concat();
        check("verify the attestation", hsm.run(&verify), 0, "CycloneDX");
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_is_wrong_is_said() {
    let Some(hsm) = Hsm::new() else { return };
    hsm.new_key(KeyKind::EcdsaP256, "one", "01");
    hsm.new_key(KeyKind::Ed25519, "two", "02");
    let empty = hsm.desk().write("empty", "\n");
    let empty = format!("pkcs11:token=releases;object=one?pin-source=file:{}", empty.display());
    let mut faults = Vec::new();
    let none = None::<&str>;
    let right = Some(PIN);
    for (what, uri, pin, reason, message) in [
        (
            "no token",
            "pkcs11:token=other;object=one",
            right,
            "no-token",
            "those that are there: \"releases\" in slot",
        ),
        (
            "no key",
            "pkcs11:token=releases;object=three",
            right,
            "bad-key",
            "found no private key of",
        ),
        ("several keys", "pkcs11:token=releases", right, "bad-key", "\"one\" (id=%01)"),
        (
            "an id of another",
            "pkcs11:object=one;id=%02",
            right,
            "bad-key",
            "found no private key of",
        ),
        ("no PIN", "pkcs11:object=one", none, "no-password", "there is no terminal to ask at"),
        ("an empty PIN", &empty, none, "no-password", "it is empty"),
        (
            "a wrong PIN",
            "pkcs11:object=one",
            Some("000000"),
            "wrong-password",
            "the PIN is not that of the token \"releases\": wrong ones are being counted",
        ),
        (
            "a mechanism that it has not",
            "pkcs11:object=two",
            right,
            "bad-key",
            "the token \"releases\" cannot sign with PKIX_ED25519_PH",
        ),
        (
            "a PIN for all to see",
            "pkcs11:object=one?pin-value=471147",
            right,
            "bad-flag",
            "found a pin-value in the PKCS#11 URI, wanted the PIN elsewhere",
        ),
        (
            "a typing error",
            "pkcs11:objekt=one",
            right,
            "bad-flag",
            "found \"objekt\", wanted token,",
        ),
        (
            "no module",
            "pkcs11:object=one?module-path=/nowhere.so",
            right,
            "no-token",
            "cannot use the PKCS#11 module /nowhere.so",
        ),
    ] {
        let sign = ["sign-blob", "--key", uri, "-o", "json", "--bundle", "b.json", "file"];
        let mut command = hsm.command(&[&sign[..], &TRUST].concat());
        let ran = hsm.desk().ran(command.envs(pin.map(|pin| ("COSIGN_PKCS11_PIN", pin))));
        let found = serde_json::from_str::<Value>(&ran.stdout).unwrap_or_default();
        let found = &found["failure"];
        let said = found["message"].as_str().unwrap_or_default();
        if ran.code != 2 || found["reason"] != reason || !said.contains(message) {
            faults.push(format!("{what}: wanted {reason}, {message:?}: {ran:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(!hsm.desk().path("b.json").exists());
}

#[test]
fn the_module_is_named_and_never_looked_for() {
    let Some(hsm) = Hsm::new() else { return };
    hsm.new_key(KeyKind::EcdsaP256, "one", "01");
    let show = |uri: &str| {
        let mut command = hsm.command(&["public-key", "--key", uri]);
        hsm.desk().ran(command.env_remove("COSIGN_PKCS11_MODULE_PATH"))
    };
    show("pkcs11:object=one")
        .exits(2)
        .says("found no PKCS#11 module for the key pkcs11:object=one");
    let named = format!("pkcs11:object=one?module-path={}", hsm.module);
    assert_eq!(show(&named).exits(0).stdout, hsm.desk().read("one.pub"));
}

#[test]
fn a_key_without_its_public_key_signs_where_it_shows_it() {
    let Some(hsm) = Hsm::new() else { return };
    for (kind, code, says) in [
        (KeyKind::Rsa2048, 0, ""),
        (KeyKind::EcdsaP256, 2, "the token shows no public point of it"),
    ] {
        let pem =
            pem_encode("PRIVATE KEY", &PrivateKey::generate(kind).unwrap().to_pkcs8().unwrap());
        let file = hsm.desk().write("import.pem", pem);
        let import = ["--import", file.to_str().unwrap(), "--token", "releases", "--pin", PIN];
        let named = ["--label", kind.name(), "--id", "01", "--no-public-key", "--force"];
        hsm.tool(&[&import[..], &named].concat());
        let uri = format!("pkcs11:token=releases;object={kind}");
        hsm.run(&["public-key", "--key", &uri]).exits(code).says(says);
    }
}

#[test]
fn several_tokens_are_told_apart() {
    let Some(hsm) = Hsm::new() else { return };
    hsm.new_key(KeyKind::EcdsaP256, "one", "01");
    hsm.new_token("other");
    let show = |uri: &str| hsm.run(&["public-key", "--key", uri]);
    let ran = show("pkcs11:object=one").exits(2).says("found several tokens of pkcs11:object=one");
    let slots: Vec<&str> = ran.stderr.split("in slot ").skip(1).collect();
    assert_eq!(slots.len(), 2, "{ran:?}");
    show("pkcs11:token=releases;object=one").exits(0);
    show("pkcs11:token=other;object=one").exits(2).says("but none");
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let outcomes = slots.iter().map(|slot| show(&format!("pkcs11:slot-id={}", digits(slot))).code);
    // One of the two has the key.
    assert_eq!(outcomes.sum::<i32>(), 2);
}

#[test]
fn a_key_does_not_leave_its_token() {
    let Some(hsm) = Hsm::new() else { return };
    hsm.new_key(KeyKind::EcdsaP256, "one", "01");
    hsm.run(&["import-key-pair", "--key", "pkcs11:object=one"])
        .exits(2)
        .says("found the key pkcs11:object=one, which does not leave its token");
    assert!(!hsm.desk().path("import-cosign.key").exists());
}

/// Where distributions put it.
const MODULES: [&str; 5] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];
