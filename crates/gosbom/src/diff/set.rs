use std::fmt;

use crate::buildinfo::known_version;
use crate::purl::STDLIB;
use crate::{BuildInfo, GoRelease, GoSlice, GoVersion, Module, ModuleSum, ModulesUnavailable};

/// A list of modules, read from a binary or from an SBOM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleSet {
    pub(super) source: Source,
    pub(super) entries: Vec<Entry>,
}

/// Where a list comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The build information of a binary.
    Binary,
    /// A CycloneDX or SPDX document.
    Sbom,
}

/// One module of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// What it is in its list.
    pub kind: Kind,
    /// The module that was compiled in.
    pub name: Name,
    /// The module that it replaces.
    pub replaces: Option<Name>,
    /// Sum of [`name`](Self::name), where the list has one.
    pub sum: Option<ModuleSum>,
    /// Another path under which the entry may be listed: for a main module its main package, for
    /// a package URL with a subpath its path alone.
    pub(super) alias: Option<String>,
}

/// What an entry is in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The module with the main package.
    Main,
    /// A main package that belongs to no module; an SBOM need not list it.
    MainPackage,
    /// A module that it needs. In an SBOM, every Go module is of this kind.
    Dependency,
    /// The standard library.
    Stdlib,
}

/// Path and version of a module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Name {
    /// Module path, case kept; `stdlib` for the standard library.
    pub path: String,
    /// Version, without `go` for the standard library; `None` if it is not known.
    pub version: Option<String>,
}

impl Name {
    pub(super) fn new(path: impl Into<String>, version: Option<&str>) -> Self {
        Self { path: path.into(), version: version.map(str::to_owned) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        match &self.version {
            Some(version) => write!(f, " {version}"),
            None => Ok(()),
        }
    }
}

impl ModuleSet {
    /// The modules of one binary: main module, dependencies and the standard library.
    ///
    /// # Errors
    /// The binary has no readable module list; there is nothing to compare then.
    pub fn of_build_info(build_info: &BuildInfo) -> Result<Self, ModulesUnavailable> {
        let info = build_info.modules()?;
        let mut entries = vec![stdlib(build_info.go_version())];
        match &info.main {
            Some(main) => entries.push(Entry {
                kind: Kind::Main,
                alias: Some(info.path.clone()),
                ..module(main)
            }),
            None => entries.push(Entry::new(Kind::MainPackage, Name::new(&info.path, None))),
        }
        entries.extend(info.deps.iter().map(module));
        Ok(Self { source: Source::Binary, entries })
    }

    /// The modules of all slices of a binary together.
    ///
    /// # Errors
    /// One of the slices has no readable module list.
    pub fn of_slices(slices: &[GoSlice]) -> Result<Self, ModulesUnavailable> {
        let mut all = Self { source: Source::Binary, entries: Vec::new() };
        for slice in slices {
            for entry in Self::of_build_info(&slice.build_info)?.entries {
                if !all.entries.contains(&entry) {
                    all.entries.push(entry);
                }
            }
        }
        Ok(all)
    }

    /// Where the list comes from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Its entries, in the order of the source.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Entry {
    pub(super) fn new(kind: Kind, name: Name) -> Self {
        Self { kind, name, replaces: None, sum: None, alias: None }
    }

    /// The name to expect in a list: the original's where a folder replaces it.
    pub(super) fn listed_name(&self) -> &Name {
        match &self.replaces {
            Some(original) if self.name.version.is_none() => original,
            _ => &self.name,
        }
    }

    /// Every path under which the entry may be listed.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        [
            Some(self.name.path.as_str()),
            self.replaces.as_ref().map(|name| name.path.as_str()),
            self.alias.as_deref(),
        ]
        .into_iter()
        .flatten()
    }
}

/// A folder has no version, so that a replacement by one keeps the original's path; the folder's
/// own path is accepted too, because some tools list it.
fn module(module: &Module) -> Entry {
    let built = module.effective();
    let mut entry = Entry::new(Kind::Dependency, Name::new(&built.path, built.known_version()));
    entry.sum.clone_from(&built.sum);
    if module.replace.is_some() {
        entry.replaces = Some(Name::new(&module.path, module.known_version()));
    }
    entry
}

pub(super) fn stdlib(version: Option<&GoVersion>) -> Entry {
    let release = version.and_then(GoVersion::release);
    let version = release.map(|release| release.to_string());
    Entry::new(Kind::Stdlib, Name::new(STDLIB, version.as_deref()))
}

/// A version as an SBOM has it: without the `v` or `go` before it and, for the standard library,
/// without what follows the release.
pub(super) fn comparable(kind: Kind, version: &str) -> Option<String> {
    let version = known_version(version)?;
    if kind == Kind::Stdlib {
        let number = version.strip_prefix("go").unwrap_or(version);
        let number = number.strip_prefix('v').unwrap_or(number);
        let release = GoVersion::new(format!("go{number}")).release();
        return Some(release.map_or_else(|| version.to_owned(), release_text));
    }
    let number = version.strip_prefix('v').unwrap_or(version);
    Some(number.to_owned())
}

/// `1.20` and `1.20.0` are one release, `1.21` and `1.21.0` are not.
fn release_text(release: GoRelease) -> String {
    let first_of_old = GoRelease { patch: Some(0), ..release };
    match release == first_of_old {
        true => first_of_old.to_string(),
        false => release.to_string(),
    }
}
