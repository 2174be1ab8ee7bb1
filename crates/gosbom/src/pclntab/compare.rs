use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use super::{FunctionTable, VersionedModule};
use crate::{Module, ModuleInfo};

/// How the function table and the module list of one binary agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// Every listed module, main module first, and what the table shows of it.
    pub listed: Vec<ListedModule>,
    /// Modules in the table, with their versions, that the list does not name. A contradiction.
    pub unlisted_modules: Vec<VersionedModule>,
    /// Packages in the table that belong neither to a listed module nor to the standard library.
    /// A contradiction.
    pub unlisted_packages: Vec<String>,
}

/// A listed module and its trace in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedModule {
    /// Module path, the original's if it is replaced.
    pub path: String,
    /// Listed version.
    pub version: String,
    /// What the table shows.
    pub trace: Trace,
}

/// What the function table shows of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trace {
    /// Files of the listed version, or of its replacement's.
    Version,
    /// Packages of the module, without a version (vendored, or the module being built).
    Packages,
    /// Nothing. This proves nothing: everything may have been inlined or left out by the linker.
    None,
    /// Files of other versions. A contradiction.
    OtherVersions(Vec<String>),
}

impl Comparison {
    /// Whether nothing in the table contradicts the list.
    pub fn is_consistent(&self) -> bool {
        let other = |module: &ListedModule| matches!(module.trace, Trace::OtherVersions(_));
        self.unlisted_modules.is_empty()
            && self.unlisted_packages.is_empty()
            && !self.listed.iter().any(other)
    }
}

impl FunctionTable {
    /// Holds the table against the module list of the same binary.
    ///
    /// File names carry the path and version of a replaced module or of its replacement,
    /// depending on the Go release and on `-trimpath`; both are accepted. Package names carry the
    /// original's path.
    pub fn compare(&self, info: &ModuleInfo) -> Comparison {
        let versions = self.versions();
        let listed = Listed::new(info);
        let mut comparison = Comparison::default();
        for module in listed.modules() {
            comparison.listed.push(ListedModule {
                path: module.path.clone(),
                version: module.version.clone(),
                trace: self.trace(module, &versions),
            });
        }
        // The main package has no path of its own in the table.
        if let (Some(_), Some(main)) = (&info.main, comparison.listed.first_mut())
            && main.trace == Trace::None
            && self.packages.contains("main")
        {
            main.trace = Trace::Packages;
        }
        let unlisted = self.modules.iter().filter(|found| !listed.names(&found.path));
        comparison.unlisted_modules = unlisted.cloned().collect();
        let unlisted = self.packages.iter().filter(|package| !listed.covers(package));
        comparison.unlisted_packages = unlisted.cloned().collect();
        comparison
    }

    fn versions(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for module in &self.modules {
            versions.entry(&module.path).or_default().push(&module.version);
        }
        versions
    }

    fn trace(&self, module: &Module, versions: &BTreeMap<&str, Vec<&str>>) -> Trace {
        let names = [Some(module), module.replace.as_deref()];
        let mut others = Vec::new();
        for name in names.into_iter().flatten() {
            let found = versions.get(name.path.as_str()).map(Vec::as_slice).unwrap_or_default();
            if found.contains(&name.version.as_str()) {
                return Trace::Version;
            }
            others.extend(found.iter().map(|&version| version.to_owned()));
        }
        // Go knows no version for a folder, so that none can contradict it.
        if !others.is_empty() && module.known_version().is_some() {
            return Trace::OtherVersions(others);
        }
        match self.has_package_of(&module.path) || !others.is_empty() {
            true => Trace::Packages,
            false => Trace::None,
        }
    }

    fn has_package_of(&self, module: &str) -> bool {
        let range = (Bound::Included(module), Bound::Unbounded);
        let from = self.packages.range::<str, _>(range);
        // Between the module's own path and `path/…` only names with the same start can stand.
        from.take_while(|package| package.starts_with(module))
            .any(|package| is_below(package, module))
    }
}

/// The listed modules by path.
struct Listed<'a> {
    info: &'a ModuleInfo,
    paths: HashSet<&'a str>,
}

impl<'a> Listed<'a> {
    fn new(info: &'a ModuleInfo) -> Self {
        let mut listed = Self { info, paths: HashSet::new() };
        for module in listed.modules() {
            listed.paths.insert(&module.path);
            if let Some(replacement) = &module.replace {
                listed.paths.insert(&replacement.path);
            }
        }
        listed
    }

    fn modules(&self) -> impl Iterator<Item = &'a Module> + use<'a> {
        self.info.main.iter().chain(&self.info.deps)
    }

    fn names(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Whether a package is of a listed module, of the program itself or of the standard library
    /// (whose paths have no dot in their first element).
    fn covers(&self, package: &str) -> bool {
        let first = package.split('/').next().unwrap_or_default();
        if !first.contains('.') || is_below(package, &self.info.path) {
            return true;
        }
        // External tests of a package are in a package of their own.
        let package = package.strip_suffix("_test").unwrap_or(package);
        let slashes = package.match_indices('/').map(|(at, _)| &package[..at]);
        slashes.chain([package]).any(|path| self.paths.contains(path))
    }
}

fn is_below(package: &str, module: &str) -> bool {
    let rest = package.strip_prefix(module);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
