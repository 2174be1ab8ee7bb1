use std::collections::HashMap;
use std::fmt;

use super::set::{Entry, Kind, ModuleSet, Name, Source, comparable};
use crate::ModuleSum;

/// What the stated list has to be to the actual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The same modules.
    Equal,
    /// At least the same: an SBOM of a source tree or of an image may list more.
    Covers,
}

/// How a stated list differs from the actual one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Actual modules that are not stated.
    pub missing: Vec<Name>,
    /// Stated modules that are not there; always empty with [`Mode::Covers`].
    pub extra: Vec<Name>,
    /// Modules stated with another version, or without one.
    pub version_differs: Vec<VersionMismatch>,
    /// Modules stated with another sum.
    pub sum_differs: Vec<SumMismatch>,
    /// Modules whose sum only one side has. No reason to refuse.
    pub sum_unknown: Vec<Name>,
    /// Modules whose stated version cannot be checked, because the binary does not know it. No
    /// reason to refuse.
    pub version_unknown: Vec<Name>,
    actual: Source,
    stated: Source,
}

/// A module that both sides have in different versions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionMismatch {
    /// As it is.
    pub actual: Name,
    /// As it is stated, sorted; more than one if the list has several versions.
    pub stated: Vec<Name>,
}

/// A module that both sides have with different sums.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SumMismatch {
    /// The module.
    pub module: Name,
    /// As it is.
    pub actual: ModuleSum,
    /// As it is stated.
    pub stated: ModuleSum,
}

/// One of the two lists, for texts about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first argument of [`compare`]: what is.
    Actual,
    /// The second: what somebody says.
    Stated,
}

/// Holds what is `stated` against what is `actual`.
///
/// The rules are those of the [`diff`](crate::diff) module. Entries of several versions of one module are
/// matched version by version.
pub fn compare(actual: &ModuleSet, stated: &ModuleSet, mode: Mode) -> Difference {
    let index = Index::new(actual, stated);
    let mut accounted = vec![false; stated.entries.len()];
    let mut difference = Difference {
        missing: Vec::new(),
        extra: Vec::new(),
        version_differs: Vec::new(),
        sum_differs: Vec::new(),
        sum_unknown: Vec::new(),
        version_unknown: Vec::new(),
        actual: actual.source,
        stated: stated.source,
    };
    let mut others = Vec::new();
    for entry in &actual.entries {
        let candidates = index.candidates(entry);
        let matching: Vec<_> = candidates
            .iter()
            .filter_map(|&place| Some((index.agreement(entry, &stated.entries[place])?, place)))
            .collect();
        for &(_, place) in &matching {
            accounted[place] = true;
        }
        match matching.iter().max() {
            Some(&(best, place)) => {
                if best == Agreement::VersionUnknown {
                    let name = stated.entries[place].name.clone();
                    difference.version_unknown.push(name);
                }
                let places = matching.iter().map(|&(_, place)| place);
                difference.note_sums(entry, places.map(|place| &stated.entries[place]));
            }
            None if !candidates.is_empty() => others.push((entry, candidates)),
            None if entry.kind == Kind::MainPackage => {}
            None => difference.missing.push(entry.listed_name().clone()),
        }
    }
    // Only now is it known which of the other versions belong to other entries.
    for (entry, candidates) in others {
        let mut names = Vec::new();
        for place in candidates {
            accounted[place] = true;
            names.push(stated.entries[place].name.clone());
        }
        names.sort();
        difference
            .version_differs
            .push(VersionMismatch { actual: entry.listed_name().clone(), stated: names });
    }
    if mode == Mode::Equal {
        let extra = stated.entries.iter().zip(&accounted);
        let extra = extra.filter(|(_, accounted)| !**accounted);
        difference.extra = extra.map(|(entry, _)| entry.name.clone()).collect();
    }
    difference
}

impl Difference {
    /// Whether the lists agree as far as both sides know.
    pub fn is_none(&self) -> bool {
        self.missing.is_empty()
            && self.extra.is_empty()
            && self.version_differs.is_empty()
            && self.sum_differs.is_empty()
    }

    /// Every sum stated for the module counts, so that a right one does not cover a wrong one.
    fn note_sums<'a>(&mut self, actual: &Entry, stated: impl Iterator<Item = &'a Entry>) {
        let mut compared = false;
        let mut stated_any = false;
        for (stated, said) in stated.filter_map(|entry| Some((entry, entry.sum.as_ref()?))) {
            stated_any = true;
            // Under the original's name a sum is that of other content.
            let (true, Some(found)) = (actual.name.path == stated.name.path, &actual.sum) else {
                continue;
            };
            compared = true;
            if found != said {
                self.sum_differs.push(SumMismatch {
                    module: actual.name.clone(),
                    actual: found.clone(),
                    stated: said.clone(),
                });
            }
        }
        if !compared && (stated_any || actual.sum.is_some()) {
            self.sum_unknown.push(actual.name.clone());
        }
    }

    fn side(&self, side: Side) -> &'static str {
        match (side, self.actual, self.stated) {
            (Side::Actual, Source::Binary, Source::Sbom) => "the binary",
            (Side::Stated, Source::Binary, Source::Sbom) => "the SBOM",
            (Side::Actual, Source::Sbom, Source::Binary) => "the SBOM",
            (Side::Stated, Source::Sbom, Source::Binary) => "the binary",
            (Side::Actual, Source::Binary, Source::Binary) => "the first binary",
            (Side::Stated, Source::Binary, Source::Binary) => "the second binary",
            (Side::Actual, Source::Sbom, Source::Sbom) => "the first SBOM",
            (Side::Stated, Source::Sbom, Source::Sbom) => "the second SBOM",
        }
    }
}

/// One line for each module that differs, then one for each kind of thing that is unknown.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (actual, stated) = (self.side(Side::Actual), self.side(Side::Stated));
        if self.is_none() {
            writeln!(f, "{actual} and {stated} have the same modules")?;
        }
        for name in &self.missing {
            writeln!(f, "only in {actual}: {name}")?;
        }
        for name in &self.extra {
            writeln!(f, "only in {stated}: {name}")?;
        }
        for mismatch in &self.version_differs {
            let versions: Vec<_> = mismatch.stated.iter().map(named).collect();
            let found = named(&mismatch.actual);
            let path = &mismatch.actual.path;
            let versions = versions.join(", ");
            writeln!(f, "version differs: {path}: {actual} has {found}, {stated} {versions}")?;
        }
        for mismatch in &self.sum_differs {
            let SumMismatch { module, actual: found, stated: said } = mismatch;
            writeln!(f, "sum differs: {module}: {actual} has {found}, {stated} {said}")?;
        }
        counted(f, &self.version_unknown, "version unknown to Go, not compared")?;
        counted(f, &self.sum_unknown, "sum on one side only, not compared")
    }
}

fn named(name: &Name) -> String {
    name.version.clone().unwrap_or_else(|| "no version".to_owned())
}

fn counted(f: &mut fmt::Formatter<'_>, names: &[Name], what: &str) -> fmt::Result {
    match names {
        [] => Ok(()),
        [name] => writeln!(f, "{what}: {name}"),
        [name, rest @ ..] => writeln!(f, "{what}: {name} and {} more", rest.len()),
    }
}

/// The stated entries by every path under which they may be listed.
struct Index<'a> {
    stated: &'a [Entry],
    by_path: HashMap<&'a str, Vec<usize>>,
    names: Names,
}

/// Which names of a replaced module count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Two binaries: both say what was compiled in.
    Built,
    /// SBOMs list the original or the replacement.
    BuiltOrReplaced,
}

impl<'a> Index<'a> {
    fn new(actual: &ModuleSet, stated: &'a ModuleSet) -> Self {
        let mut by_path: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, entry) in stated.entries.iter().enumerate() {
            for path in entry.paths() {
                by_path.entry(path).or_default().push(place);
            }
        }
        Self {
            stated: &stated.entries,
            by_path,
            names: match (actual.source, stated.source) {
                (Source::Binary, Source::Binary) => Names::Built,
                _ => Names::BuiltOrReplaced,
            },
        }
    }

    /// Entries with a name in common, in the order of the list, each once.
    fn candidates(&self, entry: &Entry) -> Vec<usize> {
        let places = entry.paths().filter_map(|path| self.by_path.get(path));
        let mut places: Vec<_> = places.flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places.retain(|&place| self.pairs(entry, &self.stated[place]).next().is_some());
        places
    }

    /// Whether two entries with a name in common can be the same; `None` if their versions differ.
    fn agreement(&self, actual: &Entry, stated: &Entry) -> Option<Agreement> {
        let version = |name: &Name| comparable(actual.kind, name.version.as_deref()?);
        let replaced_by_folder = actual.replaces.is_some() && actual.name.version.is_none();
        let pairs = self.pairs(actual, stated);
        pairs
            .filter_map(|pair| match (version(pair.actual), version(pair.stated)) {
                (Some(actual), Some(stated)) if actual == stated => Some(Agreement::Version),
                (None, None) => Some(Agreement::Version),
                (None, Some(_)) => Some(Agreement::VersionUnknown),
                // The folder's content has no version, so none is the right one to state.
                (Some(_), None) if replaced_by_folder => Some(Agreement::Version),
                _ => None,
            })
            .max()
    }

    /// The names that two entries have in common.
    fn pairs(&self, actual: &'a Entry, stated: &'a Entry) -> impl Iterator<Item = Pair<'a>> {
        let names = |entry: &'a Entry| {
            let replaced = match self.names {
                Names::Built => None,
                Names::BuiltOrReplaced => entry.replaces.as_ref(),
            };
            [Some(&entry.name), replaced].into_iter().flatten()
        };
        let is_main = actual.kind == Kind::Main;
        let alias = move |entry: &'a Entry| entry.alias.as_deref().filter(|_| is_main);
        names(actual)
            .flat_map(move |actual| names(stated).map(move |stated| Pair { actual, stated }))
            .filter(move |pair| {
                pair.actual.path == pair.stated.path
                    || alias(actual) == Some(&pair.stated.path)
                    || alias(stated) == Some(&pair.actual.path)
            })
    }
}

struct Pair<'a> {
    actual: &'a Name,
    stated: &'a Name,
}

/// The better one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Agreement {
    VersionUnknown,
    Version,
}
