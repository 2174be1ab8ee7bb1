use std::cmp::Ordering;
use std::fmt;

/// The Go version of a binary: free text, of which a release can usually be cut out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoVersion {
    text: String,
    release: Option<GoRelease>,
}

impl GoVersion {
    /// Takes what `runtime.Version()` returns.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let release = release_part(&text).and_then(GoRelease::parse);
        Self { text, release }
    }

    /// The text as it stands in the binary: `go1.27.3`, `go1.27.3-X:nogreenteagc`,
    /// `go1.26.5 (Red Hat 1.26.5-1.el10)`, `devel go1.28-…`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The release, without the experiments and vendor marks behind it.
    ///
    /// `None` for development toolchains and for text that names no release.
    pub fn release(&self) -> Option<GoRelease> {
        self.release
    }

    /// The `GOEXPERIMENT`s that differ from the release's defaults, as `X:a,b` names them.
    pub fn experiments(&self) -> impl Iterator<Item = &str> {
        let list = self
            .text
            .split_once("-X:")
            .or_else(|| self.text.split_once(" X:"))
            .map_or("", |(_, list)| list);
        let list = list.split(' ').next().unwrap_or_default();
        list.split(',').filter(|name| !name.is_empty())
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A Go release, ordered as `go/version.Compare` orders: 1.21 < 1.21rc1 < 1.21.0, and, before
/// 1.21, 1.20rc1 < 1.20 = 1.20.0.
#[derive(Clone, Copy, Debug)]
pub struct GoRelease {
    /// 1
    pub major: u32,
    /// 27 in 1.27.3
    pub minor: u32,
    /// 3 in 1.27.3; absent in `1.27` and in pre-releases.
    pub patch: Option<u32>,
    /// `rc1` in 1.27rc1
    pub prerelease: Option<Prerelease>,
}

/// What precedes a release.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash, PartialOrd, Ord)]
pub enum Prerelease {
    /// `1.27beta1`
    Beta(u32),
    /// `1.27rc1`
    Candidate(u32),
}

impl GoRelease {
    /// Parses `1.27.3`, `1.27`, `1.27rc1`, `1.27beta1`, with or without `go` before it.
    ///
    /// `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("go").unwrap_or(text);
        let (major, rest) = number(text)?;
        if rest.is_empty() {
            return Some(Self::new(major, 0, None, None));
        }
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        if rest.is_empty() {
            return Some(Self::new(major, minor, None, None));
        }
        if let Some(rest) = rest.strip_prefix('.') {
            let (patch, rest) = number(rest)?;
            return rest.is_empty().then(|| Self::new(major, minor, Some(patch), None));
        }
        let (kind, rest): (fn(u32) -> Prerelease, _) = match rest.strip_prefix("rc") {
            Some(rest) => (Prerelease::Candidate, rest),
            None => (Prerelease::Beta, rest.strip_prefix("beta")?),
        };
        let (count, rest) = number(rest)?;
        rest.is_empty().then(|| Self::new(major, minor, None, Some(kind(count))))
    }

    fn new(major: u32, minor: u32, patch: Option<u32>, prerelease: Option<Prerelease>) -> Self {
        Self { major, minor, patch, prerelease }
    }

    /// From 1.21 on, `1.21` names the language and precedes every pre-release; before, it was the
    /// first release itself.
    fn order(self) -> (u32, u32, u8, Option<Prerelease>, u32) {
        let stage = match (self.prerelease, self.patch) {
            (Some(_), _) => 1,
            (None, Some(_)) => 2,
            (None, None) if (self.major, self.minor) < (1, 21) => 2,
            (None, None) => 0,
        };
        (self.major, self.minor, stage, self.prerelease, self.patch.unwrap_or(0))
    }
}

impl PartialEq for GoRelease {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for GoRelease {}

impl Ord for GoRelease {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for GoRelease {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for GoRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if let Some(patch) = self.patch {
            write!(f, ".{patch}")?;
        }
        match self.prerelease {
            Some(Prerelease::Beta(count)) => write!(f, "beta{count}"),
            Some(Prerelease::Candidate(count)) => write!(f, "rc{count}"),
            None => Ok(()),
        }
    }
}

/// `go1.27.3` of `go1.27.3-X:…`, `go1.26.5 (Red Hat …)` and `go1.21.0-bigcorp`.
fn release_part(text: &str) -> Option<&str> {
    let text = text.strip_prefix("go")?;
    text.split([' ', '-', '+']).next()
}

/// Leading decimal number, without superfluous zeros.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, release: Option<&str>, experiments: &[&str]) {
        let version = GoVersion::new(text);
        let found = version.release().map(|release| release.to_string());
        assert_eq!(found.as_deref(), release, "release of {text:?}");
        assert_eq!(version.experiments().collect::<Vec<_>>(), experiments);
        assert_eq!(version.as_str(), text);
    }

    #[test]
    fn release_is_cut_out_of_free_text() {
        check("go1.27.3", Some("1.27.3"), &[]);
        check("go1.27", Some("1.27"), &[]);
        check("go1.27rc1", Some("1.27rc1"), &[]);
        check("go1.9beta2", Some("1.9beta2"), &[]);
        check("go1.27.3-X:nogreenteagc", Some("1.27.3"), &["nogreenteagc"]);
        check("go1.25.1 X:foo,bar", Some("1.25.1"), &["foo", "bar"]);
        check("go1.26.5 (Red Hat 1.26.5-1.el10)", Some("1.26.5"), &[]);
        check("go1.21.0-bigcorp", Some("1.21.0"), &[]);
        check("go1.22.1+auto", Some("1.22.1"), &[]);
        check("devel go1.28-8a1b2c Thu X:boringcrypto", None, &["boringcrypto"]);
        check("unknown", None, &[]);
        check("go1.027.3", None, &[]);
        check("go1.27.3.4", None, &[]);
        check("go1.99999999999", None, &[]);
        check("", None, &[]);
    }

    #[test]
    fn releases_are_ordered_as_go_orders_them() {
        let ascending = [
            "1.9beta2",
            "1.9rc1",
            "1.9",
            "1.9.1",
            "1.20rc1",
            "1.20",
            "1.20.5",
            "1.21",
            "1.21beta1",
            "1.21rc1",
            "1.21rc2",
            "1.21.0",
            "1.21.1",
            "1.27",
            "2",
        ];
        let parsed: Vec<_> = ascending.iter().map(|text| GoRelease::parse(text).unwrap()).collect();
        for pair in parsed.windows(2) {
            assert!(pair[0] < pair[1], "{} < {}", pair[0], pair[1]);
        }
    }
}
