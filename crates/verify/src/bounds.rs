//! Bounds on DER before it is parsed.
//!
//! The parsers of `der`, `x509-cert` and `cms` sort the elements of every SET OF with an insertion
//! sort, so that a large set costs quadratic time (RFC 5280 names and RFC 5652 attributes are such
//! sets). Real ones have a handful of elements.

/// Checks that DER is small enough to be parsed: at most 64 KiB, which is also webpki's bound, and
/// at most 64 elements in every constructed value that is not a SEQUENCE. What is not DER passes:
/// the parser will say so.
///
/// # Errors
/// What was found and wanted.
pub(crate) fn within_bounds(der: &[u8]) -> Result<(), String> {
    if der.len() > MAX_BYTES {
        return Err(format!("found {} bytes of DER, wanted at most {MAX_BYTES}", der.len()));
    }
    // The contents of constructed values that are still to be looked at. Each value is looked at
    // once, whatever its depth.
    let mut pending = vec![(der, Elements::Unbounded)];
    let mut looked_at = 0_usize;
    while let Some((mut content, elements)) = pending.pop() {
        let mut count = 0;
        while let Some((tag, inner, rest)) = next(content) {
            content = rest;
            count += 1;
            looked_at += 1;
            if looked_at > MAX_VALUES {
                return Err(format!("found more than {MAX_VALUES} values in DER"));
            }
            if count > MAX_ELEMENTS && matches!(elements, Elements::Bounded) {
                return Err(format!("found a set of more than {MAX_ELEMENTS} elements"));
            }
            if tag == SEQUENCE {
                pending.push((inner, Elements::Unbounded));
            } else if tag & CONSTRUCTED != 0 {
                pending.push((inner, Elements::Bounded));
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Elements {
    Bounded,
    Unbounded,
}

/// The first value: its tag, its content, and what follows it.
fn next(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x0f))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;
/// Certificates of Fulcio have about 2 KiB, timestamps with a chain up to 8 KiB.
const MAX_BYTES: usize = 1 << 16;
/// Names have about 6 relative names, timestamps about 6 attributes and 4 certificates.
const MAX_ELEMENTS: usize = 64;
/// A certificate has about 150 values, a timestamp with a chain about 600.
const MAX_VALUES: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    /// A value with a short or a two-byte length.
    fn value(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut der = vec![tag];
        match u8::try_from(content.len()) {
            Ok(length @ 0..=0x7f) => der.push(length),
            _ => {
                der.push(0x82);
                der.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
            }
        }
        der.extend(content);
        der
    }

    #[test]
    fn large_sets_are_refused_at_any_depth_and_large_sequences_are_not() {
        let null = value(0x05, &[]);
        let many = null.repeat(65);
        let nested = |tag| value(0x30, &value(0xa0, &value(tag, &many)));
        within_bounds(&nested(0x30)).unwrap();
        for tag in [0x31, 0xa0, 0xa3] {
            let error = within_bounds(&nested(tag)).unwrap_err();
            assert_eq!(error, "found a set of more than 64 elements");
        }
        within_bounds(&value(0x31, &null.repeat(64))).unwrap();
    }

    #[test]
    fn size_and_number_of_values_are_bounded() {
        let error = within_bounds(&[0; (1 << 16) + 1]).unwrap_err();
        assert_eq!(error, "found 65537 bytes of DER, wanted at most 65536");
        let error = within_bounds(&value(0x30, &[0x05, 0].repeat(16384))).unwrap_err();
        assert_eq!(error, "found more than 16384 values in DER");
    }

    #[test]
    fn what_is_not_der_is_left_to_the_parser() {
        for bytes in [&[0x30, 0x80, 0, 0][..], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x31], &[]]
        {
            within_bounds(bytes).unwrap();
        }
    }
}
