use std::ops::Range;

use crate::place::Place;
use crate::{Error, Limits};

/// A file that is read, and which line each byte of it is on.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    /// Where each line starts.
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    /// A file that is small enough and UTF-8.
    pub(crate) fn new(bytes: &'a [u8], file: &'a str, limits: &Limits) -> Result<Self, Error> {
        // Offsets have 32 bits in the tree.
        let limit = limits.bytes.min(u32::MAX as usize);
        if bytes.len() > limit {
            return Err(Error::LimitReached { what: "bytes of a file", limit, found: bytes.len() });
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Error::NotUtf8 { file: file.to_owned(), at: error.valid_up_to() })?;
        let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Ok(Source { file, text, lines })
    }

    /// The line of a byte, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at)
    }

    /// A place that is not in a field.
    pub(crate) fn place(&self, document: usize, at: usize) -> Place {
        let (file, line) = (self.file.to_owned(), self.line(at));
        Place { file, document, line, path: String::new() }
    }

    /// Whether exactly this is written there.
    pub(crate) fn is_written(&self, at: &Range<usize>, text: &str) -> bool {
        self.text.get(at.clone()) == Some(text)
    }
}
