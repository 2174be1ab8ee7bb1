//! Roots and authorities: who may sign, under which trusted root.

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::sync::Arc;

use chainsign_core::digest::DigestAlgorithm;
use chainsign_core::identity::{FulcioExtensions, TextMatcher};
use chainsign_core::material::LogId;

use super::{files, identity, text};
use crate::error::{LoadError, Place};
use crate::language::{
    self, At, Instance, KeyAuthority, KeyLog, KeylessAuthority, Name, Opt, SigningTime, Text,
    Transparency, Trust,
};
use crate::model::{
    Authority, EntryProof, Identity, Key, NamedRoot, Proof, RootChoice, SubjectMatch,
    TimestampProof, Who,
};
use crate::policy::PolicyFiles;
use chainsign_core::glob::Captures;

/// Reads the policy's own roots.
pub(super) fn roots(trust: &Trust, files: &dyn PolicyFiles) -> Result<Vec<NamedRoot>, LoadError> {
    let root = |(name, written): (&Name, &At<language::Root>)| {
        let pin = written.sha256.as_ref().map(|pin| (pin.value.0.clone(), pin.at));
        Ok(NamedRoot {
            name: name.to_string(),
            root: files::root(&written.file, pin, files)?,
            instance: written.instance,
        })
    };
    trust.roots.iter().map(root).collect()
}

/// What must be proven about every signature.
pub(super) fn proof(
    transparency: Option<&At<Transparency>>,
    signed: Option<&At<SigningTime>>,
) -> Result<Arc<Proof>, LoadError> {
    let mut proof = Proof::default();
    if let Some(written) = transparency {
        if let Some(logs) = written.logs.as_ref() {
            if logs.is_empty() {
                let reason = "found no log, wanted at least one".to_owned();
                return Err(LoadError::Value { at: written.at, reason });
            }
            proof.logs = Some(logs.iter().map(|log| LogId(log.0)).collect());
        }
        proof.min_logs = written.min_logs.map_or(0, NonZeroU8::get);
        if written.inclusion_proof.is_some() {
            proof.entries = EntryProof::Inclusion;
        }
        if written.timestamp.is_some() {
            proof.timestamp = TimestampProof::Required;
        }
    }
    if let Some(written) = signed {
        proof.not_before = written.not_before.as_ref().map(|time| time.0);
        proof.within = written.within.as_ref().map(|age| age.0);
    }
    Ok(Arc::new(proof))
}

/// Resolves every authority.
pub(super) fn authorities(
    written: &BTreeMap<Name, At<language::Authority>>,
    roots: &[NamedRoot],
    proof: &Arc<Proof>,
    captures: &Captures,
    files: &dyn PolicyFiles,
) -> Result<Vec<Arc<Authority>>, LoadError> {
    let authority = |(name, written): (&Name, &At<language::Authority>)| {
        let who = match &written.value {
            language::Authority::Keyless(it) => {
                Who::Identity(keyless(name, it, written.at, roots, captures)?)
            }
            language::Authority::Key(it) => Who::Key(key(it, written.at, roots, proof, files)?),
        };
        Ok(Arc::new(Authority { name: name.to_string(), who, proof: proof.clone() }))
    };
    written.iter().map(authority).collect()
}

fn keyless(
    name: &Name,
    written: &KeylessAuthority,
    at: Place,
    roots: &[NamedRoot],
    captures: &Captures,
) -> Result<Identity, LoadError> {
    let named = root(&written.root, at, roots)?;
    let issuer = text::resolve(&written.issuer, captures)?;
    if !identity::fixes_issuer(&issuer) {
        return Err(LoadError::LooseIdentity {
            at: written.issuer.at,
            what: "issuer",
            found: written.issuer.as_str().to_owned(),
            wanted: identity::ISSUER,
        });
    }
    let subject = match (written.subject.as_ref(), written.dangerous_any_subject) {
        (None, true) => SubjectMatch::Any,
        (None, false) => {
            return Err(LoadError::AnySubject { at, authority: name.to_string() });
        }
        (Some(subject), dangerous) => self::subject(subject, dangerous, captures)?,
    };
    for (extension, wanted) in &written.extensions {
        let names = FulcioExtensions::NAMES.iter().map(|(name, _)| (*name).to_owned());
        let names: Vec<String> = names.collect();
        if !names.contains(extension) {
            let key = extension.clone();
            return Err(LoadError::UnknownKey { at: wanted.at, key, wanted: names });
        }
    }
    let extension =
        |(name, wanted): (&String, &At<Text>)| Ok((name.clone(), text::resolve(wanted, captures)?));
    Ok(Identity {
        instance: named.map_or(Instance::default(), |root| root.instance),
        root: choice(named),
        issuer,
        subject,
        extensions: written.extensions.iter().map(extension).collect::<Result<_, LoadError>>()?,
    })
}

fn subject(
    written: &At<Text>,
    dangerous: bool,
    captures: &Captures,
) -> Result<SubjectMatch, LoadError> {
    let subject = text::resolve(written, captures)?;
    let TextMatcher::Pattern(pattern) = &subject else {
        return Ok(SubjectMatch::Text(subject));
    };
    match identity::fixed_subjects(pattern) {
        Some(kind) => Ok(SubjectMatch::Pattern(subject, kind)),
        None if dangerous => Ok(SubjectMatch::Text(subject)),
        None => Err(LoadError::LooseIdentity {
            at: written.at,
            what: "subject",
            found: written.as_str().to_owned(),
            wanted: identity::SUBJECT,
        }),
    }
}

fn key(
    written: &KeyAuthority,
    at: Place,
    roots: &[NamedRoot],
    proof: &Proof,
    files: &dyn PolicyFiles,
) -> Result<Key, LoadError> {
    let pin = written.fingerprint.as_ref().map(|pin| (pin.value.0.clone(), pin.at));
    if let Some((pin, at)) = &pin
        && pin.algorithm() != DigestAlgorithm::Sha256
    {
        let reason = format!("found a {} digest, wanted sha256", pin.algorithm());
        return Err(LoadError::Value { at: *at, reason });
    }
    let (not_before, not_after) =
        (written.not_before.as_ref().map(|it| it.0), written.not_after.as_ref().map(|it| it.0));
    if let (Some(start), Some(end)) = (not_before, not_after)
        && end < start
    {
        let reason = format!("found notAfter {end}, wanted one after notBefore {start}");
        return Err(LoadError::Value { at, reason });
    }
    let proves = written.log == KeyLog::Require
        || not_before.is_some()
        || not_after.is_some()
        || proof.needs_root();
    let root = match self::root(&written.root, at, roots) {
        // Nothing has to be proven under a root.
        Err(LoadError::AmbiguousRoot { .. }) if !proves => None,
        root => Some(choice(root?)),
    };
    Ok(Key {
        key: files::key(&written.file, pin, files)?,
        root,
        log: written.log,
        not_before,
        not_after,
    })
}

/// The root that an authority names, or the policy's only one, or (`None`) the caller's.
fn root<'a>(
    written: &Opt<At<Name>>,
    at: Place,
    roots: &'a [NamedRoot],
) -> Result<Option<&'a NamedRoot>, LoadError> {
    match (written.as_ref(), roots) {
        (Some(name), _) => {
            let found = roots.iter().find(|root| root.name == name.as_str());
            found.map(Some).ok_or_else(|| LoadError::UnknownName {
                at: name.at,
                kind: "a root",
                name: name.to_string(),
                wanted: roots.iter().map(|root| root.name.clone()).collect(),
            })
        }
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only)),
        (None, several) => Err(LoadError::AmbiguousRoot { at, roots: several.len() }),
    }
}

fn choice(root: Option<&NamedRoot>) -> RootChoice {
    match root {
        Some(root) => {
            RootChoice::Named { name: root.name.clone(), digest: root.root.digest().clone() }
        }
        None => RootChoice::Caller,
    }
}
