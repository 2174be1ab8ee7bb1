//! Package URLs of Go modules (`pkg:golang/…`), written and read.
//!
//! Specification: <https://github.com/package-url/purl-spec>, PURL-SPECIFICATION.rst and the
//! `golang` type. Its rule that golang namespaces are lower-cased is not followed: Go module paths
//! are case-sensitive, and lower-casing merges modules that differ (purl-spec issues 308 and 338).

use std::fmt;

/// A package URL of type `golang`.
///
/// Two are equal if they name the same module path, version and subpath, and both or neither a
/// package; other qualifiers are dropped when one is read. Case is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GolangPurl {
    path: String,
    version: Option<String>,
    subpath: Option<String>,
    names: Names,
}

/// What a package URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Names {
    /// A module; a subpath says which of its packages is meant.
    Module,
    /// One package of a module: the qualifier `type=package`, as cyclonedx-gomod writes it.
    Package,
}

/// The package URL of a module; a version that Go does not know (`(devel)`, nothing) is left out.
///
/// `path` is a module path as Go writes it, for example `github.com/Masterminds/semver/v3`.
pub fn module_purl(path: &str, version: &str) -> GolangPurl {
    GolangPurl {
        path: path.to_owned(),
        version: crate::buildinfo::known_version(version).map(str::to_owned),
        subpath: None,
        names: Names::Module,
    }
}

impl GolangPurl {
    /// The package URL of the standard library of a Go release.
    pub fn stdlib(release: Option<crate::GoRelease>) -> Self {
        Self {
            path: STDLIB.to_owned(),
            version: release.map(|release| release.to_string()),
            subpath: None,
            names: Names::Module,
        }
    }

    /// The same module, with a package below it: `cmd/x`.
    #[must_use]
    pub fn with_subpath(mut self, subpath: &str) -> Self {
        self.subpath = (!subpath.is_empty()).then(|| subpath.to_owned());
        self
    }

    /// A package of the same module: `internal/x`, or nothing for the one in the module's folder.
    #[must_use]
    pub fn package(self, subpath: &str) -> Self {
        Self { names: Names::Package, ..self.with_subpath(subpath) }
    }

    /// Reads a package URL of type `golang`.
    ///
    /// # Errors
    /// [`PurlError`] says what is wrong; a package URL of another type is
    /// [`PurlError::OtherType`].
    pub fn parse(text: &str) -> Result<Self, PurlError> {
        let rest = text.strip_prefix("pkg:").ok_or(PurlError::Scheme)?;
        let rest = rest.trim_start_matches('/');
        let (rest, subpath) = match rest.split_once('#') {
            Some((rest, subpath)) => (rest, subpath),
            None => (rest, ""),
        };
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let names = match qualifiers.split('&').any(|qualifier| qualifier == TYPE_PACKAGE) {
            true => Names::Package,
            false => Names::Module,
        };
        let (kind, rest) = rest.split_once('/').ok_or(PurlError::Name)?;
        if !kind.eq_ignore_ascii_case("golang") {
            return Err(PurlError::OtherType(kind.to_owned()));
        }
        // An `@` inside the path is percent-encoded, so that the first raw one starts the version.
        let (path, version) = match rest.split_once('@') {
            Some((path, version)) => (path, Some(decode(version)?)),
            None => (rest, None),
        };
        let path = segments(path)?.join("/");
        if path.is_empty() {
            return Err(PurlError::Name);
        }
        let subpath: Vec<_> = segments(subpath)?
            .into_iter()
            .filter(|segment| segment != "." && segment != "..")
            .collect();
        Ok(Self {
            path,
            version: version.filter(|version| !version.is_empty()),
            subpath: (!subpath.is_empty()).then(|| subpath.join("/")),
            names,
        })
    }

    /// Namespace and name as one path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The version, decoded.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What follows `#`: a package below the module, or, in package URLs of syft before 1.19, the
    /// rest of a module path.
    pub fn subpath(&self) -> Option<&str> {
        self.subpath.as_deref()
    }

    /// Whether it names a module or a package.
    pub fn names(&self) -> Names {
        self.names
    }

    /// The path with the subpath folded back: `github.com/Masterminds/semver/v3` from
    /// `pkg:golang/github.com/Masterminds/semver@v3.3.0#v3`.
    pub fn folded_path(&self) -> String {
        match &self.subpath {
            Some(subpath) => format!("{}/{subpath}", self.path),
            None => self.path.clone(),
        }
    }
}

impl fmt::Display for GolangPurl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pkg:golang/")?;
        encode_path(f, &self.path)?;
        if let Some(version) = &self.version {
            f.write_str("@")?;
            encode(f, version)?;
        }
        if self.names == Names::Package {
            write!(f, "?{TYPE_PACKAGE}")?;
        }
        if let Some(subpath) = &self.subpath {
            f.write_str("#")?;
            encode_path(f, subpath)?;
        }
        Ok(())
    }
}

/// Why a text is not a package URL of a Go module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PurlError {
    /// It does not start with `pkg:`.
    #[error("a package URL starts with `pkg:`")]
    Scheme,
    /// It names no package.
    #[error("the package URL has no name")]
    Name,
    /// It is of another type.
    #[error("the package URL is of type {0}, wanted golang")]
    OtherType(String),
    /// A `%` that is not followed by two hexadecimal digits, or bytes that are not UTF-8.
    #[error("the package URL is not correctly percent-encoded: {0}")]
    Encoding(String),
}

/// Decoded segments, without the empty ones.
fn segments(path: &str) -> Result<Vec<String>, PurlError> {
    path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
}

fn decode(text: &str) -> Result<String, PurlError> {
    let bad = || PurlError::Encoding(text.to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%' {
            let (digits, tail) = tail.split_at_checked(2).ok_or_else(bad)?;
            bytes.push(hex::decode(digits).map_err(|_| bad())?[0]);
            rest = tail;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map_err(|_| bad())
}

fn encode_path(f: &mut fmt::Formatter<'_>, path: &str) -> fmt::Result {
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            f.write_str("/")?;
        }
        encode(f, segment)?;
    }
    Ok(())
}

/// Everything but letters, digits and `-._~:` is encoded (PURL-SPECIFICATION, "Character
/// encoding").
fn encode(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for &byte in text.as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                write!(f, "{}", char::from(byte))?;
            }
            byte => write!(f, "%{byte:02X}")?,
        }
    }
    Ok(())
}

const TYPE_PACKAGE: &str = "type=package";

/// The path under which the standard library is named in package URLs and SBOMs.
pub(crate) const STDLIB: &str = "stdlib";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round(path: &str, version: &str, text: &str) {
        let purl = module_purl(path, version);
        assert_eq!(purl.to_string(), text);
        assert_eq!(GolangPurl::parse(text), Ok(purl));
    }

    #[test]
    fn module_paths_and_versions() {
        round("rsc.io/quote", "v1.5.2", "pkg:golang/rsc.io/quote@v1.5.2");
        round(
            "github.com/Masterminds/semver/v3",
            "v3.3.0",
            "pkg:golang/github.com/Masterminds/semver/v3@v3.3.0",
        );
        round(
            "github.com/docker/docker",
            "v27.3.1+incompatible",
            "pkg:golang/github.com/docker/docker@v27.3.1%2Bincompatible",
        );
        round("example.com/app", "(devel)", "pkg:golang/example.com/app");
        round("example.com/~u/a", "", "pkg:golang/example.com/~u/a");
        round("odd/a b@c", "v1", "pkg:golang/odd/a%20b%40c@v1");
    }

    #[test]
    fn packages_are_told_from_modules() {
        let module = module_purl("example.com/a", "v1.0.0");
        let package = module.clone().package("internal/x");
        let text = "pkg:golang/example.com/a@v1.0.0?type=package#internal/x";
        assert_eq!(package.to_string(), text);
        let parsed = GolangPurl::parse(text).unwrap();
        assert_eq!((parsed.names(), parsed.path()), (Names::Package, "example.com/a"));
        assert_eq!(parsed, package);
        let root = module.clone().package("");
        assert_eq!(root.to_string(), "pkg:golang/example.com/a@v1.0.0?type=package");
        assert_eq!(GolangPurl::parse(&root.to_string()), Ok(root));
        let other = "pkg:golang/example.com/a@v1.0.0?goos=linux&type=module";
        assert_eq!(GolangPurl::parse(other), Ok(module));
    }

    #[track_caller]
    fn folds(text: &str, path: &str, version: Option<&str>) {
        let purl = GolangPurl::parse(text).unwrap();
        assert_eq!(purl.folded_path(), path);
        assert_eq!(purl.version(), version);
    }

    #[test]
    fn other_tools_purls_are_understood() {
        folds(
            "pkg:golang/github.com/Masterminds/semver@v3.3.0#v3",
            "github.com/Masterminds/semver/v3",
            Some("v3.3.0"),
        );
        folds(
            "pkg:golang/example.com/a@v1.0.0+incompatible?goarch=amd64&goos=linux&type=module#cmd/x",
            "example.com/a/cmd/x",
            Some("v1.0.0+incompatible"),
        );
        folds("pkg:golang/std@1.27.3", "std", Some("1.27.3"));
        folds("pkg:golang//a///b/@", "a/b", None);
        folds("pkg:GoLang/a/b@v1#../c", "a/b/c", Some("v1"));
    }

    #[test]
    fn what_is_not_a_golang_purl_is_refused() {
        assert_eq!(GolangPurl::parse("golang/a"), Err(PurlError::Scheme));
        assert_eq!(GolangPurl::parse("pkg:golang"), Err(PurlError::Name));
        assert_eq!(GolangPurl::parse("pkg:golang/@v1"), Err(PurlError::Name));
        let npm = PurlError::OtherType("npm".to_owned());
        assert_eq!(GolangPurl::parse("pkg:npm/a@1"), Err(npm));
        let bad = |part: &str| Err(PurlError::Encoding(part.to_owned()));
        assert_eq!(GolangPurl::parse("pkg:golang/a%2"), bad("a%2"));
        assert_eq!(GolangPurl::parse("pkg:golang/a%zz"), bad("a%zz"));
        assert_eq!(GolangPurl::parse("pkg:golang/a@v%ff"), bad("v%ff"));
    }
}
