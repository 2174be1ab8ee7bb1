//! Makes small executables of every container, right or wrong in any detail.
//!
//! Shares no code with the crate: layouts are written down here a second time.

pub(crate) mod archive;
pub(crate) mod elf;
pub(crate) mod macho;
pub(crate) mod pclntab;
pub(crate) mod pe;
pub(crate) mod plan9;
pub(crate) mod specimens;
pub(crate) mod wasm;
pub(crate) mod xcoff;

/// A module text with a bit of everything.
pub(crate) const MODULES: &str = "path\texample.com/app\n\
    mod\texample.com/app\tv1.4.2\t\n\
    dep\texample.com/a\tv1.2.3\th1:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\
    build\t-trimpath=true\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    Bits32,
    Bits64,
}

/// Appends and overwrites numbers in one byte order.
#[derive(Clone, Debug)]
pub(crate) struct Bytes {
    pub(crate) bytes: Vec<u8>,
    pub(crate) order: Order,
    pub(crate) width: Width,
}

impl Bytes {
    pub(crate) fn new(order: Order, width: Width) -> Self {
        Self { bytes: Vec::new(), order, width }
    }

    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn number(&mut self, value: u64, size: usize) -> &mut Self {
        match self.order {
            Order::Little => self.raw(&value.to_le_bytes()[..size]),
            Order::Big => self.raw(&value.to_be_bytes()[8 - size..]),
        }
    }

    pub(crate) fn u16(&mut self, value: u64) -> &mut Self {
        self.number(value, 2)
    }

    pub(crate) fn u32(&mut self, value: u64) -> &mut Self {
        self.number(value, 4)
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.number(value, 8)
    }

    /// A number as wide as an address.
    pub(crate) fn word(&mut self, value: u64) -> &mut Self {
        match self.width {
            Width::Bits32 => self.u32(value),
            Width::Bits64 => self.u64(value),
        }
    }

    pub(crate) fn name(&mut self, name: &[u8], len: usize) -> &mut Self {
        let mut field = name.to_vec();
        field.resize(len, 0);
        self.raw(&field)
    }

    pub(crate) fn pad_to(&mut self, len: u64) -> &mut Self {
        self.bytes.resize(usize::try_from(len).unwrap(), 0);
        self
    }

    pub(crate) fn align(&mut self, to: u64) -> &mut Self {
        let len = self.len().next_multiple_of(to);
        self.pad_to(len)
    }
}

/// Module text between its frames.
pub(crate) fn framed(modules: &str) -> Vec<u8> {
    let start = *b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
    let end = *b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
    [&start, modules.as_bytes(), &end].concat()
}

/// Build information of Go 1.18 and later.
pub(crate) fn inline(version: &str, modules: &str) -> Vec<u8> {
    inline_raw(version.as_bytes(), &framed(modules))
}

pub(crate) fn inline_raw(version: &[u8], framed: &[u8]) -> Vec<u8> {
    let mut blob = b"\xff Go buildinf:\x08\x02".to_vec();
    blob.resize(32, 0);
    for string in [version, framed] {
        blob.extend(varint(string.len() as u64));
        blob.extend(string);
    }
    blob.resize(blob.len().next_multiple_of(16), 0);
    blob
}

pub(crate) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Build information of Go 1.13 to 1.17, to be loaded at `address`.
pub(crate) fn by_address(
    order: Order,
    width: Width,
    address: u64,
    version: &str,
    modules: &str,
) -> Vec<u8> {
    let mut blob = Bytes::new(order, width);
    let pointer = match width {
        Width::Bits32 => 4,
        Width::Bits64 => 8,
    };
    blob.raw(b"\xff Go buildinf:");
    blob.raw(&[pointer as u8, u8::from(order == Order::Big)]);
    let headers = address + 32;
    let version_text = headers + 4 * pointer;
    let module_text = version_text + version.len() as u64;
    let framed = framed(modules);
    blob.word(headers).word(headers + 2 * pointer).pad_to(32);
    blob.word(version_text).word(version.len() as u64);
    blob.word(module_text).word(framed.len() as u64);
    blob.raw(version.as_bytes()).raw(&framed).align(16);
    blob.bytes
}
