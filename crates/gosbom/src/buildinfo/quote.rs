//! Go's string literals, as `strconv.Unquote` reads them (without single quotes, which
//! `debug.ParseBuildInfo` gives no meaning).

/// The content of a literal that is the whole of `literal`.
pub(super) fn unquote(literal: &[u8]) -> Option<Vec<u8>> {
    let (content, rest) = unquote_prefix(literal)?;
    rest.is_empty().then_some(content)
}

/// The content of the literal that `text` starts with, and what follows it.
pub(super) fn unquote_prefix(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    match text.split_first()? {
        (b'`', rest) => raw(rest),
        (b'"', rest) => interpreted(rest),
        _ => None,
    }
}

/// Go drops carriage returns from raw literals.
fn raw(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let end = text.iter().position(|&byte| byte == b'`')?;
    let content = text[..end].iter().copied().filter(|&byte| byte != b'\r');
    Some((content.collect(), &text[end + 1..]))
}

fn interpreted(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut content = Vec::new();
    loop {
        let (&byte, rest) = text.split_first()?;
        text = rest;
        match byte {
            b'"' => return Some((content, text)),
            b'\n' => return None,
            b'\\' => text = escape(text, &mut content)?,
            byte => content.push(byte),
        }
    }
}

/// One escape sequence, after its backslash.
fn escape<'a>(text: &'a [u8], content: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&kind, rest) = text.split_first()?;
    let simple = match kind {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' | b'"' => kind,
        b'x' => return byte(rest, 2, 16, content),
        b'0'..=b'7' => return byte(text, 3, 8, content),
        b'u' => return character(rest, 4, content),
        b'U' => return character(rest, 8, content),
        _ => return None,
    };
    content.push(simple);
    Some(rest)
}

fn byte<'a>(text: &'a [u8], digits: usize, base: u32, content: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (value, rest) = number(text, digits, base)?;
    content.push(u8::try_from(value).ok()?);
    Some(rest)
}

fn character<'a>(text: &'a [u8], digits: usize, content: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (value, rest) = number(text, digits, 16)?;
    let character = char::from_u32(value)?;
    content.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(rest)
}

fn number(text: &[u8], digits: usize, base: u32) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let mut value = 0_u32;
    for &digit in digits {
        value = value.checked_mul(base)?.checked_add(char::from(digit).to_digit(base)?)?;
    }
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(literal: &str, content: Option<&[u8]>) {
        assert_eq!(unquote(literal.as_bytes()).as_deref(), content, "{literal}");
    }

    /// The expected values are those of `strconv.Unquote`.
    #[test]
    fn literals_as_go_reads_them() {
        check(r#""""#, Some(b""));
        check(r#""a b""#, Some(b"a b"));
        check(r#""\a\b\f\n\r\t\v\\\"""#, Some(b"\x07\x08\x0c\n\r\t\x0b\\\""));
        check(r#""\x41\101\u0041\U00000041""#, Some(b"AAAA"));
        check(r#""\u00fc""#, Some("ü".as_bytes()));
        check(r#""\xff""#, Some(b"\xff"));
        check("`a\\n\rb`", Some(b"a\\nb"));
        check(r#""\'""#, None);
        check(r#""\400""#, None);
        check(r#""\x4""#, None);
        check(r#""\ud800""#, None);
        check(r#""\U00110000""#, None);
        check("\"a\nb\"", None);
        check(r#""a"b"#, None);
        check("`a`b`", None);
        check("'a'", None);
        check("\"a", None);
        check("", None);
    }
}
