use super::model::{Package, Property, Role};

/// A container image that an SBOM is about, as the caller read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageSubject {
    /// What the document calls it: a reference, or the name of its file.
    pub name: String,
    /// The digest by which registries name it, `sha256:HEX`: of its manifest or, of an image for
    /// several platforms, its index.
    pub digest: Option<String>,
    /// The digest of its configuration, which Docker calls its id. An index has none.
    pub config: Option<String>,
    /// What it runs on: `linux/arm64`.
    pub platform: Option<String>,
    /// What else it is called. Nothing vouches for a name.
    pub names: Vec<String>,
    /// Its layers, lowest first: the digest of each one's tar, as the configuration has it.
    pub layers: Vec<String>,
}

impl ImageSubject {
    /// An image of which nothing is known.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl From<&ImageSubject> for Package {
    fn from(image: &ImageSubject) -> Self {
        let ImageSubject { name, digest, config, platform, names, layers } = image;
        let identity = digest.as_ref().or(config.as_ref());
        let once = [("digest", digest), ("config", config), ("platform", platform)];
        let once = once.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let names_of = names.iter().map(|name| ("name", name));
        let layers = layers.iter().map(|layer| ("layer", layer));
        let property = |(name, value): (&str, &String)| Property {
            name: format!("chainsign:image:{name}"),
            value: value.clone(),
        };
        Package {
            reference: format!("image:{}", identity.unwrap_or(name)),
            role: Role::Image,
            name: name.clone(),
            version: digest.clone(),
            identity: identity.cloned(),
            properties: once.chain(names_of).chain(layers).map(property).collect(),
            ..Package::default()
        }
    }
}
