//! Evidence that nobody made and that meets an authority of a policy.

use std::collections::BTreeSet;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::identity::{
    CertificateIdentity, FulcioExtensions, Issuer, SubjectAlternativeName, TextMatcher,
};
use chainsign_core::material::LogId;
use chainsign_core::statement::Statement;
use jiff::Timestamp;

use super::sample::sample;
use super::{Fixture, FixtureSigner};
use crate::evidence::{Inclusion, LogReference, Origin, ProvenTime, TimeKind};
use crate::language::{AssumedIdentity, Instance, Lack};
use crate::model::{
    Authority, EntryProof, Identity, Model, Proof, RootChoice, SubjectKind, SubjectMatch,
    TimestampProof, Who,
};

/// What a fixture is about.
pub(super) struct About<'a> {
    pub(super) origin: Origin,
    pub(super) subject: &'a ArtifactDigests,
    pub(super) statement: Option<Statement>,
    pub(super) signed_at: Timestamp,
    pub(super) lacks: &'a BTreeSet<Lack>,
    pub(super) caller_root: &'a ArtifactDigest,
}

/// Evidence that meets the authority, with all that the policy asks for but what it lacks.
///
/// # Errors
/// In words: what of the authority nobody could be found for.
pub(super) fn meeting(authority: &Authority, about: About<'_>) -> Result<Fixture, String> {
    let (signer, instance, root) = match &authority.who {
        Who::Identity(wanted) => {
            let root = wanted.root.digest(Some(about.caller_root)).cloned();
            let identity = Box::new(identity(wanted)?);
            let root = root.unwrap_or_else(|| about.caller_root.clone());
            (FixtureSigner::Identity { identity, root }, wanted.instance, None)
        }
        Who::Key(wanted) => {
            let root = wanted.root.as_ref().unwrap_or(&RootChoice::Caller);
            let root = root.digest(Some(about.caller_root)).cloned();
            (FixtureSigner::Key(wanted.key.clone()), Instance::default(), root)
        }
    };
    let fixture = proven(signer, instance, &authority.proof, about);
    Ok(match root {
        Some(root) => fixture.under_root(root),
        None => fixture,
    })
}

/// Evidence of this identity, with all that the policy asks for but what it lacks.
///
/// # Errors
/// In words: an extension that there is not.
pub(super) fn signed_by(
    written: &AssumedIdentity,
    root: ArtifactDigest,
    model: &Model,
    about: About<'_>,
) -> Result<Fixture, String> {
    let mut extensions = FulcioExtensions::default();
    for (name, value) in &written.extensions {
        set(&mut extensions, name, value.clone())?;
    }
    let identity = Box::new(CertificateIdentity {
        subject: alternative_name(&written.subject),
        issuer: Issuer(written.issuer.clone()),
        extensions,
    });
    let nothing = Proof::default();
    let proof = model.authorities.first().map_or(&nothing, |authority| &authority.proof);
    let named = model.roots.iter().find(|named| *named.root.digest() == root);
    let instance = named.map_or(Instance::default(), |named| named.instance);
    Ok(proven(FixtureSigner::Identity { identity, root }, instance, proof, about))
}

/// With what the instance promises and the policy asks for, and no more: so that it is noticed when
/// a policy asks for more than before.
fn proven(signer: FixtureSigner, instance: Instance, proof: &Proof, about: About<'_>) -> Fixture {
    let About { origin, subject, statement, signed_at, lacks, .. } = about;
    let mut fixture = Fixture::new(origin, signer, subject.clone(), statement, signed_at);
    let logged = instance == Instance::Sigstore || proof.wants_log();
    let stamped = instance == Instance::Github || proof.timestamp == TimestampProof::Required;
    let lacks = |lack| match lack {
        Lack::Log => !logged || lacks.contains(&lack),
        Lack::Timestamp => !stamped || lacks.contains(&lack),
        Lack::InclusionProof => proof.entries != EntryProof::Inclusion || lacks.contains(&lack),
        Lack::Time => lacks.contains(&lack),
    };
    let time = |kind| ProvenTime { time: signed_at, authority: "a fixture".to_owned(), kind };
    let testimony = &mut fixture.0;
    testimony.times = [(Lack::Log, TimeKind::Log), (Lack::Timestamp, TimeKind::TimestampAuthority)]
        .into_iter()
        .filter(|(lack, _)| !lacks(*lack) && !lacks(Lack::Time))
        .map(|(_, kind)| time(kind))
        .collect();
    let inclusion = match lacks(Lack::InclusionProof) {
        true => Inclusion::Promised,
        false => Inclusion::Proven,
    };
    let entry = |log| LogReference { log, index: Some(0), inclusion };
    testimony.log_entries = match lacks(Lack::Log) {
        true => Vec::new(),
        false => logs(proof).into_iter().map(entry).collect(),
    };
    fixture
}

/// As many logs as are wanted, of those that count.
fn logs(proof: &Proof) -> Vec<LogId> {
    match &proof.logs {
        Some(logs) => logs.iter().take(proof.min_logs.max(1).into()).copied().collect(),
        None => (0..proof.min_logs.max(1)).map(|number| LogId([number; 32])).collect(),
    }
}

fn identity(wanted: &Identity) -> Result<CertificateIdentity, String> {
    let found = |what: &str, matcher: &TextMatcher| {
        sample(matcher).ok_or_else(|| format!("found nobody for the {what} {matcher}"))
    };
    let subject = match &wanted.subject {
        SubjectMatch::Any => alternative_name("https://anybody.invalid/owner/repository"),
        SubjectMatch::Text(text) => alternative_name(&found("subject", text)?),
        SubjectMatch::Pattern(text, kind) => {
            let text = found("subject", text)?;
            match kind {
                SubjectKind::Uri => SubjectAlternativeName::Uri(text),
                SubjectKind::Email => SubjectAlternativeName::Email(text),
                SubjectKind::OtherName => SubjectAlternativeName::OtherName(text),
            }
        }
    };
    let mut extensions = FulcioExtensions::default();
    for (name, matcher) in &wanted.extensions {
        set(&mut extensions, name, found(name, matcher)?)?;
    }
    let issuer = Issuer(found("issuer", &wanted.issuer)?);
    Ok(CertificateIdentity { subject, issuer, extensions })
}

/// By its form, as certificates have them.
fn alternative_name(text: &str) -> SubjectAlternativeName {
    let text = text.to_owned();
    match () {
        () if text.contains("://") => SubjectAlternativeName::Uri(text),
        () if text.contains('@') => SubjectAlternativeName::Email(text),
        () => SubjectAlternativeName::OtherName(text),
    }
}

fn set(extensions: &mut FulcioExtensions, name: &str, value: String) -> Result<(), String> {
    let arc = FulcioExtensions::NAMES.iter().find(|(known, _)| *known == name);
    let place = arc.and_then(|(_, arc)| extensions.by_arc_mut(*arc));
    let place =
        place.ok_or_else(|| format!("found the extension {name:?}, wanted one of Fulcio"))?;
    *place = Some(value);
    Ok(())
}
