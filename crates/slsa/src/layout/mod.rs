//! Classic in-toto layouts and links: who had to do which step of making an artifact, and what each one
//! signed for.
//!
//! <https://github.com/in-toto/specification/blob/v1.0/in-toto-spec.md>, section 5.2. The layout says for each step who
//! may do it, how many must, and by rules how materials and products of the steps hang together; a link is
//! one signed record of a step. [`verify`] is the order of the specification.
//!
//! Security lives in four habits. A link counts for the step that it names, never for the one that its file is named
//! after, and only if a key that the layout gives to that very step signed it. Signers are counted by their keys, not
//! by what these are called. No command is ever run: an inspection is made by an [`Inspector`] that understands it, or
//! the layout is not decided. And the artifact in question is a product of the last step, so that it cannot be
//! something that nobody signed for.

mod document;
mod error;
mod key;
mod model;
mod rule;
mod wildcard;

use std::collections::{BTreeMap, BTreeSet};

use chainsign_core::digest::{ArtifactDigests, DigestMatch, DigestSet};
use jiff::Timestamp;

pub use error::LayoutError;
pub use key::LayoutKey;

use document::{Content, Signed};
use model::{Inspection, Layout, Link, Step};
use rule::{Budget, Item};

/// Files with their digests, by path.
pub type Files = BTreeMap<String, DigestSet>;

/// A layout or a link, as a file.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Its name, for messages. It decides nothing.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// Finds out what an inspection's command would leave in a folder that holds the artifact alone.
///
/// Contract: nothing is run. An implementation knows what a few commands do, such as unpacking, and does
/// that itself, bounded, without writing where a name in an archive says.
pub trait Inspector {
    /// The files before and after. `None` for a command that is not understood.
    fn inspect(&self, command: &[String]) -> Option<Result<Inspected, String>>;
}

/// What an inspection saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspected {
    /// The files before.
    pub materials: Files,
    /// The files after.
    pub products: Files,
}

/// A supply chain that is as its layout says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedLayout {
    /// Until when the layout counts.
    pub expires: Timestamp,
    /// The steps, in the order of the layout.
    pub steps: Vec<VerifiedStep>,
    /// The inspections, by name.
    pub inspections: Vec<String>,
    /// The path under which the last step made the artifact.
    pub product: String,
}

/// One step that was done by those who may.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedStep {
    /// Its name.
    pub name: String,
    /// The ids, in the layout, of the keys that signed for it. At least as many as the layout wants.
    pub signers: Vec<String>,
    /// The command that was run, where it is not the one that the layout expects. Whoever records a step can write
    /// anything here, so that it decides nothing.
    pub other_command: Option<Vec<String>>,
}

/// Verifies that an artifact was made as a layout says.
///
/// `keys` are those of the layout's owners; every one of them must have signed it. `links` are all links there are; those
/// that no step can use are passed over. `now` is the time for which it is decided.
///
/// Not looked at: the commands and byproducts that links record. Not supported: sublayouts, certificates of
/// functionaries, GPG keys, and parameters.
///
/// # Errors
/// The first thing that is not as the layout says, in the order of the specification; what is not supported, and an
/// inspection that `inspector` does not understand, are [`LayoutError::is_undecided`].
pub fn verify(
    layout: Document<'_>,
    keys: &[LayoutKey],
    links: &[Document<'_>],
    artifact: &ArtifactDigests,
    inspector: &dyn Inspector,
    now: Timestamp,
) -> Result<VerifiedLayout, LayoutError> {
    let layout = signed_layout(layout, keys)?; // 5.2 steps 1, 2
    in_force(&layout, now)?; // 3
    let links = read_links(links)?; // 4
    let mut done = BTreeMap::new();
    let mut steps = Vec::new();
    for step in &layout.steps {
        let (link, verified) = step_done(step, &layout, &links)?; // 4, 5, 7
        done.insert(step.name.clone(), link);
        steps.push(verified);
    }
    let product = made_by_last_step(&layout, &done, artifact)?;
    let mut budget = Budget::default();
    for step in &layout.steps {
        let link = done.get(&step.name).map(|link| (&link.materials, &link.products));
        let Some((materials, products)) = link else { continue };
        rule::apply(&Item::of_step(step, materials, products), &done, &mut budget)?; // 8
    }
    for inspection in &layout.inspect {
        let seen = inspected(inspection, inspector)?; // 9
        rule::apply(&Item::of_inspection(inspection, &seen), &done, &mut budget)?; // 10
    }
    Ok(VerifiedLayout {
        expires: layout.expires,
        steps,
        inspections: layout.inspect.iter().map(|inspection| inspection.name.clone()).collect(),
        product,
    })
}

/// Every owner has signed it.
fn signed_layout(document: Document<'_>, keys: &[LayoutKey]) -> Result<Layout, LayoutError> {
    let signed = Signed::parse(document)?;
    if keys.is_empty() {
        return Err(LayoutError::NoOwner);
    }
    if let Some(key) = keys.iter().find(|key| !signed.is_signed_by(key, None)) {
        return Err(LayoutError::NotSigned { key: key.to_string() });
    }
    let Content::Layout(layout) = signed.content else {
        return Err(LayoutError::NotALayout { document: document.name.to_owned() });
    };
    let mut names = BTreeSet::new();
    let steps = layout.steps.iter().map(|step| &step.name);
    let mut all = steps.chain(layout.inspect.iter().map(|inspection| &inspection.name));
    match all.find(|name| !names.insert(name.as_str())) {
        Some(twice) => {
            let reason = format!("found two steps or inspections {twice:?}, wanted each name once");
            Err(LayoutError::Malformed { document: document.name.to_owned(), reason })
        }
        None => Ok(layout),
    }
}

fn in_force(layout: &Layout, now: Timestamp) -> Result<(), LayoutError> {
    match now < layout.expires {
        true => Ok(()),
        false => Err(LayoutError::Expired { expires: layout.expires, now }),
    }
}

fn read_links<'a>(documents: &[Document<'a>]) -> Result<Vec<(&'a str, Signed)>, LayoutError> {
    if documents.len() > LINKS {
        return Err(LayoutError::LimitReached { what: "links", limit: LINKS });
    }
    documents.iter().map(|it| Ok((it.name, Signed::parse(*it)?))).collect()
}

/// The links of enough different functionaries, who all say the same.
fn step_done<'a>(
    step: &Step,
    layout: &Layout,
    links: &'a [(&str, Signed)],
) -> Result<(&'a Link, VerifiedStep), LayoutError> {
    let named: Vec<_> = links.iter().filter(|(_, link)| link.is_about(&step.name)).collect();
    if named.is_empty() {
        let found = links.iter().filter_map(|(_, link)| link.step()).map(str::to_owned).collect();
        return Err(LayoutError::MissingLink { step: step.name.clone(), found });
    }
    let authorized = step.pubkeys.iter().filter_map(|id| Some((id, layout.keys.get(id)?)));
    let authorized: Vec<_> = authorized.collect();
    // By the key itself: one key under two names is one signer.
    let mut signers = BTreeMap::new();
    let mut agreed: Option<(&str, &Link)> = None;
    for (name, signed) in &named {
        let by = |(id, key): &&(&String, &LayoutKey)| signed.is_signed_by(key, Some(id));
        let Some((id, key)) = authorized.iter().find(by) else { continue };
        let Content::Link(link) = &signed.content else {
            return Err(LayoutError::Sublayout { step: step.name.clone() });
        };
        signers.entry(key.fingerprint()).or_insert((*id).clone());
        match agreed {
            None => agreed = Some((name, link)),
            Some((first, other)) if !link.says_the_same(other) => {
                let (first, second) = (first.to_owned(), (*name).to_owned());
                return Err(LayoutError::LinksDiffer { step: step.name.clone(), first, second });
            }
            Some(_) => {}
        }
    }
    let Some((_, link)) = agreed else {
        let links = named.iter().map(|(name, _)| (*name).to_owned()).collect();
        return Err(LayoutError::Unauthorized { step: step.name.clone(), links });
    };
    if signers.len() < step.threshold.get() {
        let (found, wanted) = (signers.len(), step.threshold.get());
        return Err(LayoutError::TooFewSigners { step: step.name.clone(), found, wanted });
    }
    let other_command = (!step.expected_command.is_empty()
        && step.expected_command != link.command)
        .then(|| link.command.clone());
    let signers: BTreeSet<_> = signers.into_values().collect();
    let (name, signers) = (step.name.clone(), signers.into_iter().collect());
    Ok((link, VerifiedStep { name, signers, other_command }))
}

/// The specification ties the artifact to the steps by inspections alone; a layout without one would say
/// nothing about it.
fn made_by_last_step(
    layout: &Layout,
    done: &BTreeMap<String, &Link>,
    artifact: &ArtifactDigests,
) -> Result<String, LayoutError> {
    let last = layout.steps.last().ok_or(LayoutError::NoStep)?;
    let products = done.get(&last.name).map(|link| &link.products);
    let is_artifact = |digest: &DigestSet| {
        digest.acceptable().is_ok_and(|it| matches!(it.compare(artifact), DigestMatch::Match(_)))
    };
    let mut products = products.into_iter().flatten();
    match products.find(|(_, digest)| is_artifact(digest)) {
        Some((path, _)) => Ok(path.clone()),
        None => {
            let found: Vec<_> = artifact.iter().map(ToString::to_string).collect();
            let (step, artifact) = (last.name.clone(), found.join(", "));
            Err(LayoutError::NotAProduct { step, artifact })
        }
    }
}

fn inspected(inspection: &Inspection, inspector: &dyn Inspector) -> Result<Inspected, LayoutError> {
    let name = || inspection.name.clone();
    match inspector.inspect(&inspection.run) {
        Some(Ok(inspected)) => Ok(inspected),
        Some(Err(reason)) => Err(LayoutError::InspectionFailed { name: name(), reason }),
        None => {
            let command = inspection.run.join(" ");
            Err(LayoutError::InspectionNotRun { name: name(), command })
        }
    }
}

/// Real supply chains have some tens of steps.
const LINKS: usize = 1000;
