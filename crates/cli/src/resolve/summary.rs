//! `verify --vsa`

use std::path::Path;

use chainsign_policy::{SummaryDetails, TargetName};

use super::report::same;
use crate::commands::verify::{SummaryRequest, UsedAs};
use crate::failure::Failure;
use crate::flags::summary::SummaryFlags;

/// The summary that is to be written, of how many targets, read from which files.
///
/// # Errors
/// `bad-flag` for several targets, for a URI that is none, without a resource, and for a file that is read.
pub(super) fn summary<'a>(
    flags: SummaryFlags,
    targets: usize,
    used_as: Option<&UsedAs>,
    read: impl IntoIterator<Item = &'a Path>,
) -> Result<Option<SummaryRequest>, Failure> {
    let (Some(path), Some(verifier)) = (flags.vsa, flags.vsa_verifier_id) else { return Ok(None) };
    if targets > 1 {
        let message = format!("found {targets} targets with --vsa, wanted one");
        return Err(Failure::undecided("bad-flag", message)
            .hint("a summary is of one artifact as one resource: call verify for each"));
    }
    if read.into_iter().any(|input| same(input, &path)) {
        let message =
            format!("the summary would take the place of {}, which is read", path.display());
        return Err(Failure::undecided("bad-flag", message).hint("name another file"));
    }
    let verifier = verifier
        .parse()
        .map_err(|error| Failure::because("bad-flag", "--vsa-verifier-id", &error))?;
    let resource_uri = match (flags.vsa_resource_uri, used_as.map(|it| &it.name)) {
        (Some(uri), _) => uri,
        (None, Some(TargetName::Image(image))) => of_image(image.as_str()),
        (None, Some(TargetName::Workload(workload))) => of_image(workload.image.as_str()),
        (None, _) => {
            let message = "found --vsa without --vsa-resource-uri";
            return Err(Failure::undecided("bad-flag", message)
                .hint("name the URI from which consumers fetch the target"));
        }
    };
    let version = ("chainsign".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let details = SummaryDetails {
        verifier,
        verifier_version: [version].into(),
        resource_uri,
        policy_uri: flags.vsa_policy_uri,
    };
    Ok(Some(SummaryRequest { path, form: flags.vsa_form, details }))
}

/// As Helm and Flux write it.
fn of_image(name: &str) -> String {
    format!("oci://{name}")
}
