//! Checksum files: lists of digests that are signed instead of the files they list.
//!
//! The commonest Go release signs only `checksums.txt`. A signature over it says something about each
//! file that it lists, if one reader and another read the same lines: everything that is not exactly a
//! line of `sha256sum` or of BSD's `sha256` is refused.

use std::collections::BTreeSet;

use crate::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};

/// A checksum file, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksums {
    name: String,
    digests: ArtifactDigests,
    entries: Vec<Entry>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    digest: ArtifactDigest,
}

/// Why a checksum file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChecksumsError {
    /// It has more bytes than a list of a release has.
    #[error("the checksum file has {found} bytes, wanted at most {limit}")]
    TooLarge {
        /// Its size.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// It is not UTF-8.
    #[error("the checksum file is not UTF-8 (byte {at})")]
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// It lists nothing.
    #[error("the checksum file lists nothing")]
    Empty,
    /// A line is neither `DIGEST  NAME` nor `SHA256 (NAME) = DIGEST`.
    #[error("line {line}: found {found:?}, wanted {wanted}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// The line's text, at most 100 characters of it.
        found: String,
        /// What was wanted there.
        wanted: &'static str,
    },
    /// A name is there twice.
    #[error("line {line}: {name:?} is listed twice")]
    Twice {
        /// The second line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
}

/// What a checksum file says about an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing<'a> {
    /// It lists one of the digests.
    Listed {
        /// The name that it is listed under.
        name: &'a str,
        /// The digest.
        digest: &'a ArtifactDigest,
    },
    /// It lists a file of that name with another digest.
    Other {
        /// The name.
        name: &'a str,
        /// The digest that is listed.
        digest: &'a ArtifactDigest,
    },
    /// It says nothing about it.
    Nothing,
}

impl Checksums {
    /// Reads a checksum file as GNU coreutils and BSD write them. `name` is for reports.
    ///
    /// Digests are SHA-256, SHA-384 or SHA-512 in lower-case hexadecimal; a name is there once. Names
    /// that coreutils escapes are refused.
    ///
    /// # Errors
    /// Each variant of [`ChecksumsError`].
    pub fn parse(name: impl Into<String>, bytes: &[u8]) -> Result<Self, ChecksumsError> {
        if bytes.len() > BYTES {
            return Err(ChecksumsError::TooLarge { found: bytes.len(), limit: BYTES });
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| ChecksumsError::NotUtf8 { at: error.valid_up_to() })?;
        if text.is_empty() {
            return Err(ChecksumsError::Empty);
        }
        let (mut entries, mut known) = (Vec::new(), BTreeSet::new());
        let lines = text.strip_suffix('\n').unwrap_or(text);
        for (index, line) in lines.split('\n').enumerate() {
            let number = index + 1;
            let entry = entry(line).map_err(|wanted| ChecksumsError::Line {
                line: number,
                found: line.chars().take(100).collect(),
                wanted,
            })?;
            if !known.insert(entry.name.clone()) {
                return Err(ChecksumsError::Twice { line: number, name: entry.name });
            }
            entries.push(entry);
        }
        let mut digests = ArtifactDigests::default();
        for algorithm in ALGORITHMS {
            // One digest of each algorithm: they cannot disagree.
            let _ = digests.insert(algorithm.digest(bytes));
        }
        Ok(Checksums { name: name.into(), digests, entries })
    }

    /// The name that it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digests of the file itself: what its signature is about.
    pub fn digests(&self) -> &ArtifactDigests {
        &self.digests
    }

    /// What it lists, in its order: names, each once, with their digests.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &ArtifactDigest)> {
        self.entries.iter().map(|entry| (entry.name.as_str(), &entry.digest))
    }

    /// The algorithms of the digests that it lists: those that an artifact needs, to be found in it.
    pub fn algorithms(&self) -> impl Iterator<Item = DigestAlgorithm> {
        let listed =
            |it: &DigestAlgorithm| self.entries.iter().any(|entry| entry.digest.algorithm() == *it);
        ALGORITHMS.into_iter().filter(listed)
    }

    /// Whether it lists an artifact with one of these digests.
    ///
    /// `Err` says in words why it does not.
    ///
    /// # Errors
    /// It lists a file of this name with another digest, or neither the name nor the digest.
    pub fn lists(&self, file: &str, digests: &ArtifactDigests) -> Result<&str, String> {
        match self.listing(file, digests) {
            Listing::Listed { name, .. } => Ok(name),
            Listing::Other { name, digest } => {
                Err(format!("{} lists {name} with {digest}, found {}", self.name, listed(digests)))
            }
            Listing::Nothing => {
                Err(format!("{} lists neither {file:?} nor {}", self.name, listed(digests)))
            }
        }
    }

    /// What it says about an artifact of this name with these digests.
    ///
    /// A name that is listed is that of its own digest: another line's will not do.
    pub fn listing(&self, file: &str, digests: &ArtifactDigests) -> Listing<'_> {
        let own = |entry: &&Entry| last(&entry.name) == last(file);
        let is = |entry: &&Entry| digests.get(entry.digest.algorithm()) == Some(&entry.digest);
        let named = self.entries.iter().find(own);
        let found = self.entries.iter().find(|entry| is(entry) && (named.is_none() || own(entry)));
        match (found, named) {
            (Some(entry), _) => Listing::Listed { name: &entry.name, digest: &entry.digest },
            (None, Some(entry)) => Listing::Other { name: &entry.name, digest: &entry.digest },
            (None, None) => Listing::Nothing,
        }
    }
}

fn listed(digests: &ArtifactDigests) -> String {
    digests.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn last(path: &str) -> &str {
    path.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or(path)
}

/// One line, or what was wanted of it.
fn entry(line: &str) -> Result<Entry, &'static str> {
    let (name, digest) = match bsd(line) {
        Some((algorithm, name, hex)) => {
            let digest = ArtifactDigest::from_hex(algorithm, hex);
            (name, digest.map_err(|_| "a digest of that algorithm in lower-case hexadecimal")?)
        }
        None => {
            // Two spaces, or a space and `*` for files read as binary.
            let (hex, name) = line.split_once(' ').ok_or(FORMS)?;
            let name = name.strip_prefix([' ', '*']).ok_or(FORMS)?;
            let digest = ALGORITHMS
                .into_iter()
                .find_map(|algorithm| ArtifactDigest::from_hex(algorithm, hex).ok());
            (name, digest.ok_or(FORMS)?)
        }
    };
    let name = name.strip_prefix("./").unwrap_or(name);
    if name.is_empty() || name.starts_with(' ') || name.chars().any(char::is_control) {
        return Err("a name without control characters and without spaces before it");
    }
    Ok(Entry { name: name.to_owned(), digest })
}

/// `SHA256 (NAME) = DIGEST`
fn bsd(line: &str) -> Option<(DigestAlgorithm, &str, &str)> {
    let (algorithm, rest) = line.split_once(" (")?;
    let algorithm = ALGORITHMS.into_iter().find(|it| it.name().to_uppercase() == algorithm)?;
    let (name, hex) = rest.rsplit_once(") = ")?;
    Some((algorithm, name, hex))
}

const ALGORITHMS: [DigestAlgorithm; 3] =
    [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];
const FORMS: &str = "`DIGEST  NAME` or `SHA256 (NAME) = DIGEST`, SHA-256, SHA-384 or SHA-512 in \
                     lower-case hexadecimal";
/// Ten thousand files.
const BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222222222222222222222222222";

    fn digests(hex: &str) -> ArtifactDigests {
        ArtifactDigest::from_hex(DigestAlgorithm::Sha256, hex).unwrap().into()
    }

    #[test]
    fn lines_of_both_kinds_are_read() {
        let text = format!("{ONE}  app.tar.gz\n{TWO} *./dist/app (1) = x.zip\n");
        let file = Checksums::parse("checksums.txt", text.as_bytes()).unwrap();
        assert_eq!(file.lists("app.tar.gz", &digests(ONE)), Ok("app.tar.gz"));
        assert_eq!(file.lists("app (1) = x.zip", &digests(TWO)), Ok("dist/app (1) = x.zip"));
        let text = format!("SHA256 (app (1) = x.zip) = {ONE}\nSHA512 (y) = {ONE}{TWO}");
        let file = Checksums::parse("checksums.txt", text.as_bytes()).unwrap();
        assert_eq!(file.lists("app (1) = x.zip", &digests(ONE)), Ok("app (1) = x.zip"));
        assert!(file.algorithms().eq([DigestAlgorithm::Sha256, DigestAlgorithm::Sha512]));
    }

    /// A file may have another name; one that is listed may not have another's digest.
    #[test]
    fn a_name_that_is_listed_is_that_of_its_own_digest() {
        let text = format!("{ONE}  linux.tar.gz\n{TWO}  darwin.tar.gz\n");
        let file = Checksums::parse("sums", text.as_bytes()).unwrap();
        assert_eq!(file.lists("renamed", &digests(TWO)), Ok("darwin.tar.gz"));
        assert_eq!(
            file.lists("/tmp/linux.tar.gz", &digests(TWO)),
            Err(format!("sums lists linux.tar.gz with sha256:{ONE}, found sha256:{TWO}"))
        );
        let three = "3".repeat(64);
        assert_eq!(
            file.lists("other", &digests(&three)),
            Err(format!("sums lists neither \"other\" nor sha256:{three}"))
        );
    }

    #[test]
    fn every_other_line_is_refused() {
        let mut wrong = Vec::new();
        for line in [
            "",
            "# comment",
            ONE,
            &format!("{ONE} app"),
            &format!("{ONE}\tapp"),
            &format!("{ONE}  "),
            &format!("{ONE}   app"),
            &format!("{ONE}  app\r"),
            &format!("{ONE}  a\u{7f}b"),
            &format!("\\{ONE}  a\\nb"),
            &format!(" {ONE}  app"),
            &format!("{}  app", ONE.replace('1', "A")),
            &format!("{}  app", &ONE[1..]),
            "d41d8cd98f00b204e9800998ecf8427e  app",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709  app",
            &format!("SHA1 (app) = {}", &ONE[24..]),
            &format!("sha256 (app) = {ONE}"),
            &format!("SHA256(app)= {ONE}"),
            &format!("SHA512 (app) = {ONE}"),
            &format!("SHA256 () = {ONE}"),
        ] {
            let text = format!("{TWO}  first\n{line}\n{TWO}  last\n");
            match Checksums::parse("x", text.as_bytes()) {
                Err(ChecksumsError::Line { line: 2, .. }) => {}
                other => wrong.push(format!("{line:?}: {other:?}")),
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
        let twice = format!("{ONE}  a\n{TWO}  ./a\n");
        assert_eq!(
            Checksums::parse("x", twice.as_bytes()),
            Err(ChecksumsError::Twice { line: 2, name: "a".to_owned() })
        );
        assert_eq!(Checksums::parse("x", b""), Err(ChecksumsError::Empty));
        assert_eq!(Checksums::parse("x", b"\xff"), Err(ChecksumsError::NotUtf8 { at: 0 }));
        let large = vec![b'1'; BYTES + 1];
        let error = ChecksumsError::TooLarge { found: BYTES + 1, limit: BYTES };
        assert_eq!(Checksums::parse("x", &large), Err(error));
    }
}
