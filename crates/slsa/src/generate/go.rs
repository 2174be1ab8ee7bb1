//! What Go binaries say about how they were built.

use std::collections::BTreeMap;

use chainsign_core::encoding::hex_encode;
use chainsign_gosbom::purl::{GolangPurl, module_purl};
use chainsign_gosbom::{BuildInfo, Module, ModuleInfo, ModuleSum};
use serde::Serialize;
use serde_json::{Value, json};

use crate::predicate::ResourceDescriptor;
use crate::{Error, StampedCommit};

/// What the binaries of one build say together.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// The commit, as fully as a binary names it.
    pub(super) stamp: Option<StampedCommit>,
    /// Whether a binary was built from a working tree that differed from the commit.
    pub(super) modified: bool,
    /// Modules and the standard library, sorted.
    pub(super) dependencies: Vec<ResourceDescriptor>,
    /// One entry for each binary, in the order given, without repetitions.
    pub(super) builds: Vec<Value>,
}

impl Summary {
    pub(super) fn of(binaries: &[&BuildInfo]) -> Result<Self, Error> {
        let mut summary = Summary::default();
        let mut dependencies = Dependencies::default();
        for binary in binaries {
            let modules = binary.modules().ok();
            if let Some(stamp) = modules.and_then(StampedCommit::of) {
                summary.join(stamp)?;
            }
            summary.modified |= modules.is_some_and(modified);
            dependencies.add(binary)?;
            let build = json!(Build::of(binary));
            if !summary.builds.contains(&build) {
                summary.builds.push(build);
            }
        }
        summary.dependencies = dependencies.0.into_values().collect();
        Ok(summary)
    }

    fn join(&mut self, stamp: StampedCommit) -> Result<(), Error> {
        match &self.stamp {
            Some(first) if !first.agrees_with(&stamp) => {
                return Err(Error::StampsDiffer { first: first.clone(), second: stamp });
            }
            Some(StampedCommit::Revision(_)) => {}
            _ => self.stamp = Some(stamp),
        }
        Ok(())
    }
}

/// `internalParameters.go`, if there is anything to say.
pub(super) fn parameters(builds: Vec<Value>) -> Option<Value> {
    (!builds.is_empty()).then(|| json!({ "builds": builds }))
}

/// One entry of `internalParameters.go.builds`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Build<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    go_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    local_replacements: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<&'a str, &'a str>,
}

impl<'a> Build<'a> {
    fn of(binary: &'a BuildInfo) -> Self {
        let go_version = binary.go_version().map(|version| version.as_str());
        let Ok(modules) = binary.modules() else {
            let (local_replacements, settings) = (Vec::new(), BTreeMap::new());
            return Build { go_version, local_replacements, module: None, path: None, settings };
        };
        let replaced = modules.deps.iter().filter(|module| is_local(module));
        let settings = modules.settings.iter();
        Build {
            go_version,
            local_replacements: replaced.map(|module| purl(module).to_string()).collect(),
            module: modules.main.as_ref().map(|module| purl(module).to_string()),
            path: Some(modules.path.as_str()).filter(|path| !path.is_empty()),
            settings: settings.map(|it| (it.key.as_str(), it.value.as_str())).collect(),
        }
    }
}

/// By package URL.
#[derive(Default)]
struct Dependencies(BTreeMap<String, ResourceDescriptor>);

impl Dependencies {
    fn add(&mut self, binary: &BuildInfo) -> Result<(), Error> {
        if let Some(release) = binary.go_version().and_then(|version| version.release()) {
            self.insert(GolangPurl::stdlib(Some(release)), None, None)?;
        }
        let Ok(modules) = binary.modules() else { return Ok(()) };
        let downloaded = modules.main.iter().filter(|main| main.sum.is_some());
        for module in downloaded.chain(&modules.deps).filter(|module| !is_local(module)) {
            let linked = module.effective();
            let replaces = module.replace.is_some().then(|| purl(module));
            self.insert(purl(linked), linked.sum.as_ref(), replaces)?;
        }
        Ok(())
    }

    fn insert(
        &mut self,
        purl: GolangPurl,
        sum: Option<&ModuleSum>,
        replaces: Option<GolangPurl>,
    ) -> Result<(), Error> {
        let uri = purl.to_string();
        let entry = self.0.entry(uri.clone()).or_insert_with(|| ResourceDescriptor {
            uri: Some(uri.clone()),
            ..ResourceDescriptor::default()
        });
        if let Some(found) = sum.and_then(ModuleSum::h1).map(hex_encode) {
            let first = entry.digest.0.entry(DIR_HASH.to_owned()).or_insert_with(|| found.clone());
            if *first != found {
                let first = first.clone();
                return Err(Error::ModuleSumsDiffer { module: uri, first, second: found });
            }
        }
        if let Some(replaces) = replaces {
            let replaced = entry.annotations.entry("replaces".to_owned()).or_insert(json!([]));
            if let Value::Array(replaced) = replaced {
                let replaces = json!(replaces.to_string());
                if !replaced.contains(&replaces) {
                    replaced.push(replaces);
                }
            }
        }
        Ok(())
    }
}

fn purl(module: &Module) -> GolangPurl {
    module_purl(&module.path, &module.version)
}

/// What was compiled is a folder of the build machine: it has no name that means anything outside.
fn is_local(module: &Module) -> bool {
    module.effective().is_local_folder()
}

/// The working tree differed from the commit: `vcs.modified`, or the `+dirty` that Go 1.24 and
/// later append to the main module's version.
fn modified(modules: &ModuleInfo) -> bool {
    let dirty = |main: &Module| {
        main.version
            .split_once('+')
            .is_some_and(|(_, build)| build.split('.').any(|it| it == "dirty"))
    };
    modules.vcs_modified() == Some(true) || modules.main.as_ref().is_some_and(dirty)
}

/// in-toto/attestation `spec/v1/digest_set.md`: Go's `h1:` sum in hexadecimal. (The example there
/// says `dirHash1`; the heading, and in-toto's Go library, say `dirHash`.)
const DIR_HASH: &str = "dirHash";
