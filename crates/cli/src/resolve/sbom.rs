//! `sbom`

use chainsign_gosbom::Depth;
use chainsign_gosbom::sbom::SpecVersion;

use super::facts::source_date_epoch;
use super::{registry, target};
use crate::commands::sbom::diff::DiffRequest;
use crate::commands::sbom::{DocumentFormat, FileHash, SbomRequest};
use crate::commands::verify::Place;
use crate::failure::Failure;
use crate::flags::sbom::{SbomFlags, SbomFormat, SpecVersionFlag};

/// What `sbom` is asked for.
#[derive(Debug)]
pub enum SbomTask {
    /// To make one.
    Make(Box<SbomRequest>),
    /// To compare two.
    Diff(DiffRequest),
}

/// `sbom`
///
/// # Errors
/// `bad-flag` for a version that the format does not have, and unless two paths are compared;
/// `bad-environment` as [`source_date_epoch`].
pub fn sbom(flags: SbomFlags) -> Result<SbomTask, Failure> {
    if flags.diff {
        let found = flags.paths.len();
        let paths: Result<[_; 2], _> = flags.paths.try_into();
        let [first, second] = paths.map_err(|_| {
            let message = format!("--diff compares two paths, found {found}");
            Failure::undecided("bad-flag", message).hint("name a Go binary and an SBOM")
        })?;
        return Ok(SbomTask::Diff(DiffRequest { first, second }));
    }
    let (mut paths, mut images) = (Vec::new(), Vec::new());
    for typed in flags.paths {
        match target::target(typed)? {
            Place::File(path) => paths.push(path),
            Place::Image(reference) => images.push(reference),
        }
    }
    if flags.no_file_hash && !images.is_empty() {
        let message = "found --no-file-hash with an image, which is named by its digest";
        return Err(Failure::undecided("bad-flag", message).hint("leave it out"));
    }
    Ok(SbomTask::Make(Box::new(SbomRequest {
        paths,
        registry: registry::registry(flags.registry, &images.iter().collect::<Vec<_>>())?,
        images,
        platform: flags.platform,
        document: document(flags.format, flags.spec_version)?,
        created: source_date_epoch()?,
        depth: if flags.packages { Depth::SecondRecords } else { Depth::BuildInfo },
        hash: if flags.no_file_hash { FileHash::Skip } else { FileHash::Sha256 },
    })))
}

fn document(
    format: SbomFormat,
    version: Option<SpecVersionFlag>,
) -> Result<DocumentFormat, Failure> {
    let cyclonedx = |version| Ok(DocumentFormat::CycloneDx(version));
    match (format, version) {
        (SbomFormat::CycloneDxJson, None | Some(SpecVersionFlag::CycloneDx1_6)) => {
            cyclonedx(SpecVersion::V1_6)
        }
        (SbomFormat::CycloneDxJson, Some(SpecVersionFlag::CycloneDx1_4)) => {
            cyclonedx(SpecVersion::V1_4)
        }
        (SbomFormat::CycloneDxJson, Some(SpecVersionFlag::CycloneDx1_5)) => {
            cyclonedx(SpecVersion::V1_5)
        }
        (SbomFormat::CycloneDxJson, Some(SpecVersionFlag::CycloneDx1_7)) => {
            cyclonedx(SpecVersion::V1_7)
        }
        (SbomFormat::SpdxJson, None | Some(SpecVersionFlag::Spdx2_3)) => Ok(DocumentFormat::Spdx),
        (SbomFormat::CycloneDxJson, Some(SpecVersionFlag::Spdx2_3)) => {
            Err(Failure::undecided("bad-flag", "2.3 is a version of SPDX, wanted one of CycloneDX")
                .hint("add --format spdx-json, or choose 1.4, 1.5, 1.6 or 1.7"))
        }
        (SbomFormat::SpdxJson, Some(_)) => {
            Err(Failure::undecided("bad-flag", "SPDX is written in version 2.3 only")
                .hint("leave --spec-version out, or choose --format cyclonedx-json"))
        }
    }
}
