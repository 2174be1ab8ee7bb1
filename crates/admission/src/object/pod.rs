//! The images of a pod spec.

use super::Reader;
use crate::Error;
use crate::field::Field;
use crate::image_path::Way;
use crate::place::{Reason, Role};
use crate::tree::Value;

impl Reader<'_, '_> {
    /// The images of a pod spec: of its containers and of its volumes.
    pub(super) fn pod_spec(&mut self, spec: Way<'_, '_>, field: &Field) -> Result<(), Error> {
        if !matches!(spec.node.value, Value::Map(_)) {
            return Err(self.shape(spec.node, field, "a mapping"));
        }
        for (key, role) in CONTAINERS {
            for (container, at) in self.items(spec, key, field)? {
                let name = container.node.text("name").unwrap_or_default().to_owned();
                self.required(container, "image", &at, role(name))?;
            }
        }
        for (volume, at) in self.items(spec, "volumes", field)? {
            let name = volume.node.text("name").unwrap_or_default().to_owned();
            let Some(image) = volume.get("image") else { continue };
            let at = at.key("image");
            if !matches!(image.node.value, Value::Map(_)) {
                return Err(self.shape(image.node, &at, "a mapping"));
            }
            self.required(image, "reference", &at, Role::Volume(name))?;
        }
        Ok(())
    }

    /// The mappings of a list that need not be there.
    fn items<'n, 'a>(
        &self,
        parent: Way<'n, 'a>,
        key: &str,
        field: &Field,
    ) -> Result<Vec<(Way<'n, 'a>, Field)>, Error> {
        let Some(list) = parent.get(key) else { return Ok(Vec::new()) };
        let at = field.key(key);
        let Value::List(items) = &list.node.value else {
            return Err(self.shape(list.node, &at, "a list"));
        };
        let item = |(index, item)| {
            let (item, at) = (list.below(item), at.item(index));
            match item.node.value {
                Value::Map(_) => Ok((item, at)),
                _ => Err(self.shape(item.node, &at, "a mapping")),
            }
        };
        items.iter().enumerate().map(item).collect()
    }

    /// The image that a mapping must name.
    fn required(
        &mut self,
        parent: Way<'_, '_>,
        key: &str,
        field: &Field,
        role: Role,
    ) -> Result<(), Error> {
        let at = field.key(key);
        match parent.get(key) {
            Some(image) => self.image(image, &at, role),
            None => self.unread(self.context.place(parent.node, &at), "", Reason::Empty),
        }
    }
}

type MakeRole = fn(String) -> Role;

/// In the order in which they run.
const CONTAINERS: [(&str, MakeRole); 3] = [
    ("initContainers", Role::InitContainer),
    ("containers", Role::Container),
    ("ephemeralContainers", Role::EphemeralContainer),
];

/// The fields of a pod spec that name images.
pub(super) const FIELDS: [&str; 4] =
    ["initContainers", "containers", "ephemeralContainers", "volumes"];
