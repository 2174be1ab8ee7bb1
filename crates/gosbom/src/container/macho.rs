//! Mach-O, 32 and 64 bit, both byte orders, and universal files of several of them.
//! Layout: `<mach-o/loader.h>` and `<mach-o/fat.h>`.

use super::record::{Record, Table, malformed, until_nul};
use super::signs::build_id_in_code;
use super::{ByteOrder, Container, Image, Images, Segment, Slice};
use crate::facts::{Arch, CodeSignature, Kind, Linkage, Os};
use crate::source::Window;
use crate::{Error, GoSign, Limit};

/// Reads every slice: a universal file may hold Go in any of them.
///
/// A slice that is broken or of no use keeps its own error; only a file whose slice table cannot
/// be read fails as a whole.
pub(super) fn read_universal<'a>(window: Window<'a>) -> Result<Images<'a>, Error> {
    const CONTAINER: Container = Container::MachOUniversal;
    let start = window.bytes_up_to(0, 8)?;
    if start.len() < 8 {
        let part = "universal header is cut off";
        return Err(malformed(CONTAINER, part, window, start.len() as u64));
    }
    let header = Record::new(&start, ByteOrder::Big);
    let wide = header.u32(0) == FAT_MAGIC_64;
    let count = u64::from(header.u32(4));
    if !wide && count >= JAVA_CLASS_VERSION {
        // Java class files share the magic number; their next field is a format version, 45 up.
        return Err(Error::NotExecutable { start });
    }
    Limit::Slices.hold(count, window.limits().slices)?;
    let entry = if wide { 32 } else { 20 };
    let table = Table::read(window, 8, count, entry, ByteOrder::Big)?
        .ok_or_else(|| malformed(CONTAINER, "slice table lies outside the file", window, 8))?;
    let place = |record: Record<'_>| match wide {
        true => (record.u64(8), record.u64(16)),
        false => (record.u32(8).into(), record.u32(12).into()),
    };
    let mut places: Vec<(u64, u64)> = table.entries().map(place).collect();
    places.sort_unstable();
    if let Some(pair) = places.windows(2).find(|it| it[0].0.saturating_add(it[0].1) > it[1].0) {
        return Err(malformed(CONTAINER, "slices overlap", window, pair[1].0));
    }
    let mut slices = Vec::new();
    for (offset, size) in table.entries().map(place) {
        let slice = window.part(offset, size);
        slices.push(Slice {
            window: slice.unwrap_or(window),
            name: None,
            image: match slice {
                Some(slice) => read(slice),
                None => Err(malformed(CONTAINER, "slice lies outside the file", window, offset)),
            },
        });
    }
    Ok(Images { container: CONTAINER, slices })
}

pub(super) fn read(window: Window<'_>) -> Result<Image, Error> {
    let header = Header::read(window)?;
    let mut image = Image::new(Container::MachO);
    let mut commands = Commands::default();
    commands.read(window, &header)?;

    image.fill(commands.segments.iter().map(|it| it.place).collect(), window.limits())?;
    image.regions = image.as_loaded(commands.regions());
    image.mixed_regions = commands
        .segments
        .iter()
        .filter(|segment| segment.protection & VM_PROT_EXECUTE != 0)
        .map(|segment| segment.place)
        .collect();
    image.function_tables = image.as_loaded(commands.function_tables());
    image.go_sign = commands
        .sections
        .iter()
        .any(|section| GO_SECTIONS.contains(&section.name.as_slice()))
        .then_some(GoSign::Section);

    let code_signature = match commands.code_signature {
        Some(place) => code_signature(window, place)?,
        None => CodeSignature::Absent,
    };
    let facts = &mut image.facts;
    facts.go_build_id = build_id_in_code(window)?;
    facts.code_signature = Some(code_signature);
    facts.executable_stack = Some(header.flags & MH_ALLOW_STACK_EXECUTION != 0);
    facts.arch = header.arch();
    facts.os = commands.os;
    facts.kind = match header.file_type {
        MH_OBJECT => Some(Kind::Object),
        MH_EXECUTE => Some(Kind::Executable),
        MH_DYLIB | MH_BUNDLE => Some(Kind::SharedLibrary),
        _ => None,
    };
    facts.pie = Some(header.flags & MH_PIE != 0);
    facts.stripped = Some(commands.local_symbols == 0 && !commands.has_debug_segment());
    facts.link_id = commands.uuid;
    facts.linkage = match facts.kind {
        Some(Kind::Object) => Linkage::Unknown,
        _ => Linkage::new(commands.interpreter, commands.needed),
    };
    Ok(image)
}

struct Header {
    order: ByteOrder,
    wide: bool,
    cpu: u32,
    file_type: u32,
    commands: u32,
    commands_size: u32,
    flags: u32,
}

impl Header {
    fn read(window: Window<'_>) -> Result<Self, Error> {
        let bytes = window.bytes_up_to(0, 32)?;
        let bad = |part| malformed(Container::MachO, part, window, 0);
        let (order, wide) = match *bytes.as_slice() {
            [0xfe, 0xed, 0xfa, 0xce, ..] => (ByteOrder::Big, false),
            [0xfe, 0xed, 0xfa, 0xcf, ..] => (ByteOrder::Big, true),
            [0xce, 0xfa, 0xed, 0xfe, ..] => (ByteOrder::Little, false),
            [0xcf, 0xfa, 0xed, 0xfe, ..] => (ByteOrder::Little, true),
            _ => return Err(bad("slice does not start with the Mach-O magic number")),
        };
        if bytes.len() < if wide { 32 } else { 28 } {
            return Err(bad("Mach-O header is cut off"));
        }
        let record = Record::new(&bytes, order);
        Ok(Self {
            order,
            wide,
            cpu: record.u32(4),
            file_type: record.u32(12),
            commands: record.u32(16),
            commands_size: record.u32(20),
            flags: record.u32(24),
        })
    }

    fn arch(&self) -> Option<Arch> {
        match self.cpu {
            CPU_TYPE_X86 => Some(Arch::I386),
            CPU_TYPE_X86_64 => Some(Arch::Amd64),
            CPU_TYPE_ARM => Some(Arch::Arm),
            CPU_TYPE_ARM64 => Some(Arch::Arm64),
            CPU_TYPE_POWERPC64 => Some(Arch::Ppc64),
            _ => None,
        }
    }
}

/// What the load commands say.
#[derive(Default)]
struct Commands {
    segments: Vec<NamedSegment>,
    sections: Vec<Section>,
    local_symbols: u32,
    os: Option<Os>,
    interpreter: Option<String>,
    needed: Vec<String>,
    uuid: Option<Vec<u8>>,
    code_signature: Option<Segment>,
}

struct NamedSegment {
    name: Vec<u8>,
    protection: u32,
    place: Segment,
}

struct Section {
    name: Vec<u8>,
    place: Segment,
}

impl Commands {
    fn read(&mut self, window: Window<'_>, header: &Header) -> Result<(), Error> {
        let start = if header.wide { 32 } else { 28 };
        let limits = window.limits();
        Limit::Headers.hold(header.commands.into(), limits.headers)?;
        Limit::NameTable.hold(header.commands_size.into(), limits.name_table)?;
        let bad = |part, at: usize| malformed(Container::MachO, part, window, start + at as u64);
        let bytes = window
            .bytes(start, header.commands_size as usize)?
            .ok_or_else(|| bad("load commands lie outside the file", 0))?;
        let mut rest = bytes.as_slice();
        for _ in 0..header.commands {
            let at = bytes.len() - rest.len();
            let command = Record::new(rest, header.order);
            let size = command.u32(4) as usize;
            if rest.len() < 8 || size < 8 || size > rest.len() {
                return Err(bad("load command has a wrong size", at));
            }
            let (command, next) = rest.split_at(size);
            self.command(command, header).ok_or_else(|| bad("load command is cut off", at))?;
            rest = next;
        }
        Ok(())
    }

    /// `None` if the command is shorter than its kind requires.
    fn command(&mut self, bytes: &[u8], header: &Header) -> Option<()> {
        let record = Record::new(bytes, header.order);
        let at_least = |size| (bytes.len() >= size).then_some(());
        match record.u32(0) {
            LC_SEGMENT | LC_SEGMENT_64 => self.segment(bytes, header)?,
            LC_DYSYMTAB => {
                at_least(16)?;
                self.local_symbols = record.u32(12);
            }
            LC_LOAD_DYLINKER => {
                at_least(12)?;
                self.interpreter = Some(string(bytes, record.u32(8))?);
            }
            LC_LOAD_DYLIB | LC_LOAD_WEAK_DYLIB | LC_REEXPORT_DYLIB => {
                at_least(24)?;
                self.needed.push(string(bytes, record.u32(8))?);
            }
            LC_UUID => self.uuid = Some(bytes.get(8..24)?.to_vec()),
            LC_CODE_SIGNATURE => {
                at_least(16)?;
                self.code_signature = Some(Segment {
                    address: 0,
                    offset: record.u32(8).into(),
                    size: record.u32(12).into(),
                });
            }
            LC_VERSION_MIN_MACOSX => self.os = Some(Os::Darwin),
            LC_VERSION_MIN_IPHONEOS => self.os = Some(Os::Ios),
            LC_BUILD_VERSION => {
                at_least(12)?;
                self.os = match record.u32(8) {
                    PLATFORM_MACOS => Some(Os::Darwin),
                    PLATFORM_IOS | PLATFORM_IOS_SIMULATOR => Some(Os::Ios),
                    _ => None,
                };
            }
            _ => {}
        }
        Some(())
    }

    fn segment(&mut self, bytes: &[u8], header: &Header) -> Option<()> {
        let record = Record::new(bytes, header.order);
        let wide = record.u32(0) == LC_SEGMENT_64;
        let (head, entry) = if wide { (72, 80) } else { (56, 68) };
        let sections = bytes.get(head..)?;
        let (place, protection, count) = match wide {
            true => (
                Segment { address: record.u64(24), offset: record.u64(40), size: record.u64(48) },
                record.u32(60),
                record.u32(64),
            ),
            false => (
                Segment {
                    address: record.u32(24).into(),
                    offset: record.u32(32).into(),
                    size: record.u32(36).into(),
                },
                record.u32(44),
                record.u32(48),
            ),
        };
        let name = record.name(8, 16).to_vec();
        if name != b"__PAGEZERO" {
            self.segments.push(NamedSegment { name, protection, place });
        }
        let sections = sections.get(..(count as usize).checked_mul(entry)?)?;
        for bytes in sections.chunks_exact(entry) {
            let record = Record::new(bytes, header.order);
            let place = match wide {
                true => Segment {
                    address: record.u64(32),
                    size: record.u64(40),
                    offset: record.u32(48).into(),
                },
                false => Segment {
                    address: record.u32(32).into(),
                    size: record.u32(36).into(),
                    offset: record.u32(40).into(),
                },
            };
            self.sections.push(Section { name: record.name(0, 16).to_vec(), place });
        }
        Some(())
    }

    /// The section named by Go, else writable data, else everything that is not code.
    fn regions(&self) -> Vec<Segment> {
        let named = |section: &&Section| section.name == b"__go_buildinfo";
        let writable =
            |it: &&NamedSegment| it.protection & (VM_PROT_WRITE | VM_PROT_EXECUTE) == VM_PROT_WRITE;
        let readable = |it: &&NamedSegment| it.protection & (VM_PROT_WRITE | VM_PROT_EXECUTE) == 0;
        let mut regions: Vec<_> = self.sections.iter().filter(named).map(|it| it.place).collect();
        regions.extend(self.segments.iter().filter(writable).map(|it| it.place));
        regions.extend(self.segments.iter().filter(readable).map(|it| it.place));
        regions
    }

    /// The section named by Go, else everything in the file that is mapped.
    fn function_tables(&self) -> Vec<Segment> {
        let named = |section: &&Section| section.name == b"__gopclntab";
        let places: Vec<_> = self.sections.iter().filter(named).map(|it| it.place).collect();
        match places.is_empty() {
            true => self.segments.iter().map(|it| it.place).collect(),
            false => places,
        }
    }

    fn has_debug_segment(&self) -> bool {
        self.segments.iter().any(|segment| segment.name == b"__DWARF")
    }
}

/// Ad hoc or with a certificate: whether the signature has a CMS blob with content. Layout:
/// `cs_blobs.h` of XNU (`CS_SuperBlob`, `CS_BlobIndex`), big endian.
fn code_signature(window: Window<'_>, place: Segment) -> Result<CodeSignature, Error> {
    let Some(signature) = window.part(place.offset, place.size) else {
        return Ok(CodeSignature::Absent);
    };
    let head = signature.bytes_up_to(0, 12)?;
    let head = Record::new(&head, ByteOrder::Big);
    if head.u32(0) != CSMAGIC_EMBEDDED_SIGNATURE {
        return Ok(CodeSignature::Absent);
    }
    let count = u64::from(head.u32(8)).min(MOST_BLOBS);
    let Some(index) = Table::read(signature, 12, count, 8, ByteOrder::Big)? else {
        return Ok(CodeSignature::AdHoc);
    };
    for blob in index.entries().filter(|blob| blob.u32(0) == CSSLOT_SIGNATURESLOT) {
        let blob = signature.bytes_up_to(blob.u32(4).into(), 8)?;
        // An empty CMS blob is only its own header.
        if Record::new(&blob, ByteOrder::Big).u32(4) > 8 {
            return Ok(CodeSignature::Certificate);
        }
    }
    Ok(CodeSignature::AdHoc)
}

/// A string inside a load command (`union lc_str`).
fn string(command: &[u8], at: u32) -> Option<String> {
    let bytes = until_nul(command.get(at as usize..)?);
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// Sections that only the Go linker writes (`cmd/link/internal/ld/macho.go`).
const GO_SECTIONS: [&[u8]; 4] =
    [b"__go_buildinfo", b"__gopclntab", b"__gosymtab", b"__go_fipsinfo"];

const FAT_MAGIC_64: u32 = 0xcafe_babf;
const JAVA_CLASS_VERSION: u64 = 45;
const MH_OBJECT: u32 = 1;
const MH_EXECUTE: u32 = 2;
const MH_DYLIB: u32 = 6;
const MH_BUNDLE: u32 = 8;
const MH_ALLOW_STACK_EXECUTION: u32 = 0x2_0000;
const MH_PIE: u32 = 0x20_0000;
const CPU_TYPE_X86: u32 = 7;
const CPU_TYPE_X86_64: u32 = 0x0100_0007;
const CPU_TYPE_ARM: u32 = 12;
const CPU_TYPE_ARM64: u32 = 0x0100_000c;
const CPU_TYPE_POWERPC64: u32 = 0x0100_0012;
const LC_SEGMENT: u32 = 0x1;
const LC_DYSYMTAB: u32 = 0xb;
const LC_LOAD_DYLIB: u32 = 0xc;
const LC_LOAD_DYLINKER: u32 = 0xe;
const LC_SEGMENT_64: u32 = 0x19;
const LC_UUID: u32 = 0x1b;
const LC_CODE_SIGNATURE: u32 = 0x1d;
const LC_VERSION_MIN_MACOSX: u32 = 0x24;
const LC_VERSION_MIN_IPHONEOS: u32 = 0x25;
const LC_BUILD_VERSION: u32 = 0x32;
const LC_LOAD_WEAK_DYLIB: u32 = 0x8000_0018;
const LC_REEXPORT_DYLIB: u32 = 0x8000_001f;
const CSMAGIC_EMBEDDED_SIGNATURE: u32 = 0xfade_0cc0;
const CSSLOT_SIGNATURESLOT: u32 = 0x1_0000;
/// Blobs of a signature; Apple's tools write fewer than ten.
const MOST_BLOBS: u64 = 64;
const PLATFORM_MACOS: u32 = 1;
const PLATFORM_IOS: u32 = 2;
const PLATFORM_IOS_SIMULATOR: u32 = 7;
const VM_PROT_WRITE: u32 = 2;
const VM_PROT_EXECUTE: u32 = 4;
