//! The list of packages and edges that every format is written from.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::packages::{Owner, Owners};
use super::version::MainVersion;
use super::{Location, Subject};
use crate::purl::{GolangPurl, STDLIB, module_purl};
use crate::{GoRelease, GoSlice, GoVersion, Linkage, Module, ModuleInfo, Prerelease};

/// Packages by their references, and what is known about them.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) root: Package,
    /// Sorted by reference.
    pub(super) packages: BTreeMap<String, Package>,
    /// From, to.
    pub(super) edges: BTreeMap<String, BTreeSet<String>>,
    /// Packages whose edges are all there is in the binary.
    pub(super) complete: BTreeSet<String>,
    /// Packages of which nobody can tell from the binary what they need.
    pub(super) unknown: BTreeSet<String>,
    /// Whether the list of binaries is all there is.
    pub(super) binaries: Coverage,
}

/// Whether everything was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Coverage {
    /// As far as anybody could tell.
    #[default]
    Complete,
    /// Something could not be read.
    Incomplete,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Package {
    /// Unique in the document.
    pub(super) reference: String,
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) cpe: Option<String>,
    pub(super) licence: Option<&'static str>,
    pub(super) sha256: Option<String>,
    pub(super) sha512: Option<String>,
    /// What a document about it is identified by: `sha256:HEX`.
    pub(super) identity: Option<String>,
    /// The module that this one replaces.
    pub(super) replaces: Option<Box<Package>>,
    pub(super) properties: Vec<Property>,
    pub(super) occurrences: Vec<Occurrence>,
    /// What the function table shows of a module, by import path.
    pub(super) packages: BTreeMap<String, Package>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// A Go program or library, with its main module.
    Binary,
    /// A folder or archive.
    Collection,
    /// A container image.
    Image,
    #[default]
    Module,
    /// One package of a module.
    Package,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) location: String,
    /// Offset of the build information, for a package of the function table, from the start of the
    /// file.
    pub(super) offset: u64,
    /// Image, layer and slice, where there are several.
    pub(super) context: Option<String>,
}

impl Model {
    pub(super) fn of_binary(slices: &[GoSlice], subject: &Subject) -> Self {
        let mut package = binary_package(slices, subject);
        add_main_packages(&mut package, slices, subject);
        let mut model = Self::new(package);
        let root = model.root.reference.clone();
        model.add_modules(&root, slices, subject);
        model
    }

    pub(super) fn of_binaries<'a>(
        root: Package,
        binaries: impl IntoIterator<Item = (&'a [GoSlice], &'a Subject)>,
    ) -> Self {
        let mut model = Self::new(root);
        let root = model.root.reference.clone();
        model.add_binaries(&root, binaries);
        model
    }

    /// Adds an image to what the document describes.
    pub(super) fn add_image<'a>(
        &mut self,
        image: Package,
        binaries: impl IntoIterator<Item = (&'a [GoSlice], &'a Subject)>,
    ) {
        let (root, reference) = (self.root.reference.clone(), image.reference.clone());
        self.edge(&root, &reference);
        self.edges.entry(reference.clone()).or_default();
        self.add(image);
        self.add_binaries(&reference, binaries);
    }

    /// UUIDv5 of `sha256:HEX` of what the document describes.
    pub(super) fn uuid(&self) -> Option<Uuid> {
        let identity = self.root.identity.as_ref()?;
        Some(Uuid::new_v5(&NAMESPACE, identity.as_bytes()))
    }

    /// What the root or a package is.
    pub(super) fn role(&self, reference: &str) -> Role {
        let package = Some(&self.root).filter(|root| root.reference == reference);
        package.or_else(|| self.packages.get(reference)).map_or(Role::Module, |it| it.role)
    }

    fn new(root: Package) -> Self {
        Self {
            edges: BTreeMap::from([(root.reference.clone(), BTreeSet::new())]),
            root,
            packages: BTreeMap::new(),
            complete: BTreeSet::new(),
            unknown: BTreeSet::new(),
            binaries: Coverage::Complete,
        }
    }

    fn add_binaries<'a>(
        &mut self,
        collection: &str,
        binaries: impl IntoIterator<Item = (&'a [GoSlice], &'a Subject)>,
    ) {
        for (slices, subject) in binaries {
            let mut package = binary_package(slices, subject);
            // The same program can be there twice, built differently.
            let file = package.sha256.clone().unwrap_or_else(|| first_place(subject));
            package.reference = format!("{}#file={file}", package.reference);
            add_main_packages(&mut package, slices, subject);
            let reference = package.reference.clone();
            self.edge(collection, &reference);
            self.add(package);
            self.add_modules(&reference, slices, subject);
        }
    }

    fn add_modules(&mut self, binary: &str, slices: &[GoSlice], subject: &Subject) {
        let mut complete = true;
        for slice in slices {
            let occurrences = occurrences(slice, slices, subject);
            let mut packages = vec![(Owner::Stdlib, stdlib(slice.build_info.go_version()))];
            match slice.build_info.modules() {
                Ok(info) => {
                    let numbered = info.deps.iter().enumerate();
                    let package = |(number, dep)| (Owner::Dependency(number), module_package(dep));
                    packages.extend(numbered.map(package));
                }
                Err(_) => complete = false,
            }
            let owners = Owners::of_slice(slice);
            for (owner, mut package) in packages {
                package.occurrences.clone_from(&occurrences);
                package.add_packages(&owners, owner, slice, slices, subject);
                self.edge(binary, &package.reference);
                self.edges.entry(package.reference.clone()).or_default();
                self.unknown.insert(package.reference.clone());
                self.add(package);
            }
        }
        let known = match complete {
            true => &mut self.complete,
            false => &mut self.unknown,
        };
        known.insert(binary.to_owned());
    }

    fn edge(&mut self, from: &str, to: &str) {
        let targets = self.edges.entry(from.to_owned()).or_default();
        targets.insert(to.to_owned());
    }

    /// A package that is there already gains occurrences and properties, nothing else.
    fn add(&mut self, package: Package) {
        let known = self.packages.entry(package.reference.clone()).or_insert_with(|| Package {
            properties: Vec::new(),
            occurrences: Vec::new(),
            packages: BTreeMap::new(),
            ..package.clone()
        });
        known.gain(package);
    }
}

impl From<&Subject> for Package {
    /// A folder or archive.
    fn from(subject: &Subject) -> Self {
        let mut package = Package {
            reference: format!("collection:{}", subject.name),
            role: Role::Collection,
            name: subject.name.clone(),
            ..Package::default()
        };
        package.set_digests(subject);
        package
    }
}

impl Package {
    fn set_digests(&mut self, subject: &Subject) {
        self.sha256 = subject.sha256.map(hex::encode);
        self.sha512 = subject.sha512.map(hex::encode);
        self.identity = self.sha256.as_ref().map(|hex| format!("sha256:{hex}"));
    }

    /// Takes over the properties, places and packages of another description of the same.
    fn gain(&mut self, other: Package) {
        for property in other.properties {
            push_new(&mut self.properties, property);
        }
        for occurrence in other.occurrences {
            push_new(&mut self.occurrences, occurrence);
        }
        for (path, package) in other.packages {
            match self.packages.entry(path) {
                Entry::Vacant(entry) => {
                    entry.insert(package);
                }
                Entry::Occupied(mut known) => known.get_mut().gain(package),
            }
        }
    }

    /// Adds what the function table shows of this module.
    fn add_packages(
        &mut self,
        owners: &Owners<'_>,
        owner: Owner,
        slice: &GoSlice,
        slices: &[GoSlice],
        subject: &Subject,
    ) {
        let module = self.purl.as_deref().and_then(|purl| GolangPurl::parse(purl).ok());
        let occurrences = occurrences_at(owners.offset(), slice, slices, subject);
        for &(path, subpath) in owners.packages(owner) {
            let purl = module.clone().map(|module| module.package(subpath).to_string());
            let package = Package {
                reference: format!("{}#package={path}", self.reference),
                role: Role::Package,
                name: path.to_owned(),
                version: self.version.clone(),
                purl,
                occurrences: occurrences.clone(),
                ..Package::default()
            };
            let known = BTreeMap::from([(path.to_owned(), package)]);
            self.gain(Package { packages: known, ..Package::default() });
        }
    }

    /// The package and the packages in it.
    pub(super) fn with_packages(&self) -> impl Iterator<Item = &Package> {
        std::iter::once(self).chain(self.packages.values())
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// The binary as a package: its main module, the file's digests, the build settings.
fn binary_package(slices: &[GoSlice], subject: &Subject) -> Package {
    let info = slices.iter().find_map(|slice| slice.build_info.modules().ok());
    let main = info.and_then(|info| Some((info, info.main.as_ref()?)));
    let mut package = match main.filter(|(_, main)| has_name(&main.path)) {
        Some((info, main)) => {
            let version = MainVersion::new(info, main);
            let purl = main_purl(info, main, &version);
            Package {
                reference: purl.to_string(),
                name: main.path.clone(),
                version: version.version,
                purl: Some(purl.to_string()),
                ..Package::default()
            }
        }
        None => {
            // `go build file.go` says only "command-line-arguments".
            let path = info.map(|info| info.path.as_str()).unwrap_or_default();
            let name = match path {
                "" | COMMAND_LINE_ARGUMENTS => &subject.name,
                path => path,
            };
            Package {
                reference: format!("binary:{name}"),
                name: name.to_owned(),
                ..Package::default()
            }
        }
    };
    package.role = Role::Binary;
    package.set_digests(subject);
    for slice in slices {
        package.occurrences.extend(occurrences(slice, slices, subject));
        for property in properties(slice, &subject.name) {
            push_new(&mut package.properties, property);
        }
    }
    package
}

/// What the function table shows of the main module, and of no module that is listed.
fn add_main_packages(package: &mut Package, slices: &[GoSlice], subject: &Subject) {
    for slice in slices {
        let owners = Owners::of_slice(slice);
        package.add_packages(&owners, Owner::Main, slice, slices, subject);
        for (path, _) in owners.packages(Owner::Nobody) {
            push_new(&mut package.properties, property("chainsign:go:unlistedPackage", path));
        }
        for module in owners.unlisted_modules() {
            let text = format!("{}@{}", module.path, module.version);
            push_new(&mut package.properties, property("chainsign:go:unlistedModule", &text));
        }
    }
}

fn main_purl(info: &ModuleInfo, main: &Module, version: &MainVersion) -> GolangPurl {
    let purl = module_purl(&main.path, version.version.as_deref().unwrap_or_default());
    purl.with_subpath(info.main_subpath().unwrap_or_default())
}

/// What was compiled in: the replacement where there is one.
///
/// A replacement by a folder has no name and version of its own, so the original's path stays,
/// without the version that was not used, and the folder is a property.
fn module_package(module: &Module) -> Package {
    let Some(replacement) = module.replace.as_deref() else {
        return plain_package(module);
    };
    let mut package = if replacement.is_local_folder() {
        let mut package = plain_package(&Module::new(module.path.clone(), ""));
        package.properties.push(property("chainsign:go:replacedByFolder", &replacement.path));
        package
    } else {
        plain_package(replacement)
    };
    package.replaces = Some(Box::new(plain_package(module)));
    package
}

fn plain_package(module: &Module) -> Package {
    let purl =
        has_name(&module.path).then(|| module_purl(&module.path, &module.version).to_string());
    let mut properties = Vec::new();
    if let Some(sum) = &module.sum {
        properties.push(property("chainsign:go:sum", sum.as_str()));
    }
    if module.known_version().is_none() && !module.version.is_empty() {
        properties.push(property("chainsign:go:version", &module.version));
    }
    let unnamed = || format!("module:{}@{}", module.path, module.version);
    Package {
        reference: purl.clone().unwrap_or_else(unnamed),
        name: module.path.clone(),
        version: module.known_version().map(str::to_owned),
        purl,
        properties,
        ..Package::default()
    }
}

/// Whether a package URL can name it. Go writes no other paths.
fn has_name(path: &str) -> bool {
    path.split('/').any(|part| !part.is_empty())
}

fn stdlib(version: Option<&GoVersion>) -> Package {
    let release = version.and_then(GoVersion::release);
    let purl = GolangPurl::stdlib(release).to_string();
    let version = version.map(|version| property("chainsign:go:version", version.as_str()));
    Package {
        reference: purl.clone(),
        name: STDLIB.to_owned(),
        version: release.map(|release| release.to_string()),
        purl: Some(purl),
        cpe: release.map(cpe),
        licence: Some(GO_LICENCE),
        properties: version.into_iter().collect(),
        ..Package::default()
    }
}

/// As the CPE dictionary names Go: a release has the update `-`, a pre-release its name.
fn cpe(release: GoRelease) -> String {
    let update = match release.prerelease {
        Some(Prerelease::Beta(count)) => format!("beta{count}"),
        Some(Prerelease::Candidate(count)) => format!("rc{count}"),
        None => "-".to_owned(),
    };
    let number = GoRelease { prerelease: None, ..release };
    format!("cpe:2.3:a:golang:go:{number}:{update}:*:*:*:*:*:*")
}

/// One for each place of the file; layer and slice where there are several.
fn occurrences(slice: &GoSlice, slices: &[GoSlice], subject: &Subject) -> Vec<Occurrence> {
    occurrences_at(slice.build_info_offset, slice, slices, subject)
}

fn occurrences_at(
    offset: u64,
    slice: &GoSlice,
    slices: &[GoSlice],
    subject: &Subject,
) -> Vec<Occurrence> {
    let slice_name = (slices.len() > 1).then(|| {
        let arch = slice.facts.arch.map_or("unknown processor", |arch| arch.as_str());
        format!("slice {arch} at {:#x}", slice.offset)
    });
    let here = [Location::new(&subject.name)];
    let locations = match subject.locations.as_slice() {
        [] => &here,
        locations => locations,
    };
    let occurrence = |location: &Location| {
        let image = location.image.as_ref().map(|image| format!("image {image}"));
        let layer = location.layer.as_ref().map(|layer| format!("layer {layer}"));
        let context: Vec<_> = image.into_iter().chain(layer).chain(slice_name.clone()).collect();
        Occurrence {
            location: location.path.clone(),
            offset,
            context: (!context.is_empty()).then(|| context.join(", ")),
        }
    };
    locations.iter().map(occurrence).collect()
}

/// What tells a file from others where its digest is not known.
fn first_place(subject: &Subject) -> String {
    let Some(location) = subject.locations.first() else { return subject.name.clone() };
    match &location.image {
        Some(image) => format!("{image}!{}", location.path),
        None => location.path.clone(),
    }
}

/// Build settings and facts. The `cdx:gomod:` names are those of the CycloneDX property taxonomy
/// (<https://github.com/CycloneDX/cyclonedx-property-taxonomy/blob/main/cdx/gomod.md>); what it
/// does not name stands under `chainsign:go:`.
fn properties(slice: &GoSlice, file_name: &str) -> Vec<Property> {
    let mut properties = vec![property("cdx:gomod:binary:name", file_name)];
    if let Some(version) = slice.build_info.go_version() {
        properties.push(property("cdx:gomod:build:env:GOVERSION", version.as_str()));
    }
    match slice.build_info.modules() {
        Ok(info) => properties.extend(setting_properties(info)),
        Err(reason) => {
            properties.push(property("chainsign:go:modulesUnavailable", &reason.to_string()));
        }
    }
    let facts = &slice.facts;
    let yes_no = |value: Option<bool>| value.map(|value| value.to_string());
    let linkage = match facts.linkage {
        Linkage::Unknown => None,
        Linkage::Static => Some("static".to_owned()),
        Linkage::Dynamic { .. } => Some("dynamic".to_owned()),
    };
    let observed =
        [("linkage", linkage), ("pie", yes_no(facts.pie)), ("stripped", yes_no(facts.stripped))];
    for (name, value) in observed {
        let value = value.map(|value| property(&format!("chainsign:go:observed:{name}"), &value));
        properties.extend(value);
    }
    properties
}

fn setting_properties(info: &ModuleInfo) -> Vec<Property> {
    let mut properties = vec![property("chainsign:go:path", &info.path)];
    if let Some(main) = &info.main {
        let source = MainVersion::new(info, main).source;
        properties.push(property("chainsign:go:versionSource", &source));
        if let Some(sum) = &main.sum {
            properties.push(property("chainsign:go:sum", sum.as_str()));
        }
    }
    for setting in &info.settings {
        let (key, value) = (setting.key.as_str(), setting.value.as_str());
        if let "CGO_ENABLED" | "GOARCH" | "GOOS" = key {
            properties.push(property(&format!("cdx:gomod:build:env:{key}"), value));
            continue;
        }
        if key == "-tags" {
            let tags = value.split([',', ' ']).filter(|tag| !tag.is_empty());
            properties.extend(tags.map(|tag| property("cdx:gomod:build:tag", tag)));
        }
        properties.push(property(&format!("chainsign:go:build:{key}"), value));
    }
    properties
}

fn property(name: &str, value: &str) -> Property {
    Property { name: name.to_owned(), value: value.to_owned() }
}

const COMMAND_LINE_ARGUMENTS: &str = "command-line-arguments";
/// Licence of the Go project (<https://go.dev/LICENSE>).
const GO_LICENCE: &str = "BSD-3-Clause";
/// UUIDv5 of the URL namespace and `https://chainsign.dev/sbom`.
const NAMESPACE: Uuid = Uuid::from_u128(0xdbdc_3f44_6f65_5b35_afa1_4037_2500_f52f);
