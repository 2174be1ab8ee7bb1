//! `verify-blob`, `verify-blob-attestation`, `verify`

use std::path::{Path, PathBuf};

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::encoding::base64_decode;
use chainsign_core::identity::{IdentityMatcher, Pattern, TextMatcher};
use chainsign_core::image::ImageReference;
use chainsign_core::predicate::PredicateType;
use chainsign_policy::{TargetName, Workload};
use jiff::Timestamp;

use super::keys;
use super::report::same;
use super::{expect, registry, summary, target, trust};
use crate::commands::artifact;
use crate::commands::images::{Platforms, RegistryRequest};
use crate::commands::verify::{
    BlobEvidence, Decide, Demand, DemandedSigner, DetachedFiles, Formats, Kind, LayoutDemand,
    Place, Target, TargetToVerify, Timestamps, UsedAs, VerifyBlobRequest, VerifyRequest, Vouching,
};
use crate::failure::Failure;
use crate::files::{self, beside};
use crate::flags::layout::LayoutFlags;
use crate::flags::shared::{DetachedFlags, SignerFlags};
use crate::flags::verify::{UsedAsFlags, VerifyBlobAttestationFlags, VerifyBlobFlags, VerifyFlags};

/// `verify-blob`
///
/// # Errors
/// `bad-flag`, `unsigned`, and as [`demand`].
pub fn verify_blob(flags: VerifyBlobFlags, now: Timestamp) -> Result<VerifyBlobRequest, Failure> {
    not_alone(&flags.detached, &flags.signer)?;
    let formats = formats(&flags.detached);
    let target = target_of(&flags.target)?;
    Ok(VerifyBlobRequest {
        evidence: evidence(flags.bundle, flags.detached, &target)?,
        formats,
        target,
        kind: Kind::Any,
        demand: demand(flags.signer)?,
        trust: trust::with(flags.trust, flags.offline)?,
        now,
    })
}

/// `verify-blob-attestation`
///
/// # Errors
/// `bad-flag`, `unsigned`, and as [`demand`].
pub fn verify_blob_attestation(
    flags: VerifyBlobAttestationFlags,
    now: Timestamp,
) -> Result<VerifyBlobRequest, Failure> {
    let predicate_type = PredicateType::from_alias_or_uri(&flags.predicate_type)
        .map_err(|error| Failure::because("bad-flag", "--type", &error))?;
    not_alone(&flags.detached, &flags.signer)?;
    let formats = formats(&flags.detached);
    let target = match (flags.target, flags.digest, flags.digest_algorithm) {
        (None, Some(hex), Some(algorithm)) => {
            let digest: Result<ArtifactDigest, _> = format!("{algorithm}:{hex}").parse();
            let bad = |error| Failure::because("bad-flag", "--digest", &error);
            Target::Digest(digest.map_err(bad)?)
        }
        (target, _, _) => target_of(&target.unwrap_or_default())?,
    };
    Ok(VerifyBlobRequest {
        evidence: evidence(flags.bundle, flags.detached, &target)?,
        formats,
        target,
        kind: Kind::Attestation(predicate_type),
        demand: demand(flags.signer)?,
        trust: trust::with(flags.trust, flags.offline)?,
        now,
    })
}

/// `verify`
///
/// # Errors
/// `bad-flag`, and as [`demand`].
pub fn verify(flags: VerifyFlags, now: Timestamp) -> Result<VerifyRequest, Failure> {
    if flags.copy_to.is_some() && flags.targets.len() > 1 {
        let message = format!("found {} targets with --copy-to, wanted one", flags.targets.len());
        return Err(Failure::undecided("bad-flag", message));
    }
    if let Some(saved) = &flags.save_evidence {
        let read = flags.targets.iter().chain(&flags.policy).chain(&flags.bundle).chain(&flags.via);
        if read.into_iter().any(|input| same(input, saved)) {
            let message =
                format!("the evidence would take the place of {}, which is read", saved.display());
            return Err(Failure::undecided("bad-flag", message).hint("name another file"));
        }
    }
    let policy = flags.policy.clone();
    let decide = match flags.policy {
        Some(_) if flags.signer != SignerFlags::default() => {
            let message = "found --policy together with flags that say who must have signed";
            return Err(Failure::undecided("bad-flag", message)
                .hint("put the identity into the policy's authorities"));
        }
        Some(policy) => Decide::Policy(policy),
        None => match layout(*flags.layout, &flags.signer)? {
            Some(demand) => Decide::Layout(demand),
            None => match expect::decide(*flags.expect, flags.signer.clone())? {
                Some(decide) => decide,
                None => Decide::Signer(Demand {
                    annotations: flags.annotations,
                    ..demand(flags.signer)?
                }),
            },
        },
    };
    let used_as = used_as(flags.used_as)?;
    let targets: Vec<Place> =
        flags.targets.iter().cloned().map(target::target).collect::<Result<_, _>>()?;
    let images: Vec<_> = targets.iter().filter_map(Place::image).collect();
    if used_as.is_some() && !images.is_empty() {
        let message = "found --as-image for an image, which is what it is";
        return Err(Failure::undecided("bad-flag", message).hint("leave it out"));
    }
    let registry = registry::registry(*flags.registry, &images)?;
    let registry = RegistryRequest { asking: flags.offline.into(), ..registry };
    if used_as.is_some() && flags.targets.len() > 1 {
        let message = format!("found {} targets with --as-image, wanted one", flags.targets.len());
        return Err(Failure::undecided("bad-flag", message));
    }
    let read = flags.targets.iter().chain(&policy).chain(&flags.bundle).chain(&flags.via);
    let read = read.map(PathBuf::as_path);
    let summary = summary::summary(*flags.summary, flags.targets.len(), used_as.as_ref(), read)?;
    Ok(VerifyRequest {
        targets: targets
            .into_iter()
            .map(|place| TargetToVerify { place, used_as: used_as.clone() })
            .collect(),
        registry,
        platforms: Platforms::of(flags.platform),
        decide,
        bundles: flags.bundle,
        folders: flags.attestations,
        via: flags.via,
        copy_to: flags.copy_to,
        trust: trust::with(flags.trust, flags.offline)?,
        save_evidence: flags.save_evidence,
        summary,
        now: flags.dangerous_at.unwrap_or(now),
        dangerous_at: flags.dangerous_at,
    })
}

/// The layout that must have been kept to.
fn layout(flags: LayoutFlags, signer: &SignerFlags) -> Result<Option<LayoutDemand>, Failure> {
    let (Some(layout), Some(links)) = (flags.layout, flags.links) else { return Ok(None) };
    if *signer != SignerFlags::default() {
        let message = "found --layout together with flags that say who must have signed";
        return Err(Failure::undecided("bad-flag", message)
            .hint("the layout says who may do which step, and --layout-keys who may say so"));
    }
    Ok(Some(LayoutDemand { layout, keys: flags.layout_keys, links }))
}

/// The image, or the workload, as which the target is decided on.
fn used_as(flags: UsedAsFlags) -> Result<Option<UsedAs>, Failure> {
    let Some(reference) = flags.as_image else { return Ok(None) };
    let bad_flag =
        |flag: &str, reason: String| Failure::undecided("bad-flag", format!("{flag}: {reason}"));
    let reference: ImageReference =
        reference.parse().map_err(|error| Failure::because("bad-flag", "--as-image", &error))?;
    let ImageReference { name: image, digest, .. } = reference;
    let name = match flags.in_workload {
        None => TargetName::Image(image),
        Some(workload) => match workload.split_once('/') {
            Some((namespace, kind))
                if !namespace.is_empty() && !kind.is_empty() && !kind.contains('/') =>
            {
                let mut workload = Workload::new(image, namespace, kind);
                for (name, value) in flags.workload_label {
                    if workload.labels.insert(name.clone(), value).is_some() {
                        let reason = format!("found {name} twice, wanted it once");
                        return Err(bad_flag("--workload-label", reason));
                    }
                }
                TargetName::Workload(workload)
            }
            _ => {
                let reason = format!("found {workload:?}, wanted NAMESPACE/KIND");
                return Err(bad_flag("--in-workload", reason)
                    .hint("for example: --in-workload payments/Deployment"));
            }
        },
    };
    Ok(Some(UsedAs { name, digest }))
}

/// Who must have signed, and what must vouch for it.
///
/// # Errors
/// `no-identity` when the flags name nobody, or only half of somebody; `bad-flag` for a pattern or
/// a key that is not one.
pub fn demand(flags: SignerFlags) -> Result<Demand, Failure> {
    Ok(demand_of(&flags, signer(&flags)?))
}

/// What must vouch for a signature of this signer.
pub(super) fn demand_of(flags: &SignerFlags, signer: DemandedSigner) -> Demand {
    let ignored = |ignore: bool| if ignore { Vouching::Ignore } else { Vouching::Require };
    let extensions = [
        ("githubWorkflowTrigger", &flags.certificate_github_workflow_trigger),
        ("githubWorkflowSHA", &flags.certificate_github_workflow_sha),
        ("githubWorkflowName", &flags.certificate_github_workflow_name),
        ("githubWorkflowRepository", &flags.certificate_github_workflow_repository),
        ("githubWorkflowRef", &flags.certificate_github_workflow_ref),
    ];
    let extensions =
        extensions.into_iter().filter_map(|(name, wanted)| Some((name, wanted.clone()?)));
    let timestamps = match flags.use_signed_timestamps {
        true => Timestamps::Require,
        false => Timestamps::AsPromised,
    };
    Demand {
        extensions: extensions.collect(),
        annotations: Vec::new(),
        log: ignored(flags.insecure_ignore_tlog),
        sct: ignored(flags.insecure_ignore_sct),
        timestamps,
        signer,
    }
}

fn signer(flags: &SignerFlags) -> Result<DemandedSigner, Failure> {
    if let Some(key) = &flags.key {
        return Ok(DemandedSigner::Key(keys::public(key)?));
    }
    let subject = matcher(
        flags.certificate_identity.clone(),
        flags.certificate_identity_regexp.clone(),
        "--certificate-identity-regexp",
    )?;
    let issuer = matcher(
        flags.certificate_oidc_issuer.clone(),
        flags.certificate_oidc_issuer_regexp.clone(),
        "--certificate-oidc-issuer-regexp",
    )?;
    let found = match (subject, issuer) {
        (Some(subject), Some(issuer)) => {
            return Ok(DemandedSigner::Identity(IdentityMatcher { subject, issuer }));
        }
        (None, None) => "neither an identity nor a key",
        (None, _) => "an issuer without an identity",
        _ => "an identity without an issuer",
    };
    let message = format!("found {found}: nobody is named who must have signed");
    Err(Failure::undecided("no-identity", message)
        .hint("add --certificate-identity and --certificate-oidc-issuer, or --key"))
}

fn matcher(
    exact: Option<String>,
    pattern: Option<String>,
    flag: &str,
) -> Result<Option<TextMatcher>, Failure> {
    let text = match (exact, pattern) {
        (Some(text), _) => return Ok(Some(TextMatcher::Exact(text))),
        (None, None) => return Ok(None),
        (None, Some(text)) => text,
    };
    let pattern: Pattern =
        text.parse().map_err(|error| Failure::because("bad-flag", flag, &error))?;
    match STRANGERS.iter().find(|stranger| pattern.matches(stranger)) {
        None => Ok(Some(TextMatcher::Pattern(pattern))),
        Some(stranger) => {
            let message = format!("{flag} {text:?} names nobody: it also matches {stranger}");
            Err(Failure::undecided("loose-identity", message).hint(
                "write scheme, host, owner and repository, or the address's domain, literally",
            ))
        }
    }
}

/// Which formats of bundles may be read.
fn formats(detached: &DetachedFlags) -> Formats {
    if detached.new_bundle_format { Formats::Any } else { Formats::CosignOnly }
}

/// A signature in a file of its own comes with a certificate, or is a key's.
fn not_alone(detached: &DetachedFlags, signer: &SignerFlags) -> Result<(), Failure> {
    match (&detached.signature, &detached.certificate, &signer.key) {
        (Some(_), None, None) => {
            let message = "found --signature with neither --certificate nor --key: \
                           nothing says who signed";
            Err(Failure::undecided("signature-alone", message)
                .hint("verify the bundle instead: --bundle FILE.sigstore.json; `sign-blob` writes one beside each file"))
        }
        _ => Ok(()),
    }
}

/// The bundle that is named, the files that are named, or the bundle beside the file.
fn evidence(
    bundle: Option<PathBuf>,
    detached: DetachedFlags,
    target: &Target,
) -> Result<BlobEvidence, Failure> {
    if let Some(signature) = detached.signature {
        return Ok(BlobEvidence::Detached(Box::new(DetachedFiles {
            signature: file_or_base64(&signature)?,
            certificate: detached.certificate,
            chain: detached.certificate_chain,
            sct: detached.sct,
            timestamp: detached.rfc3161_timestamp,
            log_entry: detached.rekor_entry,
        })));
    }
    let path = match (bundle, target) {
        (Some(bundle), _) => return Ok(BlobEvidence::Bundle(bundle)),
        (None, Target::File(path)) if path != Path::new("-") => path,
        (None, _) => {
            let message = "found no --bundle, and nothing beside which to look for one";
            return Err(
                Failure::undecided("bad-flag", message).hint("name the bundle with --bundle")
            );
        }
    };
    let bundle = beside(path, ".sigstore.json");
    if bundle.exists() {
        return Ok(BlobEvidence::Bundle(bundle));
    }
    // Of a file that is not there, nobody knows whether it was signed.
    artifact::open(path)?;
    let message = format!("found no signature: {} is not there", bundle.display());
    Err(Failure::no("unsigned", message).hint("name the bundle with --bundle"))
}

/// A signature as a file, or as its own base64. A text that is both is refused, not guessed.
fn file_or_base64(given: &str) -> Result<Vec<u8>, Failure> {
    let path = Path::new(given);
    let literal = base64_decode("signature", given).is_ok_and(|bytes| !bytes.is_empty());
    match (path.exists(), literal) {
        (true, true) => {
            let message = format!("{given} is a signature in base64, and also a file here");
            Err(Failure::undecided("bad-flag", message)
                .hint(format!("write ./{given} for the file")))
        }
        (false, true) => Ok(given.as_bytes().to_vec()),
        (_, false) => files::read("signature", path),
    }
}

/// A file, or a digest. A text that is both is refused, not guessed.
fn target_of(given: &str) -> Result<Target, Failure> {
    if ["http://", "https://", "env://"].iter().any(|scheme| given.starts_with(scheme)) {
        let message = format!("found {given:?}, wanted a file, - or a digest");
        return Err(Failure::undecided("bad-flag", message)
            .hint("URLs are not fetched: download the file, then verify what you have"));
    }
    let path = PathBuf::from(given);
    match given.parse::<ArtifactDigest>() {
        Ok(_) if path.exists() => {
            let message = format!("{given} is a digest, and also a file here");
            Err(Failure::undecided("bad-flag", message)
                .hint(format!("write ./{given} for the file")))
        }
        Ok(digest) => Ok(Target::Digest(digest)),
        Err(_) => Ok(Target::File(path)),
    }
}

/// Names that nobody means. Whoever writes a pattern that matches one has named nobody.
const STRANGERS: [&str; 4] = [
    "https://any-host.invalid/any-owner/any-repository/.github/workflows/any.yml@refs/heads/any",
    "https://github.com/any-owner/any-repository/.github/workflows/any.yml@refs/heads/any",
    "https://any-host.invalid",
    "anybody@any-host.invalid",
];
