//! The smallest ELF files that a reader of Go binaries takes for Go programs.

use super::COMMIT;

/// An ELF program with build information, and nothing to run.
pub(crate) struct Elf {
    pub(crate) go_version: &'static str,
    /// The module text, as `go version -m` has it without its first line and indentation.
    pub(crate) modules: String,
    /// The program loader that it asks for.
    pub(crate) interpreter: Option<&'static str>,
}

impl Default for Elf {
    fn default() -> Self {
        let modules = format!(
            "path\texample.com/acme/app\n\
             mod\texample.com/acme/app\tv1.4.2\t\n\
             dep\trsc.io/quote\tv1.5.2\th1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=\n\
             dep\trsc.io/sampler\tv1.3.0\th1:7uVkIFmeBqHfdjD+gZwtXXI+RODJ2Wc4O7MPEh/QiW4=\n\
             build\t-buildmode=exe\n\
             build\t-compiler=gc\n\
             build\t-trimpath=true\n\
             build\tCGO_ENABLED=0\n\
             build\tGOARCH=amd64\n\
             build\tGOOS=linux\n\
             build\tGOAMD64=v1\n\
             build\tvcs=git\n\
             build\tvcs.revision={COMMIT}\n\
             build\tvcs.time=2026-11-20T10:00:00Z\n\
             build\tvcs.modified=false\n"
        );
        Elf { go_version: "go1.26.8", modules, interpreter: None }
    }
}

impl Elf {
    /// The good program with one text of its build information replaced by another.
    pub(crate) fn changed(from: &str, to: &str) -> Vec<u8> {
        let mut elf = Elf::default();
        assert!(elf.modules.contains(from), "the module text does not contain {from:?}");
        elf.modules = elf.modules.replacen(from, to, 1);
        elf.build()
    }

    /// Layout: System V gABI, chapters 4 and 5; blob: Go's `debug/buildinfo`.
    pub(crate) fn build(&self) -> Vec<u8> {
        const BASE: u64 = 0x40_0000;
        const BLOB: usize = 0x100;
        let mut file = vec![0; BLOB];
        file.extend(b"\xff Go buildinf:\x08\x02");
        file.extend([0; 16]);
        string(&mut file, self.go_version.as_bytes());
        let framed = [[b'<'; 16].as_slice(), self.modules.as_bytes(), &[b'>'; 16]].concat();
        string(&mut file, &framed);
        let interpreter = file.len();
        file.extend(self.interpreter.unwrap_or_default().as_bytes());
        file.push(0);
        let size = file.len();

        let mut header = b"\x7fELF\x02\x01\x01".to_vec();
        header.resize(16, 0);
        for half in [2_u16, 62] {
            header.extend(half.to_le_bytes()); // ET_EXEC, EM_X86_64
        }
        header.extend(1_u32.to_le_bytes());
        for word in [BASE, 64, 0] {
            header.extend(word.to_le_bytes()); // entry, program headers, no section headers
        }
        header.extend(0_u32.to_le_bytes());
        let programs = 1 + u16::from(self.interpreter.is_some());
        for half in [64, 56, programs, 0, 0, 0] {
            header.extend(half.to_le_bytes());
        }
        header.extend(program(1, 6, 0, BASE, size)); // PT_LOAD, readable and writable
        if let Some(name) = self.interpreter {
            header.extend(program(3, 4, interpreter, BASE, name.len() + 1)); // PT_INTERP
        }
        file[..header.len()].copy_from_slice(&header);
        file
    }
}

fn program(kind: u32, flags: u32, offset: usize, base: u64, size: usize) -> Vec<u8> {
    let (offset, size) = (offset as u64, size as u64);
    let mut header = [kind.to_le_bytes(), flags.to_le_bytes()].concat();
    for word in [offset, base + offset, base + offset, size, size, 16] {
        header.extend(word.to_le_bytes());
    }
    header
}

/// Length as a varint, then the bytes.
fn string(file: &mut Vec<u8>, bytes: &[u8]) {
    let mut length = bytes.len();
    while length >= 0x80 {
        file.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    file.push(length as u8);
    file.extend(bytes);
}
