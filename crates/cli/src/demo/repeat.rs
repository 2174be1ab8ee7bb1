//! The commands that repeat every step by hand, as a list and as a script.

use std::fmt::Write as _;
use std::path::Path;

use super::{Caught, Documents, Folder, Lie, Release, SANDBOX_STATE, TRUST_CONFIG};
use crate::failure::{Exit, Failure};

/// One step, to be typed in the demo's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub about: String,
    /// The command.
    pub command: String,
    /// How it ends.
    pub exit: Exit,
}

/// Every step of the demo, in order. The first one serves until it is stopped.
pub(super) fn steps(
    release: &Release,
    author: &str,
    documents: &Documents,
    port: u16,
    caught: &[Caught],
) -> Vec<Step> {
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        quote(&name)
    };
    let (binary, sbom, provenance) =
        (name(&release.binary), name(&documents.sbom), name(&documents.provenance));
    // Short names for what the commands repeat.
    let names = |workflow: &str| if workflow == author { "$release" } else { "$evil" };
    let token = |workflow: &str| {
        format!(
            "--trust-config {TRUST_CONFIG} --identity-token \"$(token \"{}\")\"",
            names(workflow)
        )
    };
    let sign =
        |file: &str, workflow: &str| format!("chainsign sign-blob {} {file}", token(workflow));
    let attest = |file: &str, predicate: &str, workflow: &str| {
        format!("chainsign attest {} --predicate {predicate} {file}", token(workflow))
    };
    let verify = |file: &str| {
        format!("chainsign verify --trust-config {TRUST_CONFIG} --policy {POLICY} {file}")
    };
    let mut steps = Vec::new();
    let mut step = |about: &str, command: String, exit: Exit| {
        steps.push(Step { about: about.to_owned(), command, exit });
    };
    step(
        "serve the same sandbox, in another terminal",
        format!(
            "chainsign sandbox start --port {port} --state {SANDBOX_STATE} --trust-config {TRUST_CONFIG}"
        ),
        Exit::Yes,
    );
    let evil = caught.iter().map(|caught| &caught.workflow).find(|workflow| *workflow != author);
    let evil = evil.map_or_else(String::new, |evil| format!("; evil={}", quote(evil)));
    step(
        "name who signs, and how to be them",
        format!("release={}{evil}", quote(author)),
        Exit::Yes,
    );
    let commit = release.token_commit();
    step(
        "",
        format!(
            "token() {{ chainsign sandbox token --trust-config {TRUST_CONFIG} --commit {commit} --github-workflow \"$1\"; }}"
        ),
        Exit::Yes,
    );
    step("show the binary", format!("chainsign inspect {binary}"), Exit::Yes);
    step("sign it", sign(&binary, author), Exit::Yes);
    step("read its SBOM", format!("chainsign sbom --output {sbom} {binary}"), Exit::Yes);
    step("attest it", attest(&binary, &sbom, author), Exit::Yes);
    let (builder, source, reference) = (release.builder(), release.source(), &release.reference);
    step(
        "write its provenance",
        format!(
            "chainsign provenance --ci none --builder-id {} --source-uri {} --source-ref {} --from-binary {binary} > {provenance}",
            quote(&builder),
            quote(&source),
            quote(reference)
        ),
        Exit::Yes,
    );
    step("attest it", attest(&binary, &provenance, author), Exit::Yes);
    step("verify", verify(&binary), Exit::Yes);
    for caught in caught {
        let folder = format!("lies/{}", caught.lie.name());
        let target = format!("{folder}/{binary}");
        let workflow = &caught.workflow;
        match caught.lie {
            Lie::ChangedByte => {}
            Lie::HiddenModule => {
                let document = format!("{folder}/{sbom}");
                step(
                    &format!("lie: attest {}", caught.told),
                    attest(&target, &document, workflow),
                    Exit::Yes,
                );
            }
            Lie::OtherCommit => {
                let document = format!("{folder}/{provenance}");
                step(
                    &format!("lie: attest {}", caught.told),
                    attest(&target, &document, workflow),
                    Exit::Yes,
                );
            }
            Lie::OtherIdentity => {
                step("lie: sign as somebody else", sign(&target, workflow), Exit::Yes);
            }
        }
        step(&format!("refused by {} ({})", caught.rule, caught.reason), verify(&target), Exit::No);
        step("undone, it passes", verify(&format!("{folder}/undone/{binary}")), Exit::Yes);
    }
    steps
}

/// Writes the steps as a script that runs them all, the sandbox in the background, and fails where
/// a step ends otherwise than it should.
pub(super) fn write(folder: &Folder, steps: &[Step]) -> Result<(), Failure> {
    let mut script = String::from(HEAD);
    let mut write = |text: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = script.write_fmt(text);
    };
    for (index, step) in steps.iter().enumerate() {
        if !step.about.is_empty() {
            write(format_args!("\n# {}\n", step.about));
        }
        if index == 0 {
            write(format_args!("{} >sandbox.log 2>&1 &\n{WAIT}", step.command));
        } else {
            let code = step.exit.code();
            write(format_args!("{}\nwanted {code} $?\n", step.command));
        }
    }
    folder.write("repeat.sh", script.as_bytes()).map(|_| ())
}

/// A word for a POSIX shell.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@+=,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

pub(super) const POLICY: &str = "policy.yaml";

const HEAD: &str = r#"#!/bin/sh
# Every step of the demo, by hand. Needs chainsign on the PATH.
cd "$(dirname "$0")" || exit 2
wanted() {
    [ "$1" = "$2" ] && return
    echo "repeat.sh: the step before ended with $2, wanted $1" >&2
    exit 2
}
"#;

const WAIT: &str = r#"trap "kill $!" EXIT
until grep -q 'trust config' sandbox.log; do
    kill -0 $! || { cat sandbox.log; exit 2; }
    sleep 0.1
done
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quote("a/b.c@refs/tags/v1"), "a/b.c@refs/tags/v1");
        assert_eq!(quote("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quote(""), "''");
    }
}
