//! What looks like an image or a pod in a kind that is not known.

use std::collections::BTreeSet;

use super::Reader;
use super::kinds::is_built_in;
use crate::Error;
use crate::field::Field;
use crate::image_path::Way;
use crate::place::Reason;
use crate::tree::{Node, Value};

/// The places that configured paths led to.
#[derive(Default)]
pub(super) struct LookedAt {
    /// As JSON pointers.
    places: BTreeSet<String>,
    /// These, and all above them.
    around: BTreeSet<String>,
}

impl LookedAt {
    pub(super) fn add(&mut self, place: &Field) {
        let place = place.pointer();
        let above = place.match_indices('/').map(|(end, _)| place[..end].to_owned());
        self.around.extend(above.chain([place.clone()]));
        self.places.insert(place);
    }

    /// Whether this is such a place.
    fn is(&self, field: &Field) -> bool {
        !self.places.is_empty() && self.places.contains(&field.pointer())
    }

    /// Whether this is such a place, or one is in it.
    fn is_around(&self, field: &Field) -> bool {
        !self.places.is_empty() && self.around.contains(&field.pointer())
    }
}

/// Reports every mapping of an object, outside of what was looked at, that has a list of containers,
/// or, in kinds that are not Kubernetes' own, an image. Fields of what is reported are not looked at.
pub(super) fn look(
    object: Way<'_, '_>,
    field: &Field,
    looked_at: &LookedAt,
    reader: &mut Reader<'_, '_>,
) -> Result<(), Error> {
    let signs =
        if is_built_in(&reader.workload.group) { Signs::Pods } else { Signs::PodsAndImages };
    let mut values = 0;
    let mut left = vec![(object.node, field.clone())];
    while let Some((node, field)) = left.pop() {
        values += 1;
        super::at_most("values of a document", reader.context.limits().values, values)?;
        if looked_at.is(&field) {
            continue;
        }
        match &node.value {
            Value::List(items) => {
                let items = items.iter().enumerate().rev();
                left.extend(items.map(|(index, item)| (&**item, field.item(index))));
            }
            Value::Map(entries) => {
                let looks = |it: &&crate::tree::Entry<'_>| {
                    looks_like_one(&it.key, &it.value, signs)
                        && !looked_at.is_around(&field.key(&it.key))
                };
                if let Some(entry) = entries.iter().find(looks) {
                    let at = field.key(&entry.key);
                    let place = reader.context.place(&entry.value, &at);
                    let found = entry.value.scalar().unwrap_or(entry.key.as_ref());
                    reader.unread(place, found, Reason::UnknownKind)?;
                    continue;
                }
                let below = entries.iter().rev().map(|it| (&*it.value, field.key(&it.key)));
                left.extend(below);
            }
            _ => {}
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Signs {
    Pods,
    PodsAndImages,
}

fn looks_like_one(key: &str, value: &Node<'_>, signs: Signs) -> bool {
    let is_pods = ["containers", "initContainers", "ephemeralContainers"].contains(&key);
    let is_image = key == "image" || key.ends_with("Image");
    match &value.value {
        Value::List(items) if is_pods => items.iter().any(|it| matches!(it.value, Value::Map(_))),
        _ if signs == Signs::Pods || !is_image => false,
        Value::Text(text) => !text.is_empty(),
        // As charts and their operators write one: with its repository and its tag apart.
        Value::Map(_) => value.text("repository").is_some(),
        _ => false,
    }
}
