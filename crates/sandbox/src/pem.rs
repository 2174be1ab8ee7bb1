//! PEM as clients send it: CRLF or LF, any line length, several blocks, text around them.
//!
//! What the sandbox stores and hands out is written anew, so that there is one spelling.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) bytes: Vec<u8>,
}

/// The blocks of a text in order; nothing at all when one of them is broken.
pub(crate) fn blocks(text: &[u8]) -> Vec<Block> {
    std::str::from_utf8(text).ok().and_then(parse).unwrap_or_default()
}

fn parse(mut text: &str) -> Option<Vec<Block>> {
    let mut blocks = Vec::new();
    while let Some((_, rest)) = text.split_once("-----BEGIN ") {
        let (label, rest) = rest.split_once("-----")?;
        let (body, rest) = rest.split_once("-----END ")?;
        let (end_label, rest) = rest.split_once("-----")?;
        if end_label != label {
            return None;
        }
        let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        blocks.push(Block { label: label.to_owned(), bytes: STANDARD.decode(body).ok()? });
        text = rest;
    }
    Some(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_text_around_do_not_matter() {
        let wanted = vec![
            Block { label: "A B".to_owned(), bytes: vec![1, 2, 3] },
            Block { label: "C".to_owned(), bytes: vec![4] },
        ];
        let unix = "x\n-----BEGIN A B-----\nAQI\nD\n-----END A B-----\n\n-----BEGIN C-----\nBA==\n-----END C-----";
        assert_eq!(blocks(unix.as_bytes()), wanted);
        assert_eq!(blocks(unix.replace('\n', "\r\n").as_bytes()), wanted);
    }

    #[test]
    fn a_broken_block_spoils_all() {
        for text in [
            "",
            "-----BEGIN A-----\nAQID\n",
            "-----BEGIN A-----\nAQID\n-----END B-----",
            "-----BEGIN A-----\n!\n-----END A-----",
        ] {
            assert_eq!(blocks(text.as_bytes()), [], "{text:?}");
        }
    }
}
