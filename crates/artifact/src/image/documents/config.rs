use std::collections::BTreeMap;

use chainsign_core::digest::ArtifactDigest;
use serde::de::IgnoredAny;

use super::descriptor::{not_empty, platform};
use super::object::Object;
use crate::image::{ImageConfig, ImageFault};

/// The configuration of an image: `config.md`, and Docker's "Image JSON".
#[derive(Debug)]
pub(in crate::image) struct Config {
    pub(in crate::image) facts: ImageConfig,
    /// The digests of the tars in the layers, lowest first.
    pub(in crate::image) diff_ids: Vec<ArtifactDigest>,
    /// What made each layer, if the history has as many as there are layers.
    pub(in crate::image) created_by: Vec<Option<String>>,
}

impl Config {
    pub(in crate::image) fn parse(document: &str, bytes: &[u8]) -> Result<Self, ImageFault> {
        let mut object = Object::parse("image configuration", document, bytes)?;
        object.has_none_of(&["layers", "manifests", "fsLayers"])?;
        let platform = platform(&mut object)?;
        let created = not_empty(object.field("created")?);
        let facts = match object.object("config")? {
            Some(run) => ImageConfig { platform, created, ..read_run(run)? },
            None => ImageConfig { platform, created, ..ImageConfig::default() },
        };
        let root = object.object("rootfs")?.ok_or_else(|| object.missing("rootfs"))?;
        let diff_ids = read_root(root)?;
        let mut created_by = match object.objects("history")? {
            Some(history) => read_history(history)?,
            None => Vec::new(),
        };
        if created_by.len() != diff_ids.len() {
            created_by = vec![None; diff_ids.len()];
        }
        object.finish()?;
        Ok(Config { facts, diff_ids, created_by })
    }
}

fn read_run(mut object: Object<'_>) -> Result<ImageConfig, ImageFault> {
    let names = |set: Option<BTreeMap<String, IgnoredAny>>| -> Vec<String> {
        set.unwrap_or_default().into_keys().collect()
    };
    let facts = ImageConfig {
        user: object.field("User")?.unwrap_or_default(),
        entrypoint: object.field("Entrypoint")?.unwrap_or_default(),
        command: object.field("Cmd")?.unwrap_or_default(),
        environment: object.field("Env")?.unwrap_or_default(),
        working_folder: object.field("WorkingDir")?.unwrap_or_default(),
        labels: object.field("Labels")?.unwrap_or_default(),
        exposed_ports: names(object.field("ExposedPorts")?),
        volumes: names(object.field("Volumes")?),
        ..ImageConfig::default()
    };
    object.finish()?;
    Ok(facts)
}

fn read_root(mut object: Object<'_>) -> Result<Vec<ArtifactDigest>, ImageFault> {
    if let Some(found) = object.field::<String>("type")?.filter(|found| found != "layers") {
        return Err(object.invalid(format!("found rootfs of type {found:?}, wanted \"layers\"")));
    }
    let texts: Vec<String> = object.field("diff_ids")?.unwrap_or_default();
    let digests = texts.iter().map(|text| text.parse().map_err(|error| object.fault(error)));
    let digests = digests.collect::<Result<_, _>>()?;
    object.finish()?;
    Ok(digests)
}

/// What made each layer: steps that made none are left out.
fn read_history(history: Vec<Object<'_>>) -> Result<Vec<Option<String>>, ImageFault> {
    let mut steps = Vec::new();
    for mut step in history {
        let created_by = not_empty(step.field("created_by")?);
        if !step.field::<bool>("empty_layer")?.unwrap_or_default() {
            steps.push(created_by);
        }
        step.finish()?;
    }
    Ok(steps)
}
