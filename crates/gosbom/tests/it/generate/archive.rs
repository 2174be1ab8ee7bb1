/// An archive in GNU style, without a symbol table.
pub(crate) fn gnu(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut long = Vec::new();
    let mut body = Vec::new();
    for (name, content) in members {
        let field = match name.len() < 16 {
            true => format!("{name}/"),
            false => {
                let start = long.len();
                long.extend(name.as_bytes());
                long.extend(b"/\n");
                format!("/{start}")
            }
        };
        body.extend(member(&field, content));
    }
    let names = if long.is_empty() { Vec::new() } else { member("//", &long) };
    [b"!<arch>\n".to_vec(), names, body].concat()
}

/// An archive in BSD style, every name long.
pub(crate) fn bsd(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let mut padded = name.as_bytes().to_vec();
        padded.resize(name.len().next_multiple_of(8), 0);
        let field = format!("#1/{}", padded.len());
        file.extend(member(&field, &[padded, content.clone()].concat()));
    }
    file
}

pub(crate) fn member(name: &str, content: &[u8]) -> Vec<u8> {
    let size = content.len();
    let header = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644);
    let mut member = [header.as_bytes(), content].concat();
    if size % 2 == 1 {
        member.push(b'\n');
    }
    member
}
