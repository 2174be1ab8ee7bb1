//! What `inspect` shows of a Go binary: what the build recorded, what the headers show, and
//! whether the binary's other records agree.

use chainsign_gosbom::pclntab::{Comparison, ListedModule, TableFormat, Trace};
use chainsign_gosbom::{
    BinaryFacts, BuildInfoSource, CodeSignature, GoBinary, GoSlice, Kind, Linkage, Module,
    ModuleInfo, Relro, RuntimeCopy, SecondRecords, Setting,
};
use serde_json::{Value, json};

use super::inspect::Card;
use crate::printer::{FAINT, GOOD, WARNING, paint};

/// The card of a Go binary of so many bytes.
pub(super) fn card(size: u64, binary: &GoBinary) -> Card {
    let mut card = Card::new("Go binary");
    card.line("container", format!("{}, {size} bytes", binary.container));
    for slice in &binary.slices {
        if binary.slices.len() > 1 {
            let name = slice.name.as_ref().map_or_else(String::new, |name| format!("{name} "));
            card.line("image", format!("{name}at byte {}, {} bytes", slice.offset, slice.size));
        }
        slice_lines(&mut card, slice);
    }
    for other in &binary.other_slices {
        card.line("image", format!("at byte {}: {}", other.offset, other.reason));
    }
    let others = binary.other_slices.iter();
    let others = others.map(|it| json!({ "offset": it.offset, "reason": it.reason.to_string() }));
    card.json = json!({
        "container": binary.container.to_string(),
        "size": size,
        "slices": binary.slices.iter().map(slice_json).collect::<Vec<_>>(),
        "otherSlices": others.collect::<Vec<_>>(),
    });
    card
}

/// Operating system and processor, from the headers; the system from the build settings where the
/// headers do not tell it.
pub fn platform(slice: &GoSlice) -> String {
    let facts = &slice.facts;
    let recorded = slice.build_info.modules().ok().and_then(|modules| modules.setting("GOOS"));
    let system = facts.os.map(|os| os.as_str()).or(recorded).unwrap_or("unknown system");
    format!("{system}/{}", facts.arch.map_or("unknown processor", |arch| arch.as_str()))
}

fn slice_lines(card: &mut Card, slice: &GoSlice) {
    card.line("platform", platform(slice));
    fact_lines(card, &slice.facts);
    if let Some(version) = slice.build_info.go_version() {
        card.line("Go", version);
    }
    let found = match slice.build_info_source {
        BuildInfoSource::Header => "by its header",
        BuildInfoSource::AddressHeader => "by its header, of Go 1.13 to 1.17",
        BuildInfoSource::ModuleFrames => "without its header, by the runtime's copy of the modules",
        _ => "in the container's own fields",
    };
    card.line("build information", format!("at byte {}, {found}", slice.build_info_offset));
    let info = match slice.build_info.modules() {
        Err(reason) => {
            card.line("modules", format!("unknown: {reason}"));
            None
        }
        Ok(info) => Some(info),
    };
    if let Some(records) = &slice.second_records {
        record_lines(card, records, info);
    }
    let Some(info) = info else { return };
    card.line("package", &info.path);
    if let Some(main) = &info.main {
        card.line("module", module(main));
    }
    for setting in &info.settings {
        card.line("setting", format!("{}={}", setting.key, setting.value));
    }
    for dep in &info.deps {
        card.line("dependency", module(dep));
    }
}

fn fact_lines(card: &mut Card, facts: &BinaryFacts) {
    if let Some(kind) = facts.kind {
        card.line("kind", kind_name(kind));
    }
    card.line("linkage", linkage(&facts.linkage));
    let mut hardening = vec![format!("position independent {}", yes_no(facts.pie))];
    if let Some(relro) = facts.relro {
        hardening.push(format!("RELRO {}", relro_name(relro)));
    }
    if let Some(now) = facts.bind_now {
        hardening.push(format!("bound at start {}", yes_no(Some(now))));
    }
    hardening.push(format!("executable stack {}", yes_no(facts.executable_stack)));
    card.line("hardening", hardening.join(", "));
    card.line("stripped", yes_no(facts.stripped));
    if let Some(id) = &facts.go_build_id {
        card.line("Go build id", id);
    }
    if let Some(id) = &facts.link_id {
        card.line("linker's id", hex(id));
    }
    if let Some(signature) = facts.code_signature {
        card.line(
            "code signature",
            match signature {
                CodeSignature::Absent => "none",
                CodeSignature::AdHoc => "hashes only, says nothing about who made it",
                _ => "with a certificate, not verified here",
            },
        );
    }
}

/// What the binary says about its modules in other places.
fn record_lines(card: &mut Card, records: &SecondRecords, info: Option<&ModuleInfo>) {
    card.line(
        "runtime's copy",
        match &records.runtime_copy {
            RuntimeCopy::Same => paint(GOOD, "the same module list"),
            RuntimeCopy::Differs { .. } => {
                paint(WARNING, "ANOTHER module list: one was changed after linking")
            }
            _ => "none to compare with".to_owned(),
        },
    );
    let Some(table) = &records.function_table else {
        card.line("function table", "none to compare with");
        return;
    };
    let (format, functions, packages) =
        (table_format(table.format), table.functions, table.packages.len());
    card.line("function table", format!("{format}, {functions} functions of {packages} packages"));
    let Some(info) = info else { return };
    let comparison = table.compare(info);
    let count = |wanted: fn(&Trace) -> bool| {
        comparison.listed.iter().filter(|module| wanted(&module.trace)).count()
    };
    card.line(
        "",
        format!(
            "of {} listed modules it shows {} with their version, {} without one, {} not at all {}",
            comparison.listed.len(),
            count(|trace| *trace == Trace::Version),
            count(|trace| *trace == Trace::Packages),
            count(|trace| *trace == Trace::None),
            paint(FAINT, "(which proves nothing)"),
        ),
    );
    for contradiction in contradictions(&comparison) {
        card.line("contradiction", paint(WARNING, &contradiction));
    }
}

/// What the function table shows and the module list denies.
fn contradictions(comparison: &Comparison) -> Vec<String> {
    let other_version = |module: &ListedModule| match &module.trace {
        Trace::OtherVersions(found) => {
            let (path, version) = (&module.path, &module.version);
            Some(format!("{path} is listed as {version}, compiled in is {}", found.join(", ")))
        }
        _ => None,
    };
    let modules = comparison.unlisted_modules.iter();
    let modules =
        modules.map(|it| format!("module {} {} is compiled in, not listed", it.path, it.version));
    // Packages of a module that was just named say nothing more.
    let of_named = |package: &str| {
        comparison.unlisted_modules.iter().any(|module| package.starts_with(&module.path))
    };
    let packages = comparison.unlisted_packages.iter().filter(|package| !of_named(package));
    let packages = packages.map(|it| format!("package {it} is compiled in, of no listed module"));
    comparison.listed.iter().filter_map(other_version).chain(modules).chain(packages).collect()
}

fn slice_json(slice: &GoSlice) -> Value {
    let facts = &slice.facts;
    let info = slice.build_info.modules();
    let modules = info.as_ref().ok();
    let (interpreter, libraries) = match &facts.linkage {
        Linkage::Dynamic { interpreter, needed } => (interpreter.as_deref(), needed.as_slice()),
        _ => (None, [].as_slice()),
    };
    json!({
        "name": slice.name,
        "offset": slice.offset,
        "size": slice.size,
        "goVersion": slice.build_info.go_version().map(|version| version.as_str()),
        "os": facts.os.map(|os| os.as_str()),
        "arch": facts.arch.map(|arch| arch.as_str()),
        "kind": facts.kind.map(kind_name),
        "static": facts.linkage.is_static(),
        "interpreter": interpreter,
        "libraries": libraries,
        "pie": facts.pie,
        "relro": facts.relro.map(relro_name),
        "bindNow": facts.bind_now,
        "executableStack": facts.executable_stack,
        "stripped": facts.stripped,
        "goBuildId": facts.go_build_id,
        "linkId": facts.link_id.as_deref().map(hex),
        "codeSignature": facts.code_signature.map(|signature| match signature {
            CodeSignature::Absent => "absent",
            CodeSignature::AdHoc => "ad-hoc",
            _ => "certificate",
        }),
        "buildInfo": {
            "offset": slice.build_info_offset,
            "source": match slice.build_info_source {
                BuildInfoSource::Header => "header",
                BuildInfoSource::AddressHeader => "address-header",
                BuildInfoSource::ModuleFrames => "module-frames",
                _ => "container",
            },
            "modulesUnavailable": info.as_ref().err().map(ToString::to_string),
        },
        "path": modules.map(|modules| modules.path.as_str()),
        "main": modules.and_then(|modules| modules.main.as_ref()).map(module_json),
        "deps": modules.map(|modules| modules.deps.iter().map(module_json).collect::<Vec<_>>()),
        "settings": modules.map(|modules| {
            let pair = |s: &Setting| (s.key.clone(), Value::from(s.value.clone()));
            modules.settings.iter().map(pair).collect::<serde_json::Map<_, _>>()
        }),
        "secondRecords": slice.second_records.as_ref().map(|it| records_json(it, modules.copied())),
    })
}

fn records_json(records: &SecondRecords, info: Option<&ModuleInfo>) -> Value {
    let table = records.function_table.as_ref().map(|table| {
        let comparison = info.map(|info| table.compare(info));
        json!({
            "format": format_id(table.format),
            "offset": table.offset,
            "functions": table.functions,
            "packages": table.packages,
            "consistent": comparison.as_ref().map(Comparison::is_consistent),
            "contradictions": comparison.as_ref().map(contradictions),
        })
    });
    json!({
        "runtimeCopy": match &records.runtime_copy {
            RuntimeCopy::Same => "same",
            RuntimeCopy::Differs { .. } => "differs",
            _ => "absent",
        },
        "functionTable": table,
    })
}

fn module_json(module: &Module) -> Value {
    let replace = |by: &Module| {
        let sum = by.sum.as_ref().map(|sum| sum.as_str());
        json!({ "path": by.path, "version": by.version, "sum": sum })
    };
    json!({
        "path": module.path,
        "version": module.version,
        "sum": module.sum.as_ref().map(|sum| sum.as_str()),
        "replace": module.replace.as_deref().map(replace),
    })
}

fn module(module: &Module) -> String {
    let mut text = format!("{} {}", module.path, module.version);
    if let Some(sum) = &module.sum {
        text.push_str(&paint(FAINT, &format!(" {}", sum.as_str())));
    }
    if let Some(replacement) = &module.replace {
        text.push_str(&format!(" => {} {}", replacement.path, replacement.version));
    }
    text
}

fn linkage(linkage: &Linkage) -> String {
    match linkage {
        Linkage::Static => "static".to_owned(),
        Linkage::Dynamic { interpreter, needed } => {
            let loader = interpreter.as_ref().map(|path| format!("loaded by {path}"));
            let needed = (!needed.is_empty()).then(|| format!("needs {}", needed.join(", ")));
            let parts: Vec<_> =
                ["dynamic".to_owned()].into_iter().chain(loader).chain(needed).collect();
            parts.join(", ")
        }
        _ => "unknown".to_owned(),
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Executable => "program",
        Kind::SharedLibrary => "shared library",
        Kind::Object => "object file",
        _ => "unknown",
    }
}

fn relro_name(relro: Relro) -> &'static str {
    match relro {
        Relro::Absent => "absent",
        Relro::Partial => "partial",
        Relro::Full => "full",
        _ => "unknown",
    }
}

fn table_format(format: TableFormat) -> &'static str {
    match format {
        TableFormat::Go1_2 => "of Go 1.2 to 1.15",
        TableFormat::Go1_16 => "of Go 1.16 and 1.17",
        TableFormat::Go1_18 => "of Go 1.18 and 1.19",
        TableFormat::Go1_20 => "of Go 1.20 or later",
        _ => "of an unknown release",
    }
}

fn format_id(format: TableFormat) -> &'static str {
    match format {
        TableFormat::Go1_2 => "go1.2",
        TableFormat::Go1_16 => "go1.16",
        TableFormat::Go1_18 => "go1.18",
        TableFormat::Go1_20 => "go1.20",
        _ => "unknown",
    }
}

fn yes_no(fact: Option<bool>) -> &'static str {
    match fact {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}

fn hex(bytes: &[u8]) -> String {
    chainsign_core::encoding::hex_encode(bytes)
}
