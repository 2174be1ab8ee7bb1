//! Names that remove: OCI image-spec, `layer.md`, "Whiteouts".

use crate::archive::names::Name;
use crate::image::WhiteoutFault;

/// What the name of a file in a layer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What it says.
    File,
    /// The layers below have nothing of that name.
    Removed(Name),
    /// The layers below have nothing in that directory.
    Emptied(Name),
}

impl Meaning {
    pub(super) fn of(name: &Name) -> Result<Self, WhiteoutFault> {
        let mut parts = name.parts();
        let last = parts.next_back().unwrap_or_default();
        if parts.any(is_whiteout) {
            return Err(WhiteoutFault::NotAFile);
        }
        if last == OPAQUE {
            return Ok(Self::Emptied(name.directory()));
        }
        match last.strip_prefix(PREFIX) {
            None => Ok(Self::File),
            Some(b"" | b"." | b"..") => Err(WhiteoutFault::Target),
            Some(target) if is_whiteout(target) => Err(WhiteoutFault::Target),
            Some(target) => Ok(Self::Removed(name.sibling(target))),
        }
    }
}

/// Whether any part of the name is that of a whiteout.
pub(super) fn has_whiteout(name: &Name) -> bool {
    name.parts().any(is_whiteout)
}

fn is_whiteout(part: &[u8]) -> bool {
    part.starts_with(PREFIX)
}

const PREFIX: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::ArchiveLimits;

    fn name(text: &str) -> Name {
        Name::parse(text.as_bytes(), &ArchiveLimits::default()).unwrap()
    }

    #[test]
    fn what_names_mean() {
        let removed = |text| Ok(Meaning::Removed(name(text)));
        let emptied = |text| Ok(Meaning::Emptied(name(text)));
        for (text, wanted) in [
            ("a/b", Ok(Meaning::File)),
            (".whx", Ok(Meaning::File)),
            ("a/x.wh.b", Ok(Meaning::File)),
            (".wh.a", removed("a")),
            ("a/b/.wh.c", removed("a/b/c")),
            ("a/.wh....", removed("a/...")),
            (".wh..wh..opq", emptied("./")),
            ("a/b/.wh..wh..opq", emptied("a/b")),
            (".wh.", Err(WhiteoutFault::Target)),
            ("a/.wh..", Err(WhiteoutFault::Target)),
            ("a/.wh...", Err(WhiteoutFault::Target)),
            (".wh..wh.aufs", Err(WhiteoutFault::Target)),
            ("a/.wh..wh..opq/b", Err(WhiteoutFault::NotAFile)),
            (".wh.a/b", Err(WhiteoutFault::NotAFile)),
        ] {
            assert_eq!(Meaning::of(&name(text)), wanted, "{text}");
        }
    }
}
