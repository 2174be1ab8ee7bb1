//! Archives made by hand, well-formed and not.

use std::io::Write as _;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};

/// A tar stream, block by block.
#[derive(Clone, Default)]
pub(crate) struct Tar(Vec<u8>);

/// A tar header before its checksum is written.
pub(crate) struct TarHeader(pub(crate) [u8; 512]);

impl TarHeader {
    pub(crate) fn new(kind: u8, name: &[u8], size: u64) -> Self {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name);
        header[100..108].copy_from_slice(b"0000755\0");
        header[108..124].copy_from_slice(b"0000000\x000000000\0");
        header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[156] = kind;
        header[257..265].copy_from_slice(b"ustar\x0000");
        TarHeader(header)
    }

    pub(crate) fn set(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(crate) fn link(self, target: &[u8]) -> Self {
        self.set(157, target)
    }

    pub(crate) fn summed(mut self) -> [u8; 512] {
        self.0[148..156].fill(b' ');
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.0[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0
    }
}

impl Tar {
    pub(crate) fn header(mut self, header: TarHeader) -> Self {
        self.0.extend(header.summed());
        self
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub(crate) fn body(self, bytes: &[u8]) -> Self {
        let padding = bytes.len().next_multiple_of(512) - bytes.len();
        self.raw(bytes).raw(&vec![0; padding])
    }

    pub(crate) fn entry(self, kind: u8, name: &str, content: &[u8]) -> Self {
        self.header(TarHeader::new(kind, name.as_bytes(), content.len() as u64)).body(content)
    }

    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(b'0', name, content)
    }

    pub(crate) fn directory(self, name: &str) -> Self {
        self.entry(b'5', name, b"")
    }

    pub(crate) fn link(self, kind: u8, name: &str, target: &str) -> Self {
        self.header(TarHeader::new(kind, name.as_bytes(), 0).link(target.as_bytes()))
    }

    pub(crate) fn pax(self, records: &[(&str, &str)]) -> Self {
        let mut text = String::new();
        for (key, value) in records {
            let rest = format!(" {key}={value}\n");
            let mut length = rest.len();
            while length != rest.len() + length.to_string().len() {
                length = rest.len() + length.to_string().len();
            }
            text.push_str(&format!("{length}{rest}"));
        }
        self.entry(b'x', "pax", text.as_bytes())
    }

    /// Without an end of archive.
    pub(crate) fn open(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn end(self) -> Vec<u8> {
        self.raw(&[0; 1024]).0
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One file of a zip archive; every number can be made to lie.
#[derive(Clone)]
pub(crate) struct ZipEntry {
    pub(crate) name: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc: u32,
    pub(crate) size: u32,
    pub(crate) packed: u32,
    pub(crate) attributes: u32,
    pub(crate) extra: Vec<u8>,
    pub(crate) local: ZipLocal,
    pub(crate) descriptor: Vec<u8>,
}

/// What the local header says where it differs from the directory.
#[derive(Clone, Default)]
pub(crate) struct ZipLocal {
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) crc: Option<u32>,
    pub(crate) size: Option<u32>,
    pub(crate) packed: Option<u32>,
    pub(crate) method: Option<u16>,
    pub(crate) flags: Option<u16>,
    pub(crate) extra: Option<Vec<u8>>,
}

impl ZipEntry {
    pub(crate) fn stored(name: &str, content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        ZipEntry {
            name: name.as_bytes().to_vec(),
            data: content.to_vec(),
            method: 0,
            flags: 0,
            crc: crc.sum(),
            size: content.len() as u32,
            packed: content.len() as u32,
            attributes: 0,
            extra: Vec::new(),
            local: ZipLocal::default(),
            descriptor: Vec::new(),
        }
    }

    pub(crate) fn deflated(name: &str, content: &[u8]) -> Self {
        let data = deflate(content);
        let packed = data.len() as u32;
        ZipEntry { data, packed, method: 8, ..Self::stored(name, content) }
    }

    pub(crate) fn link(name: &str, target: &str) -> Self {
        ZipEntry { attributes: 0o120_777 << 16, ..Self::stored(name, target.as_bytes()) }
    }

    /// With sizes and checksum behind the data instead of before it.
    pub(crate) fn described(mut self) -> Self {
        self.flags |= 8;
        self.local = ZipLocal { crc: Some(0), size: Some(0), packed: Some(0), ..self.local };
        self.descriptor = b"PK\x07\x08".to_vec();
        for number in [self.crc, self.packed, self.size] {
            self.descriptor.extend(number.to_le_bytes());
        }
        self
    }
}

/// A zip archive in its parts.
#[derive(Clone, Default)]
pub(crate) struct Zip {
    pub(crate) entries: Vec<ZipEntry>,
    /// Between the last entry and the directory.
    pub(crate) gap: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    /// Added to the numbers in the end record.
    pub(crate) off_by: [u32; 3],
    pub(crate) zip64: bool,
}

impl Zip {
    pub(crate) fn of(entries: &[ZipEntry]) -> Self {
        Zip { entries: entries.to_vec(), ..Zip::default() }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for entry in &self.entries {
            let offset = out.len() as u32;
            let local = &entry.local;
            let name = local.name.as_ref().unwrap_or(&entry.name);
            let extra = local.extra.as_ref().unwrap_or(&entry.extra);
            out.extend(b"PK\x03\x04\x14\x00");
            out.extend(local.flags.unwrap_or(entry.flags).to_le_bytes());
            out.extend(local.method.unwrap_or(entry.method).to_le_bytes());
            out.extend([0; 4]);
            out.extend(local.crc.unwrap_or(entry.crc).to_le_bytes());
            out.extend(local.packed.unwrap_or(entry.packed).to_le_bytes());
            out.extend(local.size.unwrap_or(entry.size).to_le_bytes());
            out.extend((name.len() as u16).to_le_bytes());
            out.extend((extra.len() as u16).to_le_bytes());
            out.extend(name);
            out.extend(extra);
            out.extend(&entry.data);
            out.extend(&entry.descriptor);

            directory.extend(b"PK\x01\x02\x14\x03\x14\x00");
            directory.extend(entry.flags.to_le_bytes());
            directory.extend(entry.method.to_le_bytes());
            directory.extend([0; 4]);
            for number in [entry.crc, entry.packed, entry.size] {
                directory.extend(number.to_le_bytes());
            }
            directory.extend((entry.name.len() as u16).to_le_bytes());
            directory.extend((entry.extra.len() as u16).to_le_bytes());
            directory.extend([0; 6]);
            directory.extend(entry.attributes.to_le_bytes());
            directory.extend(offset.to_le_bytes());
            directory.extend(&entry.name);
            directory.extend(&entry.extra);
        }
        out.extend(&self.gap);
        let count = self.entries.len() as u32 + self.off_by[0];
        let size = directory.len() as u32 + self.off_by[1];
        let offset = out.len() as u32 + self.off_by[2];
        out.extend(directory);
        let end64 = out.len() as u64;
        if self.zip64 {
            out.extend(b"PK\x06\x06");
            out.extend(44_u64.to_le_bytes());
            out.extend([45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for number in [count, count, size, offset] {
                out.extend(u64::from(number).to_le_bytes());
            }
            out.extend(b"PK\x06\x07\0\0\0\0");
            out.extend(end64.to_le_bytes());
            out.extend([1, 0, 0, 0]);
        }
        out.extend(b"PK\x05\x06\0\0\0\0");
        for _ in 0..2 {
            out.extend((count as u16).to_le_bytes());
        }
        out.extend(if self.zip64 { u32::MAX } else { size }.to_le_bytes());
        out.extend(if self.zip64 { u32::MAX } else { offset }.to_le_bytes());
        out.extend((self.comment.len() as u16).to_le_bytes());
        out.extend(&self.comment);
        out
    }
}

/// An `ar` archive.
pub(crate) fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let length = content.len();
        out.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{length:<10}`\n", 0, 0, 0, 644).bytes());
        out.extend(*content);
        if length % 2 == 1 {
            out.push(b'\n');
        }
    }
    out
}

/// A cpio stream: names, modes and contents.
pub(crate) fn cpio(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, mode, content) in entries.iter().chain([&("TRAILER!!!", 0, b"".as_slice())]) {
        let (size, name_size) = (content.len(), name.len() + 1);
        out.extend(b"070701");
        for number in [1, *mode, 0, 0, 1, 0, size as u32, 0, 0, 0, 0, name_size as u32, 0] {
            out.extend(format!("{number:08x}").bytes());
        }
        out.extend(name.bytes());
        out.push(0);
        out.resize(out.len().next_multiple_of(4), 0);
        out.extend(*content);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    out
}

/// An RPM package around a payload.
pub(crate) fn rpm(payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 96];
    out[..5].copy_from_slice(&[0xed, 0xab, 0xee, 0xdb, 3]);
    let header = |entries: u32, store: &[u8]| {
        let mut header = vec![0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
        header.extend(entries.to_be_bytes());
        header.extend((store.len() as u32).to_be_bytes());
        header.extend(vec![0; entries as usize * 16]);
        header.extend(store);
        header
    };
    out.extend(header(1, b"odd"));
    out.extend([0; 5]);
    out.extend(header(2, b"text"));
    out.extend(payload);
    out
}
