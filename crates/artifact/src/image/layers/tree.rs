//! Which names of a layer a container sees.
//!
//! Layers are read from the topmost down. Then a name is known to be hidden, or not, as soon as it
//! comes: nothing has to be read twice, and nothing is kept but a keyed hash of each name with what
//! the layers above say about it.

use std::collections::HashMap;

use crate::archive::names::{Keys, Name};

/// The names of the layers above, and of the one that is being read.
#[derive(Default)]
pub(super) struct Tree {
    keys: Keys,
    above: HashMap<u128, Above>,
    current: HashMap<u128, Mention>,
}

/// The place of a layer, 0 for the lowest.
pub(super) type Position = usize;

/// What the layers above say about a name.
#[derive(Clone, Copy, Default)]
struct Above {
    /// The lowest of them that hides what lies below the name, and in the layers below it.
    cut: Option<Position>,
    /// The lowest of them that has the name.
    mentioned: Position,
    /// Whether that one only has something below it.
    implied: bool,
    /// Whether nothing below has the name any more.
    taken: bool,
}

/// How the layer that is being read has a name.
#[derive(Clone, Copy, Default)]
struct Mention {
    /// A directory, in its own right.
    directory: bool,
    /// A directory, because something lies in it.
    implied: bool,
    /// Anything else.
    file: bool,
    /// The layers below have none of the name.
    removed: bool,
    /// The layers below have nothing in the directory.
    emptied: bool,
}

/// A name that a layer has as well as a whiteout for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Beside;

/// What a file of a layer is to a container.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Visible,
    Hidden,
    /// The layer `upper` has files below the name, which it does not make a directory.
    Below {
        upper: Position,
    },
}

impl Tree {
    /// A file, a link or a device.
    pub(super) fn file(&mut self, name: &Name) -> Result<(), Beside> {
        self.mention(name, |mention| mention.file = true)
    }

    pub(super) fn directory(&mut self, name: &Name) -> Result<(), Beside> {
        self.mention(name, |mention| mention.directory = true)
    }

    /// The layers below have none of this name.
    pub(super) fn remove(&mut self, name: &Name) -> Result<(), Beside> {
        self.mention(name, |mention| mention.removed = true)
    }

    /// The layers below have nothing in this directory.
    pub(super) fn empty(&mut self, name: &Name) -> Result<(), Beside> {
        self.mention(name, |mention| {
            mention.emptied = true;
            mention.implied = true;
        })
    }

    /// What the layers above make of a file, link or device.
    pub(super) fn sight(&self, name: &Name) -> Sight {
        let above = |name: &[u8]| self.above.get(&self.keys.of(name)).copied().unwrap_or_default();
        let own = above(name.bytes());
        let cuts = name.ancestors().chain([&b""[..]]).filter_map(|name| above(name).cut);
        let cut = cuts.min();
        // Unless a layer between the two has removed it.
        let between = cut.into_iter().chain(own.cut).any(|cut| cut < own.mentioned);
        if own.implied && !between {
            return Sight::Below { upper: own.mentioned };
        }
        if own.taken || cut.is_some() { Sight::Hidden } else { Sight::Visible }
    }

    /// The layer was read to its end: what it says holds for those below.
    pub(super) fn descend(&mut self, position: Position) {
        for (key, mention) in self.current.drain() {
            let above = self.above.entry(key).or_default();
            if mention.file || mention.removed || mention.emptied {
                above.cut = Some(position);
            }
            above.mentioned = position;
            above.implied = mention.implied && !mention.directory;
            above.taken = true;
        }
    }

    pub(super) fn key(&self, name: &Name) -> u128 {
        self.keys.of(name.bytes())
    }

    fn mention(&mut self, name: &Name, note: impl FnOnce(&mut Mention)) -> Result<(), Beside> {
        for ancestor in name.ancestors() {
            let mention = self.current.entry(self.keys.of(ancestor)).or_default();
            mention.implied = true;
            mention.check()?;
        }
        let mention = self.current.entry(self.keys.of(name.bytes())).or_default();
        note(mention);
        mention.check()
    }
}

impl Mention {
    fn check(self) -> Result<(), Beside> {
        let has_name = self.directory || self.implied || self.file;
        if self.removed && has_name { Err(Beside) } else { Ok(()) }
    }
}
