//! What the evidence about several artifacts has in common.

use std::collections::{BTreeMap, BTreeSet};

use chainsign_artifact::Content;
use chainsign_core::identity::{CertificateIdentity, SubjectAlternativeName};
use chainsign_core::predicate::{
    COSIGN_VULN, CYCLONEDX, PredicateType, SLSA_PROVENANCE_V0_2, SLSA_PROVENANCE_V1, SPDX, VULNS,
};
use chainsign_gosbom::{GoRelease, GoSlice};
use chainsign_slsa::Provenance;

use super::{InitError, Observed};
use crate::evidence::{Signer, Testimony};

/// Everything that a draft may ask for.
pub(super) struct Findings {
    /// In the order of the names that rules use.
    pub(super) signers: Vec<FoundSigner>,
    /// Who signed the artifacts themselves, by index; empty if not all are signed.
    pub(super) signatures: BTreeSet<usize>,
    pub(super) attestations: Vec<FoundAttestation>,
    pub(super) go: Option<FoundGo>,
}

/// Somebody who signed.
pub(super) struct FoundSigner {
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) subject: Wanted,
    /// Fulcio extensions on which all of its certificates agree.
    pub(super) extensions: BTreeMap<&'static str, String>,
}

/// A text that a draft asks for: as it is, or as a pattern for this and later releases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wanted {
    Exact(String),
    Pattern(String),
}

/// A kind of attestation that every artifact has.
pub(super) struct FoundAttestation {
    pub(super) name: &'static str,
    pub(super) kind: FoundKind,
    pub(super) predicate_type: PredicateType,
    pub(super) by: BTreeSet<usize>,
}

/// What an attestation says, as far as drafts look at it.
pub(super) enum FoundKind {
    Provenance(FoundProvenance),
    Sbom,
    Scan,
    Other,
}

/// On what the provenances of all artifacts agree.
pub(super) struct FoundProvenance {
    /// Builder and signer.
    pub(super) builders: BTreeSet<(Wanted, usize)>,
    pub(super) build_type: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) reference: Option<Wanted>,
    pub(super) entry_point: Option<String>,
    pub(super) parameters: BTreeSet<String>,
}

/// On what all Go binaries agree.
pub(super) struct FoundGo {
    pub(super) oldest: Option<GoRelease>,
    pub(super) settings: BTreeMap<&'static str, String>,
    /// Settings that are not worth asking for, with what was found.
    pub(super) unfit: Vec<(&'static str, String)>,
    pub(super) sbom: Option<&'static str>,
    pub(super) provenance: Option<&'static str>,
}

impl Findings {
    pub(super) fn of(observed: &[Observed<'_>]) -> Result<Findings, InitError> {
        if observed.is_empty() {
            return Err(InitError::NoArtifact);
        }
        if let Some(it) = observed.iter().find(|it| it.evidence.evidence().is_empty()) {
            let line =
                |refused: &crate::Refused| format!("{}: {}", refused.origin, refused.message);
            return Err(InitError::NoEvidence {
                artifact: it.facts.name.clone(),
                refused: it.evidence.refused().iter().map(line).collect(),
            });
        }
        let mut signers = Signers::default();
        let signatures = signatures(observed, &mut signers);
        let attestations = attestations(observed, &mut signers);
        if signatures.is_empty() && attestations.is_empty() {
            return Err(InitError::NothingInCommon);
        }
        let named = |wanted: fn(&FoundKind) -> bool| {
            attestations.iter().find(|it| wanted(&it.kind)).map(|it| it.name)
        };
        let mut go = go(observed);
        if let Some(go) = &mut go {
            go.sbom = named(|kind| matches!(kind, FoundKind::Sbom));
            go.provenance = named(|kind| matches!(kind, FoundKind::Provenance(_)));
        }
        Ok(Findings { signers: signers.finish(), signatures, attestations, go })
    }

    /// Whom the policy trusts from now on.
    pub(super) fn notes(&self) -> Vec<String> {
        let note = |signer: &FoundSigner| {
            let FoundSigner { name, issuer, subject, .. } = signer;
            let subject = match subject {
                Wanted::Exact(text) => text.clone(),
                Wanted::Pattern(pattern) => format!("whatever matches {pattern}"),
            };
            format!(
                "trusted because it signed what is here: {name}, that is {subject}, vouched for by {issuer}"
            )
        };
        self.signers.iter().map(note).collect()
    }
}

/// Signers by what a policy would ask of them.
#[derive(Default)]
struct Signers(Vec<(String, Wanted, Vec<CertificateIdentity>)>);

impl Signers {
    /// The index of whoever signed; `None` for a key, which the plan does not let verify.
    fn index(&mut self, testimony: &Testimony) -> Option<usize> {
        let Signer::Certificate { identity, .. } = &testimony.signer else { return None };
        let (issuer, subject) = (&identity.issuer.0, subject(&identity.subject));
        let same = |(i, s, _): &(String, Wanted, Vec<_>)| i == issuer && *s == subject;
        let index = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push((issuer.clone(), subject, Vec::new()));
            self.0.len() - 1
        });
        self.0[index].2.push((**identity).clone());
        Some(index)
    }

    fn finish(self) -> Vec<FoundSigner> {
        let mut names: Vec<String> = Vec::new();
        let signer = |(issuer, subject, identities): (String, Wanted, Vec<CertificateIdentity>)| {
            let base = name_of(identities.first().map_or("", |it| it.subject.as_str()));
            let number = (2..).map(|number| format!("{base}-{number}"));
            let mut free = [base.clone()].into_iter().chain(number);
            let name = free.find(|name| !names.contains(name)).unwrap_or(base);
            names.push(name.clone());
            let agreed = |extension: &&'static str| {
                let value = |it: &CertificateIdentity| {
                    it.extensions.by_name(extension).flatten().map(str::to_owned)
                };
                let first = value(identities.first()?)?;
                let same = identities.iter().all(|it| value(it).as_ref() == Some(&first));
                same.then_some((*extension, first))
            };
            let extensions = EXTENSIONS.iter().filter_map(agreed).collect();
            FoundSigner { name, issuer, subject, extensions }
        };
        self.0.into_iter().map(signer).collect()
    }
}

/// Who signed each artifact itself. Empty where one is not signed.
fn signatures(observed: &[Observed<'_>], signers: &mut Signers) -> BTreeSet<usize> {
    let signed = |it: &Observed<'_>| testimonies(it).any(|it| it.statement().is_none());
    if !observed.iter().all(signed) {
        return BTreeSet::new();
    }
    let signatures = observed.iter().flat_map(testimonies).filter(|it| it.statement().is_none());
    signatures.filter_map(|it| signers.index(it)).collect()
}

/// The kinds of attestation that every artifact has, by the types of their predicates.
fn attestations(observed: &[Observed<'_>], signers: &mut Signers) -> Vec<FoundAttestation> {
    let types = |it: &Observed<'_>| -> BTreeSet<PredicateType> {
        testimonies(it).filter_map(|it| Some(it.statement()?.predicate_type.clone())).collect()
    };
    let mut common = types(&observed[0]);
    for it in &observed[1..] {
        let types = types(it);
        common.retain(|known| types.contains(known));
    }
    let mut found: Vec<FoundAttestation> = Vec::new();
    for predicate_type in common {
        let name = match predicate_type.as_str() {
            SLSA_PROVENANCE_V1 | SLSA_PROVENANCE_V0_2 => "provenance",
            CYCLONEDX | SPDX => "sbom",
            VULNS | COSIGN_VULN => "scan",
            // One of a type that no rule but CEL looks into.
            _ => "other",
        };
        if found.iter().any(|other| other.name == name) {
            continue;
        }
        let of_type = |it: &&Testimony| {
            it.statement().is_some_and(|statement| statement.predicate_type == predicate_type)
        };
        let all: Vec<_> = observed.iter().flat_map(testimonies).filter(of_type).collect();
        let by: Vec<_> = all.iter().map(|it| signers.index(it)).collect();
        let kind = match name {
            "provenance" => match provenance(&all, &by) {
                Some(found) => FoundKind::Provenance(found),
                None => FoundKind::Other,
            },
            "sbom" => FoundKind::Sbom,
            "scan" => FoundKind::Scan,
            _ => FoundKind::Other,
        };
        let by = by.into_iter().flatten().collect();
        found.push(FoundAttestation { name, kind, predicate_type, by });
    }
    found
}

/// `None` when one of them cannot be read.
fn provenance(all: &[&Testimony], by: &[Option<usize>]) -> Option<FoundProvenance> {
    let read: Option<Vec<&Provenance>> = all.iter().map(|it| it.provenance().ok()).collect();
    let read = read?;
    let builder = |(it, by): (&&Provenance, &Option<usize>)| {
        Some((of_release(&it.builder_id.as_ref()?.0), (*by)?))
    };
    let builders: Option<BTreeSet<_>> = read.iter().zip(by).map(builder).collect();
    Some(FoundProvenance {
        builders: builders?,
        build_type: agreed(&read, |it| it.build_type.as_ref().map(|it| it.0.clone())),
        repository: agreed(&read, |it| it.source.repository.as_ref().map(ToString::to_string)),
        reference: agreed(&read, |it| {
            it.source.reference.as_ref().map(|it| reference("", &it.to_string()))
        }),
        entry_point: agreed(&read, |it| it.entry_point.clone()),
        parameters: read.iter().flat_map(|it| it.uninterpreted_parameters.clone()).collect(),
    })
}

fn agreed<T: PartialEq>(
    read: &[&Provenance],
    value: impl Fn(&Provenance) -> Option<T>,
) -> Option<T> {
    let first = value(read.first()?)?;
    read.iter().all(|it| value(it).as_ref() == Some(&first)).then_some(first)
}

/// `None` unless every artifact is a Go binary.
fn go(observed: &[Observed<'_>]) -> Option<FoundGo> {
    let slices = |it: &Observed<'_>| match &it.facts.content {
        Content::GoBinary(binary) => Some(binary.slices.to_vec()),
        _ => None,
    };
    let slices: Option<Vec<_>> = observed.iter().map(slices).collect();
    let slices: Vec<GoSlice> = slices?.into_iter().flatten().collect();
    let release = |slice: &GoSlice| slice.build_info.go_version()?.release();
    let releases: Option<Vec<_>> = slices.iter().map(release).collect();
    let setting = |slice: &GoSlice, name: &str| {
        slice.build_info.modules().ok()?.setting(name).map(str::to_owned)
    };
    let wanted = |(name, good): &(&'static str, &str)| {
        let meets = |slice| setting(slice, name).as_deref() == Some(*good);
        slices.iter().all(meets).then(|| (*name, (*good).to_owned()))
    };
    let unfit = |(name, good): &(&'static str, &str)| {
        let other = |slice| setting(slice, name).filter(|found| found != good);
        slices.iter().find_map(other).map(|found| (*name, found))
    };
    Some(FoundGo {
        unfit: SETTINGS.iter().filter_map(unfit).collect(),
        oldest: releases.and_then(|releases| releases.into_iter().min()),
        settings: SETTINGS.iter().filter_map(wanted).collect(),
        sbom: None,
        provenance: None,
    })
}

fn testimonies<'a>(observed: &Observed<'a>) -> impl Iterator<Item = &'a Testimony> {
    observed.evidence.evidence().iter().map(|it| &it.0)
}

/// An e-mail address as it is; a workflow for this and later releases.
fn subject(found: &SubjectAlternativeName) -> Wanted {
    match found {
        SubjectAlternativeName::Uri(uri) => of_release(uri),
        other => Wanted::Exact(other.as_str().to_owned()),
    }
}

/// A URI that ends with `@` and a ref.
fn of_release(uri: &str) -> Wanted {
    match uri.rsplit_once('@') {
        Some((before, after)) if after.starts_with("refs/") => {
            reference(&format!("{before}@"), after)
        }
        _ => Wanted::Exact(uri.to_owned()),
    }
}

/// A tag stands for those of later releases, a branch for itself.
fn reference(before: &str, reference: &str) -> Wanted {
    let before = regex::escape(before).replace(r"\-", "-").replace(r"\#", "#");
    match reference.strip_prefix("refs/tags/") {
        Some(tag) if tag.starts_with('v') && tag[1..].starts_with(|c: char| c.is_ascii_digit()) => {
            Wanted::Pattern(format!("{before}refs/tags/v[0-9].*"))
        }
        Some(_) => Wanted::Pattern(format!("{before}refs/tags/.+")),
        None if before.is_empty() => Wanted::Exact(reference.to_owned()),
        None => {
            Wanted::Pattern(format!("{before}{}", regex::escape(reference).replace(r"\-", "-")))
        }
    }
}

/// `release` for .../.github/workflows/release.yml@..., `dev` for dev@example.com.
fn name_of(subject: &str) -> String {
    let path = subject.split_once("@refs/").map_or(subject, |(path, _)| path);
    let last = match path.contains("://") {
        true => path.rsplit('/').next().unwrap_or_default(),
        false => path.split(['@', '!']).next().unwrap_or_default(),
    };
    let stem = last.split('.').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' };
    let name: String = stem.chars().map(plain).take(40).collect();
    // What YAML could take for something other than text is no name.
    match name.starts_with(|c: char| c.is_ascii_alphabetic()) && !WORDS.contains(&name.as_str()) {
        true => name,
        false => "signer".to_owned(),
    }
}

const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
/// What stays when a repository or an account is renamed or taken over, and where it was built.
const EXTENSIONS: [&str; 5] = [
    "runnerEnvironment",
    "sourceRepositoryIdentifier",
    "sourceRepositoryOwnerIdentifier",
    "sourceRepositoryOwnerURI",
    "sourceRepositoryURI",
];
/// Settings with the values that are worth asking for.
const SETTINGS: [(&str, &str); 3] =
    [("-trimpath", "true"), ("CGO_ENABLED", "0"), ("vcs.modified", "false")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_releases_of_the_same_workflow_are_meant() {
        let uri = |reference: &str| {
            format!("https://github.com/a-b/c.d/.github/workflows/r.yml@{reference}")
        };
        let before = r"https://github\.com/a-b/c\.d/\.github/workflows/r\.yml@";
        let pattern = |rest: &str| Wanted::Pattern(format!("{before}{rest}"));
        for (reference, wanted) in [
            ("refs/tags/v1.2.3", pattern("refs/tags/v[0-9].*")),
            ("refs/tags/1.2.3", pattern("refs/tags/.+")),
            ("refs/tags/vienna", pattern("refs/tags/.+")),
            ("refs/heads/main", pattern("refs/heads/main")),
            ("refs/heads/x.y", pattern(r"refs/heads/x\.y")),
        ] {
            assert_eq!(of_release(&uri(reference)), wanted);
        }
        let exact = "https://gitlab.example/a/b";
        assert_eq!(of_release(exact), Wanted::Exact(exact.to_owned()));
    }

    #[test]
    fn signers_have_names() {
        for (subject, wanted) in [
            ("https://github.com/a/b/.github/workflows/release.yml@refs/heads/main", "release"),
            ("dev@example.com", "dev"),
            ("user!domain", "user"),
            ("https://example.com/", "signer"),
            ("ä.b@example.com", "signer"),
        ] {
            assert_eq!(name_of(subject), wanted);
        }
    }
}
