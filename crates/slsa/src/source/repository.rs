use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::Error;
use crate::source::GitRef;

/// A repository, in one spelling: `https://github.com/acme/app`.
///
/// Parsing takes the spellings that tools and people use and leaves one: without `git+` before it
/// and `.git` or `/` after it, the scheme and host in lower case, `https` where no scheme is given,
/// without the scheme's own port. Two repositories are equal if that text is.
///
/// What could hide where it leads is refused: user names and passwords (`https://github.com@evil/`;
/// only ssh's `git@` is dropped), dot segments, empty segments, backslashes, queries, white space.
/// Nothing else is guessed: `http` and `https`, ssh and https, and paths in another case are
/// different repositories.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Repository(String);

impl Repository {
    /// The one spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Repository {
    type Err = Error;

    /// Parses a repository alone.
    ///
    /// # Errors
    /// [`Error::Repository`], also for a repository with a ref or a path inside it.
    fn from_str(text: &str) -> Result<Self, Error> {
        let uri: SourceUri = text.parse()?;
        if uri.reference.is_some() || uri.subpath.is_some() {
            return Err(refused("found a ref or a path inside the repository after its address"));
        }
        Ok(uri.repository)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place in a repository, as SPDX and in-toto write it: `git+https://github.com/acme/app` with
/// `@refs/tags/v1.0.0` or `#cmd/app` behind it.
///
/// SPDX 2.3 section 7.7; the scheme of slsa-github-generator, GitHub and Google Cloud Build. SPDX
/// allows a path after a ref. But builders write refs without encoding them, and `#` may stand in
/// the name of a branch: whoever may push `main#x` could pass for `main`. So whatever follows `@` is
/// the ref.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceUri {
    /// The repository.
    pub repository: Repository,
    /// Everything that follows `@`. Some builders put a commit here.
    pub reference: Option<GitRef>,
    /// Everything that follows `#`, where there is no ref.
    pub subpath: Option<String>,
}

impl SourceUri {
    /// A repository at a ref.
    pub fn new(repository: Repository, reference: Option<GitRef>) -> Self {
        SourceUri { repository, reference, subpath: None }
    }
}

impl FromStr for SourceUri {
    type Err = Error;

    /// # Errors
    /// [`Error::Repository`] says what is wrong; it never repeats what may be a password.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '\\' || c == '?';
        if text.len() > URI_BYTES {
            return Err(refused("found more than 4096 bytes"));
        }
        if text.contains(bad) {
            return Err(refused("found white space, a control character, a backslash or a query"));
        }
        let (scheme, rest) = scheme(text.strip_prefix("git+").unwrap_or(text))?;
        let (authority, path) = rest
            .split_once('/')
            .ok_or_else(|| refused("found no path, wanted for example github.com/acme/app"))?;
        let host = host(&scheme, authority)?;
        let (path, rest) = path.split_at(path.find(['@', '#']).unwrap_or(path.len()));
        let reference = rest.strip_prefix('@');
        let subpath = rest.strip_prefix('#').filter(|subpath| !subpath.is_empty());
        let path = path.strip_suffix('/').unwrap_or(path);
        let path = path.strip_suffix(".git").unwrap_or(path);
        if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(refused("found an empty or a dot segment in the path"));
        }
        if path.ends_with(".git") {
            return Err(refused("found .git twice at the end of the path"));
        }
        let reference = reference.map(GitRef::from_str).transpose();
        let reference = reference.map_err(|_| refused("what follows @ is not a git ref"))?;
        Ok(SourceUri {
            repository: Repository(format!("{scheme}://{host}/{path}")),
            reference,
            subpath: subpath.map(str::to_owned),
        })
    }
}

impl fmt::Display for SourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "git+{}", self.repository)?;
        if let Some(reference) = &self.reference {
            write!(f, "@{reference}")?;
        }
        if let Some(subpath) = &self.subpath {
            write!(f, "#{subpath}")?;
        }
        Ok(())
    }
}

/// The scheme in lower case and what follows `://`. `git@host:path` is ssh; without a scheme it is
/// https.
fn scheme(text: &str) -> Result<(String, String), Error> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let scheme = scheme.to_ascii_lowercase();
        return match SCHEMES.contains(&scheme.as_str()) {
            true => Ok((scheme, rest.to_owned())),
            false => Err(refused("wanted the scheme https, http, ssh or git")),
        };
    }
    if let Some((host, path)) = text.strip_prefix("git@").and_then(|rest| rest.split_once(':')) {
        return Ok(("ssh".to_owned(), format!("{host}/{}", path.trim_start_matches('/'))));
    }
    Ok(("https".to_owned(), text.to_owned()))
}

/// The host in lower case, with a port that is not the scheme's own.
fn host(scheme: &str, authority: &str) -> Result<String, Error> {
    let authority = match authority.strip_prefix("git@") {
        Some(rest) if scheme == "ssh" => rest,
        _ => authority,
    };
    if authority.contains('@') {
        return Err(refused("found a user name or password before the host"));
    }
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !authority.ends_with(']') => (name, Some(port)),
        _ => (authority, None),
    };
    let literal = name.starts_with('[') && name.ends_with(']');
    let character = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'-')
            || (literal && b"[]:".contains(&byte))
    };
    if name.is_empty() || !name.bytes().all(character) {
        return Err(refused("wanted a host of ASCII letters, digits, dots and hyphens"));
    }
    let name = name.to_ascii_lowercase();
    let Some(port) = port else { return Ok(name) };
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| port.parse::<u16>().ok()).flatten();
    let number = number.ok_or_else(|| refused("wanted a port number after the host"))?;
    let own = PORTS.contains(&(scheme, number));
    Ok(if own { name } else { format!("{name}:{number}") })
}

fn refused(reason: &str) -> Error {
    Error::Repository { reason: reason.to_owned() }
}

const URI_BYTES: usize = 4096;
const SCHEMES: [&str; 4] = ["https", "http", "ssh", "git"];
const PORTS: [(&str, u16); 4] = [("https", 443), ("http", 80), ("ssh", 22), ("git", 9418)];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(spellings: &[&str], wanted: &str) {
        for text in spellings {
            assert_eq!(text.parse::<Repository>().unwrap().as_str(), wanted, "{text}");
        }
    }

    #[test]
    fn one_repository_has_one_spelling() {
        let spellings = [
            "https://github.com/acme/app",
            "git+https://github.com/acme/app",
            "https://github.com/acme/app.git",
            "https://github.com/acme/app/",
            "https://github.com/acme/app.git/",
            "HTTPS://GitHub.com/acme/app",
            "https://github.com:443/acme/app",
            "github.com/acme/app",
            "git+github.com/acme/app",
        ];
        same(&spellings, "https://github.com/acme/app");
        let ssh = [
            "git@github.com:acme/app.git",
            "ssh://git@github.com/acme/app",
            "ssh://github.com:22/acme/app",
        ];
        same(&ssh, "ssh://github.com/acme/app");
        same(&["https://gitlab.com/group/sub/app.git"], "https://gitlab.com/group/sub/app");
        same(&["https://git.example.com:8443/a"], "https://git.example.com:8443/a");
        same(&["https://[2001:DB8::1]:443/a"], "https://[2001:db8::1]/a");
    }

    proptest::proptest! {
        /// What a text names is named by the one spelling too, and by no third.
        #[test]
        fn the_one_spelling_names_itself(text in "(git\\+)?((https?|SSH|git)://)?(git@)?([a-zA-Z.\\-:@#/0-9\\[\\]]{0,9}(\\.git)?){0,4}|\\PC{0,20}") {
            if let Ok(uri) = text.parse::<SourceUri>() {
                let repository = uri.repository.as_str();
                proptest::prop_assert_eq!(repository.parse(), Ok(uri.repository.clone()));
                proptest::prop_assert_eq!(uri.to_string().parse(), Ok(uri));
            }
        }
    }

    #[test]
    fn what_is_not_the_same_stays_different() {
        let app: Repository = "https://github.com/acme/app".parse().unwrap();
        let others = [
            "https://github.com/acme/app2",
            "https://github.com/acme/ap",
            "https://github.com/Acme/app",
            "https://github.com/acme/app.github",
            "https://github.com.evil.org/acme/app",
            "https://evil.org/github.com/acme/app",
            "http://github.com/acme/app",
            "https://github.com:444/acme/app",
            "git@github.com:acme/app",
        ];
        for text in others {
            assert_ne!(text.parse::<Repository>().unwrap(), app, "{text}");
        }
    }

    #[track_caller]
    fn refuses(text: &str, reason: &str) {
        let wanted = Error::Repository { reason: reason.to_owned() };
        assert_eq!(text.parse::<SourceUri>(), Err(wanted), "{text}");
    }

    #[test]
    fn what_could_hide_the_repository_is_refused() {
        let user = "found a user name or password before the host";
        refuses("https://github.com@evil.org/acme/app", user);
        refuses("https://user:secret@github.com/acme/app", user);
        refuses("https://git@github.com/acme/app", user);
        refuses("ssh://git@git@evil.org/acme/app", user);
        let segment = "found an empty or a dot segment in the path";
        refuses("https://github.com/acme/../evil/app", segment);
        refuses("https://github.com//acme/app", segment);
        refuses("https://github.com/.git", segment);
        refuses("https://h/a.git.git", "found .git twice at the end of the path");
        refuses("https://github.com/", segment);
        let character = "found white space, a control character, a backslash or a query";
        refuses("https://github.com/acme/app?x=1", character);
        refuses("https://github.com\\@evil.org/a", character);
        refuses("https://github.com/acme/app ", character);
        let host = "wanted a host of ASCII letters, digits, dots and hyphens";
        refuses("https:///acme/app", host);
        refuses("https://gıthub.com/acme/app", host);
        refuses("https://github.com%2f/acme/app", host);
        refuses("https://github.com:99999/acme/app", "wanted a port number after the host");
        refuses("file:///etc/passwd", "wanted the scheme https, http, ssh or git");
        refuses("app", "found no path, wanted for example github.com/acme/app");
        refuses("https://github.com/acme/app@a..b", "what follows @ is not a git ref");
        refuses(&format!("https://h/{}", "a".repeat(4096)), "found more than 4096 bytes");
        let error = "github.com/acme/app@main".parse::<Repository>().unwrap_err();
        let wanted = "not the URI of a repository: found a ref or a path inside the repository after its address";
        assert_eq!(error.to_string(), wanted);
    }

    #[track_caller]
    fn splits(text: &str, reference: Option<&str>, subpath: Option<&str>) {
        let uri: SourceUri = text.parse().unwrap();
        assert_eq!(uri.repository.as_str(), "https://github.com/acme/app");
        assert_eq!(uri.reference.as_ref().map(GitRef::as_str), reference);
        assert_eq!(uri.subpath.as_deref(), subpath);
        assert_eq!(uri.to_string().parse(), Ok(uri));
    }

    #[test]
    fn refs_and_paths_are_split_off() {
        splits("git+https://github.com/acme/app@refs/heads/a@b", Some("refs/heads/a@b"), None);
        splits("https://github.com/acme/app.git@refs/tags/v1", Some("refs/tags/v1"), None);
        splits(
            "https://github.com/acme/app.git#refs/tags/v1:image",
            None,
            Some("refs/tags/v1:image"),
        );
        splits("git+https://github.com/acme/app#a@b", None, Some("a@b"));
        splits("git+https://github.com/acme/app#", None, None);
    }

    #[test]
    fn a_branch_cannot_pass_for_the_one_that_its_name_begins_with() {
        splits(
            "git+https://github.com/acme/app@refs/heads/main#x",
            Some("refs/heads/main#x"),
            None,
        );
    }
}
