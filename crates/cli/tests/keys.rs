//! Key pairs made, imported and shown by the real binary.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use support::{Desk, Ran, fits};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/keys");

/// Runs with a password in the environment, or text on standard input, or neither.
enum Password<'a> {
    Set(&'a str),
    Piped(&'a str),
    None,
}

fn run(desk: &Desk, password: Password<'_>, arguments: &[&str]) -> Ran {
    let mut command = desk.command(arguments);
    match password {
        Password::Set(password) => desk.ran(command.env("COSIGN_PASSWORD", password)),
        Password::Piped(text) => piped(command.stdin(Stdio::piped()), text),
        Password::None => desk.ran(&mut command),
    }
}

fn piped(command: &mut Command, text: &str) -> Ran {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_generated_pair_belongs_together_and_is_readable_to_its_owner_only() {
    let desk = Desk::new();
    let ran = run(&desk, Password::Set("secret"), &["generate-key-pair"]).exits(0);
    assert_eq!(ran.stdout, "");
    let ran =
        ran.says("Private key written to cosign.key").says("Public key written to cosign.pub");
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    assert_eq!(desk.files(), ["cosign.key", "cosign.pub"]);
    assert!(
        desk.read("cosign.key").starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    );
    let shown = run(&desk, Password::Set("secret"), &["public-key", "--key", "cosign.key"]);
    assert_eq!(shown.exits(0).stdout, desk.read("cosign.pub"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = desk.path("cosign.key").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn every_kind_is_made_and_described() {
    let desk = Desk::new();
    for kind in ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"] {
        let arguments =
            ["generate-key-pair", "--kind", kind, "--output-key-prefix", kind, "-o", "json"];
        let json = run(&desk, Password::Set(""), &arguments).exits(0).json();
        fits("key.v1", &json);
        assert_eq!(json["kind"], kind);
        assert_eq!(json["privateKeyFile"], format!("{kind}.key"));
        assert_eq!(json["publicKey"], desk.read(&format!("{kind}.pub")));
    }
    let ran = run(&desk, Password::Set(""), &["generate-key-pair", "--kind", "ecdsa-p224"]);
    ran.exits(2).says("found the key kind \"ecdsa-p224\", wanted ecdsa-p256");
}

#[test]
fn what_is_there_is_replaced_only_when_that_is_said() {
    let desk = Desk::new();
    desk.write("cosign.pub", "precious");
    let ran = run(&desk, Password::Set(""), &["generate-key-pair"]).exits(2);
    ran.says("error: cosign.pub is there already").says("--yes");
    assert_eq!(desk.files(), ["cosign.pub"]);
    assert_eq!(desk.read("cosign.pub"), "precious");
    run(&desk, Password::Set(""), &["generate-key-pair", "--yes"]).exits(0);
    assert_eq!(desk.files(), ["cosign.key", "cosign.pub"]);
    assert_ne!(desk.read("cosign.pub"), "precious");
}

#[test]
fn a_pair_is_written_whole_or_not_at_all() {
    let desk = Desk::new();
    run(&desk, Password::Set(""), &["generate-key-pair", "--output-key-prefix", "no/such/key"])
        .exits(2)
        .says("cannot write no/such/key.key: no such file or directory");
    std::fs::create_dir(desk.path("cosign.pub")).unwrap();
    run(&desk, Password::Set(""), &["generate-key-pair", "--yes"])
        .exits(2)
        .says("cannot write cosign.pub: it is a directory");
    assert_eq!(desk.files(), ["cosign.pub"]);
}

/// cosign's rules: the variable where it is set, even if empty; else all of standard input, of
/// which nothing is trimmed.
#[test]
fn passwords_come_from_the_variable_or_whole_from_standard_input() {
    let desk = Desk::new();
    run(&desk, Password::Piped("two\nlines\n"), &["generate-key-pair"]).exits(0);
    let show = ["public-key", "--key", "cosign.key"];
    run(&desk, Password::Piped("two\nlines\n"), &show).exits(0);
    run(&desk, Password::Set("two\nlines\n"), &show).exits(0);
    run(&desk, Password::Set("two\nlines"), &show).exits(2).says(
        "error: cosign.key: the password does not open the private key, or the file was changed",
    );
    run(&desk, Password::Piped("two\n"), &show)
        .exits(2)
        .says("hint: the password ends in a line feed, which counts");
    run(&desk, Password::None, &show).exits(2).says("hint: the password was empty");
}

#[test]
fn a_key_is_not_left_unprotected_by_accident() {
    let desk = Desk::new();
    run(&desk, Password::None, &["generate-key-pair"])
        .exits(2)
        .says("found no password for cosign.key: standard input is empty")
        .says("hint: set COSIGN_PASSWORD; set it to nothing for a key that is not protected");
    assert_eq!(desk.files(), [""; 0]);
    run(&desk, Password::Set(""), &["generate-key-pair"]).exits(0);
}

#[test]
fn keys_of_other_tools_are_taken_over() {
    let desk = Desk::new();
    for (name, public) in [
        ("p256-sec1.pem", "p256-sec1.pub"),
        ("p521.pem", "p521.pub"),
        ("ed25519.pem", "ed25519.pub"),
        ("rsa2048-pkcs1.pem", "rsa2048-pkcs1.pub"),
    ] {
        let key = format!("{TESTDATA}/{name}");
        run(&desk, Password::Set("new"), &["import-key-pair", "-k", &key, "-o", name, "-y"])
            .exits(0);
        let wanted = std::fs::read_to_string(format!("{TESTDATA}/{public}")).unwrap();
        assert_eq!(desk.read(&format!("{name}.pub")), wanted, "{name}");
        let key = format!("{name}.key");
        let shown = run(&desk, Password::Set("new"), &["public-key", "--key", &key]).exits(0);
        assert_eq!(shown.stdout, wanted, "{name}");
    }
    // An encrypted one has a password of its own.
    let key = format!("{TESTDATA}/p256-pbkdf2.pem");
    let import = ["import-key-pair", "--key", &key];
    let mut command = desk.command(&import);
    command.env("COSIGN_PASSWORD", "new").env("CHAINSIGN_OLD_PASSWORD", "correct horse");
    desk.ran(&mut command).exits(0);
    let show = ["public-key", "--key", "import-cosign.key", "--outfile", "out.pub"];
    run(&desk, Password::Set("new"), &show).exits(0);
    assert_eq!(desk.read("out.pub"), desk.read("import-cosign.pub"));
    let ran = run(&desk, Password::Set("new"), &["import-key-pair", "--key", &key, "--yes"]);
    ran.exits(2).says("found no password for ");
}

#[test]
fn a_key_may_be_in_the_environment_and_is_nowhere_else() {
    let desk = Desk::new();
    let text = std::fs::read_to_string(format!("{TESTDATA}/cosign.key")).unwrap();
    let mut command = desk.command(&["public-key", "--key", "env://SIGNING_KEY"]);
    command.env("SIGNING_KEY", text).env("COSIGN_PASSWORD", "correct horse");
    let public = std::fs::read_to_string(format!("{TESTDATA}/cosign.pub")).unwrap();
    assert_eq!(desk.ran(&mut command).exits(0).stdout, public);
    let mut unset = desk.command(&["public-key", "--key", "env://SIGNING_KEY"]);
    desk.ran(unset.env_remove("SIGNING_KEY"))
        .exits(2)
        .says("found no private key in the environment variable SIGNING_KEY");
    for elsewhere in ["awskms:///alias/key", "k8s://namespace/name", "https://a.test/key"] {
        let ran = run(&desk, Password::None, &["public-key", "--key", elsewhere]).exits(2);
        ran.says(&format!("found the key {elsewhere:?}, wanted a file, env://VARIABLE or"));
    }
    run(&desk, Password::None, &["generate-key-pair", "--kms", "gcpkms://a"])
        .exits(2)
        .says("not built yet");
    run(&desk, Password::None, &["generate-key-pair", "k8s://a/b"]).exits(2).says("not built yet");
}

#[test]
fn what_is_no_private_key_is_named() {
    let desk = Desk::new();
    let public = format!("{TESTDATA}/public_fail.pem");
    run(&desk, Password::None, &["public-key", "--key", &public])
        .exits(2)
        .says("found a PEM block \"PUBLIC KEY\", wanted a private key")
        .says("hint: this is the public key: signing needs the private one");
    let traditional = format!("{TESTDATA}/traditional_fail.pem");
    run(&desk, Password::None, &["import-key-pair", "--key", &traditional])
        .exits(2)
        .says("hint: convert it: openssl pkcs8 -topk8 -in KEY -out NEW");
}

/// Typed, and sent by another process while the terminal is the prompt's. With util-linux' `script`, which
/// gives a program a terminal; whoever starts tests may ignore interrupts, and so would the program.
#[test]
#[cfg(unix)]
fn an_interrupted_prompt_leaves_the_terminal_as_it_was() {
    let taking_interrupts = ["--default-signal=INT", "script"];
    let version = Command::new("env").args(taking_interrupts).arg("--version").output();
    if !version.is_ok_and(|ran| ran.status.success()) {
        // Past the capture of the test harness, so that it is seen.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no `script`, or an old `env`");
        return;
    }
    let mut faults = Vec::new();
    for typed in [true, false] {
        let desk = Desk::new();
        let program = env!("CARGO_BIN_EXE_chainsign");
        let prompt = format!("echo $$ >pid; exec {program} generate-key-pair");
        // The shell takes interrupts itself, for they reach it too where the terminal is not yet the prompt's.
        let line = format!("trap : INT; sh -c '{prompt}'; echo code $?; stty -a");
        let mut command = Command::new("timeout");
        command.args(["60", "env"]).args(taking_interrupts).args(["-qec", &line, "/dev/null"]);
        command.current_dir(desk.path(".")).env_remove("CI").env_remove("COSIGN_PASSWORD");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (mut shown, mut byte) = (Vec::new(), [0]);
        while !shown.ends_with(b"(empty for none): ") {
            assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&shown));
            shown.push(byte[0]);
        }
        if typed {
            input.write_all(b"\x03").unwrap();
        } else {
            let kill = Command::new("sh")
                .args(["-c", "kill -INT $(cat pid)"])
                .current_dir(desk.path("."))
                .status();
            assert!(kill.unwrap().success());
        }
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        child.wait().unwrap();
        // The terminal may not have been the prompt's yet when it was typed.
        let says = rest.contains("interrupted; nothing was done") && rest.contains("code 2");
        let ended = (typed && says) || rest.contains("code 130");
        let words: Vec<_> = rest.split_whitespace().collect();
        if !ended || !words.contains(&"echo") || !words.contains(&"isig") {
            faults.push(format!("typed {typed}: {rest}"));
        }
        let files = desk.files();
        if files != ["pid"] {
            faults.push(format!("typed {typed}: {files:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
