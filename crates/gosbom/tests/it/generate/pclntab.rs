use super::{Bytes, Order, Width};

/// A function table with these functions and files, in the format of a Go release.
pub(crate) fn table(
    magic: u8,
    order: Order,
    width: Width,
    functions: &[&str],
    files: &[&str],
) -> Vec<u8> {
    let mut table = Bytes::new(order, width);
    let head = [magic, 0xff, 0xff, 0xff];
    match order {
        Order::Little => table.raw(&head),
        Order::Big => table.raw(&[0xff, 0xff, 0xff, magic]),
    };
    let pointer = if width == Width::Bits64 { 8 } else { 4 };
    table.raw(&[0, 0, 1, pointer]).word(functions.len() as u64);
    match magic {
        GO_1_2 => by_offsets(&mut table, u64::from(pointer), functions, files),
        _ => by_runs(&mut table, magic, u64::from(pointer), functions, files),
    }
    table.bytes
}

pub(crate) const GO_1_2: u8 = 0xfb;
pub(crate) const GO_1_16: u8 = 0xfa;
pub(crate) const GO_1_18: u8 = 0xf0;
pub(crate) const GO_1_20: u8 = 0xf1;

fn run(strings: &[&str]) -> Vec<u8> {
    strings.iter().flat_map(|string| [string.as_bytes(), b"\0"].concat()).collect()
}

fn by_runs(table: &mut Bytes, magic: u8, pointer: u64, functions: &[&str], files: &[&str]) {
    table.word(files.len() as u64);
    if magic != GO_1_16 {
        table.word(0x40_0000);
    }
    let (names, files) = (run(functions), run(files));
    let start = table.len() + 5 * pointer;
    let units = start + names.len() as u64;
    let file_table = units + 8;
    let end = file_table + files.len() as u64;
    table.word(start).word(units).word(file_table).word(end).word(end);
    table.raw(&names).raw(&[0; 8]).raw(&files).raw(&[0; 16]);
}

fn by_offsets(table: &mut Bytes, pointer: u64, functions: &[&str], files: &[&str]) {
    let pairs = table.len() + 2 * pointer * functions.len() as u64;
    let records = pairs + pointer + 4;
    let names = records + (pointer + 4) * functions.len() as u64;
    let file_table = names + run(functions).len() as u64;
    let file_names = file_table + 4 * (files.len() as u64 + 1);
    for index in 0..functions.len() as u64 {
        table.word(0x40_0000 + index).word(records + (pointer + 4) * index);
    }
    table.word(0x50_0000).u32(file_table);
    let mut at = names;
    for (index, name) in functions.iter().enumerate() {
        table.word(0x40_0000 + index as u64).u32(at);
        at += name.len() as u64 + 1;
    }
    table.raw(&run(functions)).u32(files.len() as u64 + 1);
    let mut at = file_names;
    for name in files {
        table.u32(at);
        at += name.len() as u64 + 1;
    }
    table.raw(&run(files)).raw(&[0; 16]);
}
