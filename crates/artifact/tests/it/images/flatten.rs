//! Which files a container sees.

use chainsign_artifact::archive::NameFault;
use chainsign_artifact::image::WhiteoutFault;

use super::*;
use crate::make::Tar;
use crate::make_image::{digest, plain};

fn whiteout_fault(tar: &[u8], name: &str, fault: WhiteoutFault) -> ImageFault {
    ImageFault::Whiteout { layer: digest(tar).parse().unwrap(), name: name.to_owned(), fault }
}

#[test]
fn the_uppermost_file_of_a_name_is_seen() {
    let base = Tar::default().file("a", b"1").file("b", b"22").end();
    let upper = Tar::default().file("b", b"333").file("c", b"").end();
    assert_eq!(flattened(&[base, upper]), ["1 b: 3 bytes", "1 c: 0 bytes", "0 a: 1 bytes"]);
}

#[test]
fn whiteouts_remove_what_is_below() {
    let base = Tar::default()
        .file("a", b"")
        .file("d/x", b"")
        .file("d/y/z", b"")
        .file("e/x", b"")
        .file("kept", b"")
        .end();
    let upper = Tar::default()
        .file(".wh.a", b"")
        .file(".wh.d", b"")
        .file("e/.wh.x", b"")
        .file("e/.wh.nothing", b"")
        .end();
    assert_eq!(flattened(&[base.clone(), upper.clone()]), ["0 kept: 0 bytes"]);
    // And come back.
    let top = Tar::default().directory("d").file("d/x", b"1").file("a", b"").end();
    let wanted = ["2 d/x: 1 bytes", "2 a: 0 bytes", "0 kept: 0 bytes"];
    assert_eq!(flattened(&[base, upper, top]), wanted);
}

#[test]
fn opaque_directories_show_their_own_layer_only() {
    let base = Tar::default().file("d/x", b"").file("d/e/x", b"").file("kept", b"").end();
    let before = Tar::default().file("d/.wh..wh..opq", b"").file("d/y", b"");
    let after = Tar::default().file("d/y", b"").file("d/.wh..wh..opq", b"");
    for upper in [before, after] {
        let wanted = ["1 d/y: 0 bytes", "0 kept: 0 bytes"];
        assert_eq!(flattened(&[base.clone(), upper.end()]), wanted);
    }
    let everything = Tar::default().file("new", b"").file(".wh..wh..opq", b"").end();
    assert_eq!(flattened(&[base, everything]), ["1 new: 0 bytes"]);
}

#[test]
fn what_becomes_a_directory_or_ceases_to_be_one() {
    let directory = Tar::default().file("d/x", b"").end();
    let file = Tar::default().file("d", b"1").end();
    let link = Tar::default().link(b'2', "d", "elsewhere").end();
    let again = Tar::default().directory("d").file("d/y", b"").end();
    assert_eq!(flattened(&[directory.clone(), file.clone()]), ["1 d: 1 bytes"]);
    assert_eq!(flattened(&[directory.clone(), link.clone()]), [""; 0]);
    assert_eq!(flattened(&[link.clone(), again.clone()]), ["1 d/y: 0 bytes"]);
    // The link between them has removed what was in the directory below.
    for between in [file, link] {
        assert_eq!(flattened(&[directory.clone(), between, again.clone()]), ["2 d/y: 0 bytes"]);
    }
}

/// Some runtimes put `d/y` where the link leads, some replace the link by a directory.
#[test]
fn files_below_a_link_of_a_lower_layer_are_refused() {
    let link = Tar::default().link(b'2', "d", "elsewhere").end();
    let file = Tar::default().file("d", b"").end();
    let hard = Tar::default().file("a", b"").link(b'1', "d", "a").end();
    let uppers = [
        Tar::default().file("d/y", b""),
        Tar::default().file("d/.wh.y", b""),
        Tar::default().file("d/.wh..wh..opq", b""),
        Tar::default().directory("d/y"),
    ];
    for lower in [link.clone(), file, hard] {
        for upper in uppers.clone().map(Tar::end) {
            let wanted = ImageFault::BelowLink {
                name: "d".to_owned(),
                upper: digest(&upper).parse().unwrap(),
                lower: digest(&lower).parse().unwrap(),
            };
            assert_eq!(layers_fault(&plain(&[lower.clone(), upper])), wanted);
        }
    }
    // However much of it is hidden in the end.
    let upper = Tar::default().file("d/y", b"").end();
    let top = Tar::default().file(".wh.d", b"").end();
    let found = layers_fault(&plain(&[link.clone(), upper.clone(), top]));
    assert!(matches!(found, ImageFault::BelowLink { .. }), "{found:?}");
    // Unless it was removed before.
    for removed in [".wh.d", ".wh..wh..opq"] {
        let between = Tar::default().file(removed, b"").end();
        let layers = [link.clone(), between, upper.clone()];
        assert_eq!(flattened(&layers), ["2 d/y: 0 bytes"]);
    }
}

#[test]
fn whiteouts_are_empty_files_that_name_something_else() {
    let cases = [
        (Tar::default().file(".wh.a", b"x"), ".wh.a", WhiteoutFault::NotEmpty),
        (Tar::default().directory(".wh.a"), ".wh.a", WhiteoutFault::NotAFile),
        (Tar::default().link(b'2', ".wh.a", "b"), ".wh.a", WhiteoutFault::NotAFile),
        (Tar::default().entry(b'6', "d/.wh.a", b""), "d/.wh.a", WhiteoutFault::NotAFile),
        (Tar::default().file(".wh.a/b", b""), ".wh.a/b", WhiteoutFault::NotAFile),
        (Tar::default().directory(".wh..wh.plnk"), ".wh..wh.plnk", WhiteoutFault::NotAFile),
        (Tar::default().file(".wh.", b""), ".wh.", WhiteoutFault::Target),
        (Tar::default().file("d/.wh...", b""), "d/.wh...", WhiteoutFault::Target),
        (Tar::default().file(".wh..wh.aufs", b""), ".wh..wh.aufs", WhiteoutFault::Target),
        (Tar::default().file("a", b"").file(".wh.a", b""), ".wh.a", WhiteoutFault::Beside),
        (Tar::default().file(".wh.a", b"").file("a", b""), "a", WhiteoutFault::Beside),
        (Tar::default().file(".wh.a", b"").file("a/b", b""), "a/b", WhiteoutFault::Beside),
        (Tar::default().directory("a").file(".wh.a", b""), ".wh.a", WhiteoutFault::Beside),
        (Tar::default().file("a/.wh.b", b"").file(".wh.a", b""), ".wh.a", WhiteoutFault::Beside),
    ];
    for (tar, name, wanted) in cases {
        let tar = tar.end();
        assert_eq!(
            layers_fault(&plain(std::slice::from_ref(&tar))),
            whiteout_fault(&tar, name, wanted)
        );
    }
}

/// On AUFS all whiteouts were names of one file, and were written as such.
#[test]
fn whiteouts_may_be_links_to_whiteouts() {
    let base = Tar::default().file("a", b"").file("b", b"").file("c", b"").end();
    let upper = Tar::default().file(".wh.a", b"").link(b'1', ".wh.b", ".wh.a").end();
    assert_eq!(flattened(&[base, upper]), ["0 c: 0 bytes"]);
    let link = Tar::default().file("a", b"").link(b'1', ".wh.b", "a").end();
    let wanted = whiteout_fault(&link, ".wh.b", WhiteoutFault::NotAFile);
    assert_eq!(layers_fault(&plain(&[link])), wanted);
    let link = Tar::default().file(".wh.a", b"").link(b'1', "b", ".wh.a").end();
    let wanted = whiteout_fault(&link, ".wh.a", WhiteoutFault::NotAFile);
    assert_eq!(layers_fault(&plain(&[link])), wanted);
}

/// A program whose first name is hidden is still there under its others.
#[test]
fn hidden_files_are_found_by_their_other_names() {
    let program = go_program();
    let base = Tar::default()
        .file("bin/first", &program)
        .link(b'1', "bin/second", "bin/first")
        .link(b'1', "bin/third", "bin/second")
        .link(b'1', "bin/fourth", "bin/third")
        .file("bin/other", b"")
        .end();
    let wanted = [
        "0 bin/first: Go",
        "0 bin/second: same as bin/first",
        "0 bin/third: same as bin/first",
        "0 bin/fourth: same as bin/first",
        "0 bin/other: 0 bytes",
    ];
    assert_eq!(flattened(std::slice::from_ref(&base)), wanted);
    let upper = Tar::default().file("bin/.wh.first", b"").file("bin/third", b"").end();
    let wanted = [
        "1 bin/third: 0 bytes",
        "0 bin/other: 0 bytes",
        "0 bin/second: Go",
        "0 bin/fourth: same as bin/second",
    ];
    assert_eq!(flattened(&[base, upper]), wanted);
}

#[test]
fn hard_links_lead_to_files_of_their_own_layer() {
    let base = Tar::default().file("a", b"").end();
    let upper = Tar::default().link(b'1', "b", "a").end();
    let fault = Fault::DanglingLink { name: "b".to_owned(), target: "a".to_owned() };
    assert_eq!(layers_fault(&plain(&[base, upper.clone()])), layer_fault(&upper, fault));
}

#[test]
fn names_begin_at_the_root_with_or_without_a_slash() {
    // As ko writes them.
    let tar = Tar::default().directory("ko-app").file("/ko-app/app", b"x").end();
    assert_eq!(flattened(&[tar]), ["0 ko-app/app: 1 bytes"]);
    let tar = Tar::default().directory("/").file("/a", b"").link(b'1', "/b", "//a").end();
    let wanted = ["0 a: 0 bytes", "0 b: same as a"];
    assert_eq!(flattened(&[tar]), wanted);
    let base = Tar::default().file("/a", b"").end();
    let upper = Tar::default().file("/.wh.a", b"").end();
    assert_eq!(flattened(&[base, upper]), [""; 0]);
}

#[test]
fn names_that_mean_two_things_are_refused() {
    let twice = |name: &str| Fault::Twice { name: name.to_owned() };
    let named = |name: &str, fault| Fault::Name { name: name.to_owned(), fault };
    let cases = [
        (Tar::default().file("a", b"").file("/a", b""), twice("a")),
        (Tar::default().file("a", b"").file("./a", b""), twice("a")),
        (Tar::default().file("a", b"").directory("a"), twice("a")),
        (Tar::default().file("../a", b""), named("../a", NameFault::Parent)),
        (Tar::default().file("/../a", b""), named("../a", NameFault::Parent)),
        (Tar::default().file("d/", b""), named("d/", NameFault::Slash)),
        (
            Tar::default().link(b'2', "d", "e").file("d/a", b""),
            Fault::NotADirectory { name: "d/a".to_owned(), parent: "d".to_owned() },
        ),
    ];
    for (tar, wanted) in cases {
        let tar = tar.end();
        assert_eq!(layers_fault(&plain(std::slice::from_ref(&tar))), layer_fault(&tar, wanted));
    }
}

/// A container's links lead where its root is, wherever that is.
#[test]
fn links_of_a_file_system_may_be_absolute() {
    let tar = Tar::default().link(b'2', "a", "/etc/x").link(b'2', "b", "../../x").end();
    assert_eq!(flattened(&[tar]), [""; 0]);
}

#[test]
fn archives_in_images_are_looked_into() {
    let inner = Tar::default().file("tool", &go_program()).end();
    let tar = Tar::default().file("opt/tools.tar", &inner).end();
    assert_eq!(
        flattened(std::slice::from_ref(&tar)),
        ["0 opt/tools.tar!tool: Go", "0 opt/tools.tar: tar archive"]
    );
    let upper = Tar::default().file("opt/.wh.tools.tar", b"").end();
    assert_eq!(flattened(&[tar, upper]), [""; 0]);
}
