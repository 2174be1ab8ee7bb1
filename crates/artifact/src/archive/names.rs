//! Names in an archive: that they stay inside it, and that each names one thing.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::{ArchiveLimit, ArchiveLimits, Fault, NameFault};

/// What the root of an archive is when it is unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// A folder somewhere: an absolute link leads out of it.
    Folder,
    /// The root of a file system, as for packages: `/` is the archive itself, and `..` stops there.
    Filesystem,
    /// The root of a container's file system. Besides, names may begin at `/`, which is how ko writes
    /// them and means the same to everyone. A layer may have nothing in it, and no end: it is whole if
    /// its digest says so. (umoci 0.4.7 writes none in `umoci insert`.)
    Layer,
}

/// A name, cleaned of `.` and of slashes that mean nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    bytes: Vec<u8>,
}

impl Name {
    /// Takes the name of an entry.
    pub(crate) fn parse(raw: &[u8], limits: &ArchiveLimits) -> Result<Self, Fault> {
        let allowed = limits.path_bytes;
        if raw.len() > allowed {
            let (limit, allowed) = (ArchiveLimit::PathBytes, allowed as u64);
            return Err(Fault::LimitReached { limit, allowed });
        }
        let fault = |fault| Fault::Name { name: shown(raw), fault };
        if raw.is_empty() {
            return Err(fault(NameFault::Empty));
        }
        if raw.contains(&0) {
            return Err(fault(NameFault::Nul));
        }
        if raw.starts_with(b"/") {
            return Err(fault(NameFault::Absolute));
        }
        if raw.split(|byte| *byte == b'/').any(|part| part == b"..") {
            return Err(fault(NameFault::Parent));
        }
        let parts = raw.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
        Ok(Name { bytes: parts.collect::<Vec<_>>().join(&b'/') })
    }

    /// The name of a file, which does not end as that of a directory does.
    pub(crate) fn parse_file(raw: &[u8], limits: &ArchiveLimits) -> Result<Self, Fault> {
        let name = Self::parse(raw, limits)?;
        let fault = match raw.ends_with(b"/") {
            true => NameFault::Slash,
            false if name.bytes.is_empty() => NameFault::Empty,
            false => return Ok(name),
        };
        Err(Fault::Name { name: shown(raw), fault })
    }

    /// The name as text; bytes that are not UTF-8 appear as `\xNN`.
    pub(crate) fn text(&self) -> String {
        shown(&self.bytes)
    }

    /// The same, if it is UTF-8.
    pub(crate) fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The directory it lies in: empty for the root.
    pub(crate) fn parent(&self) -> &[u8] {
        let end = self.bytes.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        &self.bytes[..end]
    }

    /// The parts between slashes, outermost first.
    pub(crate) fn parts(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.bytes.split(|byte| *byte == b'/')
    }

    /// The directory it lies in.
    pub(crate) fn directory(&self) -> Name {
        Name { bytes: self.parent().to_vec() }
    }

    /// Another name in the same directory.
    pub(crate) fn sibling(&self, last: &[u8]) -> Name {
        match self.parent() {
            b"" => Name { bytes: last.to_vec() },
            parent => Name { bytes: [parent, b"/", last].concat() },
        }
    }

    /// The directories it lies in, outermost first, without the root.
    pub(crate) fn ancestors(&self) -> impl Iterator<Item = &[u8]> {
        let slashes = self.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        slashes.map(|(at, _)| &self.bytes[..at])
    }
}

/// What is known about the names of one archive. It keeps a keyed hash of 128 bits of each.
pub(crate) struct Names {
    root: Root,
    known: HashMap<u128, Kind>,
    keys: Keys,
}

/// Keyed hashes of names, of 128 bits: nobody can make two names that have the same.
#[derive(Default)]
pub(crate) struct Keys([RandomState; 2]);

impl Keys {
    pub(crate) fn of(&self, name: &[u8]) -> u128 {
        let [first, second] = self.0.each_ref().map(|key| u128::from(key.hash_one(name)));
        first << 64 | second
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Directory,
    File,
    Other,
}

impl Names {
    pub(crate) fn new(root: Root) -> Self {
        Names { root, known: HashMap::new(), keys: Keys::default() }
    }

    /// A name as it is below the root, where it may begin there.
    pub(crate) fn below_root<'a>(&self, raw: &'a [u8]) -> &'a [u8] {
        if self.root != Root::Layer || !raw.starts_with(b"/") {
            return raw;
        }
        match raw.iter().position(|byte| *byte != b'/') {
            Some(start) => &raw[start..],
            None => b"./",
        }
    }

    /// Whether there must be a name, and an end.
    pub(crate) fn need_end(&self) -> bool {
        self.root != Root::Layer
    }

    /// A directory may come more than once, and after what is in it.
    pub(crate) fn directory(&mut self, name: &Name) -> Result<(), Fault> {
        self.ancestors(name)?;
        if !name.bytes.is_empty() && self.learn(&name.bytes, Kind::Directory) != Kind::Directory {
            return Err(Fault::Twice { name: name.text() });
        }
        Ok(())
    }

    /// A regular file.
    pub(crate) fn file(&mut self, name: &Name) -> Result<(), Fault> {
        self.new_name(name, Kind::File)
    }

    /// A device, a pipe or a socket.
    pub(crate) fn special(&mut self, name: &Name) -> Result<(), Fault> {
        self.new_name(name, Kind::Other)
    }

    /// A symbolic link. Its target may not lead out of the archive, whatever the other links in it
    /// are: `..` is allowed only at the start of the target, where it goes up real directories.
    pub(crate) fn symbolic_link(&mut self, name: &Name, target: &[u8]) -> Result<(), Fault> {
        self.new_name(name, Kind::Other)?;
        if self.root != Root::Folder {
            return Ok(());
        }
        let depth = match name.parent() {
            b"" => 0,
            parent => parent.split(|byte| *byte == b'/').count(),
        };
        let parts =
            || target.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
        let up = parts().take_while(|part| *part == b"..").count();
        let later = parts().skip(up).any(|part| part == b"..");
        if target.starts_with(b"/") || target.contains(&0) || up > depth || later {
            return Err(Fault::LinkLeaves { name: name.text(), target: shown(target) });
        }
        Ok(())
    }

    /// Another name of a file that came before.
    pub(crate) fn hard_link(&mut self, name: &Name, target: &Name) -> Result<(), Fault> {
        if self.known.get(&self.key(&target.bytes)) != Some(&Kind::File) {
            return Err(Fault::DanglingLink { name: name.text(), target: target.text() });
        }
        self.new_name(name, Kind::File)
    }

    fn new_name(&mut self, name: &Name, kind: Kind) -> Result<(), Fault> {
        self.ancestors(name)?;
        let key = self.key(&name.bytes);
        if self.known.contains_key(&key) {
            return Err(Fault::Twice { name: name.text() });
        }
        self.known.insert(key, kind);
        Ok(())
    }

    fn ancestors(&mut self, name: &Name) -> Result<(), Fault> {
        for ancestor in name.ancestors() {
            if self.learn(ancestor, Kind::Directory) != Kind::Directory {
                let (name, parent) = (name.text(), shown(ancestor));
                return Err(Fault::NotADirectory { name, parent });
            }
        }
        Ok(())
    }

    /// What the name is, which is `kind` if it was not known.
    fn learn(&mut self, name: &[u8], kind: Kind) -> Kind {
        let key = self.key(name);
        *self.known.entry(key).or_insert(kind)
    }

    fn key(&self, name: &[u8]) -> u128 {
        self.keys.of(name)
    }
}

/// Text as it is, other bytes as `\xNN`.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text.as_bytes(), &ArchiveLimits::default()).unwrap()
    }

    #[test]
    fn names_are_cleaned_of_what_means_nothing() {
        for (raw, wanted) in
            [("a/b", "a/b"), ("./a//b/./c/", "a/b/c"), ("./", ""), (".a/..b", ".a/..b")]
        {
            assert_eq!(name(raw).text(), wanted);
        }
        let odd = Name::parse(b"a/\xff\xc3\xa4", &ArchiveLimits::default()).unwrap();
        assert_eq!(odd.text(), "a/\\xffä");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let limits = ArchiveLimits::default();
        let cases: [(&[u8], NameFault); 8] = [
            (b"", NameFault::Empty),
            (b"/etc/passwd", NameFault::Absolute),
            (b"//x", NameFault::Absolute),
            (b"..", NameFault::Parent),
            (b"a/../b", NameFault::Parent),
            (b"a/..", NameFault::Parent),
            (b"./../x", NameFault::Parent),
            (b"a\0b", NameFault::Nul),
        ];
        for (raw, fault) in cases {
            let wanted = Fault::Name { name: shown(raw), fault };
            assert_eq!(Name::parse(raw, &limits), Err(wanted));
        }
        for (raw, fault) in [("a/", NameFault::Slash), (".", NameFault::Empty)] {
            let wanted = Fault::Name { name: raw.to_owned(), fault };
            assert_eq!(Name::parse_file(raw.as_bytes(), &limits), Err(wanted));
        }
        let long = Name::parse(&[b'a'; 4097], &limits);
        let wanted = Fault::LimitReached { limit: ArchiveLimit::PathBytes, allowed: 4096 };
        assert_eq!(long, Err(wanted));
    }

    #[test]
    fn each_name_names_one_thing() {
        let mut names = Names::new(Root::Folder);
        names.directory(&name("a")).unwrap();
        names.file(&name("a/b")).unwrap();
        names.directory(&name("./a/")).unwrap();
        names.directory(&name("./")).unwrap();
        let twice = |text: &str| Err(Fault::Twice { name: text.to_owned() });
        assert_eq!(names.file(&name("./a//b")), twice("a/b"));
        assert_eq!(names.file(&name("a")), twice("a"));
        assert_eq!(names.directory(&name("a/b")), twice("a/b"));
        let below = Fault::NotADirectory { name: "a/b/c".to_owned(), parent: "a/b".to_owned() };
        assert_eq!(names.file(&name("a/b/c")), Err(below));
        names.file(&name("x/y/z")).unwrap();
        assert_eq!(names.file(&name("x/y")), twice("x/y"));
        names.symbolic_link(&name("l"), b"a").unwrap();
        let below = Fault::NotADirectory { name: "l/c".to_owned(), parent: "l".to_owned() };
        assert_eq!(names.file(&name("l/c")), Err(below));
        names.hard_link(&name("h"), &name("a/b")).unwrap();
        for target in ["a", "l", "nothing"] {
            let wanted = Fault::DanglingLink { name: "h2".to_owned(), target: target.to_owned() };
            assert_eq!(names.hard_link(&name("h2"), &name(target)), Err(wanted));
        }
    }

    #[test]
    fn links_stay_inside() {
        let mut names = Names::new(Root::Folder);
        let good = [
            ("a/l1", "b"),
            ("a/l2", "../x"),
            ("l3", "a/b"),
            ("a/b/l4", "../../c"),
            ("l5", "./a//b"),
        ];
        for (link, target) in good {
            names.symbolic_link(&name(link), target.as_bytes()).unwrap();
        }
        let bad = [
            ("m1", "/etc/passwd"),
            ("m2", ".."),
            ("m3", "../x"),
            ("a/m4", "../../x"),
            ("m5", "a/../.."),
            ("a/m6", "l2/.."),
            ("m7", "a\0b"),
        ];
        for (link, target) in bad {
            let fault = names.symbolic_link(&name(link), target.as_bytes());
            let (link, target) = (link.to_owned(), target.to_owned());
            assert_eq!(fault, Err(Fault::LinkLeaves { name: link, target }));
        }
        let mut names = Names::new(Root::Filesystem);
        for (link, target) in bad {
            names.symbolic_link(&name(link), target.as_bytes()).unwrap();
        }
    }
}
