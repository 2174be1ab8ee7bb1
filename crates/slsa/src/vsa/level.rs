use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::Error;

/// What was verified of an artifact: the specification's `SlsaResult`, without `FAILED`, which is an
/// [`Outcome`](crate::vsa::Outcome).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Property {
    /// A level of a track: `SLSA_BUILD_LEVEL_3`, `SLSA_SOURCE_LEVEL_UNEVALUATED`.
    Level(Track, TrackLevel),
    /// Anything else that SLSA defines: `SLSA_SOURCE_TWO_PARTY_REVIEWED`.
    Slsa(String),
    /// A value of the verifier's own.
    Custom(String),
}

/// A track: `BUILD`, `SOURCE`, or one that does not exist yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Track(String);

/// A level of a track. Ordered: the later implies the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrackLevel {
    /// The verifier makes no claim about the track.
    Unevaluated,
    /// This level.
    Number(u8),
}

impl Property {
    /// A level of the build track.
    pub fn build(level: TrackLevel) -> Self {
        Property::Level(Track::build(), level)
    }
}

impl Track {
    /// `BUILD`
    pub fn build() -> Self {
        Track("BUILD".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Property {
    type Err = Error;

    /// # Errors
    /// [`Error::VerifiedLevel`] for `FAILED`, an empty text, one with characters that no value has, and a
    /// value that begins as SLSA's do and is not of their form: `SLSA_BUILD_LEVEL_03`, `slsa_build_level_3`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::VerifiedLevel { found: text.chars().take(80).collect() };
        let plain = |text: &str| !text.is_empty() && !text.contains(char::is_control);
        if !plain(text) || text == FAILED {
            return Err(wrong());
        }
        let Some(rest) = text.strip_prefix(SLSA) else {
            // What differs from SLSA's own in case alone would be read as one of them.
            let like_slsa = text.get(..SLSA.len()).is_some_and(|it| it.eq_ignore_ascii_case(SLSA));
            return (!like_slsa).then(|| Property::Custom(text.to_owned())).ok_or_else(wrong);
        };
        let word = |text: &str| {
            let inner = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
            text.starts_with(|first: char| first.is_ascii_uppercase()) && text.bytes().all(inner)
        };
        if !word(rest) {
            return Err(wrong());
        }
        match rest.strip_prefix(&LEVEL[1..]).map(|level| ("", level)).or(rest.rsplit_once(LEVEL)) {
            Some((track, level)) if word(track) => {
                let level = level.parse().map_err(|()| wrong())?;
                Ok(Property::Level(Track(track.to_owned()), level))
            }
            Some(_) => Err(wrong()),
            None => Ok(Property::Slsa(text.to_owned())),
        }
    }
}

impl FromStr for TrackLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == UNEVALUATED {
            return Ok(TrackLevel::Unevaluated);
        }
        let level: u8 = text.parse().map_err(|_| ())?;
        // One spelling: neither `03` nor `+3`.
        if level.to_string() == text { Ok(TrackLevel::Number(level)) } else { Err(()) }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(track, level) => write!(f, "{SLSA}{}{LEVEL}{level}", track.0),
            Self::Slsa(text) | Self::Custom(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for TrackLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unevaluated => f.write_str(UNEVALUATED),
            Self::Number(level) => level.fmt(f),
        }
    }
}

/// Everything that was verified of an artifact: at most one level of each track, at least one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLevels {
    tracks: BTreeMap<Track, TrackLevel>,
    /// What is no level.
    others: BTreeSet<Property>,
}

impl VerifiedLevels {
    /// Collects them.
    ///
    /// # Errors
    /// [`Error::Missing`] for none at all; [`Error::Ambiguous`] for two levels of one track.
    pub fn new(properties: impl IntoIterator<Item = Property>) -> Result<Self, Error> {
        let (mut tracks, mut others) = (BTreeMap::new(), BTreeSet::new());
        for property in properties {
            let Property::Level(track, level) = property else {
                others.insert(property);
                continue;
            };
            match tracks.insert(track.clone(), level) {
                Some(first) if first != level => {
                    let named = |level| Property::Level(track.clone(), level).to_string();
                    let what = "the verified level of one track";
                    let (first, second) = (named(first), named(level));
                    return Err(Error::Ambiguous { what, first, second });
                }
                _ => {}
            }
        }
        if tracks.is_empty() && others.is_empty() {
            return Err(Error::Missing { what: "verifiedLevels" });
        }
        Ok(VerifiedLevels { tracks, others })
    }

    /// Whether the artifact has this property. A level implies those below it in its track, and
    /// `UNEVALUATED` is below all; anything else must be there as it is.
    pub fn show(&self, wanted: &Property) -> bool {
        match wanted {
            Property::Level(track, wanted) => {
                self.tracks.get(track).is_some_and(|found| found >= wanted)
            }
            Property::Slsa(_) | Property::Custom(_) => self.others.contains(wanted),
        }
    }

    /// The level of a track.
    pub fn level(&self, track: &Track) -> Option<TrackLevel> {
        self.tracks.get(track).copied()
    }

    /// All of them: levels in the order of tracks, then the rest.
    pub fn iter(&self) -> impl Iterator<Item = Property> {
        let levels =
            self.tracks.iter().map(|(track, level)| Property::Level(track.clone(), *level));
        levels.chain(self.others.iter().cloned())
    }
}

impl fmt::Display for VerifiedLevels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.iter().map(|property| property.to_string()).collect();
        f.write_str(&texts.join(", "))
    }
}

/// The value that stands for a verification that failed.
pub(super) const FAILED: &str = "FAILED";
const SLSA: &str = "SLSA_";
const LEVEL: &str = "_LEVEL_";
const UNEVALUATED: &str = "UNEVALUATED";

#[cfg(test)]
mod tests {
    use super::*;

    fn property(text: &str) -> Property {
        text.parse().unwrap()
    }

    #[test]
    fn values_have_one_spelling() {
        for text in [
            "SLSA_BUILD_LEVEL_0",
            "SLSA_BUILD_LEVEL_3",
            "SLSA_BUILD_LEVEL_UNEVALUATED",
            "SLSA_SOURCE_LEVEL_4",
            "SLSA_BUILD_ENV_LEVEL_1",
            "SLSA_SOURCE_TWO_PARTY_REVIEWED",
            "ACME_SCANNED",
            "acme scanned",
        ] {
            assert_eq!(property(text).to_string(), text);
        }
        assert_eq!(property("SLSA_BUILD_LEVEL_3"), Property::build(TrackLevel::Number(3)));
        assert!(matches!(property("SLSA_BUILD_REPRODUCED"), Property::Slsa(_)));
        assert!(matches!(property("ACME_LEVEL_3"), Property::Custom(_)));
        let wrong = [
            "",
            "FAILED",
            "SLSA_",
            "SLSA_LEVEL_3",
            "SLSA__LEVEL_3",
            "SLSA_BUILD_LEVEL_",
            "SLSA_BUILD_LEVEL_03",
            "SLSA_BUILD_LEVEL_+3",
            "SLSA_BUILD_LEVEL_-1",
            "SLSA_BUILD_LEVEL_256",
            "SLSA_BUILD_LEVEL_3 ",
            "SLSA_BUILD_LEVEL_unevaluated",
            "slsa_build_level_3",
            "Slsa_x",
            "SLSA_build_LEVEL_3",
            "a\nb",
        ];
        for text in wrong {
            let error = Error::VerifiedLevel { found: text.to_owned() };
            assert_eq!(text.parse::<Property>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_level_implies_the_lower_ones_of_its_track() {
        let levels = ["SLSA_BUILD_LEVEL_2", "SLSA_SOURCE_LEVEL_UNEVALUATED", "ACME", "SLSA_X"];
        let levels = VerifiedLevels::new(levels.map(property)).unwrap();
        let shown = ["SLSA_BUILD_LEVEL_2", "SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_UNEVALUATED"];
        for text in shown.into_iter().chain(["SLSA_SOURCE_LEVEL_UNEVALUATED", "ACME", "SLSA_X"]) {
            assert!(levels.show(&property(text)), "{text}");
        }
        let not_shown = ["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_0", "SLSA_DEP_LEVEL_UNEVALUATED"];
        for text in not_shown.into_iter().chain(["ACM", "ACME2", "SLSA_Y"]) {
            assert!(!levels.show(&property(text)), "{text}");
        }
        assert_eq!(levels.level(&Track::build()), Some(TrackLevel::Number(2)));
    }

    #[test]
    fn a_track_has_one_level() {
        let two = ["SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_3"].map(property);
        let wanted = Error::Ambiguous {
            what: "the verified level of one track",
            first: "SLSA_BUILD_LEVEL_1".to_owned(),
            second: "SLSA_BUILD_LEVEL_3".to_owned(),
        };
        assert_eq!(VerifiedLevels::new(two), Err(wanted));
        let twice = ["SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_1"].map(property);
        assert_eq!(VerifiedLevels::new(twice).unwrap().to_string(), "SLSA_BUILD_LEVEL_1");
        assert_eq!(VerifiedLevels::new([]), Err(Error::Missing { what: "verifiedLevels" }));
    }
}
