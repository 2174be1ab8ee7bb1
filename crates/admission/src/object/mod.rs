//! The images of an object of Kubernetes.

mod kinds;
mod pod;
mod unknown;

use std::collections::BTreeMap;

use chainsign_core::image::ImageReference;

use crate::field::Field;
use crate::image_path::Way;
use crate::place::{Place, Reason, Role, Uneditable, Unread, Use, Workload};
use crate::tree::{Node, Source, Value};
use crate::{Error, Limits, Options, UnknownKinds};

use unknown::LookedAt;

pub(crate) use kinds::PodTemplate;

/// What is found in the objects of a file.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) images: Vec<(Use, Field)>,
    pub(crate) unread: Vec<Unread>,
}

/// Where objects are read from.
pub(crate) struct Context<'c, 'a> {
    pub(crate) source: &'c Source<'a>,
    pub(crate) document: usize,
    pub(crate) options: &'c Options,
}

/// Looks for the images of an object, and of the objects in it if it is a list.
///
/// # Errors
/// [`Error::NotAnObject`]; [`Error::Shape`] for a field that is not as Kubernetes has it;
/// [`Error::LimitReached`].
pub(crate) fn read(
    object: &Node<'_>,
    context: &Context<'_, '_>,
    found: &mut Found,
) -> Result<(), Error> {
    // Objects that are still to be looked at, each with the kind that it has as an item of a list.
    let mut left = vec![(Way::new(object), Field::default(), None::<(String, String)>)];
    while let Some((way, field, implied)) = left.pop() {
        let implied = implied.as_ref().map(|(version, kind)| (version.as_str(), kind.as_str()));
        let (version, kind) = match (way.node.text("apiVersion"), way.node.text("kind"), implied) {
            (Some(version), Some(kind), _) => (version, kind),
            (None, None, Some((version, kind))) if matches!(way.node.value, Value::Map(_)) => {
                (version, kind)
            }
            _ => {
                let found = way.node.kind().to_owned();
                return Err(Error::NotAnObject { at: context.place(way.node, &field), found });
            }
        };
        let items = way.get("items").filter(|_| kind.ends_with("List"));
        if let Some(Way { node: Node { value: Value::List(items), .. }, .. }) = items {
            let parent = way.get("items").unwrap_or(way);
            let single = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
            let implied = single.map(|kind| (version.to_owned(), kind.to_owned()));
            let at = field.key("items");
            let items = items.iter().enumerate().rev();
            left.extend(items.map(|(i, it)| (parent.below(it), at.item(i), implied.clone())));
            at_most("objects of a document", context.limits().values, left.len())?;
        } else {
            single(way, &field, (group(version), kind), context, found)?;
        }
    }
    Ok(())
}

/// The group of an API version: `apps` of `apps/v1`, empty for `v1`.
pub(crate) fn group(version: &str) -> &str {
    version.split_once('/').map_or("", |(group, _)| group)
}

fn single(
    object: Way<'_, '_>,
    field: &Field,
    (group, kind): (&str, &str),
    context: &Context<'_, '_>,
    found: &mut Found,
) -> Result<(), Error> {
    let mut reader = Reader {
        context,
        workload: Workload {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: field_of(object.node, "namespace"),
            name: field_of(object.node, "name")
                .or_else(|| field_of(object.node, "generateName"))
                .unwrap_or_default(),
            labels: labels(object.node),
        },
        found,
    };
    let mut looked_at = LookedAt::default();
    for path in context.options.image_paths.iter().filter(|path| path.is_about(group, kind)) {
        for (below, way) in path.find(object.node, context.limits().values)? {
            reader.configured(way, &field.joined(&below), &mut looked_at)?;
        }
    }
    match PodTemplate::of(group, kind) {
        Some(template) => {
            let Some(pod) = object.at(template.pod()) else { return Ok(()) };
            reader.workload.labels = labels(pod.node);
            let at = field.keys(template.pod());
            match pod.get("spec") {
                Some(spec) => reader.pod_spec(spec, &at.key("spec")),
                None => Ok(()),
            }
        }
        None if context.options.unknown_kinds == UnknownKinds::LeaveOut => Ok(()),
        None => unknown::look(object, field, &looked_at, &mut reader),
    }
}

/// Reads images out of one object.
struct Reader<'r, 'a> {
    context: &'r Context<'r, 'a>,
    workload: Workload,
    found: &'r mut Found,
}

impl Reader<'_, '_> {
    /// What a configured path leads to. What else stands in a mapping is not looked at by that.
    fn configured(
        &mut self,
        way: Way<'_, '_>,
        field: &Field,
        looked_at: &mut LookedAt,
    ) -> Result<(), Error> {
        if let Value::Map(_) = way.node.value {
            pod::FIELDS.iter().for_each(|key| looked_at.add(&field.key(key)));
            return self.pod_spec(way, field);
        }
        looked_at.add(field);
        self.image(way, field, Role::Configured)
    }

    /// One place of an image.
    fn image(&mut self, way: Way<'_, '_>, field: &Field, role: Role) -> Result<(), Error> {
        let place = self.context.place(way.node, field);
        let written = match &way.node.value {
            Value::Text(text) => text.as_ref(),
            Value::Null => "",
            _ => {
                let found = way.node.scalar().unwrap_or(way.node.kind()).to_owned();
                return self.unread(place, &found, Reason::NotText);
            }
        };
        let image = match read_reference(written) {
            Ok(image) => image,
            Err(reason) => return self.unread(place, written, reason),
        };
        let span = way.node.span();
        let edit = if way.shared {
            Err(Uneditable::Shared)
        } else if self.context.source.is_written(&span, written) {
            Ok(span)
        } else {
            Err(Uneditable::NotVerbatim)
        };
        let workload = Some(self.workload.clone());
        let written = written.to_owned();
        self.found
            .images
            .push((Use { written, image, role, place, workload, edit }, field.clone()));
        at_most("images of a file", self.context.limits().images, self.found.images.len())
    }

    /// A place that cannot be told.
    fn unread(&mut self, place: Place, found: &str, reason: Reason) -> Result<(), Error> {
        let found = found.chars().take(200).collect();
        let workload = Some(self.workload.clone());
        self.found.unread.push(Unread { place, workload, found, reason });
        at_most("images of a file", self.context.limits().images, self.found.unread.len())
    }

    fn shape(&self, node: &Node<'_>, field: &Field, wanted: &'static str) -> Error {
        let mut at = self.context.place(node, field);
        at.path = String::new();
        Error::Shape { at, path: field.to_string(), found: node.kind(), wanted }
    }
}

impl Context<'_, '_> {
    fn place(&self, node: &Node<'_>, field: &Field) -> Place {
        let place = self.source.place(self.document, node.span().start);
        Place { path: field.to_string(), ..place }
    }

    fn limits(&self) -> &Limits {
        &self.options.limits
    }
}

/// Reads a reference that is not a placeholder.
pub(crate) fn read_reference(written: &str) -> Result<ImageReference, Reason> {
    if written.trim().is_empty() {
        return Err(Reason::Empty);
    }
    if written == AUTO || PLACEHOLDERS.iter().any(|sign| written.contains(sign)) {
        return Err(Reason::Placeholder);
    }
    written.parse().map_err(|_| Reason::NotAReference)
}

fn field_of(object: &Node<'_>, name: &str) -> Option<String> {
    object.at(&["metadata", name])?.scalar().map(ToOwned::to_owned)
}

fn labels(object: &Node<'_>) -> BTreeMap<String, String> {
    let Some(Node { value: Value::Map(entries), .. }) = object.at(&["metadata", "labels"]) else {
        return BTreeMap::new();
    };
    let label = |value: &Node<'_>| value.scalar().unwrap_or_default().to_owned();
    entries.iter().map(|it| (it.key.as_ref().to_owned(), label(&it.value))).collect()
}

fn at_most(what: &'static str, limit: usize, found: usize) -> Result<(), Error> {
    if found > limit { Err(Error::LimitReached { what, limit, found }) } else { Ok(()) }
}

/// Istio's sign for "put the image here".
const AUTO: &str = "auto";
/// Helm and Go templates, shells and CI systems, Kubernetes' own, Terraform and Jsonnet, Python.
const PLACEHOLDERS: [&str; 5] = ["{{", "${", "$(", "<%", "%("];
