//! Does a pattern fix who may sign?
//!
//! cosign, policy-controller and slsa-verifier each had users, and once itself, with patterns that
//! strangers could meet: `github.com/acme` also allows `github.com/acme-evil`, `.*` anybody. Here
//! a pattern must fix the part that only the owner controls, or the policy does not load.
//!
//! Which texts a pattern can match is not guessed from its spelling: `regex_syntax` extracts
//! literals of which every match starts with one (or ends with one), from the same syntax tree
//! that is later compiled.

use chainsign_core::identity::{Pattern, TextMatcher};
use regex_syntax::hir::literal::{ExtractKind, Extractor, Literal};

use crate::model::SubjectKind;

/// Whether the issuer is fixed: exactly, or scheme and host.
pub(super) fn fixes_issuer(issuer: &TextMatcher) -> bool {
    match issuer {
        TextMatcher::Exact(_) => true,
        TextMatcher::Pattern(pattern) => {
            every(pattern, ExtractKind::Prefix, |text, whole| segments(text, whole, 1, &['/']))
        }
    }
}

/// The kind of subjects that a pattern is for, when it fixes who they are: scheme, host, owner and
/// repository of a URI, or the domain of an e-mail address or a user name.
pub(super) fn fixed_subjects(pattern: &Pattern) -> Option<SubjectKind> {
    let starts = |text: &str, whole| segments(text, whole, 3, &['/', '@']);
    let ends = |mark: char| {
        move |text: &str, _| text.rsplit_once(mark).is_some_and(|(_, domain)| is_domain(domain))
    };
    if every(pattern, ExtractKind::Prefix, starts) {
        Some(SubjectKind::Uri)
    } else if every(pattern, ExtractKind::Suffix, ends('@')) {
        Some(SubjectKind::Email)
    } else if every(pattern, ExtractKind::Suffix, ends('!')) {
        Some(SubjectKind::OtherName)
    } else {
        None
    }
}

/// What a policy must fix, in words.
pub(super) const SUBJECT: &str =
    "scheme, host, owner and repository of a URI, or the domain of an e-mail address";
/// What a policy must fix, in words.
pub(super) const ISSUER: &str = "scheme and host";

/// Whether every match of the pattern starts, or ends, with a literal of which `fixed` holds. Its
/// second argument says whether the literal is the whole match.
fn every(pattern: &Pattern, kind: ExtractKind, fixed: impl Fn(&str, Whole) -> bool) -> bool {
    let Ok(tree) = regex_syntax::parse(pattern.as_str()) else { return false };
    let literals = Extractor::new().kind(kind).extract(&tree);
    let Some(literals) = literals.literals() else { return false };
    let holds = |literal: &Literal| {
        let whole = if literal.is_exact() { Whole::Yes } else { Whole::No };
        std::str::from_utf8(literal.as_bytes()).is_ok_and(|text| fixed(text, whole))
    };
    !literals.is_empty() && literals.iter().all(holds)
}

/// Whether a literal is a whole match, or only where it starts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

/// Whether the text is a URI with that many complete segments after `://`: host, owner,
/// repository. The last one ends with one of `ends`, or with the text when that is the whole match.
fn segments(text: &str, whole: Whole, count: usize, ends: &[char]) -> bool {
    let Some((scheme, mut rest)) = text.split_once("://") else { return false };
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') {
        return false;
    }
    for _ in 1..count {
        match rest.split_once('/') {
            Some((segment, after)) if !segment.is_empty() => rest = after,
            _ => return false,
        }
    }
    match rest.find(ends) {
        Some(length) => length > 0,
        None => whole == Whole::Yes && !rest.is_empty(),
    }
}

fn is_domain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['.', '-'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Option<SubjectKind> {
        fixed_subjects(&pattern.parse().unwrap())
    }

    #[test]
    fn patterns_that_fix_the_repository_pass() {
        for pattern in [
            r"https://github\.com/acme/app/\.github/workflows/release\.yml@refs/tags/v[0-9]+",
            r"https://github\.com/acme/app@.*",
            r"https://github\.com/acme/(app|lib)/.*",
            r"(https://github\.com/acme/app/.*|https://gitlab\.com/acme/app//.*)",
            r"^https://github\.com/acme/app/.*$",
            r"https://github\.com/acme/app",
            r"spiffe://acme\.example/ns/prod/.*",
            r"https://git(hub|lab)\.com/acme/app/.*",
        ] {
            assert_eq!(of(pattern), Some(SubjectKind::Uri), "{pattern}");
        }
    }

    #[test]
    fn patterns_that_fix_a_domain_pass_for_that_kind_only() {
        assert_eq!(of(r".*@acme\.example"), Some(SubjectKind::Email));
        assert_eq!(of(r"(alice|bob)@acme\.example"), Some(SubjectKind::Email));
        assert_eq!(of(r".*!acme\.example"), Some(SubjectKind::OtherName));
    }

    /// semantic-reasoning/wirelog#1287, fluxcd/website#1712, kubewarden/docs#746, stackrox#11516,
    /// and slsa-verifier's own `https://github.com/*`.
    #[test]
    fn patterns_that_strangers_can_meet_do_not() {
        for pattern in [
            ".*",
            "",
            "https://github.com/*",
            r"https://github\.com/.*",
            r"https://github\.com/acme.*",
            r"https://github\.com/acme/.*",
            r"https://github\.com/acme/app.*",
            r"https://github\.com/acme/app[a-z]*/.*",
            r"https://github.com/acme/app/.*",
            r"https://github\.com/acme/app/.*|.*",
            r"https://github\.com/(acme/app)?.*",
            r"(?i)https://github\.com/acme/app/.*",
            r"(https://github\.com/acme/app/)*.*",
            r".*github\.com/acme/app/.*",
            r".*@.*\.example",
            r"alice@.*",
            r".*@acme.example",
            r".*acme\.example",
            r".*@refs/tags/v1",
            r"[^/]+://github\.com/acme/app/.*",
            r"https://[a-z]+/acme/app/.*",
        ] {
            assert_eq!(of(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn issuers_are_fixed_by_scheme_and_host() {
        let fixed = |text: &str| fixes_issuer(&TextMatcher::Pattern(text.parse().unwrap()));
        assert!(fixed(r"https://gitlab\.example\.com/.*"));
        assert!(fixed(r"https://gitlab\.example\.com"));
        for loose in
            [r"https://.*", r"https://gitlab\.example\.com.*", r"https://gitlab.example.com/.*"]
        {
            assert!(!fixed(loose), "{loose}");
        }
        assert!(fixes_issuer(&TextMatcher::Exact("https://x".to_owned())));
    }
}
