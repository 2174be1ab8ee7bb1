//! Version ranges, compared so that nothing slips between two rules.
//!
//! `<1.4.2` holds for 1.4.2-rc.1 as semantic versioning orders it. (Ranges of package managers leave
//! pre-releases out, which in a list of forbidden versions would let them in.)

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use semver::Version;

/// Comparisons that must all hold: `>=1.2.0, <1.4.2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VersionRange {
    text: String,
    comparisons: Vec<(Operator, Version)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operator {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl VersionRange {
    /// Whether the version is in the range; `None` when it cannot be compared.
    pub(crate) fn contains(&self, version: &str) -> Option<bool> {
        let version = comparable(version)?;
        let holds = |(operator, bound): &(Operator, Version)| {
            let order = version.cmp_precedence(bound);
            match operator {
                Operator::Less => order == Ordering::Less,
                Operator::LessOrEqual => order != Ordering::Greater,
                Operator::Equal => order == Ordering::Equal,
                Operator::GreaterOrEqual => order != Ordering::Less,
                Operator::Greater => order == Ordering::Greater,
            }
        };
        Some(self.comparisons.iter().all(holds))
    }
}

impl FromStr for VersionRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("found {text:?}, wanted a range such as \"<1.4.2\" or \">=1.2.0, <1.4.2\"");
        let comparison = |text: &str| {
            let text = text.trim();
            let operators = [
                ("<=", Operator::LessOrEqual),
                (">=", Operator::GreaterOrEqual),
                ("<", Operator::Less),
                (">", Operator::Greater),
                ("=", Operator::Equal),
            ];
            let (version, operator) = operators
                .into_iter()
                .find_map(|(sign, operator)| Some((text.strip_prefix(sign)?, operator)))?;
            Some((operator, comparable(version.trim())?))
        };
        let comparisons = text.split(',').map(comparison);
        let comparisons: Vec<_> = comparisons.collect::<Option<_>>().ok_or_else(wrong)?;
        Ok(VersionRange { text: text.to_owned(), comparisons })
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How two versions are ordered; `None` when they cannot be compared.
pub(crate) fn compare(left: &str, right: &str) -> Option<Ordering> {
    Some(comparable(left)?.cmp_precedence(&comparable(right)?))
}

/// A semantic version, also with a leading `v` or `go`, or with fewer than three numbers.
fn comparable(version: &str) -> Option<Version> {
    let version = version.strip_prefix("go").unwrap_or(version);
    let version = version.strip_prefix('v').unwrap_or(version);
    if let Ok(version) = Version::parse(version) {
        return Some(version);
    }
    let numbers = version.split('.').count();
    let plain = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let padded = match (plain, numbers) {
        (true, 1) => format!("{version}.0.0"),
        (true, 2) => format!("{version}.0"),
        _ => return None,
    };
    Version::parse(&padded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: &str, version: &str, wanted: Option<bool>) {
        assert_eq!(range.parse::<VersionRange>().unwrap().contains(version), wanted, "{version}");
    }

    #[test]
    fn versions_are_ordered_as_semver_orders_them() {
        check("<1.4.2", "1.4.1", Some(true));
        check("<1.4.2", "v1.4.2", Some(false));
        check("<1.4.2", "1.4.2-rc.1", Some(true));
        check("<1.4.2", "v1.4.2+incompatible", Some(false));
        check("<=1.4.2", "v1.4.2+incompatible", Some(true));
        check(">=1.2, <1.4.2", "1.2", Some(true));
        check(">=1.2, <1.4.2", "1.1.9", Some(false));
        check("<0.0.1", "v0.0.0-20210203040506-d87908747e47", Some(true));
        check("=1.2.3", "1.2.3", Some(true));
        check(">1", "go1.26.8", Some(true));
        for unknown in ["", "latest", "1:2.3-1", "1.2.3.4", "(devel)"] {
            check("<1", unknown, None);
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for wrong in ["", "1.2.3", "<", "<a", "<1,", "~1.2", "^1", "<1 <2"] {
            assert!(wrong.parse::<VersionRange>().is_err(), "{wrong}");
        }
    }
}
