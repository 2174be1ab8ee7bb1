//! What provenance is about: files, checksum files, a release of GoReleaser, images.
//!
//! Matching is by digest; names are for people. So a name stands for one digest, but one digest may
//! have two names, as where an image has two tags.

mod goreleaser;

use std::collections::BTreeMap;

use chainsign_core::checksums::Checksums;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::statement::{Statement, Subject};

pub use goreleaser::{Release, ReleaseArtifact, ReleaseContent};

use crate::{Error, Predicate};

/// The subjects of one statement, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects(BTreeMap<String, ArtifactDigests>);

impl Subjects {
    /// The most that one statement may have. A statement is signed, logged and fetched as a whole
    /// for each of its subjects, and GitHub's attestations and this project's own readers
    /// ([`Limits::subjects`](chainsign_core::Limits::subjects)) take no more.
    pub const MOST: usize = 1024;

    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their number.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds one.
    ///
    /// # Errors
    /// [`Error::SubjectName`] for a name that is empty or has control characters;
    /// [`Error::SubjectTwice`], also with the same digests: the caller names something twice, or
    /// two things alike; [`Error::TooManySubjects`].
    pub fn add(&mut self, name: &str, digests: ArtifactDigests) -> Result<(), Error> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(Error::SubjectName { found: name.chars().take(80).collect() });
        }
        if self.0.contains_key(name) {
            return Err(Error::SubjectTwice { name: name.to_owned() });
        }
        if self.0.len() == Self::MOST {
            return Err(Error::TooManySubjects { limit: Self::MOST });
        }
        self.0.insert(name.to_owned(), digests);
        Ok(())
    }

    /// Adds all that a checksum file lists.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_checksums(&mut self, checksums: &Checksums) -> Result<(), Error> {
        let mut entries = checksums.entries();
        entries.try_for_each(|(name, digest)| self.add(name, digest.clone().into()))
    }

    /// A statement of a predicate about them, sorted by name.
    ///
    /// # Errors
    /// [`Error::NoSubjects`]; as [`Predicate::to_json`].
    pub fn statement(&self, predicate: &Predicate) -> Result<Statement, Error> {
        if self.is_empty() {
            return Err(Error::NoSubjects);
        }
        let subjects = self.0.iter().map(|(name, digests)| Subject::new(name, digests)).collect();
        Ok(Statement::new(subjects, Predicate::predicate_type(), predicate.to_json()?))
    }
}

/// The name and digest of `NAME@ALGORITHM:HEX`: `ghcr.io/acme/app@sha256:…`.
///
/// # Errors
/// [`Error::NamedDigest`], with what was wanted.
pub fn named_digest(text: &str) -> Result<(String, ArtifactDigest), Error> {
    let wrong = |wanted| Error::NamedDigest { found: text.chars().take(160).collect(), wanted };
    let (name, digest) = text.rsplit_once('@').ok_or_else(|| wrong("NAME@ALGORITHM:HEX"))?;
    if name.is_empty() {
        return Err(wrong("a name before the @"));
    }
    let (algorithm, hex) =
        digest.split_once(':').ok_or_else(|| wrong("ALGORITHM:HEX behind the @"))?;
    let algorithm = DigestAlgorithm::from_name(algorithm);
    let algorithm = algorithm.ok_or_else(|| wrong("sha256, sha384 or sha512 behind the @"))?;
    let digest = ArtifactDigest::from_hex(algorithm, hex);
    let digest = digest.map_err(|_| wrong("a digest of that length in lower-case hexadecimal"))?;
    Ok((name.to_owned(), digest))
}

#[cfg(test)]
mod tests {
    use chainsign_core::Limits;

    use super::*;

    fn digests(content: &str) -> ArtifactDigests {
        ArtifactDigest::sha256(content.as_bytes()).into()
    }

    #[test]
    fn a_name_is_there_once_and_a_digest_may_have_two() {
        let mut subjects = Subjects::new();
        subjects.add("b", digests("one")).unwrap();
        subjects.add("a", digests("one")).unwrap();
        for again in ["one", "two"] {
            let error = subjects.add("b", digests(again)).unwrap_err();
            assert_eq!(error, Error::SubjectTwice { name: "b".to_owned() });
        }
        for found in ["", "a\nb"] {
            let error = subjects.add(found, digests("x")).unwrap_err();
            assert_eq!(error, Error::SubjectName { found: found.to_owned() });
        }
        assert_eq!(subjects.0.keys().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn there_are_at_most_1024() {
        let mut subjects = Subjects::new();
        for number in 0..Subjects::MOST {
            subjects.add(&number.to_string(), digests("x")).unwrap();
        }
        let error = subjects.add("one more", digests("x")).unwrap_err();
        assert_eq!(error, Error::TooManySubjects { limit: 1024 });
        assert_eq!(Limits::default().subjects, Subjects::MOST);
    }

    #[test]
    fn checksum_files_of_both_kinds() {
        let one = "1".repeat(64);
        let two = "2".repeat(128);
        let text = format!("{one}  app.tar.gz\nSHA512 (app.zip) = {two}\n");
        let checksums = Checksums::parse("checksums.txt", text.as_bytes()).unwrap();
        let mut subjects = Subjects::new();
        subjects.add_checksums(&checksums).unwrap();
        let found: Vec<_> = subjects.0.iter().map(|(name, it)| format!("{name} {it:?}")).collect();
        assert!(found[0].starts_with("app.tar.gz ") && found[0].contains(&one), "{found:?}");
        assert!(found[1].starts_with("app.zip ") && found[1].contains(&two), "{found:?}");
        let error = subjects.add_checksums(&checksums).unwrap_err();
        assert_eq!(error, Error::SubjectTwice { name: "app.tar.gz".to_owned() });
    }

    #[test]
    fn digests_with_names() {
        let hex = "a".repeat(64);
        let (name, digest) = named_digest(&format!("ghcr.io/acme/app@sha256:{hex}")).unwrap();
        assert_eq!(
            (name.as_str(), digest.to_string()),
            ("ghcr.io/acme/app", format!("sha256:{hex}"))
        );
        let (name, _) = named_digest(&format!("a@b@sha256:{hex}")).unwrap();
        assert_eq!(name, "a@b");
        let check = |text: &str, wanted: &'static str| {
            let found = text.to_owned();
            assert_eq!(named_digest(text), Err(Error::NamedDigest { found, wanted }), "{text}");
        };
        check("ghcr.io/acme/app:v1", "NAME@ALGORITHM:HEX");
        check(&format!("@sha256:{hex}"), "a name before the @");
        check(&format!("app@{hex}"), "ALGORITHM:HEX behind the @");
        check("app@sha1:00", "sha256, sha384 or sha512 behind the @");
        let length = "a digest of that length in lower-case hexadecimal";
        check("app@sha256:00", length);
        check(&format!("app@sha256:{}", "A".repeat(64)), length);
    }
}
