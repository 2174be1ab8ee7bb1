//! `Link`: RFC 8288 section 3.

use reqwest::header::HeaderValue;

use super::word::{token, token_or_quoted};

/// What is no `Link`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed<'h>(pub(super) &'h str);

/// The target of the first link with `rel="next"`. What is malformed is an error: it may be that link, without
/// which a list would end early.
pub(super) fn next<'h>(
    headers: impl Iterator<Item = &'h HeaderValue>,
) -> Result<Option<&'h str>, Malformed<'h>> {
    let mut found = None;
    for header in headers {
        let text = header.to_str().map_err(|_| Malformed("its header is no text"))?;
        let mut rest = after_commas(text);
        while !rest.is_empty() {
            let (target, is_next, after) = link(rest).ok_or(Malformed(text))?;
            if is_next {
                found = found.or(Some(target));
            }
            rest = after_commas(after);
        }
    }
    Ok(found)
}

/// A link's target, whether it is to what comes next, and what comes after it.
fn link(text: &str) -> Option<(&str, bool, &str)> {
    let (target, mut rest) = text.strip_prefix('<')?.split_once('>')?;
    // Only the first relation counts (section 3.3).
    let mut relation: Option<String> = None;
    loop {
        rest = rest.trim_start_matches(BLANK);
        let Some(after) = rest.strip_prefix(';') else { break };
        let after = after.trim_start_matches(BLANK);
        if after.is_empty() || after.starts_with([';', ',']) {
            rest = after;
            continue;
        }
        let (name, after) = token(after)?;
        rest = after.trim_start_matches(BLANK);
        if let Some(value) = rest.strip_prefix('=') {
            let (value, after) = token_or_quoted(value.trim_start_matches(BLANK))?;
            rest = after;
            if name.eq_ignore_ascii_case("rel") {
                relation.get_or_insert(value);
            }
        }
    }
    let ends = rest.is_empty() || rest.starts_with(',');
    let is = |relation: &str| relation.eq_ignore_ascii_case("next");
    let is_next = relation.is_some_and(|all| all.split_ascii_whitespace().any(is));
    ends.then_some((target, is_next, rest))
}

fn after_commas(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', ','])
}

const BLANK: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_next_page() {
        let mut faults = Vec::new();
        for (headers, wanted) in [
            (&[][..], Ok(None)),
            (&[r#"</a?last=1>; rel="next""#], Ok(Some("/a?last=1"))),
            (&["</a>;rel=next"], Ok(Some("/a"))),
            (&[r#"</a?digests=1,2>; rel="next""#], Ok(Some("/a?digests=1,2"))),
            (&[r#"</a;b>; title="x, <y>; rel=next"; REL="last NEXT""#], Ok(Some("/a;b"))),
            (&[r#"</a>; rel="prev", </b>; rel="next""#], Ok(Some("/b"))),
            (&["</style.css>; rel=preload", "</b>; rel=next"], Ok(Some("/b"))),
            (&["</a>; rel=prev; rel=next"], Ok(None)),
            (&["</a>; anchor; ; rel=next"], Ok(Some("/a"))),
            (&[r#"</a>; rel="nextcloud""#], Ok(None)),
            (&["/a; rel=next"], Err(Malformed("/a; rel=next"))),
            (&["</a; rel=next"], Err(Malformed("</a; rel=next"))),
            (&[r#"</a>; rel="next"#], Err(Malformed(r#"</a>; rel="next"#))),
            (&["</a> rel=next"], Err(Malformed("</a> rel=next"))),
        ] {
            let headers: Vec<_> = headers.iter().map(|it| HeaderValue::from_static(it)).collect();
            let found = next(headers.iter());
            if found != wanted {
                faults.push(format!("{headers:?}: found {found:?}, wanted {wanted:?}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
