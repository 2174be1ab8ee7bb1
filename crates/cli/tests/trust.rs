//! Which Sigstore is trusted: TUF repositories, their cache, and no network at all.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::process::Command;

use chainsign_core::encoding::{base64_decode, pem_encode};

use support::{Desk, EMAIL, Ran, Stage, faults};

/// A signed file, and the sandbox's TUF root.
fn stage() -> Stage {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.desk.write("root.json", stage.sandbox.tuf_root());
    stage.sign(&stage.token(), &["sign-blob", "file"]).exits(0);
    stage
}

fn mirror(stage: &Stage) -> String {
    stage.sandbox.url().to_owned()
}

fn verify(desk: &Desk, issuer: &str, more: &[&str]) -> Ran {
    let mut all = vec!["verify-blob", "--certificate-identity", EMAIL];
    all.extend(["--certificate-oidc-issuer", issuer, "-o", "json", "file"]);
    all.extend(more);
    desk.run(&all)
}

fn origin(ran: &Ran) -> String {
    ran.json()["givenRoot"]["origin"].as_str().unwrap().to_owned()
}

/// What cosign has asked for already is there for us, too: read, and never written.
#[test]
fn cosigns_cache_stands_in_for_a_cache_that_is_not_there() {
    let stage = stage();
    let (url, issuer) = (mirror(&stage), stage.sandbox.issuer().to_owned());
    let desk = &stage.desk;
    let flags = ["--tuf-mirror", &url, "--tuf-root", "root.json"];
    desk.run(&[&["trust", "refresh"][..], &flags].concat()).exits(0);
    // As sigstore-go lays it out.
    let ours = std::fs::read_dir(desk.path(".chainsign/cache")).unwrap().next().unwrap();
    let (ours, theirs) = (ours.unwrap().path(), desk.path(".sigstore").join(url.replace('/', "-")));
    std::fs::create_dir_all(theirs.join("targets")).unwrap();
    for name in ["root.json", "timestamp.json", "snapshot.json", "targets.json"] {
        std::fs::copy(ours.join(name), theirs.join(name)).unwrap();
    }
    std::fs::copy(ours.join("targets/trusted_root.json"), theirs.join("targets/trusted_root.json"))
        .unwrap();
    std::fs::remove_file(ours.join("targets/signing_config.v0.2.json")).unwrap();
    std::fs::remove_dir_all(desk.path(".chainsign")).unwrap();
    let offline = [&flags[..], &["--offline"]].concat();
    // A target that is listed and not there makes it useless.
    let ran = verify(desk, &issuer, &offline).exits(2);
    assert_eq!(ran.json()["failure"]["reason"], "trust-unavailable");
    desk.run(&[&["trust", "refresh"][..], &flags].concat()).exits(0);
    let ours = ours.join("targets/signing_config.v0.2.json");
    std::fs::copy(ours, theirs.join("targets/signing_config.v0.2.json")).unwrap();
    std::fs::remove_dir_all(desk.path(".chainsign")).unwrap();
    let desk = stage.close();
    let said = format!("cosign's cache of {url} in ");
    let ran = verify(&desk, &issuer, &offline).exits(0);
    assert!(origin(&ran).starts_with(&said), "{}", origin(&ran));
    let ran = verify(&desk, &issuer, &flags).exits(0);
    assert!(origin(&ran).starts_with(&said), "{}", origin(&ran));
    assert!(ran.stderr.contains("could not be asked"), "{ran:?}");
    assert!(!desk.path(".sigstore/.lock").exists() && !theirs.join("checked").exists());
}

#[test]
fn a_repository_that_is_initialized_is_used_and_cached() {
    let stage = stage();
    let (url, issuer) = (mirror(&stage), stage.sandbox.issuer().to_owned());
    let desk = &stage.desk;
    // Nothing is known of the sandbox yet; what is embedded is another Sigstore.
    let ran = verify(desk, &issuer, &["--offline"]).exits(1);
    assert_eq!(ran.json()["failure"]["reason"], "issuer-not-trusted", "{}", ran.stdout);

    let ran = desk.run(&["initialize", "--mirror", &url, "--root", "root.json", "-o", "json"]);
    let said = ran.exits(0).json();
    assert_eq!(said["repository"], url.as_str());
    assert_eq!(faults("trust-refresh.v1", &said), [""; 0]);
    let ran = verify(desk, &issuer, &[]).exits(0);
    assert!(origin(&ran).starts_with(&format!("cache of {url}, asked at ")), "{}", origin(&ran));
    let shown = desk.run(&["trust", "show", "-o", "json"]).exits(0).json();
    assert_eq!(faults("trust.v1", &shown), [""; 0]);

    // Its flags say the same for one run, without a cache of their own: there is one for each address.
    let flags = ["--tuf-mirror", &url, "--tuf-root", "root.json"];
    verify(desk, &issuer, &flags).exits(0);
    desk.run(&[&["trust", "refresh"][..], &flags].concat()).exits(0);

    // After the sandbox is gone, the cache stands in.
    let desk = stage.close();
    let ran = verify(&desk, &issuer, &[]).exits(0);
    assert!(origin(&ran).starts_with("cache of "), "{}", origin(&ran));
    verify(&desk, &issuer, &["--offline"]).exits(0);
    let ran = desk.run(&["trust", "refresh", "-o", "json"]).exits(2);
    assert_eq!(ran.json()["failure"]["reason"], "trust-unavailable");
    // Without a cache there is nothing.
    std::fs::remove_dir_all(desk.path(".chainsign/cache")).unwrap();
    let ran = verify(&desk, &issuer, &[]).exits(2);
    assert_eq!(ran.json()["failure"]["reason"], "trust-unavailable");
    let ran = verify(&desk, &issuer, &["--offline"]).exits(2);
    assert_eq!(ran.json()["failure"]["reason"], "trust-unavailable");
    let hint = ran.json()["failure"]["hints"][0].as_str().unwrap().to_owned();
    assert!(hint.contains("chainsign trust refresh"), "{hint}");
}

#[test]
fn a_root_that_is_rotated_is_followed() {
    let stage = stage();
    let (url, issuer) = (mirror(&stage), stage.sandbox.issuer());
    let flags = ["--tuf-mirror", &url, "--tuf-root", "root.json", "-o", "json"];
    let refresh = || stage.desk.run(&[&["trust", "refresh"][..], &flags].concat());
    let version = |ran: Ran| ran.exits(0).json()["rootVersion"].as_u64().unwrap();
    let before = version(refresh());
    stage.sandbox.rotate_tuf_root().unwrap();
    assert_eq!(version(refresh()), before + 1);
    verify(&stage.desk, issuer, &flags[..4]).exits(0);
}

#[test]
fn nothing_is_kept_that_does_not_answer_or_is_not_what_was_named() {
    let stage = stage();
    let url = mirror(&stage);
    let desk = &stage.desk;
    let reason = |arguments: &[&str], exit: i32| {
        let ran = desk.run(&[&["initialize", "-o", "json"], arguments].concat()).exits(exit);
        ran.json()["failure"]["reason"].as_str().unwrap().to_owned()
    };
    let zeros = "0".repeat(64);
    let wrong = ["--mirror", &url, "--root", "root.json", "--root-checksum", &zeros];
    assert_eq!(reason(&wrong, 1), "bad-trust");
    assert_eq!(reason(&["--mirror", &url, "--root", "trust.json"], 2), "bad-trust");
    assert_eq!(reason(&["--mirror", "ftp://x", "--root", "root.json"], 2), "bad-trust");
    // The public instance's root did not sign what the sandbox serves.
    assert_eq!(reason(&["--mirror", &url], 2), "trust-unavailable");
    desk.run(&["initialize", "--mirror", &url]).exits(2).says("the TUF root is this repository's");
    assert_eq!(
        reason(&["--mirror", "http://127.0.0.1:9", "--root", "root.json"], 2),
        "trust-unavailable"
    );
    assert!(!desk.path(".chainsign/repository.json").exists());

    let hex = chainsign_core::digest::ArtifactDigest::sha256(&stage.sandbox.tuf_root()).hex();
    let right = ["initialize", "--mirror", &url, "--root", "root.json", "--root-checksum", &hex];
    desk.run(&right).exits(0);
    assert!(desk.path(".chainsign/repository.json").exists());
    // A file that was changed is not passed over.
    desk.write(".chainsign/repository.json", "{}");
    let ran = desk.run(&["trust", "show", "-o", "json"]).exits(2);
    assert_eq!(ran.json()["failure"]["reason"], "bad-trust");
}

/// What cannot reach any network verifies; `--offline` is not needed for a file that is named.
#[test]
fn offline_opens_no_socket() {
    let stage = stage();
    let issuer = stage.sandbox.issuer();
    let verify = |more: &[&str]| {
        let mut all = vec!["verify-blob", "--certificate-identity", EMAIL];
        all.extend(["--certificate-oidc-issuer", issuer, "file"]);
        all.extend(more);
        let plain = stage.desk.command(&all);
        let mut traced = Command::new("strace");
        traced.args(["-f", "-e", "trace=network", "-o", "trace.txt"]).arg(plain.get_program());
        traced.args(plain.get_args()).current_dir(stage.desk.path(""));
        traced.env("CHAINSIGN_HOME", stage.desk.path(".chainsign"));
        let ran = stage.desk.ran(&mut traced);
        let trace = stage.desk.read("trace.txt");
        (ran.code, trace.lines().filter(|line| line.contains("socket(")).count())
    };
    if Command::new("strace").arg("--version").output().is_err() {
        #[expect(clippy::print_stdout, reason = "a check that is left out is said")]
        {
            println!("SKIPPED: strace is not here to watch the program");
        }
        return;
    }
    assert_eq!(verify(&["--trust-config", "trust.json"]), (0, 0));
    let url = mirror(&stage);
    let flags = ["--tuf-mirror", url.as_str(), "--tuf-root", "root.json"];
    let (code, sockets) = verify(&flags);
    assert!(code == 0 && sockets > 0, "{sockets}");
    assert_eq!(verify(&[&flags[..], &["--offline"]].concat()), (0, 0));
    // The embedded root of another Sigstore.
    assert_eq!(verify(&["--offline"]), (1, 0));
}

/// A release pipeline starts many at once, with one cache (cosign#2576).
#[test]
fn many_processes_share_one_cache() {
    let stage = stage();
    let (url, issuer) = (mirror(&stage), stage.sandbox.issuer());
    let mut all = vec!["verify-blob", "--certificate-identity", EMAIL];
    all.extend(["--certificate-oidc-issuer", issuer, "file"]);
    all.extend(["--tuf-mirror", &url, "--tuf-root", "root.json"]);
    let children: Vec<_> = (0..32)
        .map(|_| {
            let mut command = stage.desk.command(&all);
            command.stderr(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let outputs = children.into_iter().map(|child| child.wait_with_output().unwrap());
    let failed: Vec<_> = outputs
        .filter(|output| !output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
        .collect();
    assert_eq!(failed, [""; 0]);
}

/// The sandbox's services as flags of `trust create`, with their PEM files beside.
fn services(stage: &Stage) -> Vec<String> {
    let config: serde_json::Value = serde_json::from_slice(stage.sandbox.trust_config()).unwrap();
    let root = &config["trustedRoot"];
    let mut flags = Vec::new();
    let der = |value: &serde_json::Value| base64_decode("DER", value.as_str().unwrap()).unwrap();
    let list = |name: &str| root[name].as_array().unwrap().clone();
    for (flag, name) in [("--rekor", "tlogs"), ("--ctfe", "ctlogs")] {
        for (index, log) in list(name).iter().enumerate() {
            let file = format!("{name}{index}.pem");
            let key = pem_encode("PUBLIC KEY", &der(&log["publicKey"]["rawBytes"]));
            stage.desk.write(&file, key);
            let start = log["publicKey"]["validFor"]["start"].as_str().unwrap();
            let url = log["baseUrl"].as_str().unwrap();
            let version = if log["publicKey"]["keyDetails"] == "PKIX_ED25519" { 2 } else { 1 };
            flags.push(flag.to_owned());
            flags.push(format!(
                "url={url},public-key={file},start-time={start},api-version={version}"
            ));
        }
    }
    for (flag, name) in [("--fulcio", "certificateAuthorities"), ("--tsa", "timestampAuthorities")]
    {
        for (index, authority) in list(name).iter().enumerate() {
            let certificates = authority["certChain"]["certificates"].as_array().unwrap().iter();
            let pem = certificates.map(|it| pem_encode("CERTIFICATE", &der(&it["rawBytes"])));
            let file = format!("{name}{index}.pem");
            stage.desk.write(&file, pem.collect::<String>());
            let url = authority["uri"].as_str().unwrap();
            flags.extend([flag.to_owned(), format!("url={url},certificate-chain={file}")]);
        }
    }
    let url = stage.sandbox.url();
    flags.push("--oidc-provider".to_owned());
    flags.push(format!("url={url},start-time=2026-01-01T00:00:00Z,operator=sandbox"));
    flags
}

#[test]
fn what_is_made_from_pem_files_signs_and_verifies() {
    let stage = stage();
    let services = services(&stage);
    let create = |more: &[&str]| {
        let flags = services.iter().map(String::as_str);
        let all: Vec<_> =
            ["trust", "create"].into_iter().chain(flags).chain(more.to_vec()).collect();
        stage.desk.run(&all)
    };
    create(&["--output-trust-config", "made.json", "--output-trusted-root", "root-made.json"])
        .exits(0);
    // The same logs under the same ids, Rekor v2's too, and the same authorities.
    let described = |file: &str, place: &str| {
        let json: serde_json::Value = serde_json::from_str(&stage.desk.read(file)).unwrap();
        let root = json.pointer(place).unwrap().clone();
        let of = |names: [&str; 2], key: &str| {
            let lists = names.map(|name| root[name].as_array().unwrap().clone()).concat();
            lists.iter().map(|it| it.pointer(key).unwrap().to_string()).collect::<Vec<_>>()
        };
        (
            of(["tlogs", "ctlogs"], "/logId/keyId"),
            of(["tlogs", "ctlogs"], "/publicKey/keyDetails"),
            of(["certificateAuthorities", "timestampAuthorities"], "/subject"),
            of(["certificateAuthorities", "timestampAuthorities"], "/certChain"),
        )
    };
    let wanted = described("trust.json", "/trustedRoot");
    assert_eq!(described("made.json", "/trustedRoot"), wanted);
    assert_eq!(described("root-made.json", ""), wanted);
    // It verifies what was signed with the sandbox's own, and signs.
    let issuer = stage.sandbox.issuer();
    verify(&stage.desk, issuer, &["--trust-config", "made.json"]).exits(0);
    verify(&stage.desk, issuer, &["--trusted-root", "root-made.json"]).exits(0);
    let token = stage.token();
    let sign = ["sign-blob", "--trust-config", "made.json", "--identity-token", &token, "file"];
    stage.desk.run(&sign).exits(0);
    verify(&stage.desk, issuer, &["--trust-config", "trust.json"]).exits(0);
    // Without an output it is printed.
    assert_eq!(create(&[]).exits(0).stdout, stage.desk.read("made.json"));
}

#[test]
fn what_cannot_be_a_service_is_refused() {
    let stage = stage();
    services(&stage);
    stage.desk.write("p.pem", "no PEM");
    let from = "start-time=2026-01-01T00:00:00Z";
    let cases = [
        (vec![], "found no service, wanted at least one"),
        (
            vec!["--rekor".to_owned(), format!("url=https://x,{from}")],
            "found no public-key, wanted one",
        ),
        (
            vec!["--rekor".to_owned(), "url=https://x,public-key=tlogs0.pem".to_owned()],
            "https://x: found no start, and a key says none: wanted start-time",
        ),
        (
            vec!["--rekor".to_owned(), format!("url=https://x,public-key=p.pem,{from}")],
            "https://x: public key is not PEM of PUBLIC KEY: found no PEM block",
        ),
        (
            vec!["--fulcio".to_owned(), "url=https://x,certificate-chain=p.pem".to_owned()],
            "https://x: found no certificate in the chain, wanted PEM",
        ),
        (
            vec![
                "--ctfe".to_owned(),
                format!("url=https://x,public-key=tlogs0.pem,{from},origin=y"),
            ],
            "found the key origin, which it does not have",
        ),
        (
            vec!["--oidc-provider".to_owned(), format!("url=ftp://x,{from}")],
            "found the scheme ftp, wanted http or https",
        ),
        (
            vec![
                "--oidc-provider".to_owned(),
                format!("url=https://x,{from},end-time=2025-01-01T00:00:00Z"),
            ],
            "found the end 2025-01-01T00:00:00Z before the start 2026-01-01T00:00:00Z",
        ),
        (vec!["--tsa".to_owned(), "url".to_owned()], "found \"url\", wanted KEY=VALUE"),
        (
            vec!["--rekor-config".to_owned(), "EXACT:0".to_owned()],
            "found \"EXACT:0\", wanted ANY, ALL or EXACT:N",
        ),
    ];
    let mut faults = Vec::new();
    for (flags, wanted) in cases {
        let mut all = vec!["trust", "create", "--output-trust-config", "never.json"];
        all.extend(flags.iter().map(String::as_str));
        let ran = stage.desk.run(&all);
        if ran.code != 2 || !ran.stderr.contains(wanted) {
            faults.push(format!("{flags:?}: wanted {wanted}, found {} {}", ran.code, ran.stderr));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(!stage.desk.path("never.json").exists());
}
