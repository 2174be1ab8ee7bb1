use std::collections::HashMap;

use chainsign_core::digest::ArtifactDigest;

use super::Stop;
use super::tree::{Beside, Position, Sight, Tree};
use super::whiteout::{Meaning, has_whiteout};
use crate::archive::names::Name;
use crate::archive::tar::{Content, Visitor};
use crate::archive::{self, Walker};
use crate::image::{ImageFault, WhiteoutFault};

/// Takes the entries of one layer, and hands on the files that are not hidden.
pub(super) struct Flatten<'a, 'w> {
    pub(super) diff_ids: &'a [ArtifactDigest],
    pub(super) position: Position,
    pub(super) tree: &'a mut Tree,
    pub(super) walker: Walker<'w>,
    links: Links,
}

/// The hard links of one layer.
#[derive(Default)]
pub(super) struct Links {
    /// The file that each is another name of.
    files: HashMap<u128, Name>,
    /// Files that are hidden, but have other names that are not: those names, in order.
    orphans: HashMap<u128, Vec<Name>>,
}

impl<'a, 'w> Flatten<'a, 'w> {
    pub(super) fn new(
        diff_ids: &'a [ArtifactDigest],
        position: Position,
        tree: &'a mut Tree,
        walker: Walker<'w>,
    ) -> Self {
        Flatten { diff_ids, position, tree, walker, links: Links::default() }
    }

    /// What is to be read again, because it was hidden when it came and has another name.
    pub(super) fn finish(self) -> Links {
        self.links
    }

    fn is_visible(&self, name: &Name) -> Result<bool, ImageFault> {
        match self.tree.sight(name) {
            Sight::Visible => Ok(true),
            Sight::Hidden => Ok(false),
            Sight::Below { upper } => Err(ImageFault::BelowLink {
                name: name.text(),
                upper: self.diff_ids[upper].clone(),
                lower: self.diff_ids[self.position].clone(),
            }),
        }
    }

    /// Takes note of a whiteout; `false` means that the name is that of a file.
    fn whiteout(&mut self, name: &Name) -> Result<bool, ImageFault> {
        let meaning = Meaning::of(name).map_err(|fault| self.fault(name, fault))?;
        let noted = match &meaning {
            Meaning::File => return Ok(false),
            Meaning::Removed(target) => self.tree.remove(target),
            Meaning::Emptied(directory) => self.tree.empty(directory),
        };
        noted.map_err(|Beside| self.fault(name, WhiteoutFault::Beside))?;
        Ok(true)
    }

    fn note_file(&mut self, name: &Name) -> Result<(), ImageFault> {
        let noted = self.tree.file(name);
        noted.map_err(|Beside| self.fault(name, WhiteoutFault::Beside))
    }

    fn refuse_whiteout(&self, name: &Name) -> Result<(), ImageFault> {
        match has_whiteout(name) {
            true => Err(self.fault(name, WhiteoutFault::NotAFile)),
            false => Ok(()),
        }
    }

    fn fault(&self, name: &Name, fault: WhiteoutFault) -> ImageFault {
        let layer = self.diff_ids[self.position].clone();
        ImageFault::Whiteout { layer, name: name.text(), fault }
    }
}

impl Visitor for Flatten<'_, '_> {
    type Error = Stop;

    fn file(&mut self, name: &Name, content: &mut Content<'_>) -> Result<(), Stop> {
        if self.whiteout(name)? {
            return match content.size() {
                0 => Ok(()),
                _ => Err(self.fault(name, WhiteoutFault::NotEmpty).into()),
            };
        }
        self.note_file(name)?;
        if self.is_visible(name)? {
            self.walker.file(name.text(), content.size(), content.permissions(), content)?;
        }
        Ok(())
    }

    fn hard_link(&mut self, name: &Name, target: &Name) -> Result<(), Stop> {
        // On the file system AUFS, all whiteouts were one file.
        if has_whiteout(target) && self.whiteout(name)? {
            return Ok(());
        }
        self.refuse_whiteout(name)?;
        self.refuse_whiteout(target)?;
        self.note_file(name)?;
        let target_key = self.tree.key(target);
        let file = self.links.files.get(&target_key).unwrap_or(target).clone();
        if self.is_visible(name)? {
            match self.is_visible(&file)? {
                true => self.walker.hard_link(name.text(), file.text()),
                false => {
                    let key = self.tree.key(&file);
                    self.links.orphans.entry(key).or_default().push(name.clone());
                }
            }
        }
        self.links.files.insert(self.tree.key(name), file);
        Ok(())
    }

    fn symbolic_link(&mut self, name: &Name, _: &[u8]) -> Result<(), Stop> {
        self.special(name)
    }

    fn special(&mut self, name: &Name) -> Result<(), Stop> {
        self.refuse_whiteout(name)?;
        self.note_file(name)?;
        self.is_visible(name)?;
        Ok(())
    }

    fn directory(&mut self, name: &Name) -> Result<(), Stop> {
        self.refuse_whiteout(name)?;
        let noted = self.tree.directory(name);
        Ok(noted.map_err(|Beside| self.fault(name, WhiteoutFault::Beside))?)
    }
}

impl Links {
    pub(super) fn has_orphans(&self) -> bool {
        !self.orphans.is_empty()
    }
}

/// Takes the same layer again, for the files that only a hard link shows.
pub(super) struct Adopt<'a, 'w> {
    pub(super) links: Links,
    pub(super) tree: &'a Tree,
    pub(super) walker: Walker<'w>,
}

impl Visitor for Adopt<'_, '_> {
    type Error = Stop;

    fn file(&mut self, name: &Name, content: &mut Content<'_>) -> Result<(), Stop> {
        let Some(names) = self.links.orphans.remove(&self.tree.key(name)) else { return Ok(()) };
        let mut names = names.iter().map(Name::text);
        let Some(first) = names.next() else { return Ok(()) };
        self.walker.file(first.clone(), content.size(), content.permissions(), content)?;
        for other in names {
            self.walker.hard_link(other, first.clone());
        }
        Ok(())
    }

    fn hard_link(&mut self, _: &Name, _: &Name) -> Result<(), Stop> {
        Ok(())
    }

    fn symbolic_link(&mut self, _: &Name, _: &[u8]) -> Result<(), Stop> {
        Ok(())
    }

    fn special(&mut self, _: &Name) -> Result<(), Stop> {
        Ok(())
    }

    fn directory(&mut self, _: &Name) -> Result<(), Stop> {
        Ok(())
    }
}

impl From<archive::Stop> for Stop {
    fn from(stop: archive::Stop) -> Self {
        Stop::Archive(stop)
    }
}

impl From<ImageFault> for Stop {
    fn from(fault: ImageFault) -> Self {
        Stop::Image(fault)
    }
}
