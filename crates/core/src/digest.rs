//! Digests of artifacts and digest sets of statements.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::encoding::{Hex, hex_decode, hex_encode};

/// The digest algorithms that identify an artifact. SHA-1 and gitCommit identify commits only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl DigestAlgorithm {
    /// All of them, weakest first.
    pub const ALL: [DigestAlgorithm; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in digest sets, e.g. `sha256` (in-toto digest_set.md).
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The length of a digest in bytes.
    pub fn length(self) -> usize {
        self.backend().output_len()
    }

    /// The algorithm of a digest-set name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Digests bytes that are in memory.
    pub fn digest(self, bytes: &[u8]) -> ArtifactDigest {
        let digest = aws_lc_rs::digest::digest(self.backend(), bytes);
        ArtifactDigest { algorithm: self, bytes: digest.as_ref().into() }
    }

    /// Digests the concatenation of bytes that are in memory, without making it.
    pub fn digest_parts(self, parts: &[&[u8]]) -> ArtifactDigest {
        let mut context = aws_lc_rs::digest::Context::new(self.backend());
        parts.iter().for_each(|part| context.update(part));
        ArtifactDigest { algorithm: self, bytes: context.finish().as_ref().into() }
    }

    fn backend(self) -> &'static aws_lc_rs::digest::Algorithm {
        match self {
            Self::Sha256 => &aws_lc_rs::digest::SHA256,
            Self::Sha384 => &aws_lc_rs::digest::SHA384,
            Self::Sha512 => &aws_lc_rs::digest::SHA512,
        }
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The digest of an artifact: an algorithm and exactly as many bytes as it yields.
///
/// Written and parsed as `sha256:<lower-case hex>`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArtifactDigest {
    algorithm: DigestAlgorithm,
    bytes: Box<[u8]>,
}

impl ArtifactDigest {
    /// A digest from its bytes.
    ///
    /// # Errors
    /// [`Error::DigestLength`] when the number of bytes is not the algorithm's.
    pub fn new(algorithm: DigestAlgorithm, bytes: &[u8]) -> Result<Self, Error> {
        let (wanted, found) = (algorithm.length(), bytes.len());
        if wanted != found {
            return Err(Error::DigestLength { algorithm, wanted, found });
        }
        Ok(ArtifactDigest { algorithm, bytes: bytes.into() })
    }

    /// A digest from lower-case hexadecimal.
    ///
    /// # Errors
    /// [`Error::Hex`], [`Error::DigestLength`].
    pub fn from_hex(algorithm: DigestAlgorithm, text: &str) -> Result<Self, Error> {
        Self::new(algorithm, &hex_decode("digest", text)?)
    }

    /// The SHA-256 of bytes in memory.
    pub fn sha256(bytes: &[u8]) -> Self {
        DigestAlgorithm::Sha256.digest(bytes)
    }

    /// The algorithm.
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// The bytes: [`DigestAlgorithm::length`] of them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes as lower-case hexadecimal.
    pub fn hex(&self) -> String {
        hex_encode(&self.bytes)
    }
}

impl fmt::Display for ArtifactDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, Hex(&self.bytes))
    }
}

impl fmt::Debug for ArtifactDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ArtifactDigest {
    type Err = Error;

    /// Parses `sha256:<hex>`, `sha384:<hex>` or `sha512:<hex>`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, hex) = text.split_once(':').unwrap_or((text, ""));
        let algorithm = DigestAlgorithm::from_name(name)
            .ok_or_else(|| Error::DigestAlgorithm { found: name.chars().take(80).collect() })?;
        Self::from_hex(algorithm, hex)
    }
}

impl Serialize for ArtifactDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ArtifactDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The digests of one artifact: at most one of each algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct ArtifactDigests(Vec<ArtifactDigest>);

impl<'de> Deserialize<'de> for ArtifactDigests {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut digests = ArtifactDigests::default();
        for digest in Vec::<ArtifactDigest>::deserialize(deserializer)? {
            digests.insert(digest).map_err(serde::de::Error::custom)?;
        }
        Ok(digests)
    }
}

impl ArtifactDigests {
    /// The digest of one algorithm, where it is known.
    pub fn get(&self, algorithm: DigestAlgorithm) -> Option<&ArtifactDigest> {
        self.0.iter().find(|digest| digest.algorithm == algorithm)
    }

    /// Adds a digest.
    ///
    /// # Errors
    /// [`Error::Invalid`] when another digest of the same algorithm is known already.
    pub fn insert(&mut self, digest: ArtifactDigest) -> Result<(), Error> {
        match self.get(digest.algorithm) {
            Some(known) if *known != digest => Err(Error::Invalid {
                document: "digests of one artifact",
                reason: format!("found {digest} beside {known}"),
            }),
            Some(_) => Ok(()),
            None => {
                self.0.push(digest);
                self.0.sort();
                Ok(())
            }
        }
    }

    /// All of them, ordered by algorithm.
    pub fn iter(&self) -> std::slice::Iter<'_, ArtifactDigest> {
        self.0.iter()
    }
}

impl From<ArtifactDigest> for ArtifactDigests {
    fn from(digest: ArtifactDigest) -> Self {
        ArtifactDigests(vec![digest])
    }
}

impl<'a> IntoIterator for &'a ArtifactDigests {
    type Item = &'a ArtifactDigest;
    type IntoIter = std::slice::Iter<'a, ArtifactDigest>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Digests a stream with several algorithms in one pass and constant memory.
pub struct StreamDigester(Vec<(DigestAlgorithm, aws_lc_rs::digest::Context)>);

impl StreamDigester {
    /// Starts the given algorithms; repeated ones count once.
    pub fn new(algorithms: impl IntoIterator<Item = DigestAlgorithm>) -> Self {
        let mut algorithms: Vec<_> = algorithms.into_iter().collect();
        algorithms.sort();
        algorithms.dedup();
        let start = |algorithm: DigestAlgorithm| {
            (algorithm, aws_lc_rs::digest::Context::new(algorithm.backend()))
        };
        StreamDigester(algorithms.into_iter().map(start).collect())
    }

    /// Takes the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        for (_, context) in &mut self.0 {
            context.update(bytes);
        }
    }

    /// Ends the stream.
    pub fn finish(self) -> ArtifactDigests {
        let finish = |(algorithm, context): (_, aws_lc_rs::digest::Context)| ArtifactDigest {
            algorithm,
            bytes: context.finish().as_ref().into(),
        };
        ArtifactDigests(self.0.into_iter().map(finish).collect())
    }
}

impl fmt::Debug for StreamDigester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(algorithm, _)| algorithm)).finish()
    }
}

/// A digest set of an in-toto statement (in-toto/attestation spec/v1/digest_set.md): text by
/// algorithm name, kept as written. Unknown algorithms and values that do not parse match nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DigestSet(pub BTreeMap<String, String>);

impl DigestSet {
    /// The digests of acceptable algorithms.
    ///
    /// # Errors
    /// [`Error::Hex`], [`Error::DigestLength`] when the value of an acceptable algorithm is not
    /// a lower-case hexadecimal digest of its length.
    pub fn acceptable(&self) -> Result<ArtifactDigests, Error> {
        let mut digests = ArtifactDigests::default();
        for algorithm in DigestAlgorithm::ALL {
            if let Some(text) = self.0.get(algorithm.name()) {
                digests.insert(ArtifactDigest::from_hex(algorithm, text)?)?;
            }
        }
        Ok(digests)
    }

    /// The commit that this set names: `gitCommit`, or `sha1` as older producers wrote it.
    /// 40 or 64 lower-case hexadecimal digits, else `None`.
    pub fn commit(&self) -> Option<&str> {
        let named = ["gitCommit", "sha1"].into_iter().filter_map(|name| self.0.get(name));
        named.map(String::as_str).find(|text| {
            matches!(text.len(), 40 | 64)
                && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    }
}

impl From<&ArtifactDigests> for DigestSet {
    fn from(digests: &ArtifactDigests) -> Self {
        let text = |digest: &ArtifactDigest| (digest.algorithm.name().to_owned(), digest.hex());
        DigestSet(digests.iter().map(text).collect())
    }
}

/// How two sets of digests of what may be the same artifact relate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DigestMatch {
    /// Every algorithm they share agrees; these are the shared digests.
    Match(ArtifactDigests),
    /// A shared algorithm has two values, even if another one agrees.
    Disagree {
        /// The digest on the left.
        left: ArtifactDigest,
        /// The digest on the right.
        right: ArtifactDigest,
    },
    /// They share no algorithm.
    NothingShared,
}

impl ArtifactDigests {
    /// Compares two sets. Any shared algorithm that agrees is a match, unless another disagrees.
    pub fn compare(&self, right: &ArtifactDigests) -> DigestMatch {
        let mut shared = ArtifactDigests::default();
        for left in self {
            match right.get(left.algorithm) {
                Some(right) if right == left => shared.0.push(left.clone()),
                Some(right) => {
                    return DigestMatch::Disagree { left: left.clone(), right: right.clone() };
                }
                None => {}
            }
        }
        if shared.0.is_empty() { DigestMatch::NothingShared } else { DigestMatch::Match(shared) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> ArtifactDigests {
        let pairs = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        DigestSet(pairs.collect()).acceptable().unwrap()
    }

    #[test]
    fn text_form_round_trips_and_is_strict() {
        let digest = ArtifactDigest::sha256(b"");
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
        let error = "sha256:00".parse::<ArtifactDigest>();
        let (algorithm, wanted, found) = (DigestAlgorithm::Sha256, 32, 1);
        assert_eq!(error, Err(Error::DigestLength { algorithm, wanted, found }));
        let error = text.to_uppercase().replace("SHA", "sha").parse::<ArtifactDigest>();
        assert!(matches!(error, Err(Error::Hex { .. })), "{error:?}");
        let error = "md5:00".parse::<ArtifactDigest>();
        assert_eq!(error, Err(Error::DigestAlgorithm { found: "md5".to_owned() }));
    }

    #[test]
    fn a_stream_digests_as_one_piece() {
        let mut stream = StreamDigester::new([DigestAlgorithm::Sha512, DigestAlgorithm::Sha256]);
        stream.update(b"ab");
        stream.update(b"c");
        let digests = stream.finish();
        for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512] {
            assert_eq!(digests.get(algorithm), Some(&algorithm.digest(b"abc")));
        }
        assert_eq!(digests.get(DigestAlgorithm::Sha384), None);
    }

    #[test]
    fn any_shared_algorithm_matches_but_a_disagreement_refuses() {
        let (a, b) = ("a".repeat(64), "b".repeat(128));
        let (c, d) = ("c".repeat(64), "d".repeat(128));
        let left = set(&[("sha256", &a), ("sha512", &b)]);
        assert!(matches!(left.compare(&set(&[("sha256", &a)])), DigestMatch::Match(_)));
        let other = set(&[("sha256", &a), ("sha512", &d)]);
        assert!(matches!(left.compare(&other), DigestMatch::Disagree { .. }));
        assert!(matches!(set(&[("sha256", &c)]).compare(&left), DigestMatch::Disagree { .. }));
        let other = set(&[("sha384", &"e".repeat(96))]);
        assert_eq!(left.compare(&other), DigestMatch::NothingShared);
    }

    #[test]
    fn commits_are_read_from_either_name() {
        let commit = "0123456789012345678901234567890123456789";
        for name in ["gitCommit", "sha1"] {
            let set = DigestSet([(name.to_owned(), commit.to_owned())].into());
            assert_eq!(set.commit(), Some(commit));
        }
        let set = DigestSet([("gitCommit".to_owned(), "HEAD".to_owned())].into());
        assert_eq!(set.commit(), None);
    }
}
