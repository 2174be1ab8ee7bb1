//! Which module a package of the function table belongs to.

use std::collections::{BTreeMap, HashMap};

use crate::pclntab::{FunctionTable, VersionedModule};
use crate::{GoSlice, ModuleInfo};

/// The packages of one function table by the module that they belong to.
#[derive(Default)]
pub(super) struct Owners<'a> {
    offset: u64,
    packages: BTreeMap<Owner, Vec<(&'a str, &'a str)>>,
    unlisted_modules: Vec<VersionedModule>,
}

/// A module of one build information.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The module with the main package.
    Main,
    /// The standard library.
    Stdlib,
    /// A dependency, by its place in the list.
    Dependency(usize),
    /// No module that the list names.
    Nobody,
}

impl<'a> Owners<'a> {
    /// Nothing, if the function table was not read or is not there.
    pub(super) fn of_slice(slice: &'a GoSlice) -> Self {
        let records = slice.second_records.as_ref();
        match records.and_then(|records| records.function_table.as_ref()) {
            Some(table) => Self::new(table, slice.build_info.modules().ok()),
            None => Self::default(),
        }
    }

    fn new(table: &'a FunctionTable, info: Option<&'a ModuleInfo>) -> Self {
        let mut owners = Self { offset: table.offset, ..Self::default() };
        let mut by_path = HashMap::new();
        if let Some(info) = info {
            let dependencies = info.deps.iter().enumerate();
            by_path
                .extend(dependencies.map(|(number, dep)| (&*dep.path, Owner::Dependency(number))));
            // A program without a module is called after its package.
            let main = info.main.as_ref().map_or(&*info.path, |main| &*main.path);
            by_path.insert(main, Owner::Main);
            owners.unlisted_modules = table.compare(info).unlisted_modules;
        }
        for package in &table.packages {
            // The table has no other name for the main package.
            let path = match (package.as_str(), info) {
                ("main", Some(info)) => &info.path,
                (path, _) => path,
            };
            let (owner, subpath) = owner(path, &by_path);
            owners.packages.entry(owner).or_default().push((path, subpath));
        }
        owners
    }

    /// Where the table stands, in bytes from the start of the file.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Import paths, and what of them lies below the module's path.
    pub(super) fn packages(&self, owner: Owner) -> &[(&'a str, &'a str)] {
        self.packages.get(&owner).map(Vec::as_slice).unwrap_or_default()
    }

    /// Modules whose files are in the table although the list does not name them.
    pub(super) fn unlisted_modules(&self) -> &[VersionedModule] {
        &self.unlisted_modules
    }
}

/// The module with the longest path; packages of none are of the standard library if their first
/// element has no dot.
fn owner<'a>(path: &'a str, by_path: &HashMap<&str, Owner>) -> (Owner, &'a str) {
    let mut end = path.len();
    loop {
        if let Some(owner) = by_path.get(&path[..end]) {
            return (*owner, path[end..].trim_start_matches('/'));
        }
        match path[..end].rfind('/') {
            Some(slash) => end = slash,
            None if path[..end].contains('.') => return (Owner::Nobody, path),
            None => return (Owner::Stdlib, path),
        }
    }
}
