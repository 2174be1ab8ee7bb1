use std::collections::HashMap;
use std::path::Path;

use chainsign_artifact::archive::{InnerContent, InnerFile};
use chainsign_artifact::image::ImageFile;
use chainsign_gosbom::sbom::Location;

use super::{FoundBinary, Unread, UnreadKind, file_name, is_hidden};

/// What is in one archive or image.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) binaries: Vec<FoundBinary>,
    pub(super) not_go: usize,
    pub(super) unread: Vec<Unread>,
}

/// The files of one archive or image, as they come.
#[derive(Default)]
pub(super) struct Inner {
    /// The archive's place, when it is one file of several.
    within: Option<String>,
    /// The image, when it is one of several.
    image: Option<String>,
    by_path: HashMap<(Vec<String>, String), usize>,
    contents: Contents,
}

impl Inner {
    pub(super) fn new(within: Option<&str>, image: Option<String>) -> Self {
        Inner { within: within.map(ToOwned::to_owned), image, ..Inner::default() }
    }

    pub(super) fn finish(self) -> Contents {
        self.contents
    }

    pub(super) fn take_from_layer(&mut self, found: ImageFile) {
        let place = self.place(&found.file).in_layer(found.layer.diff_id.to_string());
        self.at(place, found.file);
    }

    pub(super) fn take(&mut self, file: InnerFile) {
        self.at(self.place(&file), file);
    }

    fn place(&self, file: &InnerFile) -> Location {
        let location = Location::new(match &self.within {
            Some(archive) => format!("{archive}!{file}"),
            None => file.to_string(),
        });
        match &self.image {
            Some(image) => location.in_image(image),
            None => location,
        }
    }

    fn at(&mut self, place: Location, file: InnerFile) {
        let Contents { binaries, not_go, .. } = &mut self.contents;
        match file.content {
            InnerContent::GoBinary { digests, binary } => {
                let name = file_name(Path::new(&file.path));
                self.by_path.insert((file.within, file.path), binaries.len());
                binaries.push(FoundBinary::new(binary, &digests, &name, place));
            }
            InnerContent::HardLink { target } => match self.by_path.get(&(file.within, target)) {
                Some(&linked) => {
                    let subject = &mut binaries[linked].subject;
                    *subject = std::mem::take(subject).found(place);
                }
                None => *not_go += 1,
            },
            InnerContent::NotGo { reason, .. } if is_hidden(&reason) => {
                self.hidden(place, reason.to_string());
            }
            InnerContent::Archive(Err(fault)) => self.hidden(place, fault.to_string()),
            InnerContent::Archive(Ok(_)) => {}
            _ => *not_go += 1,
        }
    }

    fn hidden(&mut self, place: Location, reason: String) {
        let path = match place.image {
            Some(image) => format!("{} (image {image})", place.path),
            None => place.path,
        };
        self.contents.unread.push(Unread { path, reason, kind: UnreadKind::Hidden });
    }
}
