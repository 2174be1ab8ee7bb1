//! Tar files of documents: the same entries give the same bytes, and only such bytes are read.
//!
//! ustar (POSIX.1-1988), regular files only, without owner and time. A file is read by parsing it
//! and then requiring that writing its entries gives the same bytes, so that there is one form of
//! every archive and nothing can hide between the entries.

use std::fmt;

/// Entries by name, in their order.
pub type Entries = Vec<(String, Vec<u8>)>;

/// Why bytes are not such an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A header is cut off, or its size is not one.
    Malformed {
        /// Where, in bytes.
        at: usize,
    },
    /// A name is not plain: empty, long, absolute, or with `..` in it.
    Name {
        /// The name.
        name: String,
    },
    /// A name that is there twice.
    Duplicate {
        /// The name.
        name: String,
    },
    /// More entries than are read.
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// It is an archive, and not written as this program writes it.
    OtherForm,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { at } => {
                write!(f, "found no header of a tar file at byte {at}, wanted one")
            }
            Self::Name { name } => write!(f, "found the name {name:?}, wanted a plain one"),
            Self::Duplicate { name } => write!(f, "found {name:?} twice, wanted it once"),
            Self::TooMany { limit } => {
                write!(f, "found more than {limit} entries, wanted at most that")
            }
            Self::OtherForm => f.write_str(
                "found a tar file that another program wrote or changed, wanted one that \
                 chainsign wrote",
            ),
        }
    }
}

/// Writes an archive.
///
/// # Errors
/// [`Fault::Name`], [`Fault::Duplicate`].
pub fn write(entries: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Fault> {
    let mut tar = Vec::new();
    for (index, (name, content)) in entries.iter().enumerate() {
        if !is_plain(name) {
            return Err(Fault::Name { name: name.clone() });
        }
        if entries[..index].iter().any(|(other, _)| other == name) {
            return Err(Fault::Duplicate { name: name.clone() });
        }
        tar.extend_from_slice(&header(name, content.len()));
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(BLOCK), 0);
    }
    // Two empty blocks end an archive.
    tar.resize(tar.len() + 2 * BLOCK, 0);
    Ok(tar)
}

/// Reads an archive that [`write()`] wrote.
///
/// # Errors
/// Each variant of [`Fault`].
pub fn read(tar: &[u8]) -> Result<Entries, Fault> {
    let mut entries = Entries::new();
    let mut at = 0;
    while tar.get(at).is_some_and(|byte| *byte != 0) {
        let malformed = Fault::Malformed { at };
        if entries.len() == ENTRIES {
            return Err(Fault::TooMany { limit: ENTRIES });
        }
        let header = tar.get(at..at + BLOCK).ok_or(malformed.clone())?;
        let (name, size) = parse(header).ok_or(malformed.clone())?;
        let start = at + BLOCK;
        let end = start.checked_add(size).ok_or(malformed.clone())?;
        entries.push((name, tar.get(start..end).ok_or(malformed)?.to_vec()));
        at = end.next_multiple_of(BLOCK);
    }
    match write(&entries)? == tar {
        true => Ok(entries),
        false => Err(Fault::OtherForm),
    }
}

fn header(name: &str, size: usize) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// Name and size. Everything else is held against what is written.
fn parse(header: &[u8]) -> Option<(String, usize)> {
    let until_zero = |field: &[u8]| {
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        std::str::from_utf8(&field[..end]).ok().map(str::to_owned)
    };
    let name = until_zero(header.get(..100)?)?;
    let size = usize::from_str_radix(&until_zero(header.get(124..136)?)?, 8).ok()?;
    Some((name, size))
}

fn is_plain(name: &str) -> bool {
    let part = |part: &str| !matches!(part, "" | "." | "..");
    name.len() <= 100
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
        && name.split('/').all(part)
}

const BLOCK: usize = 512;
/// Evidence about one artifact is at most 1,000 documents.
const ENTRIES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Entries {
        vec![
            ("a/b.json".to_owned(), b"{}".to_vec()),
            ("empty".to_owned(), Vec::new()),
            ("block".to_owned(), vec![7; 512]),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        for entries in [Entries::new(), entries()] {
            let tar = write(&entries).unwrap();
            assert_eq!(read(&tar), Ok(entries));
        }
    }

    #[test]
    fn names_are_plain_and_there_once() {
        for name in ["", "/a", "a//b", "../a", "a/..", "a b", "a\nb", "ä", &"a".repeat(101)] {
            let entries = [(name.to_owned(), Vec::new())];
            assert_eq!(write(&entries), Err(Fault::Name { name: name.to_owned() }));
        }
        let twice = ["a", "b", "a"].map(|name| (name.to_owned(), Vec::new()));
        assert_eq!(write(&twice), Err(Fault::Duplicate { name: "a".to_owned() }));
    }

    /// Whatever byte is changed: it is content, or the archive is refused.
    #[test]
    fn no_byte_outside_the_content_may_differ() {
        let tar = write(&entries()).unwrap();
        let content = [512..514, 2048..2560];
        for at in 0..tar.len() {
            if content.iter().any(|range| range.contains(&at)) {
                continue;
            }
            let mut changed = tar.clone();
            changed[at] ^= 1;
            assert!(read(&changed).is_err(), "byte {at}");
        }
        for length in 0..tar.len() {
            assert!(read(&tar[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(read(&[tar.as_slice(), &[0; 512]].concat()), Err(Fault::OtherForm));
    }

    #[test]
    fn sizes_are_held_against_the_file() {
        let mut tar = write(&entries()).unwrap();
        tar[124..136].copy_from_slice(b"77777777777\0");
        assert_eq!(read(&tar), Err(Fault::Malformed { at: 0 }));
        tar[124..136].copy_from_slice(b"-0000000001\0");
        assert_eq!(read(&tar), Err(Fault::Malformed { at: 0 }));
    }
}
