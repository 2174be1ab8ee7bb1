//! The policy that comes along, with the demo's root and authority in it.

use std::path::PathBuf;

use chainsign_core::digest::ArtifactDigest;
use chainsign_policy::Verdict;

use super::repeat::POLICY;
use super::{Folder, Release};
use crate::failure::Failure;

/// A line of `policies/go-release.yaml` that the demo replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The line before.
    pub before: String,
    /// The line after; `None` where it was taken out.
    pub after: Option<String>,
}

/// The demo's copy of the policy.
pub(super) struct DemoPolicy {
    lines: Vec<Line>,
}

struct Line {
    before: &'static str,
    after: Option<String>,
}

impl DemoPolicy {
    /// Replaces what the file marks for replacing: the trusted root, the issuer, the repository of
    /// signer, builder and source, and, for a release that has no version, the ref.
    pub(super) fn new(release: &Release, issuer: &str, trusted_root: &ArtifactDigest) -> Self {
        let replace = |line: &'static str| {
            let root =
                line.strip_prefix("# ").filter(|line| ROOT.iter().any(|r| line.starts_with(r)));
            if let Some(uncommented) = root {
                let after = uncommented.replace(&"0".repeat(64), &trusted_root.hex());
                return Line { before: line, after: Some(after) };
            }
            if line.trim_start().starts_with('#') {
                return Line { before: line, after: Some(line.to_owned()) };
            }
            let mut after = line
                .replace("https://token.actions.githubusercontent.com", issuer)
                .replace("acme/app", &release.repository);
            if !release.reference.starts_with("refs/tags/v") {
                after = after.replace("refs/tags/v[0-9].*", &release.reference);
            }
            Line { before: line, after: Some(after) }
        };
        DemoPolicy { lines: GO_RELEASE.lines().map(replace).collect() }
    }

    /// Takes out the rules about how a binary was built which this one was not built to meet, and
    /// says whether there were any. The joins with what is attested stay.
    pub(super) fn take_out_unmet(&mut self, verdict: &Verdict) -> bool {
        let mut taken = false;
        for rule in verdict.report().violations() {
            let Some((_, text)) = OF_THE_BUILD.iter().find(|(id, _)| rule.id.as_str() == *id)
            else {
                continue;
            };
            let start = self.lines.iter().position(|line| line.before.starts_with(text));
            let Some(start) = start else { continue };
            // The rule's own line, and what is indented below it.
            let indent = |line: &str| line.len() - line.trim_start().len();
            let depth = indent(text);
            let below =
                |line: &&mut Line| indent(line.before) > depth && !line.before.trim().is_empty();
            let (first, rest) = self.lines[start..].split_at_mut(1);
            first
                .iter_mut()
                .chain(rest.iter_mut().take_while(below))
                .for_each(|line| line.after = None);
            taken = true;
        }
        let left = |prefix: &str| {
            let after = |line: &Line| line.after.as_ref().is_some_and(|l| l.starts_with(prefix));
            self.lines.iter().any(after)
        };
        if !SETTINGS.iter().any(|setting| left(setting)) {
            let heading = self.lines.iter_mut().find(|line| line.before == "  settings:");
            heading.into_iter().for_each(|line| line.after = None);
        }
        taken
    }

    /// Writes the policy and says what is different.
    pub(super) fn write(&self, folder: &Folder) -> Result<(PathBuf, Vec<Change>), Failure> {
        let lines = self.lines.iter().filter_map(|line| line.after.as_deref());
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        let path = folder.write(POLICY, text.as_bytes())?;
        let changed = self.lines.iter().filter(|line| line.after.as_deref() != Some(line.before));
        let change =
            |line: &Line| Change { before: line.before.to_owned(), after: line.after.clone() };
        Ok((path, changed.map(change).collect()))
    }
}

const GO_RELEASE: &str = include_str!("../../demo/go-release.yaml");
/// The lines that name a trusted root, which the file has as comments.
const ROOT: [&str; 5] =
    ["trust:", "  roots:", "    sigstore:", "      file: trusted_root.json", "      sha256: "];
/// The rules about how a binary was built, and the lines that write them.
const OF_THE_BUILD: [(&str, &str); 7] = [
    ("go.minVersion", "  minVersion:"),
    ("go.settings.-trimpath", SETTINGS[0]),
    ("go.settings.CGO_ENABLED", SETTINGS[1]),
    ("go.settings.vcs.modified", SETTINGS[2]),
    ("go.replace", "  replace:"),
    ("go.static", "  static:"),
    ("go.commit", "  commit:"),
];
const SETTINGS: [&str; 3] = ["    \"-trimpath\":", "    CGO_ENABLED:", "    vcs.modified:"];
