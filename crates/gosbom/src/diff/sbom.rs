//! Reading the Go modules out of an SBOM that any tool wrote.
//!
//! Only package URLs of type `golang` count; everything else in the document is ignored, as are
//! unknown fields. Names and versions beside a package URL are not used, because tools put other
//! things there.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::set::{Entry, Kind, ModuleSet, Name, Source};
use crate::ModuleSum;
use crate::buildinfo::known_version;
use crate::purl::{GolangPurl, Names, PurlError, STDLIB};

/// Why an SBOM could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SbomError {
    /// Not JSON, or a known field of another type than its specification gives it.
    #[error("the SBOM cannot be parsed: {0}")]
    Json(#[source] serde_json::Error),
    /// JSON, but neither CycloneDX nor SPDX 2.
    #[error("neither a CycloneDX nor an SPDX 2 document in JSON")]
    UnknownFormat,
    /// A component has a package URL that is none.
    #[error("the SBOM has a wrong package URL, {purl:?}: {reason}")]
    Purl {
        /// The text in the document.
        purl: String,
        /// What is wrong with it.
        reason: PurlError,
    },
}

impl ModuleSet {
    /// The Go modules of a CycloneDX (1.0 to 1.7) or SPDX (2.2, 2.3) document in JSON.
    ///
    /// Components at any depth count, the described one included. Where the same package URL
    /// stands several times it is one entry. A package (`?type=package`) stands for its module.
    ///
    /// # Errors
    /// [`SbomError`]. The caller bounds the length of `json`; nesting deeper than 128 levels is an
    /// error.
    pub fn from_sbom(json: &[u8]) -> Result<Self, SbomError> {
        let document: Document = serde_json::from_slice(json).map_err(SbomError::Json)?;
        let stated = if document.bom_format.as_deref() == Some("CycloneDX") {
            document.cyclonedx()
        } else if matches!(&document.spdx_version, Some(version) if version.starts_with("SPDX-2."))
        {
            document.spdx()
        } else {
            return Err(SbomError::UnknownFormat);
        };
        Self::from_stated(stated)
    }

    /// The Go modules among package URLs, for example those of a provenance's dependencies.
    ///
    /// # Errors
    /// [`SbomError::Purl`]: one that starts as a `golang` package URL, or as none, and is wrong.
    pub fn from_purls<'a>(purls: impl IntoIterator<Item = &'a str>) -> Result<Self, SbomError> {
        Self::from_stated(purls.into_iter().map(|purl| (purl.to_owned(), None)))
    }

    fn from_stated(
        packages: impl IntoIterator<Item = (String, Option<ModuleSum>)>,
    ) -> Result<Self, SbomError> {
        let packages = packages.into_iter();
        let (mut entries, mut of_packages) =
            (Vec::with_capacity(packages.size_hint().0), Vec::new());
        for (purl, sum) in packages {
            match entry(purl, sum)? {
                Some((Names::Module, entry)) => entries.push(entry),
                Some((Names::Package, entry)) => of_packages.push(entry),
                None => {}
            }
        }
        let modules: HashSet<&Name> = entries.iter().map(|entry| &entry.name).collect();
        of_packages.retain(|entry: &Entry| !modules.contains(&entry.name));
        entries.extend(of_packages);
        // A document may describe a module twice, once without its sum.
        let mut known = HashSet::new();
        let is_new = entries.iter().map(|it| known.insert((&it.name, &it.alias, &it.sum)));
        let mut are_new = is_new.collect::<Vec<_>>().into_iter();
        entries.retain(|_| are_new.next().unwrap_or_default());
        Ok(Self { source: Source::Sbom, entries })
    }
}

/// `None` if it is not a Go module.
fn entry(purl: String, sum: Option<ModuleSum>) -> Result<Option<(Names, Entry)>, SbomError> {
    let parsed = match GolangPurl::parse(&purl) {
        Ok(parsed) => parsed,
        Err(PurlError::OtherType(_)) => return Ok(None),
        Err(reason) => return Err(SbomError::Purl { purl, reason }),
    };
    let version = parsed.version().and_then(known_version);
    let names = parsed.names();
    let is_module = names == Names::Package || parsed.subpath().is_none();
    let entry = match parsed.path() {
        // `std` is what cyclonedx-gomod calls it.
        STDLIB | "std" if is_module => Entry::new(Kind::Stdlib, Name::new(STDLIB, version)),
        path if is_module => {
            Entry { sum, ..Entry::new(Kind::Dependency, Name::new(path, version)) }
        }
        path => Entry {
            sum,
            alias: Some(path.to_owned()),
            ..Entry::new(Kind::Dependency, Name::new(parsed.folded_path(), version))
        },
    };
    Ok(Some((names, entry)))
}

/// What a component or package says of itself that is of use.
struct Stated {
    purl: String,
    sum: Option<ModuleSum>,
    /// A SHA-256, of whatever.
    sha256: Option<Sha256>,
}

/// Boxed, because few components have one.
type Sha256 = Box<[u8; 32]>;

impl Stated {
    /// With the SHA-256 for the sum, if the tool that wrote it means that.
    fn with_sum(self, sha256_is_sum: bool) -> (String, Option<ModuleSum>) {
        let sha256 = self.sha256.filter(|_| sha256_is_sum);
        (self.purl, self.sum.or_else(|| Some(ModuleSum::from_h1(&*sha256?))))
    }
}

/// The fields of both formats that say anything about modules. No list is held that is not of use:
/// what takes three bytes in the document would take a hundred.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    bom_format: Option<String>,
    metadata: Option<Metadata>,
    #[serde(default, deserialize_with = "components")]
    components: Vec<Stated>,
    spdx_version: Option<String>,
    creation_info: Option<CreationInfo>,
    #[serde(default, deserialize_with = "spdx_packages")]
    packages: Vec<Stated>,
}

impl Document {
    fn cyclonedx(self) -> Vec<(String, Option<ModuleSum>)> {
        let (tools, component) = match self.metadata {
            Some(metadata) => (metadata.tools, metadata.component),
            None => (None, None),
        };
        let mut stated = self.components;
        if let Some(component) = component {
            component.add_to(&mut stated);
        }
        stated.shrink_to_fit();
        // It writes the bytes of h1 as the SHA-256 of the component.
        let sha256_is_sum = tools.is_some_and(|tools| tools.cyclonedx_gomod);
        stated.into_iter().map(|one| one.with_sum(sha256_is_sum)).collect()
    }

    fn spdx(self) -> Vec<(String, Option<ModuleSum>)> {
        // It writes the bytes of h1 as the SHA256 checksum of the package.
        let sha256_is_sum = self.creation_info.is_some_and(|info| info.syft);
        self.packages.into_iter().map(|one| one.with_sum(sha256_is_sum)).collect()
    }
}

#[derive(Deserialize)]
struct Metadata {
    component: Option<Component>,
    tools: Option<Tools>,
}

#[derive(Deserialize)]
struct Component {
    purl: Option<String>,
    #[serde(default, rename = "hashes", deserialize_with = "sha256_hash")]
    sha256: Option<Sha256>,
    #[serde(default, rename = "properties", deserialize_with = "sum_property")]
    sum: Option<ModuleSum>,
    #[serde(default, deserialize_with = "components")]
    components: Vec<Stated>,
}

impl Component {
    fn add_to(self, all: &mut Vec<Stated>) {
        let Component { purl, sha256, sum, components } = self;
        all.extend(purl.map(|purl| Stated { purl, sum, sha256 }));
        all.extend(components);
    }
}

fn components<'de, D: Deserializer<'de>>(list: D) -> Result<Vec<Stated>, D::Error> {
    each(list, |all, component: Component| component.add_to(all))
}

fn sha256_hash<'de, D: Deserializer<'de>>(list: D) -> Result<Option<Sha256>, D::Error> {
    #[derive(Deserialize)]
    struct Hash {
        alg: String,
        content: String,
    }
    each(list, |found: &mut Option<Sha256>, hash: Hash| {
        if hash.alg == "SHA-256" && found.is_none() {
            *found = digest_of_hex(&hash.content);
        }
    })
}

fn sum_property<'de, D: Deserializer<'de>>(list: D) -> Result<Option<ModuleSum>, D::Error> {
    #[derive(Deserialize)]
    struct Property {
        name: Option<String>,
        value: Option<String>,
    }
    each(list, |found: &mut Option<ModuleSum>, property: Property| {
        let is_sum = property.name.is_some_and(|name| SUM_PROPERTIES.contains(&name.as_str()));
        if let Some(value) = property.value.filter(|_| is_sum) {
            found.get_or_insert(ModuleSum::new(value));
        }
    })
}

/// Who wrote the document: a list of tools, or since 1.5 an object with a list of components.
#[derive(Default)]
struct Tools {
    cyclonedx_gomod: bool,
}

impl Tools {
    fn of<'de, D: Deserializer<'de>>(list: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Tool {
            name: Option<String>,
        }
        each(list, |tools: &mut Self, tool: Tool| {
            tools.cyclonedx_gomod |= tool.name.as_deref() == Some("cyclonedx-gomod");
        })
    }
}

impl<'de> Deserialize<'de> for Tools {
    fn deserialize<D: Deserializer<'de>>(tools: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Tools;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of tools, or an object with one")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Tools, A::Error> {
                Tools::of(SeqAccessDeserializer::new(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Tools, A::Error> {
                #[derive(Deserialize)]
                struct Object {
                    #[serde(default, deserialize_with = "Tools::of")]
                    components: Tools,
                }
                let object = Object::deserialize(MapAccessDeserializer::new(object))?;
                Ok(object.components)
            }
        }

        tools.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
struct CreationInfo {
    #[serde(default, rename = "creators", deserialize_with = "has_syft")]
    syft: bool,
}

fn has_syft<'de, D: Deserializer<'de>>(list: D) -> Result<bool, D::Error> {
    each(list, |found: &mut bool, creator: String| *found |= creator.starts_with("Tool: syft"))
}

fn spdx_packages<'de, D: Deserializer<'de>>(list: D) -> Result<Vec<Stated>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Package {
        #[serde(default, rename = "externalRefs", deserialize_with = "purls")]
        purls: Vec<String>,
        #[serde(default, rename = "checksums", deserialize_with = "sha256_checksum")]
        sha256: Option<Sha256>,
        #[serde(default, rename = "annotations", deserialize_with = "sum_annotation")]
        sum: Option<ModuleSum>,
    }
    each(list, |all: &mut Vec<Stated>, Package { purls, sha256, sum }: Package| {
        let stated = |purl| Stated { purl, sum: sum.clone(), sha256: sha256.clone() };
        all.extend(purls.into_iter().map(stated));
    })
}

fn purls<'de, D: Deserializer<'de>>(list: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Reference {
        reference_type: String,
        reference_locator: String,
    }
    each(list, |purls: &mut Vec<String>, reference: Reference| {
        if reference.reference_type == "purl" {
            purls.push(reference.reference_locator);
        }
    })
}

fn sha256_checksum<'de, D: Deserializer<'de>>(list: D) -> Result<Option<Sha256>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Checksum {
        algorithm: String,
        checksum_value: String,
    }
    each(list, |found: &mut Option<Sha256>, checksum: Checksum| {
        if checksum.algorithm == "SHA256" && found.is_none() {
            *found = digest_of_hex(&checksum.checksum_value);
        }
    })
}

fn sum_annotation<'de, D: Deserializer<'de>>(list: D) -> Result<Option<ModuleSum>, D::Error> {
    #[derive(Deserialize)]
    struct Annotation {
        comment: String,
    }
    each(list, |found: &mut Option<ModuleSum>, annotation: Annotation| {
        match annotation.comment.split_once('=') {
            Some((name, value)) if SUM_PROPERTIES.contains(&name) => {
                found.get_or_insert(ModuleSum::new(value));
            }
            _ => {}
        }
    })
}

/// Takes the items of a list one after another.
fn each<'de, D: Deserializer<'de>, T: Deserialize<'de>, R: Default>(
    list: D,
    take: impl FnMut(&mut R, T),
) -> Result<R, D::Error> {
    struct Each<T, R, F> {
        take: F,
        of: PhantomData<fn(T) -> R>,
    }

    impl<'de, T: Deserialize<'de>, R: Default, F: FnMut(&mut R, T)> Visitor<'de> for Each<T, R, F> {
        type Value = R;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<R, A::Error> {
            let mut taken = R::default();
            while let Some(item) = list.next_element()? {
                (self.take)(&mut taken, item);
            }
            Ok(taken)
        }
    }

    list.deserialize_seq(Each { take, of: PhantomData })
}

fn digest_of_hex(hex: &str) -> Option<Sha256> {
    Some(Box::new(hex::decode(hex).ok()?.try_into().ok()?))
}

/// Where chainsign and syft put the sum.
const SUM_PROPERTIES: [&str; 2] = ["chainsign:go:sum", "syft:metadata:h1Digest"];
