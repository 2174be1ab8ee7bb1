use std::fmt;

use chainsign_core::digest::ArtifactDigest;

/// Why a policy cannot be used.
///
/// Every variant says what was found and what was wanted, where in the file, and
/// [`hint`](Self::hint) says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is larger than any policy.
    #[error("the policy has {found} bytes, wanted at most {limit}")]
    TooLarge {
        /// Its size.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The file is not UTF-8.
    #[error("the policy is not UTF-8 (byte {at})")]
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// The file is not YAML, or uses a feature of YAML that is not accepted: anchors, aliases,
    /// merge keys, tags, several documents.
    #[error("{at}: not acceptable YAML: {reason}")]
    Yaml {
        /// Where.
        at: Place,
        /// The parser's words.
        reason: String,
    },
    /// A key that this place does not have.
    #[error("{at}: unknown key {key:?}, wanted one of {}", list(.wanted))]
    UnknownKey {
        /// Where.
        at: Place,
        /// The key.
        key: String,
        /// The keys of this place.
        wanted: Vec<String>,
    },
    /// A key that is there twice.
    #[error("{at}: the key {key:?} is there twice")]
    DuplicateKey {
        /// Where.
        at: Place,
        /// The key.
        key: String,
    },
    /// A key that must be there.
    #[error("{at}: the key {key:?} is missing")]
    MissingKey {
        /// The mapping that lacks it.
        at: Place,
        /// The key.
        key: String,
    },
    /// A word that this place does not know.
    #[error("{at}: unknown value {found:?}, wanted one of {}", list(.wanted))]
    UnknownValue {
        /// Where.
        at: Place,
        /// The word.
        found: String,
        /// The words of this place.
        wanted: Vec<String>,
    },
    /// A value that is not of the kind or form that this place takes.
    #[error("{at}: {reason}")]
    Value {
        /// Where.
        at: Place,
        /// What was found and what was wanted.
        reason: String,
    },
    /// The file is for another program, or for another version of this one.
    #[error("found {key}: {found:?}, wanted {wanted:?}")]
    OtherDocument {
        /// `apiVersion` or `kind`.
        key: &'static str,
        /// Its value.
        found: String,
        /// The value wanted.
        wanted: &'static str,
    },
    /// A name that is used and not defined.
    #[error("{at}: {name:?} is not {kind} of this policy, {}", choices(.wanted))]
    UnknownName {
        /// Where it is used.
        at: Place,
        /// What it should name: `an authority`, `a root`, `an attestation`, `a rule`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names defined.
        wanted: Vec<String>,
    },
    /// The policy names nobody: anything could then be signed by anybody.
    #[error("the policy has no authority, wanted at least one under `authorities`")]
    NoAuthority,
    /// The set names no policy.
    #[error("the set has no policy, wanted at least one under `policies`")]
    NoPolicy,
    /// The test file has no case.
    #[error("the test file has no case, wanted at least one under `cases`")]
    NoCase,
    /// A policy of a set does not load.
    #[error("in {path}: {error}")]
    InPolicy {
        /// The policy's file, as the set names it.
        path: String,
        /// Why it does not load.
        error: Box<LoadError>,
    },
    /// No rule asks who signed.
    #[error(
        "no rule asks who signed, wanted `signatures` or at least one entry under `attestations`"
    )]
    NoIdentityRule,
    /// A keyless authority that strangers can meet.
    #[error("{at}: the pattern `{found}` of the {what} does not fix {wanted}")]
    LooseIdentity {
        /// Where.
        at: Place,
        /// `issuer` or `subject`.
        what: &'static str,
        /// As written.
        found: String,
        /// What it must fix.
        wanted: &'static str,
    },
    /// A keyless authority without a subject.
    #[error("{at}: the authority {authority:?} accepts any subject of its issuer")]
    AnySubject {
        /// Where.
        at: Place,
        /// The authority.
        authority: String,
    },
    /// Several roots and none chosen.
    #[error("{at}: the policy has {roots} roots, wanted `root` to say which one")]
    AmbiguousRoot {
        /// Where.
        at: Place,
        /// How many.
        roots: usize,
    },
    /// A file that the policy names cannot be read.
    #[error("{at}: cannot read {path:?}: {reason}")]
    File {
        /// Where it is named.
        at: Place,
        /// As written in the policy.
        path: String,
        /// What happened.
        reason: String,
    },
    /// A file that the policy pins has other content.
    #[error("{at}: {path:?} has {found}, wanted {wanted}")]
    FileDigest {
        /// Where it is pinned.
        at: Place,
        /// As written in the policy.
        path: String,
        /// What it has.
        found: ArtifactDigest,
        /// The pin.
        wanted: ArtifactDigest,
    },
    /// A file that the policy names is not what it must be.
    #[error("{at}: {path:?} is not {wanted}: {error}")]
    FileContent {
        /// Where it is named.
        at: Place,
        /// As written in the policy.
        path: String,
        /// `a trusted root`, `a public key` or `a predicate in JSON`.
        wanted: &'static str,
        /// What is wrong with it.
        error: chainsign_core::Error,
    },
    /// A build setting that no binary can show.
    #[error("{at}: {setting:?} cannot be known from a binary: {reason}")]
    UnknowableSetting {
        /// Where.
        at: Place,
        /// The setting.
        setting: String,
        /// Why not.
        reason: &'static str,
    },
    /// An expression that cannot be evaluated, or that could pass where it must not.
    #[error("{at}: the expression of {id}: {reason}")]
    Expression {
        /// Where.
        at: Place,
        /// The rule.
        id: String,
        /// What was found and what was wanted.
        reason: String,
    },
    /// A choice of the newest or of all evidence without a bound on its age.
    #[error("{at}: `select: {select}` needs `maxAge`")]
    SelectWithoutAge {
        /// Where.
        at: Place,
        /// `newest` or `all`.
        select: &'static str,
    },
    /// A join with an attestation whose types cannot say what is joined.
    #[error("{at}: the attestation {name:?} is not {wanted}")]
    WrongAttestation {
        /// Where it is joined.
        at: Place,
        /// The attestation.
        name: String,
        /// `an SBOM` or `a SLSA provenance`.
        wanted: &'static str,
    },
    /// An exception for what no exception can silence.
    #[error("{at}: the exception {id:?} names {rule:?}: {reason}")]
    Exception {
        /// Where.
        at: Place,
        /// The exception.
        id: String,
        /// The rule.
        rule: String,
        /// Why not.
        reason: &'static str,
    },
}

impl LoadError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { key: name, wanted, .. }
            | Self::UnknownValue { found: name, wanted, .. }
            | Self::UnknownName { name, wanted, .. } => {
                nearest(name, wanted).map(|near| format!("did you mean {near:?}?"))
            }
            Self::Yaml { .. } => Some(
                "policies are plain YAML: no anchors, aliases, merge keys or tags, one document"
                    .to_owned(),
            ),
            Self::LooseIdentity { what: "subject", .. } => Some(
                "write the subject exactly, or start the pattern with it literally, dots escaped: \
                 https://github\\.com/OWNER/REPOSITORY/…; if strangers may sign, say \
                 `dangerousAnySubject: true`"
                    .to_owned(),
            ),
            Self::LooseIdentity { .. } => Some(
                "write the issuer exactly: patterns must start with scheme and host and a slash"
                    .to_owned(),
            ),
            Self::AnySubject { .. } => Some(
                "add `subject`; if anybody with an account at the issuer may sign, say \
                 `dangerousAnySubject: true`"
                    .to_owned(),
            ),
            Self::NoAuthority => Some(
                "an authority is a trusted root with an issuer and a subject, or a key".to_owned(),
            ),
            Self::InPolicy { error, .. } => error.hint(),
            Self::FileDigest { .. } => Some(
                "if the change is wanted, look at what changed and put the new digest in"
                    .to_owned(),
            ),
            Self::SelectWithoutAge { .. } => Some(
                "whoever can delete evidence can roll back to older evidence: maxAge bounds how far"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// Where in the policy, where it is one place.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Yaml { at, .. }
            | Self::UnknownKey { at, .. }
            | Self::DuplicateKey { at, .. }
            | Self::MissingKey { at, .. }
            | Self::UnknownValue { at, .. }
            | Self::Value { at, .. }
            | Self::UnknownName { at, .. }
            | Self::LooseIdentity { at, .. }
            | Self::AnySubject { at, .. }
            | Self::AmbiguousRoot { at, .. }
            | Self::File { at, .. }
            | Self::FileDigest { at, .. }
            | Self::FileContent { at, .. }
            | Self::UnknowableSetting { at, .. }
            | Self::Expression { at, .. }
            | Self::SelectWithoutAge { at, .. }
            | Self::WrongAttestation { at, .. }
            | Self::Exception { at, .. } => Some(*at),
            Self::InPolicy { error, .. } => error.place(),
            Self::NoPolicy
            | Self::NoCase
            | Self::TooLarge { .. }
            | Self::NotUtf8 { .. }
            | Self::OtherDocument { .. }
            | Self::NoAuthority
            | Self::NoIdentityRule => None,
        }
    }
}

/// A place in a policy file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1; 0 where it is not known.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The candidate that a typing error most probably meant: at most one edit in three characters.
pub(crate) fn nearest<'a>(name: &str, candidates: &'a [String]) -> Option<&'a str> {
    let distance = |candidate: &String| edits(&name.to_lowercase(), &candidate.to_lowercase());
    let near = candidates.iter().map(|candidate| (distance(candidate), candidate)).min()?;
    let longest = name.chars().count().max(near.1.chars().count());
    (near.0 * 3 <= longest).then_some(near.1.as_str())
}

/// Edits from one text to the other (Levenshtein).
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(LONGEST_NAME).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, l) in left.chars().take(LONGEST_NAME).enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, r) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(l != *r);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

fn list(words: &[String]) -> String {
    words.join(", ")
}

fn choices(names: &[String]) -> String {
    if names.is_empty() {
        return "which defines none".to_owned();
    }
    format!("wanted one of {}", names.join(", "))
}

/// Bounds the work of comparing names that an attacker may make long.
const LONGEST_NAME: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_only_when_it_is_near() {
        let names = ["signatures", "attestations", "authorities"].map(str::to_owned);
        assert_eq!(nearest("signature", &names), Some("signatures"));
        assert_eq!(nearest("Atestations", &names), Some("attestations"));
        assert_eq!(nearest("go", &names), None);
        assert_eq!(nearest("x", &[]), None);
    }
}
