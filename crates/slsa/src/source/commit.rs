use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::Error;

/// The id of a git commit: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct GitCommit(String);

impl GitCommit {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GitCommit {
    type Err = Error;

    /// # Errors
    /// [`Error::Commit`] for anything but a whole id; abbreviations are refused.
    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits && matches!(text.len(), 40 | 64) {
            Ok(GitCommit(text.to_owned()))
        } else {
            Err(Error::Commit { found: text.chars().take(80).collect() })
        }
    }
}

impl fmt::Display for GitCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_ids_in_one_spelling() {
        let sha1 = "99617f4070c9fa4928704dbc89884a8a0000ca9f";
        assert_eq!(sha1.parse::<GitCommit>().unwrap().as_str(), sha1);
        assert!("a".repeat(64).parse::<GitCommit>().is_ok());
        for text in ["", "99617f4", &sha1.to_uppercase(), &"a".repeat(41), &"g".repeat(40)] {
            let found = text.to_owned();
            assert_eq!(text.parse::<GitCommit>(), Err(Error::Commit { found }));
        }
    }
}
