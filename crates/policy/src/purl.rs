//! Package URLs of any type, for naming packages in policies.
//!
//! Two name the same package when type, namespace and name agree, in the spelling of their type.
//! Go's are read by `chainsign-gosbom`, which keeps the case of paths.

use std::fmt;
use std::str::FromStr;

use chainsign_gosbom::purl::GolangPurl;

/// A package URL without qualifiers and subpath: <https://github.com/package-url/purl-spec>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Purl {
    kind: String,
    /// Namespace and name, in the spelling of the type.
    path: String,
    version: Option<String>,
}

impl Purl {
    /// Whether both name the same package, whatever the version.
    pub(crate) fn same_package(&self, other: &Purl) -> bool {
        self.kind == other.kind && self.path == other.path
    }

    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

impl FromStr for Purl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("found {text:?}, wanted a package URL such as pkg:golang/example.com/x");
        let rest = text.strip_prefix("pkg:").ok_or_else(wrong)?.trim_start_matches('/');
        let (kind, rest) = rest.split_once('/').ok_or_else(wrong)?;
        let kind = kind.to_ascii_lowercase();
        if kind.is_empty()
            || !kind.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-".contains(&b))
        {
            return Err(wrong());
        }
        if kind == "golang" {
            let golang =
                GolangPurl::parse(text).map_err(|error| format!("{}: {error}", wrong()))?;
            let version = golang.version().map(str::to_owned);
            return Ok(Purl { kind, path: golang.folded_path(), version });
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let rest = rest.split('?').next().unwrap_or_default();
        // The version follows the last `@`; one in a scope (`@angular`) is encoded or starts it.
        let (path, version) = match rest.rsplit_once('@') {
            Some((path, version)) if !path.is_empty() && !version.contains('/') => {
                (path, Some(decode(version).ok_or_else(wrong)?))
            }
            _ => (rest, None),
        };
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let path: Vec<_> = segments.map(decode).collect::<Option<_>>().ok_or_else(wrong)?;
        if path.is_empty() {
            return Err(wrong());
        }
        let path = path.join("/");
        Ok(Purl {
            path: spelled(&kind, path),
            kind,
            version: version.filter(|version| !version.is_empty()),
        })
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/{}", self.kind, self.path)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "@{version}"))
    }
}

/// purl-spec PURL-TYPES.rst: types whose names are compared without case; PyPI also reads `_` as
/// `-`.
fn spelled(kind: &str, path: String) -> String {
    match kind {
        "pypi" => path.to_lowercase().replace('_', "-"),
        "alpm" | "apk" | "bitbucket" | "composer" | "deb" | "gitea" | "github" | "hex" | "npm"
        | "rpm" => path.to_lowercase(),
        _ => path,
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%' {
            let (digits, tail) = tail.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_package_has_one_spelling() {
        let same = |left: &str, right: &str| {
            left.parse::<Purl>().unwrap().same_package(&right.parse::<Purl>().unwrap())
        };
        assert!(same("pkg:golang/github.com/a/b@v1", "pkg:golang/github.com/a/b?type=module"));
        assert!(same("pkg:golang/github.com/a/b/v3", "pkg:golang/github.com/a/b@v3.0.0#v3"));
        assert!(!same("pkg:golang/github.com/A/b", "pkg:golang/github.com/a/b"));
        assert!(same("pkg:npm/%40angular/core@1.0.0", "pkg:npm/@Angular/core"));
        assert!(same("pkg:pypi/Foo_bar@1", "pkg:PyPI/foo-bar"));
        assert!(!same("pkg:npm/foo", "pkg:pypi/foo"));
        assert_eq!("pkg:npm/a@1.0.0-rc%2B1".parse::<Purl>().unwrap().version(), Some("1.0.0-rc+1"));
        for wrong in ["", "npm/a", "pkg:npm", "pkg:npm/", "pkg:/a", "pkg:npm/%zz", "pkg:n m/a"] {
            assert!(wrong.parse::<Purl>().is_err(), "{wrong}");
        }
    }
}
