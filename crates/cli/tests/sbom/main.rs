//! `sbom` over files, folders, archives and images, `sbom --diff`, and the card of `inspect`.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod images;
#[path = "../support/mod.rs"]
mod support;

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{Desk, Ran, SHIPCHECK};

const TOML: &str = "github.com/BurntSushi/toml";

/// A shrunk real binary of `testdata/gosbom`.
fn fixture(name: &str) -> Vec<u8> {
    let file = std::fs::read(testdata("gosbom/real").join(format!("{name}.gz"))).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file.as_slice()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(path)
}

fn applications(document: &Value) -> Vec<(&str, Vec<&str>)> {
    let components = document["components"].as_array().unwrap().iter();
    let places = |component: &Value| -> Vec<_> {
        let occurrences = component["evidence"]["occurrences"].as_array().cloned();
        occurrences.unwrap_or_default().into_iter().map(|it| it["location"].clone()).collect()
    };
    components
        .filter(|component| component["type"] == "application")
        .map(|component| {
            let name = component["name"].as_str().unwrap();
            let count = places(component).len();
            let places = (0..count).map(|number| {
                component["evidence"]["occurrences"][number]["location"].as_str().unwrap()
            });
            (name, places.collect())
        })
        .collect()
}

fn aggregates(document: &Value) -> Vec<&str> {
    let compositions = document["compositions"].as_array().unwrap().iter();
    compositions.map(|it| it["aggregate"].as_str().unwrap()).collect()
}

/// A download that broke off looks like a binary without build information: the hint says so.
#[test]
fn a_file_that_is_cut_off() {
    let desk = Desk::new();
    let whole = std::fs::read(SHIPCHECK).unwrap();
    desk.write("cut", &whole[..3_000_000]);
    desk.run(&["sbom", "cut"])
        .exits(2)
        .says("error: cut: Go binary without build information: ELF file")
        .says("its build information was removed, or the file is cut off");
}

#[test]
fn every_format_and_version() {
    let desk = Desk::new();
    for version in ["1.4", "1.5", "1.6", "1.7"] {
        let document = desk.run(&["sbom", "--spec-version", version, SHIPCHECK]).exits(0).json();
        assert_eq!(document["specVersion"], version);
        assert_eq!(document["metadata"]["component"]["name"], "example.com/acme/shipcheck");
    }
    let ran = desk.run(&["sbom", SHIPCHECK]).exits(0);
    assert_eq!(ran.json()["specVersion"], "1.6");
    assert_eq!(ran.stderr, "");
    for version in [&["--spec-version", "2.3"][..], &[]] {
        let mut arguments = vec!["sbom", "--format", "spdx-json", SHIPCHECK];
        arguments.extend(version);
        assert_eq!(desk.run(&arguments).exits(0).json()["spdxVersion"], "SPDX-2.3");
    }
    desk.run(&["sbom", "--spec-version", "2.3", SHIPCHECK]).exits(2).says(
        "error: 2.3 is a version of SPDX, wanted one of CycloneDX\n\
         hint: add --format spdx-json, or choose 1.4, 1.5, 1.6 or 1.7",
    );
    desk.run(&["sbom", "--format", "spdx-json", "--spec-version", "1.6", SHIPCHECK])
        .exits(2)
        .says("error: SPDX is written in version 2.3 only");
    desk.run(&["sbom", "--spec-version", "1.3", SHIPCHECK]).exits(2).says("invalid value '1.3'");
}

#[test]
fn the_digest_is_the_files_own() {
    let desk = Desk::new();
    let digest =
        chainsign_core::digest::DigestAlgorithm::Sha256.digest(&std::fs::read(SHIPCHECK).unwrap());
    let main = &desk.run(&["sbom", SHIPCHECK]).exits(0).json()["metadata"]["component"];
    assert_eq!(main["hashes"][0]["content"], digest.hex());
    assert_eq!(main["hashes"].as_array().unwrap().len(), 1);
    let without = desk.run(&["sbom", "--no-file-hash", SHIPCHECK]).exits(0).json();
    assert_eq!(without["metadata"]["component"]["hashes"], Value::Null);
    assert_eq!(without["serialNumber"], Value::Null);
}

#[test]
fn packages_are_listed_when_asked_for() {
    let desk = Desk::new();
    let count = |arguments: &[&str]| {
        let document = desk.run(arguments).exits(0).json();
        let components = document["components"].as_array().unwrap();
        components.iter().filter_map(|it| it["components"].as_array()).flatten().count()
    };
    assert_eq!(count(&["sbom", SHIPCHECK]), 0);
    let packages = count(&["sbom", "--packages", SHIPCHECK]);
    assert!(packages > 100, "{packages}");
    assert_eq!(count(&["sbom", "--packages", "--no-file-hash", SHIPCHECK]), packages);
    let document = desk.run(&["sbom", "--packages", SHIPCHECK]).exits(0).stdout;
    desk.write("packages.json", &document);
    desk.run(&["sbom", "--diff", SHIPCHECK, "packages.json"]).exits(0);
}

#[test]
fn standard_input_and_an_output_file() {
    let desk = Desk::new();
    let mut command = desk.command(&["sbom", "--output", "sbom.json", "-"]);
    command.stdin(std::fs::File::open(SHIPCHECK).unwrap());
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_eq!(desk.files(), ["sbom.json"]);
    assert!(desk.read("sbom.json").contains("pkg:golang/github.com/BurntSushi/toml@v1.6.0"));
    desk.run(&["sbom", "--output", "none/sbom.json", "missing"])
        .exits(2)
        .says("error: cannot write none/sbom.json: no such file or directory");
    desk.run(&["sbom", "--output", "sbom.json", "missing"]).exits(2).says("missing does not exist");
    assert!(desk.read("sbom.json").contains("bomFormat"), "an error leaves what was there");
}

fn tree() -> Desk {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("dist/bin/more")).unwrap();
    desk.write("dist/README.md", "not a program\n");
    desk.write("dist/bin/linux", fixture("rich-linux-amd64"));
    desk.write("dist/bin/more/copy", fixture("rich-linux-amd64"));
    desk.write("dist/bin/tool.exe", fixture("rich-windows-amd64"));
    desk.write("dist/bin/module.wasm", fixture("toy-js-wasm"));
    desk
}

#[test]
fn a_folder_is_one_document_with_a_component_for_each_binary() {
    let desk = tree();
    let ran = desk.run(&["sbom", "dist"]).exits(0).says("4 Go binaries, 1 other file");
    let document = ran.json();
    assert_eq!(document["metadata"]["component"]["name"], "dist");
    let mut found = applications(&document);
    found.sort();
    assert_eq!(
        found,
        [
            ("example.com/Acme/rich", vec!["bin/linux", "bin/more/copy"]),
            ("example.com/Acme/rich", vec!["bin/tool.exe"]),
            ("example.com/Toy/app", vec!["bin/module.wasm"]),
        ]
    );
    assert_eq!(aggregates(&document), ["complete", "unknown"]);
    for _ in 0..3 {
        assert_eq!(desk.run(&["sbom", "dist"]).exits(0).stdout, ran.stdout);
    }
    let spdx = desk.run(&["sbom", "--format", "spdx-json", "dist"]).exits(0).json();
    assert_eq!(spdx["name"], "dist");
    // `.` is called what it is called elsewhere.
    let mut command = desk.command(&["sbom", "."]);
    let here = command.current_dir(desk.path("dist")).output().unwrap();
    assert_eq!(String::from_utf8(here.stdout).unwrap(), ran.stdout);
}

#[test]
fn several_paths_are_one_document() {
    let desk = tree();
    desk.write("note.txt", "text");
    let ran = desk.run(&["sbom", SHIPCHECK, "dist/bin", "note.txt"]).exits(0);
    let document = ran.json();
    assert_eq!(document["metadata"]["component"]["name"], "shipcheck and 2 more");
    let places: Vec<_> =
        applications(&document).into_iter().flat_map(|(_, places)| places).collect();
    assert!(places.contains(&SHIPCHECK) && places.contains(&"dist/bin/more/copy"), "{places:?}");
    // What was named is not passed over in silence.
    let ran = ran.says("warning: note.txt: not an executable: the file starts with \"text\"");
    assert_eq!(ran.stderr.lines().last(), Some("5 Go binaries, 1 other file"));
    desk.run(&["sbom", SHIPCHECK, "missing"]).exits(2).says("error: missing does not exist");
}

#[test]
fn archives_and_packages() {
    let desk = Desk::new();
    let archives = ["app.apk", "app.deb", "app.zip", "gnu.tar.gz", "gnu.tar.zst", "pax.tar.xz"];
    for name in archives {
        let path = testdata("archives").join(name);
        let document = desk.run(&["sbom", path.to_str().unwrap()]).exits(0).json();
        assert_eq!(document["metadata"]["component"]["name"], name);
        assert_eq!(document["metadata"]["component"]["type"], "file");
        assert!(document["serialNumber"].is_string(), "{name}");
        let found = applications(&document);
        assert!(!found.is_empty(), "{name}");
        for (_, places) in found {
            assert!(places.iter().all(|place| !place.contains(name)), "{name}: {places:?}");
        }
        std::fs::copy(&path, desk.path(name)).unwrap();
    }
    // In a folder they are looked into too, and their own names are part of the place.
    let document = desk.run(&["sbom", "."]).exits(0).json();
    let found = applications(&document);
    let places: Vec<_> = found.into_iter().flat_map(|(_, places)| places).collect();
    for name in archives {
        let inside = format!("{name}!");
        assert!(places.iter().any(|place| place.starts_with(&inside)), "{name}: {places:?}");
    }
}

/// A tar archive of one kind of entry: (name, hard link target or content).
fn tar(entries: &[(&str, Result<&[u8], &str>)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, entry) in entries {
        let (content, link): (&[u8], &str) = match entry {
            Ok(content) => (content, ""),
            Err(target) => (&[], target),
        };
        let mut header = [0; 512];
        let mut put = |at: usize, text: &str| {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        };
        put(0, name);
        put(100, "0000755\0");
        put(124, &format!("{:011o}\0", content.len()));
        put(136, "00000000000\0");
        put(148, "        ");
        put(156, if link.is_empty() { "0" } else { "1" });
        put(157, link);
        put(257, "ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend(header);
        archive.extend(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.extend([0; 1024]);
    archive
}

#[test]
fn a_hard_link_is_another_place() {
    let desk = Desk::new();
    let program = fixture("rich-linux-amd64");
    let entries = [("bin/a", Ok(program.as_slice())), ("bin/b", Err("bin/a")), ("doc", Ok(b"x"))];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar(&entries)).unwrap();
    desk.write("app.tar.gz", gzip.finish().unwrap());
    let ran = desk.run(&["sbom", "app.tar.gz"]).exits(0).says("2 Go binaries, 1 other file");
    assert_eq!(applications(&ran.json()), [("example.com/Acme/rich", vec!["bin/a", "bin/b"])]);
}

#[test]
fn nothing_found_is_an_error() {
    let desk = Desk::new();
    desk.write("text", "not a program\n");
    desk.write("empty.tar", tar(&[("a", Ok(b"x")), ("b", Ok(b"y"))]));
    let before = desk.files();
    desk.run(&["sbom", "."]).exits(2).says(
        "error: found no Go binary in . (3 other files)\n\
         hint: name a folder, archive or file with a Go program in it",
    );
    let ran = desk.run(&["sbom", "--output", "sbom.json", "empty.tar"]).exits(2);
    let ran = ran.says("error: found no Go binary in empty.tar (2 other files)");
    assert_eq!(ran.stdout, "");
    assert_eq!(desk.files(), before, "something was written");
}

#[test]
fn what_cannot_be_looked_into_is_said() {
    let desk = tree();
    let mut broken = tar(&[("bin/a", Ok(fixture("rich-linux-amd64").as_slice()))]);
    broken.truncate(broken.len() / 2);
    desk.write("dist/broken.tar", &broken);
    // A hand-made ELF header with nothing behind it.
    let mut elf = fixture("rich-linux-amd64");
    elf.truncate(40);
    desk.write("dist/bin/cut", elf);
    let ran = desk.run(&["sbom", "dist"]).exits(0);
    let document = ran.json();
    assert_eq!(aggregates(&document), ["incomplete", "complete", "unknown"]);
    let ran = ran.says("warning: bin/cut: malformed ELF file");
    let ran = ran.says("warning: broken.tar: ");
    assert!(ran.stderr.ends_with("4 Go binaries, 1 other file\n"), "{}", ran.stderr);
    // Named alone, it is an error.
    desk.write("broken.tar", &broken);
    desk.run(&["sbom", "broken.tar"])
        .exits(2)
        .says("error: cannot look into broken.tar: the tar archive ends in the middle of")
        .says("hint: unpack it with a tool that you trust, and name the folder");
}

fn diff(desk: &Desk, first: &str, second: &str) -> Ran {
    desk.run(&["sbom", "--diff", first, second])
}

/// Our own SBOM with one module changed by the caller.
fn changed(desk: &Desk, name: &str, change: impl FnOnce(&mut Vec<Value>)) {
    let mut document = desk.run(&["sbom", SHIPCHECK]).exits(0).json();
    change(document["components"].as_array_mut().unwrap());
    desk.write(name, document.to_string());
}

fn at(components: &[Value], name: &str) -> usize {
    components.iter().position(|component| component["name"] == name).unwrap()
}

#[test]
fn a_binary_and_its_sbom_are_equal_in_either_order() {
    let desk = Desk::new();
    changed(&desk, "own.json", |_| {});
    let spdx = desk.run(&["sbom", "--format", "spdx-json", SHIPCHECK]).exits(0).stdout;
    desk.write("own.spdx.json", spdx);
    let same = "the binary and the SBOM have the same modules\n";
    assert_eq!(diff(&desk, SHIPCHECK, "own.json").exits(0).stdout, same);
    assert_eq!(diff(&desk, "own.json", SHIPCHECK).exits(0).stdout, same);
    assert_eq!(diff(&desk, "own.spdx.json", SHIPCHECK).exits(0).stdout, same);
    assert_eq!(
        diff(&desk, SHIPCHECK, SHIPCHECK).exits(0).stdout,
        "the first binary and the second binary have the same modules\n"
    );
}

#[test]
fn what_an_sbom_leaves_out_adds_or_changes_is_reported() {
    let desk = Desk::new();
    changed(&desk, "removed.json", |components| {
        let place = at(components, TOML);
        components.remove(place);
    });
    let ran = diff(&desk, SHIPCHECK, "removed.json").exits(1);
    assert_eq!(ran.stdout, format!("only in the binary: {TOML} v1.6.0\n"));
    changed(&desk, "added.json", |components| {
        let purl = "pkg:golang/evil.example/e@v1.0.0";
        components.push(serde_json::json!({ "type": "library", "name": "e", "purl": purl }));
    });
    let ran = diff(&desk, "added.json", SHIPCHECK).exits(1);
    assert_eq!(ran.stdout, "only in the SBOM: evil.example/e v1.0.0\n");
    changed(&desk, "version.json", |components| {
        let place = at(components, TOML);
        components[place]["purl"] = format!("pkg:golang/{TOML}@v1.5.0").into();
    });
    let ran = diff(&desk, SHIPCHECK, "version.json").exits(1);
    let wanted = format!("version differs: {TOML}: the binary has v1.6.0, the SBOM v1.5.0\n");
    assert_eq!(ran.stdout, wanted);
    changed(&desk, "sum.json", |components| {
        let place = at(components, TOML);
        components[place]["properties"][0]["value"] = "h1:AAAA".into();
    });
    let ran = diff(&desk, SHIPCHECK, "sum.json").exits(1);
    assert!(ran.stdout.starts_with(&format!("sum differs: {TOML} v1.6.0: ")), "{}", ran.stdout);
}

#[test]
fn differences_as_json_and_into_a_file() {
    let desk = Desk::new();
    changed(&desk, "removed.json", |components| {
        let place = at(components, TOML);
        components.remove(place);
    });
    let json = ["sbom", "--diff-format", "json", "--diff", "removed.json", SHIPCHECK];
    let ran = desk.run(&json).exits(1);
    let document = ran.json();
    assert_eq!(document["schema"], "chainsign.sbom-diff/v1");
    assert_eq!(document["outcome"], "different");
    assert_eq!(document["actual"]["kind"], "binary");
    assert_eq!(document["stated"], serde_json::json!({ "path": "removed.json", "kind": "sbom" }));
    assert_eq!(document["missing"], serde_json::json!([{ "path": TOML, "version": "v1.6.0" }]));
    assert_eq!(document["extra"], serde_json::json!([]));
    let mut to_file = json.to_vec();
    to_file.extend(["--output", "report.json"]);
    assert_eq!(desk.run(&to_file).exits(1).stdout, "");
    assert_eq!(desk.read("report.json"), ran.stdout);
    let failed = ["sbom", "--diff-format", "json", "--diff", "none", SHIPCHECK];
    let failed = desk.run(&failed).exits(2).json();
    assert_eq!(failed["failure"]["reason"], "no-such-file");
}

#[test]
fn what_cannot_be_compared_is_undecided() {
    let desk = Desk::new();
    desk.write("text", "not a program\n");
    desk.write("other.json", r#"{"predicateType": "x"}"#);
    desk.write("purl.json", r#"{"bomFormat":"CycloneDX","components":[{"purl":"pkg:golang/"}]}"#);
    diff(&desk, SHIPCHECK, "text").exits(2).says("error: text: the SBOM cannot be parsed");
    diff(&desk, SHIPCHECK, "other.json").exits(2).says(
        "error: other.json: neither a CycloneDX nor an SPDX 2 document in JSON\n\
         hint: compared are Go binaries, and CycloneDX and SPDX 2 documents in JSON",
    );
    diff(&desk, SHIPCHECK, "purl.json").exits(2).says("wrong package URL, \"pkg:golang/\"");
    diff(&desk, SHIPCHECK, "none").exits(2).says("none does not exist");
    desk.run(&["sbom", "--diff", SHIPCHECK]).exits(2).says("--diff compares two paths, found 1");
    desk.run(&["sbom", "--diff", "--packages", SHIPCHECK, "x"]).exits(2).says("cannot be used");
    desk.run(&["sbom", "--diff-format", "json", SHIPCHECK]).exits(2).says("--diff");
}

#[test]
fn the_card_of_a_binary() {
    let desk = Desk::new();
    let ran = desk.run(&["inspect", SHIPCHECK]).exits(0);
    let wanted = [
        "Go binary",
        "  container            ELF file, 4477090 bytes",
        "  platform             linux/amd64",
        "  kind                 program",
        "  linkage              static",
        "  hardening            position independent no, RELRO absent, bound at start no, executable stack no",
        "  stripped             yes",
    ];
    assert_eq!(ran.stdout.lines().take(wanted.len()).collect::<Vec<_>>(), wanted);
    for line in [
        "  linker's id          679571145de5bf3d7a417c2c17e658028956e204",
        "  Go                   go1.26.8",
        "  build information    at byte 4329472, by its header",
        "  runtime's copy       the same module list",
        "  function table       of Go 1.20 or later, 4543 functions of 135 packages",
        "  setting              vcs.modified=false",
    ] {
        assert!(ran.stdout.contains(&format!("\n{line}\n")), "wanted {line:?} in\n{}", ran.stdout);
    }
    let content = desk.run(&["inspect", "--output", "json", SHIPCHECK]).exits(0).json();
    let slice = &content["content"]["slices"][0];
    assert_eq!(slice["relro"], "absent");
    assert_eq!(slice["static"], true);
    assert_eq!(slice["buildInfo"]["source"], "header");
    assert_eq!(slice["secondRecords"]["runtimeCopy"], "same");
    let table = &slice["secondRecords"]["functionTable"];
    assert_eq!(table["format"], "go1.20");
    assert_eq!(table["consistent"], true);
    assert_eq!(table["packages"].as_array().unwrap().len(), 135);
}

#[test]
fn the_card_names_libraries_hardening_and_the_signature() {
    let desk = Desk::new();
    desk.write("cgo", fixture("cgo-linux-amd64-pie-now"));
    let card = desk.run(&["inspect", "cgo"]).exits(0).stdout;
    let linkage =
        "  linkage              dynamic, loaded by /lib64/ld-linux-x86-64.so.2, needs libc.so.6\n";
    assert!(card.contains(linkage), "{card}");
    let hardening =
        "position independent yes, RELRO full, bound at start yes, executable stack no\n";
    assert!(card.contains(hardening), "{card}");
    desk.write("mac", fixture("rich-darwin-arm64"));
    let card = desk.run(&["inspect", "mac"]).exits(0).stdout;
    assert!(card.contains("code signature       hashes only"), "{card}");
    let json = desk.run(&["inspect", "--output", "json", "mac"]).exits(0).json();
    assert_eq!(json["content"]["slices"][0]["codeSignature"], "ad-hoc");
}

/// Editing the build information alone leaves two other records that say what was built.
#[test]
fn the_card_shows_that_the_build_information_was_edited() {
    let desk = Desk::new();
    let mut bytes = std::fs::read(SHIPCHECK).unwrap();
    let (line, lie) =
        ("dep\tgithub.com/BurntSushi/toml\tv1.6.0", "dep\tgithub.com/BurntSushi/toml\tv1.9.0");
    // The linker's own copy stands in the data, behind the runtime's in the read-only data.
    let places: Vec<_> = bytes
        .windows(line.len())
        .enumerate()
        .filter_map(|(place, bytes)| (bytes == line.as_bytes()).then_some(place))
        .collect();
    assert_eq!(places.len(), 2, "the linker's copy and the runtime's");
    bytes[places[1]..places[1] + lie.len()].copy_from_slice(lie.as_bytes());
    desk.write("edited", bytes);
    let card = desk.run(&["inspect", "edited"]).exits(0).stdout;
    assert!(card.contains("ANOTHER module list: one was changed after linking"), "{card}");
    let contradiction = "contradiction        github.com/BurntSushi/toml is listed as v1.9.0, compiled in is v1.6.0";
    assert!(card.contains(contradiction), "{card}");
}
