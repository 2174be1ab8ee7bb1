//! The other way round: layers applied from the lowest up, as runtimes do, to a tree in memory. Both
//! ways must show the same files, or refuse the same images.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::make::Tar;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    File,
    Link,
    Directory,
    Removed,
    Emptied,
}

const NAMES: [&str; 7] = ["a", "b", "a/a", "a/b", "b/a", "a/a/a", "a/a/b"];

fn layer() -> impl Strategy<Value = BTreeMap<&'static str, Step>> {
    let step = prop_oneof![
        3 => Just(Step::File),
        2 => Just(Step::Link),
        2 => Just(Step::Directory),
        2 => Just(Step::Removed),
        1 => Just(Step::Emptied),
    ];
    prop::collection::btree_map(prop::sample::select(&NAMES[..]), step, 0..4)
        .prop_filter("a tar that is good by itself", is_good)
}

fn ancestors(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(at, _)| &name[..at])
}

/// Nothing lies below a file or a whiteout.
fn is_good(layer: &BTreeMap<&'static str, Step>) -> bool {
    let is_flat =
        |name: &str| matches!(layer.get(name), Some(Step::File | Step::Link | Step::Removed));
    !layer.keys().any(|name| ancestors(name).any(is_flat))
}

fn tar(layer: &BTreeMap<&'static str, Step>) -> Vec<u8> {
    let tar = layer.iter().fold(Tar::default(), |tar, (name, step)| match step {
        Step::File => tar.file(name, b""),
        Step::Link => tar.link(b'2', name, "elsewhere"),
        Step::Directory => tar.directory(name),
        Step::Removed => {
            let (parent, last) = name.rsplit_once('/').unwrap_or(("", name));
            let slash = if parent.is_empty() { "" } else { "/" };
            tar.file(&format!("{parent}{slash}.wh.{last}"), b"")
        }
        Step::Emptied => tar.file(&format!("{name}/.wh..wh..opq"), b""),
    });
    tar.end()
}

/// What is there: the layer it comes from, and what it is.
type State = BTreeMap<String, (usize, Step)>;

/// `None` where runtimes differ.
fn applied(layers: &[BTreeMap<&'static str, Step>]) -> Option<BTreeSet<String>> {
    let mut state = State::new();
    for (position, layer) in layers.iter().enumerate() {
        let implied = |name: &'static str, step: Step| {
            let own = (step == Step::Emptied).then_some(name);
            ancestors(name).chain(own).collect::<Vec<_>>()
        };
        for parent in layer.iter().flat_map(|(name, step)| implied(name, *step)) {
            let is_directory = layer.get(parent) == Some(&Step::Directory);
            let below = state.get(parent).is_some_and(|(_, step)| *step != Step::Directory);
            if !is_directory && below {
                return None;
            }
        }
        for (name, step) in layer {
            let below = format!("{name}/");
            match step {
                Step::Removed | Step::File | Step::Link => {
                    state.retain(|other, _| other != name && !other.starts_with(&below));
                }
                Step::Emptied => state.retain(|other, _| !other.starts_with(&below)),
                Step::Directory => {}
            }
        }
        for (name, step) in layer {
            for parent in implied(name, *step) {
                state.insert(parent.to_owned(), (position, Step::Directory));
            }
            if matches!(step, Step::File | Step::Link | Step::Directory) {
                state.insert((*name).to_owned(), (position, *step));
            }
        }
    }
    let files = state.into_iter().filter(|(_, (_, step))| *step == Step::File);
    Some(files.map(|(name, (position, _))| format!("{position} {name}: 0 bytes")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn from_the_top_down_or_from_the_bottom_up(layers in prop::collection::vec(layer(), 1..5)) {
        let tars: Vec<_> = layers.iter().map(tar).collect();
        let (_folder, images) = image_of(&make::plain(&tars));
        let found = files_within(&images.all()[0], &Limits::default());
        match applied(&layers) {
            Some(wanted) => prop_assert_eq!(found.unwrap().into_iter().collect::<BTreeSet<_>>(), wanted),
            None => {
                let is_refused = matches!(
                    &found,
                    Err(Error::Image { fault: ImageFault::BelowLink { .. }, .. })
                );
                prop_assert!(is_refused, "{:?}", found);
            }
        }
    }
}
