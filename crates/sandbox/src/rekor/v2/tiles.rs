//! Tiles: <https://c2sp.org/tlog-tiles>.

use crate::merkle::{Contents, Record as _, Tree};

use super::Entry;

/// Which tile a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) content: Content,
    index: usize,
    /// Hashes or entries: 256, or fewer when the path says so.
    width: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Hashes of this tile level.
    Hashes(usize),
    /// Entries.
    Entries,
}

impl Tile {
    /// Parses `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`; `None` for any other spelling.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let (first, rest) = path.split_once('/')?;
        let content = match first {
            "entries" => Content::Entries,
            level => Content::Hashes(decimal(level).filter(|level| *level < 64 / HEIGHT)?),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, decimal(width).filter(|w| (1..WIDTH).contains(w))?),
            None => (rest, WIDTH),
        };
        Some(Tile { content, index: parse_index(index)?, width })
    }

    /// The tile's bytes, where the tree has all of it.
    pub(super) fn read(self, contents: &Contents<Entry>) -> Option<Vec<u8>> {
        let start = self.index.checked_mul(WIDTH)?;
        let end = start.checked_add(self.width)?;
        match self.content {
            Content::Hashes(level) => hashes(contents.tree(), level * HEIGHT, start, end),
            Content::Entries => {
                let mut bundle = Vec::new();
                for record in contents.records().get(start..end)? {
                    // Bodies are limited to 65535 bytes when they are taken.
                    let length = u16::try_from(record.leaf().len()).ok()?;
                    bundle.extend_from_slice(&length.to_be_bytes());
                    bundle.extend_from_slice(record.leaf());
                }
                Some(bundle)
            }
        }
    }
}

fn hashes(tree: &Tree, level: usize, start: usize, end: usize) -> Option<Vec<u8>> {
    let hashes: Option<Vec<_>> = (start..end).map(|index| tree.node(level, index)).collect();
    Some(hashes?.into_iter().flatten().copied().collect())
}

/// Groups of three digits, all but the last after an `x`: `x001/x234/067` is 1234067.
fn parse_index(path: &str) -> Option<usize> {
    let groups: Vec<&str> = path.split('/').collect();
    let (last, others) = groups.split_last()?;
    let mut index = 0usize;
    let unprefixed: Option<Vec<&str>> =
        others.iter().map(|group| group.strip_prefix('x')).collect();
    for group in unprefixed?.into_iter().chain([*last]) {
        let digits = group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
        index = index.checked_mul(1000)?.checked_add(group.parse().ok().filter(|_| digits)?)?;
    }
    // Exactly one spelling: no group of zeros in front.
    let canonical = others.is_empty() || others[0] != "x000";
    canonical.then_some(index)
}

/// Without sign and leading zeros.
fn decimal(text: &str) -> Option<usize> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| canonical && digits)
}

/// Tree levels of one tile.
const HEIGHT: usize = 8;
/// Hashes of a full tile.
const WIDTH: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        let tile = |content, index, width| Some(Tile { content, index, width });
        assert_eq!(Tile::parse("0/000"), tile(Content::Hashes(0), 0, 256));
        assert_eq!(Tile::parse("1/x001/x234/067"), tile(Content::Hashes(1), 1_234_067, 256));
        assert_eq!(Tile::parse("entries/x123/456.p/7"), tile(Content::Entries, 123_456, 7));
        for wrong in [
            "",
            "0",
            "0/0",
            "00/000",
            "+0/000",
            "8/000",
            "0/x000/001",
            "0/001/002",
            "0/x001",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/",
            "0/000.p/01",
            "entries/",
            "data/000",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Tile::parse(wrong), None, "{wrong:?}");
        }
    }
}
