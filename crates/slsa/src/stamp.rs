use std::fmt;

use chainsign_gosbom::ModuleInfo;

use crate::source::GitCommit;

/// The commit that a Go binary says it was built from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StampedCommit {
    /// The whole id, from the `vcs.revision` that the Go command stamped.
    Revision(GitCommit),
    /// The first twelve digits, from the pseudo-version of the main module: all that a binary
    /// knows that was installed with `go install module@commit`.
    PseudoVersion {
        /// The twelve digits.
        abbreviated: String,
    },
    /// A stamp that names no git commit: of another version control system, or malformed. It
    /// agrees with nothing.
    Other {
        /// The version control system, as stamped; empty if none is.
        vcs: String,
        /// The revision, as stamped.
        revision: String,
    },
}

impl StampedCommit {
    /// Reads the stamp: `vcs.revision`, else the main module's pseudo-version, else none.
    pub fn of(modules: &ModuleInfo) -> Option<Self> {
        if let Some(revision) = modules.vcs_revision() {
            let vcs = modules.vcs().unwrap_or_default();
            let commit = revision.parse().ok().filter(|_| vcs == "git");
            return Some(commit.map_or_else(
                || Self::Other { vcs: vcs.to_owned(), revision: revision.to_owned() },
                Self::Revision,
            ));
        }
        let version = modules.main.as_ref()?.known_version()?;
        let abbreviated = pseudo_version_revision(version)?.to_owned();
        Some(Self::PseudoVersion { abbreviated })
    }

    /// Whether the stamp names this commit. An abbreviation names every commit that begins with it.
    pub fn names(&self, commit: &GitCommit) -> bool {
        match self {
            Self::Revision(stamped) => stamped == commit,
            Self::PseudoVersion { abbreviated } => commit.as_str().starts_with(abbreviated),
            Self::Other { .. } => false,
        }
    }

    /// The whole id, if the stamp has it.
    pub fn commit(&self) -> Option<&GitCommit> {
        match self {
            Self::Revision(commit) => Some(commit),
            Self::PseudoVersion { .. } | Self::Other { .. } => None,
        }
    }

    /// Whether two stamps can be of the same commit.
    pub(crate) fn agrees_with(&self, other: &StampedCommit) -> bool {
        match (self, other) {
            (Self::Revision(commit), stamp) | (stamp, Self::Revision(commit)) => {
                stamp.names(commit)
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for StampedCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revision(commit) => commit.fmt(f),
            Self::PseudoVersion { abbreviated } => write!(f, "{abbreviated}…"),
            Self::Other { vcs, revision } => write!(f, "{vcs} revision {revision:?}"),
        }
    }
}

/// `d87908747e47` of `v1.4.3-0.20210203040506-d87908747e47+dirty`: <https://go.dev/ref/mod>,
/// "Pseudo-versions".
fn pseudo_version_revision(version: &str) -> Option<&str> {
    let version = version.split_once('+').map_or(version, |(version, _)| version);
    let (rest, revision) = version.rsplit_once('-')?;
    let time = rest.rsplit(['-', '.']).next()?;
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (revision.len() == 12
        && revision.bytes().all(hexadecimal)
        && time.len() == 14
        && time.bytes().all(|byte| byte.is_ascii_digit())
        && rest.starts_with('v'))
    .then_some(revision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainsign_gosbom::BuildInfo;

    fn stamp(text: &str) -> Option<StampedCommit> {
        let info = BuildInfo::from_text(None, text.as_bytes(), &Default::default()).unwrap();
        StampedCommit::of(info.modules().unwrap())
    }

    const COMMIT: &str = "99617f4070c9fa4928704dbc89884a8a0000ca9f";

    #[test]
    fn the_revision_comes_first() {
        let text = format!(
            "path\ta.b/c\nmod\ta.b/c\tv0.0.0-20210203040506-d87908747e47\t\nbuild\tvcs=git\nbuild\tvcs.revision={COMMIT}\n"
        );
        let stamp = stamp(&text).unwrap();
        assert_eq!(stamp, StampedCommit::Revision(COMMIT.parse().unwrap()));
        assert!(stamp.names(&COMMIT.parse().unwrap()));
        assert!(!stamp.names(&"a".repeat(40).parse().unwrap()));
    }

    #[track_caller]
    fn pseudo(version: &str, wanted: Option<&str>) {
        let found = stamp(&format!("path\ta.b/c\nmod\ta.b/c\t{version}\t\n"));
        let wanted = wanted.map(|abbreviated| StampedCommit::PseudoVersion {
            abbreviated: abbreviated.to_owned(),
        });
        assert_eq!(found, wanted, "{version}");
    }

    #[test]
    fn then_the_pseudo_version() {
        pseudo("v0.0.0-20210203040506-d87908747e47", Some("d87908747e47"));
        pseudo("v1.4.3-0.20210203040506-d87908747e47", Some("d87908747e47"));
        pseudo("v1.4.3-pre.0.20210203040506-d87908747e47", Some("d87908747e47"));
        pseudo("v2.0.1-0.20210203040506-d87908747e47+incompatible", Some("d87908747e47"));
        pseudo("v0.0.0-20210203040506-d87908747e47+dirty", Some("d87908747e47"));
        for other in ["v1.4.2", "(devel)", "", "v1.0.0-rc1", "v0.0.0-2021-d87908747e47"] {
            pseudo(other, None);
        }
        let stamp = stamp("path\ta\nmod\ta\tv0.0.0-20210203040506-99617f4070c9\t\n").unwrap();
        assert!(stamp.names(&COMMIT.parse().unwrap()));
        assert!(!stamp.names(&"9".repeat(40).parse().unwrap()));
    }

    #[test]
    fn other_systems_and_malformed_revisions_name_no_commit() {
        for (vcs, revision) in [("hg", COMMIT), ("git", "99617f4"), ("git", "")] {
            let found =
                stamp(&format!("path\ta\nbuild\tvcs={vcs}\nbuild\tvcs.revision={revision}\n"));
            let found = found.unwrap();
            let wanted =
                StampedCommit::Other { vcs: vcs.to_owned(), revision: revision.to_owned() };
            assert_eq!(found, wanted);
            assert!(!found.names(&COMMIT.parse().unwrap()));
        }
        assert_eq!(stamp("path\ta\n"), None);
    }
}
