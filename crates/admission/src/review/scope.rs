//! What of a request is to be decided on.

use super::request::{Request, short};
use super::{NotLookedAt, Pinning};
use crate::Error;
use crate::manifest::Options;
use crate::object::{self, Context, Found, PodTemplate};
use crate::place::{Unread, Use};
use crate::tree::{self, Node, Source, Value, same_entries};

/// What of a request is to be decided on.
pub(super) enum Scope {
    NotLookedAt(NotLookedAt),
    Decide {
        /// Each with its JSON pointer.
        images: Vec<(Use, String)>,
        unread: Vec<Unread>,
        pinning: Pinning,
    },
}

/// Finds out what is to be decided on.
///
/// # Errors
/// Whatever keeps the object from being read.
pub(super) fn of(request: &Request<'_>, options: &Options) -> Result<Scope, Error> {
    if let Some(reason) = by_request(request)? {
        return Ok(Scope::NotLookedAt(reason));
    }
    let text =
        request.object.ok_or_else(|| Error::NoObject { operation: request.operation.clone() })?;
    let object = Object::read(text.get(), request, options)?;
    let mut found = object.found;
    if found.images.is_empty() && found.unread.is_empty() {
        return Ok(Scope::NotLookedAt(NotLookedAt::RunsNothing));
    }
    // Only what can be read spares anything from being looked at.
    let old = request.old_object.and_then(|text| Object::read(text.get(), request, options).ok());
    if let Some(old) = old.filter(|_| request.operation == UPDATE) {
        if object.node.at(&["metadata", "deletionTimestamp"]).is_some()
            && names_nothing_new(&found, &old.found)
        {
            return Ok(Scope::NotLookedAt(NotLookedAt::BeingDeleted));
        }
        leave_out_what_ran(request, (&object.node, &mut found), &old);
        if found.images.is_empty() && found.unread.is_empty() {
            return Ok(Scope::NotLookedAt(NotLookedAt::Unchanged));
        }
    }
    let is_pod = template(request) == Some(PodTemplate::Itself);
    let pinning =
        if !is_pod && has_controller(&object.node) { Pinning::ByOwner } else { Pinning::Allowed };
    let images = found.images.into_iter().map(|(image, field)| (image, field.pointer())).collect();
    Ok(Scope::Decide { images, unread: found.unread, pinning })
}

/// What can be told without the object.
fn by_request(request: &Request<'_>) -> Result<Option<NotLookedAt>, Error> {
    match request.operation.as_str() {
        "DELETE" => return Ok(Some(NotLookedAt::Deletion)),
        "CONNECT" => return Ok(Some(NotLookedAt::Connection)),
        "CREATE" | UPDATE => {}
        other => {
            let found = format!("the operation {}", short(other));
            return Err(Error::Review { found, wanted: "CREATE, UPDATE, DELETE or CONNECT" });
        }
    }
    let without_image = WITHOUT_IMAGE.contains(&request.sub_resource.as_str());
    Ok(without_image.then(|| NotLookedAt::Subresource(request.sub_resource.clone())))
}

/// An object of a request, and what it names.
struct Object<'a> {
    node: std::rc::Rc<Node<'a>>,
    found: Found,
}

impl<'a> Object<'a> {
    fn read(text: &'a str, request: &Request<'_>, options: &Options) -> Result<Self, Error> {
        let node = tree::document(OBJECT, text, &options.limits)?;
        let is = |key| node.text(key).unwrap_or("nothing");
        let found = format!("{} {}", is("apiVersion"), is("kind"));
        let wanted = format!("{} {}", request.kind.api_version(), request.kind.kind);
        if found != wanted {
            return Err(Error::OtherKind { found: short(&found), wanted });
        }
        let source = Source::new(text.as_bytes(), OBJECT, &options.limits)?;
        let mut found = Found::default();
        object::read(&node, &Context { source: &source, document: 1, options }, &mut found)?;
        // The object is one line, and its namespace may be left to the request.
        let namespace = (!request.namespace.is_empty()).then(|| request.namespace.clone());
        for (image, _) in &mut found.images {
            image.place.line = 0;
            image.edit = Err(crate::Uneditable::NoSource);
            if let Some(workload) = &mut image.workload {
                workload.namespace.clone_from(&namespace);
            }
        }
        for unread in &mut found.unread {
            unread.place.line = 0;
        }
        Ok(Object { node, found })
    }
}

/// Takes out what the object ran before, under what policies are chosen by.
fn leave_out_what_ran(
    request: &Request<'_>,
    (object, found): (&Node<'_>, &mut Found),
    old: &Object<'_>,
) {
    match template(request) {
        Some(PodTemplate::Itself) => {
            let labels = [object, &old.node].map(|it| it.at(LABELS));
            if !same(labels[0], labels[1]) {
                return;
            }
            let before = &old.found;
            found.images.retain(|(image, _)| {
                !before
                    .images
                    .iter()
                    .any(|(it, _)| (&it.written, &it.role) == (&image.written, &image.role))
            });
            found.unread.retain(|place| {
                !before
                    .unread
                    .iter()
                    .any(|it| (&it.place, &it.found) == (&place.place, &place.found))
            });
        }
        Some(template) => {
            if same(object.at(template.pod()), old.node.at(template.pod())) {
                *found = Found::default();
            }
        }
        // No more is known of it than where its images are, and that can be in its metadata.
        None => {
            let labels = [object, &old.node].map(|it| it.at(LABELS));
            if same(labels[0], labels[1])
                && same_besides_metadata(object, &old.node)
                && names_the_same(found, &old.found)
            {
                *found = Found::default();
            }
        }
    }
}

/// Whether everything is as it was that is not metadata or status.
fn same_besides_metadata(one: &Node<'_>, two: &Node<'_>) -> bool {
    let (Value::Map(one), Value::Map(two)) = (&one.value, &two.value) else { return false };
    let [one, two] =
        [one, two].map(|it| it.iter().filter(|it| !["metadata", "status"].contains(&&*it.key)));
    same_entries(one, two)
}

/// Whether the same is named in the same places.
fn names_the_same(one: &Found, two: &Found) -> bool {
    let images = |found: &Found| -> Vec<_> {
        found.images.iter().map(|(it, _)| (it.place.clone(), it.written.clone())).collect()
    };
    images(one) == images(two) && one.unread == two.unread
}

fn same(one: Option<&Node<'_>>, two: Option<&Node<'_>>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => one.same(two),
        (None, None) => true,
        _ => false,
    }
}

/// Whether every reference was in the object before, wherever.
fn names_nothing_new(found: &Found, before: &Found) -> bool {
    found.unread.is_empty()
        && found
            .images
            .iter()
            .all(|(new, _)| before.images.iter().any(|(old, _)| old.written == new.written))
}

fn template(request: &Request<'_>) -> Option<PodTemplate> {
    PodTemplate::of(&request.kind.group, &request.kind.kind)
}

/// Whether a controller made the object and looks after it.
fn has_controller(object: &Node<'_>) -> bool {
    let owners = object.at(&["metadata", "ownerReferences"]);
    let Some(Node { value: Value::List(owners), .. }) = owners else { return false };
    owners.iter().any(|it| it.get("controller").and_then(|it| it.scalar()) == Some("true"))
}

const LABELS: &[&str] = &["metadata", "labels"];
const UPDATE: &str = "UPDATE";
const OBJECT: &str = "object";

/// Subresources whose change starts no image. Of the others, such as `ephemeralcontainers`, the object
/// is looked at.
const WITHOUT_IMAGE: [&str; 7] =
    ["approval", "binding", "eviction", "finalize", "scale", "status", "token"];
