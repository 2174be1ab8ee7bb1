//! `WWW-Authenticate`: RFC 9110 section 11.6.1, RFC 7235 appendix C.

use std::collections::BTreeMap;

use reqwest::header::HeaderValue;

use super::word::{token, token_or_quoted};

/// How a registry wants to be told who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    /// distribution, `docs/spec/auth/token.md`.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

/// The challenge that is met: a bearer token where there is a choice.
pub(super) fn choose(headers: &[HeaderValue]) -> Result<Challenge, String> {
    let mut schemes = Vec::new();
    let mut basic = false;
    for header in headers {
        let text = header.to_str().map_err(|_| "its challenge is no text".to_owned())?;
        let parsed =
            parse(text).ok_or_else(|| format!("its challenge is malformed: {text:.200}"))?;
        for (scheme, mut parameters) in parsed {
            if scheme.eq_ignore_ascii_case("bearer") {
                let realm = parameters.remove("realm").ok_or("it names no realm for tokens")?;
                let (service, scope) = (parameters.remove("service"), parameters.remove("scope"));
                return Ok(Challenge::Bearer { realm, service, scope });
            }
            basic |= scheme.eq_ignore_ascii_case("basic");
            schemes.push(scheme);
        }
    }
    match (basic, schemes.is_empty()) {
        (true, _) => Ok(Challenge::Basic),
        (false, true) => Err("it does not say how".to_owned()),
        (false, false) => Err(format!("found {}, wanted Bearer or Basic", schemes.join(", "))),
    }
}

type Parsed = Vec<(String, BTreeMap<String, String>)>;

/// Schemes with their parameters, names in lower case. `None` for what the grammar does not have, and
/// for a parameter that is there twice.
fn parse(text: &str) -> Option<Parsed> {
    let mut parsed: Parsed = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = token(rest)?;
        let value = after.trim_start();
        match value.strip_prefix('=') {
            // The padding of a token68 begins like a value, and is not one.
            Some(value) => {
                let (value, after) = token_or_quoted(value.trim_start())?;
                let (_, parameters) = parsed.last_mut()?;
                if parameters.insert(name.to_ascii_lowercase(), value).is_some() {
                    return None;
                }
                rest = after.trim_start();
            }
            None => {
                parsed.push((name.to_owned(), BTreeMap::new()));
                rest = value;
            }
        }
        rest = rest.trim_start_matches([',', ' ', '\t']);
    }
    Some(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(headers: &[&'static str]) -> Result<Challenge, String> {
        let headers: Vec<_> = headers.iter().map(|text| HeaderValue::from_static(text)).collect();
        choose(&headers)
    }

    #[test]
    fn challenges_of_registries() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            let owned = |text: &str| text.to_owned();
            Ok(Challenge::Bearer {
                realm: realm.to_owned(),
                service: service.map(owned),
                scope: scope.map(owned),
            })
        };
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        let scope = Some("repository:a/b:pull,push");
        let wanted = bearer("https://auth.docker.io/token", Some("registry.docker.io"), scope);
        assert_eq!(chosen(&[hub]), wanted);
        assert_eq!(chosen(&[r#"Basic realm="x""#]), Ok(Challenge::Basic));
        let wanted = bearer("https://r/t", None, None);
        assert_eq!(chosen(&[r#"Basic realm="x, y", bearer REALM="https://r/t""#]), wanted);
        assert_eq!(chosen(&[r#"Basic realm="x""#, r#"Bearer realm="https://r/t""#]), wanted);
        assert_eq!(chosen(&[r#"Bearer realm="https://r/\t""#]), wanted);
    }

    #[test]
    fn challenges_that_cannot_be_met() {
        let twice = r#"Bearer realm="https://a/",realm="https://b/""#;
        for (headers, wanted) in [
            (vec![], "it does not say how"),
            (vec!["Negotiate"], "found Negotiate, wanted Bearer or Basic"),
            (vec!["Bearer service=x"], "it names no realm for tokens"),
            (vec![r#"Bearer realm="x"#], r#"its challenge is malformed: Bearer realm="x"#),
            (
                vec![twice],
                "its challenge is malformed: Bearer realm=\"https://a/\",realm=\"https://b/\"",
            ),
        ] {
            assert_eq!(chosen(&headers), Err(wanted.to_owned()), "{headers:?}");
        }
    }
}
