//! Proof that what was read out of a file is part of what was digested.
//!
//! Times of files are coarse, can be written through memory maps without moving at once, and are
//! missing on some systems. So the reader that looks inside a file remembers a digest of every
//! block it read, and the pass that digests the whole file compares them.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chainsign_core::digest::DigestAlgorithm;
use chainsign_gosbom::ReadAt;

use crate::Change;
use crate::handle::Handle;
use crate::stream::PART;

/// Reads a file in blocks and remembers which bytes it saw.
#[derive(Debug)]
pub(crate) struct Witness {
    handle: Arc<Handle>,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    seen: BTreeMap<u64, BlockDigest>,
    /// The blocks read last, newest first: a reader goes back and forth between a few places.
    recent: VecDeque<Block>,
    changed: Option<Change>,
}

/// What a [`Witness`] saw.
#[derive(Debug)]
pub(crate) struct Seen(BTreeMap<u64, BlockDigest>);

type BlockDigest = [u8; 32];

#[derive(Debug)]
struct Block {
    number: u64,
    bytes: Vec<u8>,
}

impl Witness {
    pub(crate) fn new(handle: Arc<Handle>) -> Self {
        Witness { handle, memory: Mutex::default() }
    }

    /// What was read, or how the file changed between two reads of one block.
    pub(crate) fn seen(&self) -> Result<Seen, Change> {
        let memory = self.memory();
        match memory.changed {
            Some(change) => Err(change),
            None => Ok(Seen(memory.seen.clone())),
        }
    }

    /// A reader that panicked leaves blocks that were read to their end.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// A block, which is then the newest of the recent ones.
    fn block(&mut self, number: u64, handle: &Handle) -> io::Result<&Block> {
        let known = self.recent.iter().position(|block| block.number == number);
        let block = match known.and_then(|place| self.recent.remove(place)) {
            Some(block) => block,
            None => self.read(number, handle)?,
        };
        self.recent.truncate(RECENT - 1);
        self.recent.push_front(block);
        Ok(&self.recent[0])
    }

    fn read(&mut self, number: u64, handle: &Handle) -> io::Result<Block> {
        let mut bytes = vec![0; BLOCK];
        let offset = number * BLOCK as u64;
        let count = handle.fill(offset, &mut bytes)?;
        bytes.truncate(count);
        let digest = block_digest(&bytes);
        let before = self.seen.insert(number, digest);
        if before.is_some_and(|before| before != digest) {
            self.changed = Some(Change::Contents { offset });
            return Err(io::Error::other("the file changed while it was read"));
        }
        Ok(Block { number, bytes })
    }
}

impl ReadAt for Witness {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let memory = &mut *self.memory();
        let block = memory.block(offset / BLOCK as u64, &self.handle)?;
        let start = (offset % BLOCK as u64) as usize;
        let rest = block.bytes.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn len(&self) -> u64 {
        self.handle.len()
    }
}

impl Seen {
    /// Compares a part of the file, which starts at a multiple of [`PART`], with what was seen.
    pub(crate) fn compare(&self, offset: u64, part: &[u8]) -> Result<(), Change> {
        let first = offset / BLOCK as u64;
        for (number, block) in (first..).zip(part.chunks(BLOCK)) {
            let seen = self.0.get(&number);
            if seen.is_some_and(|seen| *seen != block_digest(block)) {
                return Err(Change::Contents { offset: number * BLOCK as u64 });
            }
        }
        Ok(())
    }
}

fn block_digest(block: &[u8]) -> BlockDigest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(DigestAlgorithm::Sha256.digest(block).bytes());
    bytes
}

/// Bytes of one block: reading the facts of a binary touches about ten places.
const BLOCK: usize = 16 << 10;
/// Blocks kept: more than the facts of most binaries are spread over.
const RECENT: usize = 16;

// Parts begin where blocks begin.
const _: () = assert!(PART.is_multiple_of(BLOCK));

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;
    use std::os::unix::fs::FileExt as _;

    use super::*;
    use crate::stream::{self, Stop};

    fn file(len: usize) -> (File, Arc<Handle>) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; len]).unwrap();
        let handle = Handle::new(file.try_clone().unwrap(), len as u64);
        (file, Arc::new(handle))
    }

    fn read(witness: &Witness, offset: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let count = witness.read_at(offset, &mut bytes).unwrap();
        bytes.truncate(count);
        bytes
    }

    #[test]
    fn reads_are_those_of_the_file() {
        let (file, handle) = file(3 * BLOCK + 5);
        file.write_all_at(b"mark", BLOCK as u64 - 2).unwrap();
        let witness = Witness::new(Arc::clone(&handle));
        assert_eq!(read(&witness, BLOCK as u64 - 2, 4), b"ma", "up to the end of the block");
        assert_eq!(read(&witness, BLOCK as u64, 3), b"rk\x07");
        assert_eq!(read(&witness, 3 * BLOCK as u64 + 3, 9), b"\x07\x07");
        assert_eq!(read(&witness, 9 * BLOCK as u64, 9), b"");
    }

    #[test]
    fn a_block_that_differs_from_the_digested_one_is_found() {
        let (file, handle) = file(5 * PART);
        let changed = 2 * PART as u64 + 3 * BLOCK as u64;
        let witness = Witness::new(Arc::clone(&handle));
        read(&witness, 0, 10);
        read(&witness, changed + 100, 10);
        let seen = witness.seen().unwrap();
        let pass = |seen: &Seen| {
            stream::parts(&handle, 5 * PART as u64, |offset, part| seen.compare(offset, part))
        };
        assert!(pass(&seen).is_ok());

        file.write_all_at(b"x", changed - 1).unwrap();
        assert!(pass(&seen).is_ok(), "a block that no fact was read from");
        file.write_all_at(b"x", changed + BLOCK as u64 - 1).unwrap();
        let wanted = Change::Contents { offset: changed };
        assert!(matches!(pass(&seen), Err(Stop::Caller(found)) if found == wanted));
    }

    #[test]
    fn a_block_that_differs_between_two_reads_is_found() {
        let (file, handle) = file((RECENT + 1) * BLOCK);
        let witness = Witness::new(Arc::clone(&handle));
        read(&witness, 0, 1);
        file.write_all_at(b"x", 9).unwrap();
        assert_eq!(read(&witness, 9, 1), [7], "a block that is kept is not read again");
        for number in 1..=RECENT as u64 {
            read(&witness, number * BLOCK as u64, 1);
        }
        assert!(witness.read_at(0, &mut [0]).is_err());
        assert_eq!(witness.seen().unwrap_err(), Change::Contents { offset: 0 });
    }
}
