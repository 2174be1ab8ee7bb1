//! Attested equals actual: the binary held against what documents say about it.

use chainsign_gosbom::ModuleInfo;
use chainsign_gosbom::diff::{Difference, Mode, ModuleSet, compare};
use chainsign_slsa::source::{GitCommit, GitRef};
use chainsign_slsa::{Provenance, StampedCommit};

use super::super::slsa::parameter_value;
use super::settings::{self, STAMP_HINT};
use super::{GoImage, Joined, Place, Programs, id, modules, programs, worst};
use crate::evidence::Testimony;
use crate::language::{Go, ModulesJoin, Parameter};
use crate::verdict::{Reason, Rule, RuleId};

/// A rule that joins the binary with an attestation.
#[derive(Clone, Copy)]
pub(super) enum Join<'a> {
    Modules { attestation: &'a str, mode: Mode },
    Listed { attestation: &'a str },
    Commit { attestation: &'a str },
    Parameter { attestation: &'a str, setting: &'a str, parameter: &'a Parameter },
}

/// The joins that a policy writes.
pub(super) fn of(go: &Go) -> impl Iterator<Item = Join<'_>> {
    let modules = go.modules.as_ref().map(|join| match join {
        ModulesJoin::Equal(name) => Join::Modules { attestation: name.as_str(), mode: Mode::Equal },
        ModulesJoin::Covers(name) => {
            Join::Modules { attestation: name.as_str(), mode: Mode::Covers }
        }
    });
    let commit = go.commit.as_ref();
    let commit = commit.map(|join| Join::Commit { attestation: join.equals.as_str() });
    let listed = go.listed.as_ref();
    let listed = listed.map(|join| Join::Listed { attestation: join.sbom.as_str() });
    let parameters = go.parameters.as_ref().map(|join| {
        let attestation = join.of.as_str();
        let settings = join.settings.iter();
        settings.map(move |(setting, parameter)| Join::Parameter {
            attestation,
            setting,
            parameter,
        })
    });
    modules.into_iter().chain(listed).chain(commit).chain(parameters.into_iter().flatten())
}

impl Join<'_> {
    pub(super) fn id(&self) -> RuleId {
        match self {
            Join::Modules { .. } => id("modules"),
            Join::Listed { .. } => id("listed"),
            Join::Commit { .. } => id("commit"),
            Join::Parameter { setting, .. } => id("parameters").below(setting),
        }
    }

    pub(super) fn kind(&self) -> Joined {
        match self {
            Join::Modules { .. } | Join::Listed { .. } => Joined::Sbom,
            Join::Commit { .. } | Join::Parameter { .. } => Joined::Provenance,
        }
    }

    pub(super) fn attestation(&self) -> &str {
        match self {
            Join::Modules { attestation, .. }
            | Join::Listed { attestation }
            | Join::Commit { attestation }
            | Join::Parameter { attestation, .. } => attestation,
        }
    }

    /// Holds every program against the candidate.
    pub(super) fn rule(&self, all: &Programs<'_>, candidate: &Testimony) -> Rule {
        match self {
            Join::Modules { mode, .. } => same_modules(all, candidate, *mode),
            Join::Listed { .. } => programs::listed(self.id(), all, candidate),
            Join::Commit { .. } => {
                worst(&self.id(), &all.images, |image| same_commit(self.id(), image, candidate))
            }
            Join::Parameter { setting, parameter, .. } => worst(&self.id(), &all.images, |image| {
                same_setting(self.id(), image, candidate, setting, parameter)
            }),
        }
    }
}

/// Every image's modules are in the SBOM, with their versions and sums; with [`Mode::Equal`] the
/// SBOM lists no module that is in no image.
///
/// Where an SBOM of an archive or image says for a program, by its digest, which modules it is made
/// of, these are held against that program as well: a module of another program does not do.
fn same_modules(all: &Programs<'_>, candidate: &Testimony, mode: Mode) -> Rule {
    let id = id("modules");
    let unreadable = |reason: &str| {
        let message = format!("the SBOM cannot be read: {reason}");
        Rule::fail(id.clone(), Reason::Unreadable, message)
    };
    let sbom = match candidate.sbom() {
        Ok(sbom) => sbom,
        Err(reason) => return unreadable(reason),
    };
    let stated = match &sbom.modules {
        Ok(stated) => stated,
        Err(reason) => return unreadable(reason),
    };
    let mut differences: Vec<(&GoImage<'_>, Difference)> = Vec::new();
    let mut of_programs: Vec<(&GoImage<'_>, Difference)> = Vec::new();
    for image in &all.images {
        if let Err(rule) = modules(&id, image) {
            return *rule;
        }
        let actual = match ModuleSet::of_build_info(image.build_info) {
            Ok(actual) => actual,
            Err(reason) => {
                let message = format!("the build information cannot be read: {reason}");
                return Rule::error(id, Reason::BuildInfoUnreadable, message);
            }
        };
        differences.push((image, compare(&actual, stated, mode)));
        let program = all.programs.get(image.program).filter(|_| all.place != Place::Itself);
        match program.and_then(|program| sbom.modules_of(program.digests)) {
            // Of a universal file, it lists the modules of all images together.
            Some(Ok(own)) => of_programs.push((image, compare(&actual, &own, Mode::Covers))),
            Some(Err(reason)) => return unreadable(&reason),
            None => {}
        }
    }
    // What is extra for one image may be in another.
    let in_none = differences.first().map_or(Vec::new(), |(_, first)| first.extra.clone());
    let in_none: Vec<_> = in_none
        .into_iter()
        .filter(|name| differences.iter().all(|(_, difference)| difference.extra.contains(name)))
        .collect();
    for (_, difference) in &mut differences {
        difference.extra.clone_from(&in_none);
    }
    let worst = differences.iter().chain(&of_programs).find(|(_, it)| !it.is_none());
    let worst = worst.or(differences.first());
    let Some((image, difference)) = worst else {
        return Rule::error(id, Reason::NotGo, "found no Go image");
    };
    let lines: Vec<String> = difference.to_string().lines().map(str::to_owned).collect();
    let first = lines.first().map_or("", String::as_str);
    let origin = &candidate.origin;
    let wanted = match mode {
        Mode::Equal => "the same modules, versions and sums",
        _ => "at least the binary's modules, with their versions and sums",
    };
    if difference.is_none() {
        let actual = image.build_info.modules().map_or(0, |info| info.deps.len());
        let message = format!(
            "{}the {actual} modules of the binary, its main module and its Go release are in {origin}",
            image.label
        );
        return Rule::pass(id, message).with(lines);
    }
    let count = difference.missing.len()
        + difference.extra.len()
        + difference.version_differs.len()
        + difference.sum_differs.len();
    let more = if count > 1 { format!(" ({count} differences)") } else { String::new() };
    let message = format!("{}{origin} and the binary differ: {first}{more}", image.label);
    Rule::fail(id, Reason::ModulesDiffer, message)
        .compared(first, wanted)
        .with(&lines)
        .hint("make the SBOM from the binary that is released, after its last build")
}

/// The stamp and the provenance name one commit. The stamp is, in this order: `vcs.revision`; the
/// main module's pseudo-version; the main module's version, of a binary that was installed from a
/// module proxy, against the provenance's tag.
fn same_commit(id: RuleId, image: &GoImage<'_>, candidate: &Testimony) -> Rule {
    let info = match modules(&id, image) {
        Ok(info) => info,
        Err(rule) => return *rule,
    };
    let provenance = match candidate.provenance() {
        Ok(provenance) => provenance,
        Err(error) => {
            let message = format!("the provenance cannot be read: {error}");
            return Rule::fail(id, Reason::Unreadable, message);
        }
    };
    let Some(stamp) = StampedCommit::of(info) else {
        return by_tag(id, info, provenance);
    };
    let by = match stamp {
        StampedCommit::PseudoVersion { .. } => "the main module's pseudo-version",
        _ => "vcs.revision",
    };
    let Some(commit) = &provenance.source.commit else {
        let message = format!("the provenance names no commit, and the binary {stamp} by {by}");
        return Rule::fail(id, Reason::ValueMissing, message).compared("no commit", &stamp);
    };
    let line = |commit: &GitCommit| {
        [format!("binary: {stamp} by {by}"), format!("{}: {commit}", candidate.origin)]
    };
    if stamp.names(commit) {
        return Rule::pass(id, format!("provenance and binary name {commit}, by {by}"))
            .compared(commit, &stamp)
            .with(line(commit));
    }
    let message = format!("the provenance names the commit {commit}, the binary {stamp} by {by}");
    Rule::fail(id, Reason::CommitDiffers, message).compared(commit, &stamp).with(line(commit))
}

/// The setting that Go recorded is the parameter that the provenance names.
fn same_setting(
    id: RuleId,
    image: &GoImage<'_>,
    candidate: &Testimony,
    setting: &str,
    parameter: &Parameter,
) -> Rule {
    let provenance = match candidate.provenance() {
        Ok(provenance) => provenance,
        Err(error) => {
            let message = format!("the provenance cannot be read: {error}");
            return Rule::fail(id, Reason::Unreadable, message);
        }
    };
    let stated = match parameter {
        Parameter::External(name) => parameter_value(&provenance.external_parameters, name),
        Parameter::Internal(name) => parameter_value(&provenance.internal_parameters, name),
    };
    let Some(stated) = stated else {
        let message = format!("the provenance has no {parameter}, for the build setting {setting}");
        return Rule::fail(id, Reason::ValueMissing, message).compared("nothing", parameter);
    };
    let line = format!("{}: the {parameter} is {stated}", candidate.origin);
    settings::rule(id, image, setting, &stated).with([line])
}

/// `go install module@v1.2.3` leaves no stamp; version and sum of the main module then name what
/// was built, and the version is the tag.
fn by_tag(id: RuleId, info: &ModuleInfo, provenance: &Provenance) -> Rule {
    let main = info.main.as_ref();
    let version = main.and_then(|main| main.known_version());
    let sum = main.and_then(|main| main.sum.as_ref());
    let (Some(version), Some(sum)) = (version, sum) else {
        return Rule::fail(id, Reason::NotStamped, "the binary names no commit: it has no stamp")
            .compared("no stamp", "a commit")
            .hint(STAMP_HINT);
    };
    let by = format!("the main module's version {version} with its sum {sum}");
    let tag = provenance.source.reference.as_ref().and_then(GitRef::tag);
    match tag {
        Some(tag) if main.is_some_and(|main| is_tag_of(tag, &main.path, version)) => {
            Rule::pass(id, format!("provenance and binary name {version}, by {by}"))
                .compared(tag, version)
                .with([by])
        }
        Some(tag) => {
            let message = format!("the provenance names the tag {tag}, the binary {by}");
            Rule::fail(id, Reason::CommitDiffers, message).compared(tag, version)
        }
        None => {
            let message = format!("the provenance names no tag, the binary {by}");
            Rule::fail(id, Reason::ValueMissing, message).compared("no tag", version)
        }
    }
}

/// A module in a folder of its repository is tagged `folder/v1.2.3`
/// (<https://go.dev/ref/mod#vcs-version>).
fn is_tag_of(tag: &str, path: &str, version: &str) -> bool {
    let Some((folder, tag)) = tag.rsplit_once('/') else { return tag == version };
    // The major version suffix `/v2` of a path is no folder.
    let is_major = |last: &str| {
        last.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let path = match path.rsplit_once('/') {
        Some((rest, last)) if is_major(last) => rest,
        _ => path,
    };
    tag == version && path.strip_suffix(folder).is_some_and(|rest| rest.ends_with('/'))
}
