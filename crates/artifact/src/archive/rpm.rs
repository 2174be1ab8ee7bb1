//! RPM packages: a lead, two headers, and a compressed cpio archive. RPM's "Package format" manual
//! (`docs/manual/format.md`).

use std::io::{BufRead, Read};

use super::compression::Compression;
use super::content::read_full;
use super::names::{Names, Root};
use super::{ArchiveFormat, ArchiveLimit, Fault, Stop, Walker, cpio};

impl Walker<'_> {
    /// The headers are passed over: what is installed is what is in the payload.
    pub(super) fn rpm(&mut self, input: &mut dyn BufRead) -> Result<ArchiveFormat, Stop> {
        let mut lead = [0; LEAD_BYTES];
        if read_full(input, &mut lead)? != LEAD_BYTES || !lead.starts_with(&LEAD_MAGIC) {
            return Err(Fault::NotAnArchive.into());
        }
        if lead[4] != 3 && lead[4] != 4 {
            let feature = format!("format version {}", lead[4]);
            return Err(Fault::Unsupported { format: ArchiveFormat::Rpm, feature }.into());
        }
        // The signature is filled up to a multiple of eight bytes, the header is not.
        let size = self.header(input)?;
        let padding = size.next_multiple_of(8) - size;
        read_exactly(input, padding, "the signature")?;
        self.header(input)?;

        let compression = Compression::of(input).map_err(|stop| match stop {
            Stop::Fault(Fault::Unsupported { feature, .. }) => {
                Fault::Unsupported { format: ArchiveFormat::Rpm, feature }.into()
            }
            stop => stop,
        })?;
        if compression == Compression::None && !input.fill_buf()?.starts_with(cpio::FAMILY) {
            let feature = "a payload that is neither plain nor gzip, xz or zstd".to_owned();
            return Err(Fault::Unsupported { format: ArchiveFormat::Rpm, feature }.into());
        }
        let mut payload = compression.decoder(input, self.budget, self.limits)?;
        cpio::read(&mut payload, Names::new(Root::Filesystem), self)?;
        Ok(ArchiveFormat::Rpm)
    }

    /// Passes over one header and returns its size.
    fn header(&self, input: &mut dyn BufRead) -> Result<u64, Stop> {
        let mut intro = [0; 16];
        if read_full(input, &mut intro)? != intro.len() {
            return Err(truncated("a header"));
        }
        if !intro.starts_with(&HEADER_MAGIC) {
            return Err(malformed("the magic number of a header"));
        }
        let number = |at: usize| {
            u64::from(u32::from_be_bytes([intro[at], intro[at + 1], intro[at + 2], intro[at + 3]]))
        };
        let size = number(8) * INDEX_ENTRY_BYTES + number(12);
        let allowed = self.limits.header_bytes as u64;
        if size > allowed {
            return Err(Fault::LimitReached { limit: ArchiveLimit::HeaderBytes, allowed }.into());
        }
        read_exactly(input, size, "a header")?;
        Ok(size + intro.len() as u64)
    }
}

fn read_exactly(input: &mut dyn BufRead, size: u64, part: &'static str) -> Result<(), Stop> {
    let read = std::io::copy(&mut Read::take(&mut *input, size), &mut std::io::sink())?;
    if read == size { Ok(()) } else { Err(truncated(part)) }
}

fn malformed(part: &'static str) -> Stop {
    Fault::Malformed { format: ArchiveFormat::Rpm, part }.into()
}

fn truncated(part: &'static str) -> Stop {
    Fault::Truncated { format: ArchiveFormat::Rpm, part }.into()
}

const LEAD_BYTES: usize = 96;
const LEAD_MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
const HEADER_MAGIC: [u8; 4] = [0x8e, 0xad, 0xe8, 0x01];
const INDEX_ENTRY_BYTES: u64 = 16;
