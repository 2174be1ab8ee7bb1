//! gzip, xz and zstd, told by their magic numbers, to the last byte: several members, streams or
//! frames one after the other are one text; anything else behind them is a fault.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::budget::{Budget, Decoded};
use super::{ArchiveFormat, ArchiveLimits, Fault, Stop};

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Xz,
    Zstd,
}

impl Compression {
    /// What the magic number at the start says.
    pub(crate) fn of_start(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "no compression",
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }

    pub(crate) fn of(input: &mut dyn BufRead) -> Result<Self, Stop> {
        let start = input.fill_buf()?;
        if start.starts_with(BZIP2) {
            let feature = "bzip2 compression".to_owned();
            return Err(Fault::Unsupported { format: ArchiveFormat::Tar, feature }.into());
        }
        Ok(Self::of_start(start))
    }

    /// A reader of the plain bytes. What it yields counts against the budget.
    pub(crate) fn decoder<'a>(
        self,
        input: &'a mut dyn BufRead,
        budget: &'a Budget,
        limits: &ArchiveLimits,
    ) -> Result<Box<dyn Read + 'a>, Stop> {
        let window = limits.window_bytes;
        Ok(match self {
            Self::None => Box::new(input),
            Self::Gzip => {
                let decoder = MultiGzDecoder::new(input);
                Box::new(Decoded { decoder, compression: "gzip", budget })
            }
            Self::Xz => {
                // The limit counts the decoder too, which needs about a hundred KiB beside its window.
                let kibibytes = u32::try_from((window >> 10) + 1024).unwrap_or(u32::MAX);
                let decoder = XzReader::new_mem_limit(input, true, kibibytes);
                Box::new(Decoded { decoder, compression: "xz", budget })
            }
            Self::Zstd => {
                let decoder = Zstd::new(input, window);
                Box::new(Decoded { decoder, compression: "zstd", budget })
            }
        })
    }
}

/// All frames of a zstd stream, with their checksums held. Skippable frames are skipped, as RFC
/// 8878 section 3.1.2 has it.
struct Zstd<'a> {
    input: &'a mut dyn BufRead,
    decoder: FrameDecoder,
    within_frame: bool,
}

impl<'a> Zstd<'a> {
    fn new(input: &'a mut dyn BufRead, window: u64) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(window);
        Zstd { input, decoder, within_frame: false }
    }

    /// Reads the header of a frame, or skips a skippable one.
    fn begin_frame(&mut self) -> io::Result<()> {
        match self.decoder.init(&mut self.input) {
            Ok(()) => self.within_frame = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let wanted = u64::from(length);
                if io::copy(&mut Read::take(&mut self.input, wanted), &mut io::sink())? != wanted {
                    return Err(invalid("a skippable frame is incomplete"));
                }
            }
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(())
    }

    fn end_frame(&mut self) -> io::Result<()> {
        self.within_frame = false;
        let wanted = self.decoder.get_checksum_from_data();
        if wanted.is_some() && wanted != self.decoder.get_calculated_checksum() {
            return Err(invalid("the checksum of a frame does not match"));
        }
        Ok(())
    }
}

impl Read for Zstd<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if buffer.is_empty() || (!self.within_frame && self.input.fill_buf()?.is_empty()) {
                return Ok(0);
            }
            if !self.within_frame {
                self.begin_frame()?;
            } else if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            } else if self.decoder.is_finished() {
                self.end_frame()?;
            } else {
                let one_block = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.input, one_block).map_err(io::Error::other)?;
            }
        }
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

const BZIP2: &[u8] = b"BZh";
