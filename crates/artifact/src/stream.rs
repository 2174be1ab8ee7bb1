//! One pass over a file, with reading and the caller's work overlapped.
//!
//! Hashing from the page cache costs the copy out of it on top of the hash, about a tenth. A second
//! thread does the copying, so that a pass takes as long as the slower of the two.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::Change;
use crate::handle::Handle;

/// Why a pass ended early.
#[derive(Debug)]
pub(crate) enum Stop<E> {
    Read(io::Error),
    Changed(Change),
    Caller(E),
}

/// Calls `take` with every part of the file in order and its offset. All parts but the last have
/// [`PART`] bytes.
///
/// `Ok` means that exactly `size` bytes were there.
pub(crate) fn parts<E>(
    handle: &Handle,
    size: u64,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<(), Stop<E>> {
    if size > ALONE {
        thread::scope(|scope| {
            let (filled_sender, filled) = sync_channel(BUFFERS);
            let (empty, empty_receiver) = sync_channel(BUFFERS);
            for _ in 0..BUFFERS {
                // The channel holds as many.
                let _ = empty.send(vec![0; PART]);
            }
            let read_ahead = move || read_ahead(handle, &empty_receiver, &filled_sender);
            match thread::Builder::new().name("read-ahead".into()).spawn_scoped(scope, read_ahead) {
                Ok(_) => ahead(size, &filled, &empty, &mut take),
                Err(_) => alone(handle, size, &mut take),
            }
        })
    } else {
        alone(handle, size, &mut take)
    }
}

type Filled = io::Result<(Vec<u8>, usize)>;

/// Takes the parts that [`read_ahead`] has read. Returning drops the channels, which ends it.
fn ahead<E>(
    size: u64,
    filled: &Receiver<Filled>,
    empty: &SyncSender<Vec<u8>>,
    take: &mut impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<(), Stop<E>> {
    let mut offset = 0;
    while let Ok(part) = filled.recv() {
        let (buffer, count) = part.map_err(Stop::Read)?;
        offset = taken(size, offset, buffer.get(..count).unwrap_or_default(), take)?;
        // It fails when the other thread has come to the end of the file.
        let _ = empty.send(buffer);
    }
    whole(size, offset)
}

fn read_ahead(handle: &Handle, empty: &Receiver<Vec<u8>>, filled: &SyncSender<Filled>) {
    let mut offset = 0;
    while let Ok(mut buffer) = empty.recv() {
        let part = handle.fill(offset, &mut buffer).map(|count| (buffer, count));
        let (more, count) = match &part {
            Ok((_, count)) => (*count == PART, *count),
            Err(_) => (false, 0),
        };
        offset += count as u64;
        if filled.send(part).is_err() || !more {
            return;
        }
    }
}

fn alone<E>(
    handle: &Handle,
    size: u64,
    take: &mut impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<(), Stop<E>> {
    // One byte more than the file has, so that one that grows is noticed.
    let mut buffer = vec![0; size.saturating_add(1).min(PART as u64) as usize];
    let mut offset = 0;
    loop {
        let count = handle.fill(offset, &mut buffer).map_err(Stop::Read)?;
        offset = taken(size, offset, buffer.get(..count).unwrap_or_default(), take)?;
        if count < buffer.len() {
            return whole(size, offset);
        }
    }
}

/// Hands on one part. A file that grows is refused at the first byte too many, not followed.
fn taken<E>(
    size: u64,
    offset: u64,
    part: &[u8],
    take: &mut impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<u64, Stop<E>> {
    let end = offset.saturating_add(part.len() as u64);
    if end > size {
        return Err(Stop::Changed(Change::Size { opened: size, now: end }));
    }
    take(offset, part).map_err(Stop::Caller)?;
    Ok(end)
}

fn whole<E>(size: u64, end: u64) -> Result<(), Stop<E>> {
    if end == size { Ok(()) } else { Err(Stop::Changed(Change::Size { opened: size, now: end })) }
}

/// Bytes of one part: large enough that a system call costs nothing beside it, small enough that
/// it is still in the processor's cache when it is hashed.
pub(crate) const PART: usize = 256 << 10;
/// One being read, one being hashed, two between them for when the other thread has to wait.
const BUFFERS: usize = 4;
/// Below this size a second thread costs more than it saves.
const ALONE: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[track_caller]
    fn check(len: usize, size: u64, wanted: Result<(), Change>) {
        let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let mut seen = Vec::new();
        let outcome = parts::<()>(&Handle::new(file, size), size, |offset, part| {
            assert_eq!(offset, seen.len() as u64);
            seen.extend_from_slice(part);
            Ok(())
        });
        match (outcome, wanted) {
            (Ok(()), Ok(())) => assert!(seen == bytes),
            (Err(Stop::Changed(found)), Err(wanted)) => assert_eq!(found, wanted),
            (found, wanted) => panic!("found {found:?}, wanted {wanted:?}"),
        }
    }

    #[test]
    fn every_byte_is_seen_once_and_in_order() {
        for size in [0, 1, PART - 1, PART, PART + 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 77] {
            check(size, size as u64, Ok(()));
        }
    }

    #[test]
    fn another_size_than_at_opening_is_refused() {
        for size in [10, 5 << 20] {
            let change = |now| Change::Size { opened: size as u64, now };
            check(size - 1, size as u64, Err(change(size as u64 - 1)));
            check(size + 1, size as u64, Err(change(size as u64 + 1)));
        }
    }

    #[test]
    fn the_caller_may_stop() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![0; 4 << 20]).unwrap();
        let outcome = parts(&Handle::new(file, 4 << 20), 4 << 20, |offset, _| {
            if offset == PART as u64 { Err("enough") } else { Ok(()) }
        });
        assert!(matches!(outcome, Err(Stop::Caller("enough"))), "{outcome:?}");
    }
}
