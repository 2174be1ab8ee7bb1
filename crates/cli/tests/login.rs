//! Logging in from the command line: when somebody is asked, how, and what comes of it.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails where it stands")]
#![cfg(unix)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{Desk, EMAIL, Ran, Stage};

const SIGN: [&str; 4] = ["sign-blob", "--trust-config", "trust.json", "file"];

fn stage() -> Stage {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    // A browser that only says where it was sent.
    let browser =
        stage.desk.write("browser", "#!/bin/sh\nprintf %s \"$1\" > sent.new\nmv sent.new sent\n");
    std::fs::set_permissions(browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    stage
}

fn signing(desk: &Desk, more: &[&str]) -> Command {
    let mut command = desk.command(&[&SIGN[..], more].concat());
    command.env("BROWSER", desk.path("browser")).env_remove("CI").env_remove("DISPLAY");
    command
}

/// Where the browser was sent.
fn sent(desk: &Desk) -> String {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(90) {
        if let Ok(address) = std::fs::read_to_string(desk.path("sent")) {
            std::fs::remove_file(desk.path("sent")).unwrap();
            return address;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no browser was opened");
}

/// Does what a browser does with an address: gives the page at the end of all redirects.
fn browse(stage: &Stage, address: &str) -> String {
    stage.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(address).send().await.unwrap().text().await.unwrap()
    })
}

fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn piped(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::piped()).stderr(Stdio::piped())
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let stage = stage();
    let start = Instant::now();
    for flow in [&[][..], &["--fulcio-auth-flow", "token"]] {
        let ran = stage.desk.ran(&mut signing(&stage.desk, flow)).exits(2);
        let ran = ran.says("error: no identity token: found none of SIGSTORE_ID_TOKEN, ");
        let asks = ran.stderr.contains("--fulcio-auth-flow device shows an address and a code");
        assert_eq!(asks, flow.is_empty(), "{ran:?}");
    }
    let ran = stage.desk.ran(signing(&stage.desk, &["-o", "json"]).env("SIGSTORE_ID_TOKEN", " "));
    assert_eq!(ran.exits(2).json()["failure"]["reason"], "no-identity-token");
    assert!(start.elapsed() < Duration::from_secs(90));
    assert!(!stage.desk.path("sent").exists());
    assert!(!stage.desk.path("file.sigstore.json").exists());
}

#[test]
fn a_flag_opens_a_browser_and_a_token_makes_that_needless() {
    let stage = stage();
    let normal = ["--fulcio-auth-flow", "normal"];
    let child = piped(&mut signing(&stage.desk, &normal)).spawn().unwrap();
    let address = sent(&stage.desk);
    assert!(browse(&stage, &address).contains("Go back to the terminal"));
    let ran = ended(child).exits(0).says("Log in in the browser that opens, or at this address:\n");
    assert!(ran.stderr.contains(&address) && ran.stderr.contains(EMAIL), "{ran:?}");
    stage.verify_blob(&["file"]).exits(0);
    // One certificate for many files, and one login.
    for name in ["a", "b", "c"] {
        stage.desk.write(name, name);
    }
    let child = piped(&mut signing(&stage.desk, &[&normal[..], &["a", "b", "c"]].concat())).spawn();
    browse(&stage, &sent(&stage.desk));
    let ran = ended(child.unwrap()).exits(0);
    assert_eq!(ran.stderr.matches("Log in").count(), 1, "{ran:?}");

    let token = stage.token();
    let with_token = [&normal[..], &["--identity-token", &token]].concat();
    stage.desk.ran(&mut signing(&stage.desk, &with_token)).exits(0);
    stage.desk.ran(signing(&stage.desk, &normal).env("SIGSTORE_ID_TOKEN", &token)).exits(0);
    assert!(!stage.desk.path("sent").exists());
}

#[test]
fn what_the_browser_brings_is_checked() {
    let stage = stage();
    let normal = ["-o", "json", "--fulcio-auth-flow=normal"];
    let redirect = ["--oidc-redirect-url", "http://localhost:0/back"];
    type Trick = fn(&str, &str) -> String;
    let cases: [(&str, Trick); 2] = [
        ("login-denied", |back, state| format!("{back}?error=access_denied&state={state}")),
        ("login-mixed-up", |back, _| format!("{back}?code=a&state=b")),
    ];
    let mut faults = Vec::new();
    for (reason, trick) in cases {
        let mut command = signing(&stage.desk, &[&normal[..], &redirect].concat());
        let child = piped(&mut command).spawn().unwrap();
        let address: reqwest::Url = sent(&stage.desk).parse().unwrap();
        let value = |name: &str| {
            let found = address.query_pairs().find(|(found, _)| found == name);
            found.unwrap().1.into_owned()
        };
        let back = value("redirect_uri");
        assert!(back.starts_with("http://localhost:") && back.ends_with("/back"), "{back}");
        browse(&stage, &trick(&back, &value("state")));
        let found = ended(child).exits(2).json()["failure"]["reason"].clone();
        if found != reason {
            faults.push(format!("found {found}, wanted {reason}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(!stage.desk.path("file.sigstore.json").exists());
}

#[test]
fn a_code_is_typed() {
    let stage = stage();
    let mut command = signing(&stage.desk, &["--oob"]);
    let mut child = piped(&mut command).stdin(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().unwrap().unwrap();
        if line.starts_with("http") {
            break line;
        }
    };
    let page = browse(&stage, &address);
    let code = page.split_once("<code>").unwrap().1.split_once('<').unwrap().0;
    writeln!(child.stdin.take().unwrap(), "{code}").unwrap();
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest:#?}");
    stage.verify_blob(&["file"]).exits(0);
    assert!(!stage.desk.path("sent").exists());

    let ran = stage.desk.ran(&mut signing(&stage.desk, &["--oob", "-o", "json"])).exits(2);
    assert_eq!(ran.json()["failure"]["reason"], "login-failed");
    ran.says("cannot ask for the code of the login: standard input is at its end");
    let taken = ["sign-blob", "--trust-config", "trust.json", "--oob", "--bundle", "b", "-"];
    stage.desk.run(&taken).exits(2).says("standard input is read for something else");
}

#[test]
fn a_device_logs_in_for_every_verb() {
    let stage = stage();
    stage.desk.write("p.json", r#"{"bomFormat":"CycloneDX"}"#);
    let mut faults = Vec::new();
    for verb in [
        &["sign-blob", "file"][..],
        &["attest", "--predicate", "p.json", "file"],
        &["attest-blob", "--predicate", "p.json", "--bundle", "b.json", "file"],
    ] {
        let flow = ["--trust-config", "trust.json", "--fulcio-auth-flow", "device"];
        let ran = stage.desk.run(&[verb, &flow].concat());
        let says = format!("Log in at {}/device\nwith the code ", stage.sandbox.issuer());
        if ran.code != 0 || !ran.stderr.contains(&says) {
            faults.push(format!("{verb:?}: {ran:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    let mut command = stage.desk.command(&[&SIGN[..], &["--again"]].concat());
    stage.desk.ran(command.env("COSIGN_FULCIO_AUTH_FLOW", "device")).exits(0);
}

#[test]
fn flags_of_a_login_that_cannot_be_are_named() {
    let stage = stage();
    let other = stage.sandbox.issuer().replace("localhost", "127.0.0.1");
    stage.desk.write("secret", "s");
    let mut faults = Vec::new();
    for (flags, reason, says) in [
        (
            &["--fulcio-auth-flow=normal", "--oidc-redirect-url", "https://example.com/"][..],
            "bad-flag",
            "found the redirect URL \"https://example.com/\"",
        ),
        (
            &["--fulcio-auth-flow=device", "--oidc-issuer", &other],
            "bad-issuer",
            "calls itself http://localhost:",
        ),
        (
            &["--fulcio-auth-flow=device", "--oidc-issuer", "http://issuer.invalid"],
            "service",
            "wanted https",
        ),
        (&["--fulcio-auth-flow=client_credentials"], "bad-flag", "--oidc-client-secret-file"),
        (
            &["--fulcio-auth-flow=client_credentials", "--oidc-client-secret-file", "none"],
            "unreadable",
            "cannot read the client secret none",
        ),
        (
            // The sandbox knows no programs with secrets.
            &["--fulcio-auth-flow=client_credentials", "--oidc-client-secret-file", "secret"],
            "login-failed",
            "unsupported_grant_type",
        ),
        (
            // Fulcio takes tokens for itself only.
            &["--fulcio-auth-flow=device", "--oidc-client-id", "another"],
            "service",
            "error processing the identity token",
        ),
        (
            &["--fulcio-auth-flow=device", "--fulcio-url", stage.sandbox.issuer()],
            "no-issuer",
            "no OIDC issuer to log in at",
        ),
    ] {
        let ran = stage.desk.ran(&mut signing(&stage.desk, &[&["-o", "json"], flags].concat()));
        if ran.code != 2 || ran.json()["failure"]["reason"] != reason || !ran.stderr.contains(says)
        {
            faults.push(format!("{flags:?}: wanted {reason}, {says:?} in {ran:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// With util-linux' `script`, which gives a program a terminal.
#[test]
fn on_a_terminal_somebody_is_asked_but_in_ci_nobody() {
    let stage = stage();
    let line = format!("{} {}", env!("CARGO_BIN_EXE_chainsign"), SIGN.join(" "));
    let at_terminal = || {
        let mut command = Command::new("script");
        let template = signing(&stage.desk, &[]);
        command.args(["-qec", &line, "/dev/null"]).current_dir(stage.desk.path("."));
        for (name, value) in template.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let Ok(mut child) = at_terminal().spawn() else {
        eprintln!("SKIPPED: the program `script` is absent");
        return;
    };
    browse(&stage, &sent(&stage.desk));
    let mut shown = String::new();
    child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{shown}");
    assert!(shown.contains("Log in in the browser that opens"), "{shown}");
    stage.verify_blob(&["file"]).exits(0);

    let ran = ended(at_terminal().env("CI", "true").spawn().unwrap());
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stdout.contains("no identity token"), "{ran:?}");
    assert!(!stage.desk.path("sent").exists());
}

/// What a metadata server gives comes without encryption: a proxy would have the token.
#[test]
fn a_metadata_server_is_asked_by_no_proxy() {
    let stage = stage();
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let mut command = signing(&stage.desk, &[]);
    // This machine, by an address that is not a loopback one, and a port at which nobody listens.
    command.env("GCE_METADATA_HOST", "0.0.0.0:1").env("HTTP_PROXY", &url).env("http_proxy", &url);
    stage
        .desk
        .ran(&mut command)
        .exits(2)
        .says("no answer from the identity provider at http://0.0.0.0");
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
