//! Loading a set of policies.

use std::io;

use chainsign_core::digest::ArtifactDigest;

use super::{files, yaml};
use crate::error::LoadError;
use crate::language::{At, Mirror, OnNoMatch, PolicyFile, SetDocument};
use crate::policy::{Policy, PolicyFiles};
use crate::set::PolicySet;

/// Loads a set, or one policy as a set.
pub(crate) fn load_set(yaml: &[u8], files: &dyn PolicyFiles) -> Result<PolicySet, LoadError> {
    let digest = ArtifactDigest::sha256(yaml);
    match yaml::kind(yaml)?.as_str() {
        "Policy" => {
            return Ok(PolicySet {
                policies: vec![Policy::parse(yaml, files)?],
                on_no_match: OnNoMatch::Deny,
                mirrors: Vec::new(),
                always_allow: Vec::new(),
                digest,
            });
        }
        "PolicySet" => {}
        found => {
            let (found, wanted) = (found.to_owned(), "Policy or PolicySet");
            return Err(LoadError::OtherDocument { key: "kind", found, wanted });
        }
    }
    let document: SetDocument = yaml::read(yaml, "PolicySet")?;
    let mut policies: Vec<Policy> = Vec::new();
    for written in &document.policies {
        let policy = policy(written, files)?;
        let name = &policy.identity().name;
        if policies.iter().any(|other| other.identity().name == *name) {
            return Err(LoadError::DuplicateKey { at: written.file.at, key: name.clone() });
        }
        policies.push(policy);
    }
    if policies.is_empty() {
        return Err(LoadError::NoPolicy);
    }
    Ok(PolicySet {
        policies,
        on_no_match: document.on_no_match,
        mirrors: document.mirrors.iter().map(mirror).collect::<Result<_, _>>()?,
        always_allow: document.always_allow.into_iter().map(|digest| digest.0).collect(),
        digest,
    })
}

fn policy(written: &At<PolicyFile>, files: &dyn PolicyFiles) -> Result<Policy, LoadError> {
    let path = &written.file;
    let yaml = files::read(path, files)?;
    let pin = written.sha256.as_ref().map(|pin| (pin.value.0.clone(), pin.at));
    files::pinned(path, ArtifactDigest::sha256(&yaml), pin)?;
    let below = Below::new(path, files);
    Policy::parse(&yaml, &below)
        .map_err(|error| LoadError::InPolicy { path: path.value.clone(), error: Box::new(error) })
}

/// The files of a policy are relative to the policy, not to the file that names it.
pub(crate) struct Below<'a> {
    folder: Option<&'a str>,
    files: &'a dyn PolicyFiles,
}

impl<'a> Below<'a> {
    /// The files that the policy at this path names.
    pub(crate) fn new(policy: &'a str, files: &'a dyn PolicyFiles) -> Self {
        Below { folder: policy.rsplit_once('/').map(|(folder, _)| folder), files }
    }
}

impl PolicyFiles for Below<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        match self.folder {
            Some(folder) if !path.starts_with('/') => self.files.read(&format!("{folder}/{path}")),
            _ => self.files.read(path),
        }
    }
}

/// Prefixes of whole segments.
fn mirror(written: &At<Mirror>) -> Result<(String, String), LoadError> {
    let prefix = |text: &str| {
        let fine = !text.is_empty()
            && !text.starts_with('/')
            && !text.ends_with('/')
            && !text.contains(['*', '{', '@'])
            && !text.contains("//");
        if fine {
            return Ok(text.to_owned());
        }
        let reason = format!(
            "found {text:?}, wanted how names begin, up to a slash: registry.acme.example/mirror"
        );
        Err(LoadError::Value { at: written.at, reason })
    };
    Ok((prefix(&written.from)?, prefix(&written.to)?))
}
