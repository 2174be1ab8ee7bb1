//! What `inspect` shows of container images: what their documents say. No layer is read.

use chainsign_artifact::image::{BaseSource, Image, ImageFacts, Images, Layer, Other, OtherKind};
use serde_json::{Value, json};

use super::inspect::Card;
use crate::printer::{FAINT, paint};

/// The card of a layout or archive.
pub(super) fn card(images: &Images) -> Card {
    let mut card = Card::new("container image");
    card.line("format", images.format());
    for image in images.all() {
        image_lines(&mut card, image.facts());
    }
    for other in images.others() {
        card.line("not an image here", other_text(other));
    }
    card.json = json!({
        "format": images.format().to_string(),
        "images": images.all().iter().map(image_json).collect::<Vec<_>>(),
        "others": images.others().iter().map(other_json).collect::<Vec<_>>(),
    });
    card
}

fn image_lines(card: &mut Card, facts: &ImageFacts) {
    card.line("image", &facts.platform);
    if let Some(manifest) = &facts.manifest {
        card.line("digest", manifest);
    }
    for index in &facts.indexes {
        card.line("of the index", index);
    }
    card.line("id", &facts.id);
    for name in &facts.names {
        card.line("name", name);
    }
    if let Some(base) = facts.base() {
        let name = base.name.unwrap_or_default();
        let digest = base.digest.map_or_else(String::new, |digest| digest.to_string());
        card.line("base", format!("{name} {digest}").trim());
    }
    let config = &facts.config;
    if let Some(created) = &config.created {
        card.line("created", created);
    }
    let user = if config.user.is_empty() { "none, which is root" } else { &config.user };
    card.line("user", user);
    for (name, words) in [("entrypoint", &config.entrypoint), ("command", &config.command)] {
        if !words.is_empty() {
            card.line(name, words.join(" "));
        }
    }
    if !config.working_folder.is_empty() {
        card.line("working folder", &config.working_folder);
    }
    let lists = [
        ("environment", &config.environment),
        ("port", &config.exposed_ports),
        ("volume", &config.volumes),
    ];
    for (name, values) in lists {
        for value in values {
            card.line(name, value);
        }
    }
    for (name, values) in [("annotation", &facts.annotations), ("label", &config.labels)] {
        for (key, value) in values {
            card.line(name, format!("{key} = {value}"));
        }
    }
    for layer in &facts.layers {
        card.line("layer", layer_text(layer));
        if let Some(command) = &layer.created_by {
            card.line("", paint(FAINT, command));
        }
    }
}

fn layer_text(layer: &Layer) -> String {
    format!("{} {}, {} bytes", layer.position, layer.diff_id, layer.size)
}

fn other_text(other: &Other) -> String {
    let platform = other.platform.as_ref();
    let platform = platform.map_or_else(String::new, |platform| format!(" for {platform}"));
    let what = match &other.kind {
        OtherKind::Artifact { artifact_type: Some(kind) } => kind,
        OtherKind::Absent => "it is not there",
        _ => &other.media_type,
    };
    format!("{}{platform}: {what}", other.digest)
}

fn image_json(image: &Image) -> Value {
    let facts = image.facts();
    let config = &facts.config;
    let base = facts.base().map(|base| {
        json!({
            "name": base.name,
            "digest": base.digest.map(|digest| digest.to_string()),
            "source": match base.source {
                BaseSource::Annotation => "annotation",
                _ => "label",
            },
        })
    });
    json!({
        "platform": facts.platform.to_string(),
        "manifest": facts.manifest.as_ref().map(ToString::to_string),
        "indexes": facts.indexes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "id": facts.id.to_string(),
        "names": facts.names,
        "base": base,
        "annotations": facts.annotations,
        "created": config.created,
        "user": config.user,
        "entrypoint": config.entrypoint,
        "command": config.command,
        "workingFolder": config.working_folder,
        "environment": config.environment,
        "ports": config.exposed_ports,
        "volumes": config.volumes,
        "labels": config.labels,
        "layers": facts.layers.iter().map(|layer| layer_json(layer)).collect::<Vec<_>>(),
    })
}

fn layer_json(layer: &Layer) -> Value {
    json!({
        "position": layer.position,
        "digest": layer.digest.as_ref().map(ToString::to_string),
        "diffId": layer.diff_id.to_string(),
        "size": layer.size,
        "createdBy": layer.created_by,
    })
}

fn other_json(other: &Other) -> Value {
    json!({
        "digest": other.digest.to_string(),
        "mediaType": other.media_type,
        "platform": other.platform.as_ref().map(ToString::to_string),
        "absent": other.kind == OtherKind::Absent,
    })
}
