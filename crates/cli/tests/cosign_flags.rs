//! Every flag of cosign's, deprecated ones included, does what the list says: it is taken, or refused
//! by name with the reason. The tables of `docs/migrating-from-cosign.md` are made of the same list:
//! `SNAPSHOTS=overwrite cargo test -p chainsign --test cosign_flags` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chainsign::flags;
use chainsign::flags::cosign::{FLAGS, Flag, Here, Takes, Verb};
use chainsign_sandbox::TokenRequest;
use support::{Desk, EMAIL, Stage};

/// `testdata/cosign/flags.txt` is the real cosign's list: verb, flag and kind on each line.
#[test]
fn the_list_is_that_of_the_real_cosign() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/cosign/flags.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let theirs: BTreeSet<String> = lines.map(str::to_owned).collect();
    let kind = |takes| if takes == Takes::Switch { "switch" } else { "value" };
    let mut ours = BTreeSet::new();
    let mut twice = Vec::new();
    for verb in Verb::ALL {
        for flag in verb.flags() {
            let line = format!("{} --{} {}", verb.name(), flag.name, kind(flag.takes));
            if !ours.insert(line.clone()) {
                twice.push(line);
            }
        }
    }
    assert!(twice.is_empty(), "listed twice: {twice:#?}");
    let missing: Vec<_> = theirs.difference(&ours).collect();
    let invented: Vec<_> = ours.difference(&theirs).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "missing {missing:#?}, invented {invented:#?}"
    );
}

#[test]
fn every_flag_is_taken_or_refused_by_name() {
    let desk = Desk::new();
    desk.write("file", "content");
    let mut command = flags::program();
    command.build();
    let mut faults = Vec::new();
    for verb in Verb::ALL {
        let mut of_verb = command.find_subcommand(verb.name()).unwrap().clone();
        of_verb.build();
        for flag in verb.flags() {
            let is = |arg: &&clap::Arg| {
                arg.get_long() == Some(flag.name)
                    || arg.get_all_aliases().is_some_and(|all| all.contains(&flag.name))
            };
            let Some(arg) = of_verb.get_arguments().find(is) else {
                faults.push(format!("{} --{} is not known", verb.name(), flag.name));
                continue;
            };
            let takes = match arg.get_num_args() {
                Some(range) if range.min_values() == 0 => Takes::Switch,
                _ => Takes::Value,
            };
            if takes != flag.takes {
                faults.push(format!("{} --{} takes {takes:?}", verb.name(), flag.name));
            }
            faults.extend(refusals(&desk, verb, flag));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A refused flag is refused on the command line and in the environment, with its reason, and but
/// for the values that ask for what is so anyway; any other flag is not.
fn refusals(desk: &Desk, verb: Verb, flag: &Flag) -> Vec<String> {
    let mut faults = Vec::new();
    let Here::Refused { but } = flag.here else { return faults };
    let refused = |name: &str| format!("error: {name} is not taken: {}\n", flag.note);
    let run = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = desk.command(&[&[verb.name()], arguments, &required(verb)].concat());
        command.envs(variable);
        desk.ran(&mut command)
    };
    let value = if flag.takes == Takes::Switch { "true" } else { "anything" };
    let value = if but.contains(&value) { "false" } else { value };
    let variable = flag.variable();
    let argument = format!("--{}={value}", flag.name);
    let mut check = |what: &str, ran: support::Ran, wanted: bool, name: &str| {
        if ran.stderr.contains(&refused(name)) != wanted || (wanted && ran.code != 2) {
            faults.push(format!("{} {what}: {ran:?}", verb.name()));
        }
    };
    let name = format!("--{}", flag.name);
    check(&argument, run(&[&argument], None), true, &name);
    check(&variable, run(&[], Some((&variable, value))), true, &variable);
    check("an empty variable", run(&[], Some((&variable, ""))), false, &variable);
    for value in but {
        let argument = format!("--{}={value}", flag.name);
        check(&argument, run(&[&argument], None), false, &name);
    }
    faults
}

/// What the verb needs besides, so that nothing else is refused.
fn required(verb: Verb) -> Vec<&'static str> {
    match verb {
        Verb::SignBlob | Verb::VerifyBlob | Verb::VerifyBlobAttestation => vec!["file"],
        Verb::AttestBlob => vec!["--predicate", "p.json", "--bundle", "b.json", "file"],
        Verb::Sign | Verb::Verify | Verb::VerifyAttestation => vec!["localhost:1/app"],
        Verb::Attest => vec!["--predicate", "p.json", "localhost:1/app"],
    }
}

#[test]
fn flags_come_from_the_environment_as_with_cosign() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let mut sign = stage.desk.command(&["sign-blob", "--trust-config", "trust.json", "file"]);
    sign.env("COSIGN_IDENTITY_TOKEN", stage.token())
        .env("COSIGN_OUTPUT_SIGNATURE", "f.sig")
        .env("COSIGN_B64", "false")
        .env("COSIGN_YES", "1")
        .env("COSIGN_BUNDLE", "b.json");
    stage.desk.ran(&mut sign).exits(0);
    assert_eq!(stage.desk.files(), ["b.json", "f.sig", "file", "trust.json"]);
    assert_eq!(std::fs::read(stage.desk.path("f.sig")).unwrap()[0], 0x30, "not the bytes");
    // What is typed goes before what is in the environment.
    sign.args(["--bundle", "c.json"]);
    stage.desk.ran(&mut sign).exits(0);
    assert!(stage.desk.files().contains(&"c.json".to_owned()));

    let verify = |name: &str, value: &str| {
        let mut verify =
            stage.desk.command(&["verify-blob", "--trust-config", "trust.json", "file"]);
        verify.env("COSIGN_CERTIFICATE_IDENTITY", EMAIL).env("COSIGN_BUNDLE", "b.json");
        verify.env("COSIGN_CERTIFICATE_OIDC_ISSUER", stage.sandbox.issuer()).env(name, value);
        stage.desk.ran(&mut verify)
    };
    verify("COSIGN_UNKNOWN", "x").exits(0);
    verify("COSIGN_CERTIFICATE_IDENTITY", "eve@sandbox.invalid").exits(1);
    for (name, flag) in [
        ("COSIGN_INSECURE_IGNORE_TLOG", "--insecure-ignore-tlog"),
        ("COSIGN_INSECURE_IGNORE_SCT", "--insecure-ignore-sct"),
        ("COSIGN_PRIVATE_INFRASTRUCTURE", "--private-infrastructure"),
    ] {
        let wanted = format!("error: found {name} in the environment, wanted the flag {flag}: ");
        verify(name, "true").exits(2).says(&wanted);
        verify(name, "false").exits(0);
    }
}

#[test]
fn flags_that_verify_blobs_took_over_do_what_they_say() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let sign = |more: &[&str]| {
        stage
            .sign(&stage.token(), &[&["sign-blob"], more, &["--bundle", "b.json", "file"]].concat())
            .exits(0)
    };
    sign(&[]);
    let verify = |more: &[&str]| {
        stage.verify_blob(&[more, &["--bundle", "b.json", "-o", "json", "file"]].concat())
    };
    verify(&[
        "--offline",
        "--max-workers",
        "3",
        "--timeout",
        "3m",
        "--signature-digest-algorithm",
        "sha256",
    ])
    .exits(0);
    let ran = verify(&["--new-bundle-format=false"]).exits(1);
    assert_eq!(ran.json()["failure"]["reason"], "wrong-format");
    let ran = verify(&["--private-infrastructure"]).exits(0);
    assert_eq!(ran.json()["weakened"], serde_json::json!(["insecure-ignore-tlog"]));
    assert_eq!(
        verify(&["--insecure-ignore-tlog=false"]).exits(0).json()["weakened"],
        serde_json::json!([])
    );
    sign(&["--new-bundle-format=false"]);
    verify(&["--new-bundle-format=false"]).exits(0);
    stage
        .verify_blob(&["--bundle", "b.json", "https://a.test/file"])
        .exits(2)
        .says("URLs are not fetched");

    stage.desk.write("p.json", "any text");
    let attest =
        ["attest-blob", "--type", "custom", "--predicate", "p.json", "--bundle", "a.json", "file"];
    stage.sign(&stage.token(), &attest).exits(0);
    let verify = |more: &[&str]| {
        let who = [
            "verify-blob-attestation",
            "--trust-config",
            "trust.json",
            "--bundle",
            "a.json",
            "--certificate-identity",
            EMAIL,
            "--certificate-oidc-issuer",
            stage.sandbox.issuer(),
        ];
        stage.desk.run(&[&who[..], more].concat())
    };
    // Its default type is cosign's.
    verify(&["file"]).exits(0);
    let digest = |content: &[u8]| chainsign_core::digest::ArtifactDigest::sha256(content).hex();
    verify(&["--digest", &digest(b"content"), "--digestAlg", "sha256"]).exits(0);
    verify(&["--digest", &digest(b"another"), "--digestAlg", "sha256"]).exits(1);
    verify(&["--digest", "00", "--digestAlg", "sha256"]).exits(2).says("--digest: ");
    verify(&["--check-claims=true", "file"]).exits(0);
}

#[test]
fn where_tokens_may_come_from_is_what_the_flags_say() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    stage.desk.write("token", stage.token());
    let path = stage.desk.path("token");
    let path = path.to_str().unwrap();
    let sign = |more: &[&str], token: Option<String>| {
        let arguments = [&["sign-blob", "--trust-config", "trust.json", "file"], more].concat();
        let mut command = stage.desk.command(&arguments);
        command.envs(token.map(|token| ("SIGSTORE_ID_TOKEN", token)));
        stage.desk.ran(&mut command)
    };
    // With cosign a path is a path; here it has a slash in it, or an @ before it.
    sign(&["--identity-token", path], None).exits(0);
    sign(&["--identity-token", "@token"], None).exits(0);
    sign(&[], Some(stage.token())).exits(0);
    sign(&["--oidc-provider=envvar"], Some(stage.token())).exits(0);
    sign(&["--oidc-provider=github-actions"], Some(stage.token()))
        .exits(2)
        .says("no identity token");
    sign(&["--oidc-disable-ambient-providers"], Some(stage.token()))
        .exits(2)
        .says("no identity token");
    sign(&["--oidc-provider=spiffe"], None)
        .exits(2)
        .says("error: --oidc-provider spiffe is not taken: ")
        .says("hint: let spiffe-helper write a JWT-SVID with the audience sigstore to a file");
    let google = ["--oidc-provider=google", "--oidc-disable-ambient-providers"];
    sign(&google, None).exits(2).says("no identity token");
    sign(&["--identity-token", "@none"], None)
        .exits(2)
        .says("the identity token in none cannot be read");
}

/// Every place whose token is there as it is: the right audience signs, another is refused by name
/// before anything is asked.
#[test]
fn tokens_of_every_place_have_their_audience_checked() {
    let stage = Stage::new();
    stage.desk.write("file", "content");
    let of = |audience: &str| {
        let request = TokenRequest::email(EMAIL).unwrap().audience(audience);
        stage.sandbox.token(request).unwrap()
    };
    let (right, wrong) = (of("sigstore"), of("0e5c-organization"));
    let mut faults = Vec::new();
    // GitLab's id_tokens, and CircleCI's own; projected tokens of Kubernetes, and JWT-SVIDs.
    for place in ["SIGSTORE_ID_TOKEN", "CIRCLE_OIDC_TOKEN_V2", "@token", "./token"] {
        for (token, signs) in [(&right, true), (&wrong, false)] {
            let arguments = ["sign-blob", "-o", "json", "--trust-config", "trust.json", "file"];
            let mut command = stage.desk.command(&arguments);
            if place.ends_with("token") {
                stage.desk.write("token", format!("{token}\n"));
                command.args(["--identity-token", place]);
            } else {
                command.env(place, token);
            }
            let ran = stage.desk.ran(&mut command);
            let fits = match signs {
                true => ran.code == 0,
                false => {
                    ran.code == 2
                        && ran.json()["failure"]["reason"] == "bad-identity-token"
                        && ran.stderr.contains(
                            "is for the audience [\"0e5c-organization\"], wanted \"sigstore\"",
                        )
                        && ran.stderr.contains("circleci run oidc get")
                        && !ran.stderr.contains(&token[..40])
                }
            };
            if !fits {
                faults.push(format!("{place} {signs}: {ran:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    // What somebody set for this goes before what the job has anyway.
    let mut command = stage.desk.command(&["sign-blob", "--trust-config", "trust.json", "file"]);
    command.env("SIGSTORE_ID_TOKEN", &right).env("CIRCLE_OIDC_TOKEN_V2", &wrong);
    stage.desk.ran(&mut command).exits(0);
    command.arg("--oidc-provider=circleci");
    stage.desk.ran(&mut command).exits(2).says("0e5c-organization");
}

/// The tables between the marks are those of the list.
#[test]
fn the_guide_has_the_same_list() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/migrating-from-cosign.md");
    let found = std::fs::read_to_string(path).unwrap();
    let (head, rest) = found.split_once(BEGIN).unwrap();
    let (_, tail) = rest.split_once(END).unwrap();
    let wanted = format!("{head}{BEGIN}{}{END}{tail}", tables());
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(path, &wanted).unwrap();
        return;
    }
    assert!(found == wanted, "{path} differs from the list of flags; see the head of this file");
}

fn tables() -> String {
    let mut text = String::new();
    for verb in Verb::ALL {
        let count =
            |wanted: fn(&Here) -> bool| verb.flags().filter(|flag| wanted(&flag.here)).count();
        writeln!(
            text,
            "\n### `{}`\n\n{} flags: {} the same, {} better, {} so in any case, {} refused.\n\n| flag | here | |\n|---|---|---|",
            verb.name(),
            verb.flags().count(),
            count(|here| *here == Here::Same),
            count(|here| *here == Here::Better),
            count(|here| *here == Here::Always),
            count(|here| matches!(here, Here::Refused { .. })),
        )
        .unwrap();
        let mut flags: Vec<_> = verb.flags().collect();
        flags.sort_by_key(|flag| flag.name);
        for flag in flags {
            let here = match flag.here {
                Here::Same => "same".to_owned(),
                Here::Better => "better".to_owned(),
                Here::Always => "always so".to_owned(),
                Here::Refused { but: [] } => "refused".to_owned(),
                Here::Refused { but } => {
                    let values: Vec<_> = but.iter().map(|value| format!("`{value}`")).collect();
                    format!("refused, but {}", values.join(", "))
                }
            };
            writeln!(text, "| `--{}` | {here} | {} |", flag.name, flag.note).unwrap();
        }
    }
    text.push('\n');
    text
}

const BEGIN: &str = "<!-- made by crates/cli/tests/cosign_flags.rs -->\n";
const END: &str = "<!-- end -->\n";

#[test]
fn a_refusal_says_why() {
    let silent: Vec<_> = FLAGS
        .iter()
        .filter(|flag| matches!(flag.here, Here::Refused { .. }) && flag.note.is_empty())
        .map(|flag| flag.name)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}
