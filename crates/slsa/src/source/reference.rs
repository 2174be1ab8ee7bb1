use std::fmt;
use std::str::FromStr;

use chainsign_core::identity::Pattern;
use serde::Serialize;

use crate::Error;

/// The name of a git ref: `refs/heads/main`, `refs/tags/v1.2.3`, or a short name as some builders
/// record it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct GitRef(String);

impl GitRef {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch, if it is a full name under `refs/heads/`.
    ///
    /// A short name is neither branch nor tag: `v1.0.0` can be both at once.
    pub fn branch(&self) -> Option<&str> {
        self.0.strip_prefix("refs/heads/")
    }

    /// The tag, if it is a full name under `refs/tags/`.
    pub fn tag(&self) -> Option<&str> {
        self.0.strip_prefix("refs/tags/")
    }
}

impl FromStr for GitRef {
    type Err = Error;

    /// # Errors
    /// [`Error::Ref`] for what `git check-ref-format --allow-onelevel` refuses.
    fn from_str(text: &str) -> Result<Self, Error> {
        let component =
            |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
        let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
        let good = text.split('/').all(component)
            && !text.contains(forbidden)
            && !text.contains("..")
            && !text.contains("@{")
            && !text.ends_with('.')
            && text != "@";
        if good {
            Ok(GitRef(text.to_owned()))
        } else {
            Err(Error::Ref { found: text.chars().take(80).collect() })
        }
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a ref is expected to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefMatcher {
    /// This ref, byte for byte.
    Exact(GitRef),
    /// `refs/heads/` and this branch (slsa-verifier's `--source-branch`).
    Branch(String),
    /// `refs/tags/` and this tag (slsa-verifier's `--source-tag`).
    Tag(String),
    /// A tag that is a version of this series (slsa-verifier's `--source-versioned-tag`).
    VersionedTag(VersionPrefix),
    /// The whole ref by a pattern.
    Pattern(Pattern),
}

impl RefMatcher {
    /// Whether the ref is what is expected. Short names match only
    /// [`Exact`](Self::Exact) and [`Pattern`](Self::Pattern).
    pub fn matches(&self, reference: &GitRef) -> bool {
        match self {
            Self::Exact(wanted) => reference == wanted,
            Self::Branch(wanted) => reference.branch() == Some(wanted),
            Self::Tag(wanted) => reference.tag() == Some(wanted),
            Self::VersionedTag(wanted) => reference.tag().is_some_and(|tag| wanted.contains(tag)),
            Self::Pattern(pattern) => pattern.matches(reference.as_str()),
        }
    }
}

impl fmt::Display for RefMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(wanted) => wanted.fmt(f),
            Self::Branch(wanted) => write!(f, "refs/heads/{wanted}"),
            Self::Tag(wanted) => write!(f, "refs/tags/{wanted}"),
            Self::VersionedTag(wanted) => write!(f, "a tag of version {wanted}"),
            Self::Pattern(pattern) => write!(f, "pattern {}", pattern.as_str()),
        }
    }
}

/// The start of a semantic version: `v1`, `v1.2` or `v1.2.3`.
///
/// It has the meaning of slsa-verifier's `--source-versioned-tag`: what is given must be equal,
/// what is not given may be anything. With a patch version, a pre-release must be equal too; build
/// metadata is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionPrefix(Version);

impl VersionPrefix {
    /// Whether a tag is a version of this series. Missing minor and patch of the tag count as 0.
    pub fn contains(&self, tag: &str) -> bool {
        let Some(tag) = Version::parse(tag) else { return false };
        let Version { major, minor, patch, prerelease } = &self.0;
        *major == tag.major
            && minor.is_none_or(|minor| minor == tag.minor.unwrap_or(0))
            && patch.is_none_or(|patch| {
                patch == tag.patch.unwrap_or(0) && *prerelease == tag.prerelease
            })
    }
}

impl FromStr for VersionPrefix {
    type Err = Error;

    /// # Errors
    /// [`Error::Version`] when the text is not `vX`, `vX.Y` or `vX.Y.Z` with, after all three, a
    /// pre-release and build metadata.
    fn from_str(text: &str) -> Result<Self, Error> {
        let version = || Error::Version { found: text.chars().take(80).collect() };
        Version::parse(text).map(VersionPrefix).ok_or_else(version)
    }
}

impl fmt::Display for VersionPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Version { major, minor, patch, prerelease } = &self.0;
        write!(f, "v{major}")?;
        for part in [minor, patch].into_iter().flatten() {
            write!(f, ".{part}")?;
        }
        prerelease.as_ref().map_or(Ok(()), |prerelease| write!(f, "-{prerelease}"))
    }
}

/// A version as `golang.org/x/mod/semver` reads it, whose rules slsa-verifier follows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    major: u64,
    minor: Option<u64>,
    patch: Option<u64>,
    prerelease: Option<String>,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('v')?;
        let (rest, build) = match rest.split_once('+') {
            Some((rest, build)) => (rest, Some(build)),
            None => (rest, None),
        };
        let (numbers, prerelease) = match rest.split_once('-') {
            Some((numbers, prerelease)) => (numbers, Some(prerelease)),
            None => (rest, None),
        };
        let mut numbers = numbers.split('.').map(number);
        let major = numbers.next()??;
        let minor = numbers.next().map_or(Some(None), |part| part.map(Some))?;
        let patch = numbers.next().map_or(Some(None), |part| part.map(Some))?;
        let suffix = prerelease.is_some() || build.is_some();
        if numbers.next().is_some() || (suffix && patch.is_none()) {
            return None;
        }
        let prerelease_good =
            |text: &str| identifiers(text) && !text.split('.').any(has_leading_zero);
        (prerelease.is_none_or(prerelease_good) && build.is_none_or(identifiers)).then(|| Version {
            major,
            minor,
            patch,
            prerelease: prerelease.map(str::to_owned),
        })
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !has_leading_zero(text)).then(|| text.parse().ok()).flatten()
}

fn has_leading_zero(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn identifiers(text: &str) -> bool {
    let character = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    text.split('.').all(|part| !part.is_empty() && part.bytes().all(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_are_those_of_git() {
        for text in ["refs/heads/main", "refs/tags/v1.2.3", "main", "refs/heads/a@b", "feat/x-1"] {
            assert_eq!(text.parse::<GitRef>().unwrap().as_str(), text);
        }
        let bad = [
            "", "/", "refs//x", "/refs/x", "refs/x/", "a b", "a..b", "a~1", "a^", "a:b", "a?",
            "a*", "a[", "a\\b", "a@{1}", "@", ".a", "refs/.a", "a.lock", "a.", "a\n", "a\u{7f}",
        ];
        for text in bad {
            let found = text.to_owned();
            assert_eq!(text.parse::<GitRef>(), Err(Error::Ref { found }), "{text:?}");
        }
    }

    #[track_caller]
    fn check(matcher: &RefMatcher, matching: &[&str], other: &[&str]) {
        for text in matching {
            assert!(matcher.matches(&text.parse().unwrap()), "{matcher} should match {text}");
        }
        for text in other {
            assert!(!matcher.matches(&text.parse().unwrap()), "{matcher} should not match {text}");
        }
    }

    #[test]
    fn branches_tags_and_patterns() {
        let main = RefMatcher::Branch("main".to_owned());
        check(&main, &["refs/heads/main"], &["main", "refs/heads/main2", "refs/tags/main"]);
        let tag = RefMatcher::Tag("v1".to_owned());
        check(&tag, &["refs/tags/v1"], &["v1", "refs/heads/v1", "refs/tags/v1.0"]);
        let exact = RefMatcher::Exact("refs/pull/1/merge".parse().unwrap());
        check(&exact, &["refs/pull/1/merge"], &["refs/pull/11/merge"]);
        let pattern = RefMatcher::Pattern(r"refs/tags/v\d+".parse().unwrap());
        check(&pattern, &["refs/tags/v12"], &["refs/tags/v1-evil", "x/refs/tags/v1"]);
    }

    /// The cases of slsa-verifier's `main_regression_test.go` for `--source-versioned-tag`, and
    /// the rules in the comments of its `VerifyVersionedTag`.
    #[test]
    fn versioned_tags_as_slsa_verifier() {
        let of = |text: &str| RefMatcher::VersionedTag(text.parse().unwrap());
        let tag = "refs/tags/v13.0.30";
        for wanted in ["v13", "v13.0", "v13.0.30", "v13.0.30+other"] {
            check(&of(wanted), &[tag], &[]);
        }
        for wanted in ["v2", "v0", "v1", "v13.1", "v12.9", "v13.0.29", "v13.0.3", "v13.0.30-rc1"] {
            check(&of(wanted), &[], &[tag]);
        }
        check(&of("v1.2"), &["refs/tags/v1.2.3-rc.1", "refs/tags/v1.2"], &["refs/tags/v1"]);
        check(&of("v1.0.0"), &["refs/tags/v1", "refs/tags/v1.0.0+b"], &["refs/tags/v1.0.0-rc1"]);
        check(&of("v1"), &[], &["v1.0.0", "refs/heads/v1.0.0", "refs/tags/1.0.0", "refs/tags/vx"]);
    }

    #[test]
    fn what_is_not_a_version_is_refused() {
        let bad = [
            "",
            "v",
            "1",
            "1.2.3",
            "v1.",
            "v01",
            "v1.2.3.4",
            "v1-rc",
            "v1.2+b",
            "v1.2.3-",
            "v1.2.3+",
            "v1.2.3-01",
            "v1.2.3-a..b",
            "v1.2.3-ä",
            "v-1",
            "v99999999999999999999",
        ];
        for text in bad {
            let found = text.to_owned();
            assert_eq!(text.parse::<VersionPrefix>(), Err(Error::Version { found }), "{text:?}");
        }
        for text in ["v1", "v1.2", "v1.2.3", "v1.2.3-rc.1"] {
            assert_eq!(text.parse::<VersionPrefix>().unwrap().to_string(), text);
        }
    }
}
