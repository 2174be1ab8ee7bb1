use super::{
    MODULES, Order, Width, archive, by_address, elf, framed, inline, macho, pe, plan9, wasm, xcoff,
};

/// One file of every container and form.
pub(crate) fn specimens() -> Vec<(&'static str, Vec<u8>)> {
    let blob = inline("go1.27.3", MODULES);
    let old = by_address(Order::Big, Width::Bits32, elf::DATA, "go1.15", MODULES);
    let mut object = elf::program(blob.clone());
    object.file_type = 1;
    object.programs[0].kind = 0;
    let slices = [(macho::ARM64, macho::program(blob.clone()).build()); 1];
    let text = framed(MODULES);
    let wasm =
        [wasm::build_id(), wasm::imports("gojs"), wasm::data(&text), wasm::producers("go1.27.3")];
    vec![
        ("elf", elf::program(blob.clone()).build()),
        ("elf by address", elf::without_sections(Order::Big, Width::Bits32, old).build()),
        ("macho", macho::program(blob.clone()).build()),
        ("universal", macho::universal(Width::Bits32, &slices)),
        ("universal64", macho::universal(Width::Bits64, &slices)),
        ("pe", pe::program(blob.clone()).build()),
        ("xcoff", xcoff::program(Width::Bits64, &blob.clone())),
        ("plan9", plan9::program(plan9::AMD64, 0x100, &blob.clone())),
        ("wasm", wasm::module(&wasm)),
        ("gnu archive", archive::gnu(&[("go.o", object.build())])),
        ("bsd archive", archive::bsd(&[("go.o", pe::program(blob.clone()).object())])),
    ]
}
