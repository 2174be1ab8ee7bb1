use std::path::{Path, PathBuf};

use chainsign_policy::{Decision, Outcome};
use serde_json::Value;

use super::{Documents, Folder, Release, Stage, passed};
use crate::commands::verify::{Decided, TargetOutcome};
use crate::failure::Failure;
use crate::files::{self, beside};

/// A lie about the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// One byte of the binary is another.
    ChangedByte,
    /// The SBOM does not name one module.
    HiddenModule,
    /// The provenance names another commit; another repository, for a binary that was stamped
    /// with no commit.
    OtherCommit,
    /// Everything is right, and signed by somebody else.
    OtherIdentity,
}

impl Lie {
    /// All of them, in the order of telling.
    pub const ALL: [Lie; 4] =
        [Self::ChangedByte, Self::HiddenModule, Self::OtherCommit, Self::OtherIdentity];

    /// Its name, and its folder's.
    pub fn name(self) -> &'static str {
        match self {
            Lie::ChangedByte => "changed-byte",
            Lie::HiddenModule => "hidden-module",
            Lie::OtherCommit => "other-commit",
            Lie::OtherIdentity => "other-identity",
        }
    }

    /// The rules of which one must refuse it: another reason does not count.
    fn refused_by(self) -> &'static [&'static str] {
        match self {
            Lie::ChangedByte | Lie::OtherIdentity => &["signatures"],
            Lie::HiddenModule => &["go.modules"],
            Lie::OtherCommit => &["go.commit", "attestations.provenance.source"],
        }
    }
}

/// A lie that was caught, and forgiven when it was undone.
#[derive(Debug)]
pub struct Caught {
    /// Which.
    pub lie: Lie,
    /// What was done, in words.
    pub told: String,
    /// The lying document, for the lies that are one.
    pub document: Option<PathBuf>,
    /// Who signed it.
    pub workflow: String,
    /// The binary that it was told about.
    pub target: PathBuf,
    /// The rule that refused it.
    pub rule: String,
    /// Why, as a stable word.
    pub reason: String,
    /// Why, in words.
    pub message: String,
    /// The verdict.
    pub outcome: TargetOutcome,
}

/// Tells a lie in a folder of its own, sees it refused for its own reason, undoes it, and sees the
/// release pass.
pub(super) async fn tell(
    lie: Lie,
    stage: &Stage,
    folder: &Folder,
    release: &Release,
    documents: &Documents,
    policy: &Path,
    seed: u64,
) -> Result<Caught, Failure> {
    let folder = folder.folder("lies")?.folder(lie.name())?;
    let target = folder.copy(&release.binary)?;
    let honest = release.workflow(&release.repository);
    let evil = release.workflow(&format!("evil{}", release.repository));
    let (told, document, workflow) = match lie {
        Lie::ChangedByte => (change_byte(&target, seed)?, None, honest),
        Lie::HiddenModule => {
            let (told, document) = hide_module(&folder, &documents.sbom, seed)?;
            (told, Some(document), honest)
        }
        Lie::OtherCommit => {
            let (told, document) = name_other_commit(&folder, &documents.provenance, seed)?;
            (told, Some(document), honest)
        }
        Lie::OtherIdentity => (format!("the right documents, signed by {evil}"), None, evil),
    };
    let signed = beside(&release.binary, ".sigstore.json");
    let attested = beside(&release.binary, ".sigstore.jsonl");
    match lie {
        Lie::ChangedByte => {
            folder.copy(&signed)?;
            folder.copy(&attested)?;
        }
        Lie::HiddenModule | Lie::OtherCommit => {
            folder.copy(&signed)?;
            let sbom = document.as_deref().filter(|_| lie == Lie::HiddenModule);
            let provenance = document.as_deref().filter(|_| lie == Lie::OtherCommit);
            stage.attest(&target, sbom.unwrap_or(&documents.sbom), &workflow).await?;
            stage.attest(&target, provenance.unwrap_or(&documents.provenance), &workflow).await?;
        }
        Lie::OtherIdentity => {
            stage.sign(&target, &target, &workflow).await?;
            stage.attest(&target, &documents.sbom, &workflow).await?;
            stage.attest(&target, &documents.provenance, &workflow).await?;
        }
    }
    let outcome = stage.verify(policy, &target)?;
    let (rule, reason, message) = refused(lie, &outcome)?;
    let undone = folder.folder("undone")?;
    let target_undone = undone.copy(&release.binary)?;
    undone.copy(&signed)?;
    undone.copy(&attested)?;
    passed(&format!("the lie {}, undone,", lie.name()), &stage.verify(policy, &target_undone)?)?;
    Ok(Caught { lie, told, document, workflow, target, rule, reason, message, outcome })
}

fn change_byte(target: &Path, seed: u64) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::because("unwritable", &format!("cannot change {}", target.display()), &error)
    };
    let mut bytes = std::fs::read(target).map_err(failed)?;
    let at = pick(seed, bytes.len());
    let Some(byte) = bytes.get_mut(at) else {
        return Err(Failure::undecided("demo", "the binary is empty"));
    };
    let (before, after) = (*byte, *byte ^ 1);
    *byte = after;
    std::fs::write(target, bytes).map_err(failed)?;
    Ok(format!("byte {at} of the binary is {after:#04x} instead of {before:#04x}"))
}

fn hide_module(folder: &Folder, sbom: &Path, seed: u64) -> Result<(String, PathBuf), Failure> {
    let mut document = json(sbom)?;
    let is_module = |component: &Value| {
        let purl = component["purl"].as_str().unwrap_or_default();
        purl.starts_with("pkg:golang/") && !purl.starts_with("pkg:golang/stdlib@")
    };
    let components = document["components"].as_array_mut();
    let components = components.ok_or_else(|| Failure::undecided("demo", "the SBOM is empty"))?;
    let mut modules: Vec<_> =
        (0..components.len()).filter(|index| is_module(&components[*index])).collect();
    if modules.is_empty() {
        // A program without dependencies has the standard library.
        modules = (0..components.len()).collect();
    }
    let Some(index) = modules.get(pick(seed, modules.len())) else {
        return Err(Failure::undecided("demo", "the SBOM is empty"));
    };
    let hidden = components.remove(*index);
    let reference = hidden["bom-ref"].clone();
    if let Some(dependencies) = document["dependencies"].as_array_mut() {
        dependencies.retain(|dependency| dependency["ref"] != reference);
        for dependency in dependencies {
            if let Some(on) = dependency.get_mut("dependsOn").and_then(Value::as_array_mut) {
                on.retain(|other| *other != reference);
            }
        }
    }
    let purl = hidden["purl"].as_str().unwrap_or_default();
    Ok((format!("an SBOM without {purl}"), write(folder, "sbom.cdx.json", &document)?))
}

fn name_other_commit(
    folder: &Folder,
    provenance: &Path,
    seed: u64,
) -> Result<(String, PathBuf), Failure> {
    let mut document = json(provenance)?;
    let sources = document["buildDefinition"]["resolvedDependencies"].as_array_mut();
    let commit =
        sources.into_iter().flatten().find_map(|source| source["digest"].get_mut("gitCommit"));
    let told = match commit {
        Some(commit) => {
            let other = format!("{:040x}", u128::from(seed) + 0xbad);
            *commit = other.clone().into();
            format!("a provenance that names the commit {other}")
        }
        None => {
            let other = "https://github.com/evil/app";
            let parameters = &mut document["buildDefinition"]["externalParameters"];
            parameters["source"]["repository"] = other.into();
            format!("a provenance that names the repository {other}")
        }
    };
    Ok((told, write(folder, "provenance.json", &document)?))
}

fn refused(lie: Lie, outcome: &TargetOutcome) -> Result<(String, String, String), Failure> {
    let verdict = match &outcome.decided {
        Ok(Decided::Verdict(verdict)) => verdict,
        Ok(Decided::Signed(..) | Decided::Made(_) | Decided::Allowed(_)) => {
            return Err(Failure::undecided("demo", "no policy decided"));
        }
        Err(failure) => return Err(failure.clone()),
    };
    if verdict.decision() == Decision::Deny {
        let of_this_lie = |id: &str| {
            let wanted = lie.refused_by().iter();
            wanted.clone().any(|rule| id == *rule || id.starts_with(&format!("{rule}.")))
        };
        let rules = verdict.report().rules();
        let failed = |rule: &&chainsign_policy::verdict::Rule| {
            rule.effective() == Outcome::Fail && of_this_lie(rule.id.as_str())
        };
        if let Some(rule) = rules.into_iter().find(failed) {
            return Ok((rule.id.to_string(), rule.reason.to_string(), rule.message.clone()));
        }
    }
    let message = format!("the lie {} was not refused for its reason", lie.name());
    Err(Failure::undecided("demo", message))
}

fn json(path: &Path) -> Result<Value, Failure> {
    let bytes = files::read("document", path)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::because("demo", &path.display().to_string(), &error))
}

fn write(folder: &Folder, name: &str, document: &Value) -> Result<PathBuf, Failure> {
    let text = serde_json::to_string_pretty(document);
    let text = text.map_err(|error| Failure::because("demo", name, &error))?;
    folder.write(name, format!("{text}\n").as_bytes())
}

/// A place below `count`, chosen by the seed (splitmix64, Steele et al. 2014).
fn pick(seed: u64, count: usize) -> usize {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let z = (z ^ (z >> 31)) as usize;
    z.checked_rem(count).unwrap_or_default()
}
