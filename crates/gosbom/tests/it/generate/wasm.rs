use super::varint;

/// A module with these sections: id and content.
pub(crate) fn module(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"\0asm\x01\0\0\0".to_vec();
    for (id, content) in sections {
        file.push(*id);
        file.extend(varint(content.len() as u64));
        file.extend(content);
    }
    file
}

pub(crate) fn name(name: &str) -> Vec<u8> {
    [varint(name.len() as u64), name.as_bytes().to_vec()].concat()
}

/// As `cmd/link/internal/wasm` writes it.
pub(crate) fn producers(version: &str) -> (u8, Vec<u8>) {
    let field =
        |field: &str, value: &str| [name(field), vec![1], name(value), name(version)].concat();
    let fields = [field("language", "Go"), field("processed-by", "Go cmd/compile")].concat();
    (0, [name("producers"), vec![2], fields].concat())
}

pub(crate) fn build_id() -> (u8, Vec<u8>) {
    let id = b"\xff Go build ID: \"action/content\"\n \xff".to_vec();
    (0, [name("go:buildid"), id].concat())
}

/// Imports of system calls from one module.
pub(crate) fn imports(module: &str) -> (u8, Vec<u8>) {
    (2, [vec![1], name(module), name("write"), vec![0, 0]].concat())
}

/// One data segment at address 0.
pub(crate) fn data(content: &[u8]) -> (u8, Vec<u8>) {
    let head = vec![1, 0, 0x41, 0, 0x0b];
    (11, [head, varint(content.len() as u64), content.to_vec()].concat())
}
