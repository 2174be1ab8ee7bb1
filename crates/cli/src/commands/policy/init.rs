use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use chainsign_artifact::Limits;
use chainsign_gosbom::Depth;
use chainsign_policy::init::{
    self, Draft, InitError, Observed, Options, PinnedRoot, RootInstance, quoted,
};
use chainsign_policy::{Candidate, EvidenceSet, Origin};
use jiff::Timestamp;

use crate::commands::sbom;
use crate::commands::trust::{Trust, TrustRequest};
use crate::commands::verify::{self, Gathered, Named, documents};
use crate::failure::Failure;
use crate::files::Output;

/// A policy to draft.
#[derive(Debug)]
pub struct InitRequest {
    /// The artifacts that it must let pass.
    pub artifacts: Vec<PathBuf>,
    /// Its name; the first artifact's, if left out.
    pub name: Option<String>,
    /// Where it goes, with its test file and the trusted root beside it.
    pub output: Option<PathBuf>,
    /// More documents with evidence.
    pub bundles: Vec<PathBuf>,
    /// Folders with more documents.
    pub folders: Vec<PathBuf>,
    /// The trusted root under which the evidence must verify.
    pub trust: TrustRequest,
    /// The time for which it must pass.
    pub now: Timestamp,
}

/// A drafted policy.
#[derive(Debug)]
pub struct Initialised {
    /// The policy.
    pub yaml: String,
    /// What its reader has to look at.
    pub notes: Vec<String>,
    /// The files that were written.
    pub written: Vec<PathBuf>,
}

/// Drafts a policy from the evidence that verifies, sees the artifacts pass it, and only then writes
/// it, where a file is named: with a test file of the same name, and with the trusted root.
///
/// # Errors
/// `exists` for a file that is there already; `unsigned` when nothing verifies; `not-met` when the
/// artifacts do not pass what has to be asked; as `verify` has them for what cannot be read.
pub fn init(request: &InitRequest) -> Result<Initialised, Failure> {
    let outputs = request.output.as_deref().map(Outputs::prepare).transpose()?;
    let trust = request.trust.load()?;
    let mut named = request.bundles.clone();
    for folder in &request.folders {
        named.extend(documents::in_folder(folder)?);
    }
    let limits = sbom::limits(Depth::SecondRecords);
    let named = Named { documents: named, ..Named::default() };
    let seen = seen(&request.artifacts, &named, &limits)?;
    let evidence: Vec<_> = seen.iter().map(|it| evidence(&trust, it, request.now)).collect();
    let observed: Vec<_> = seen
        .iter()
        .zip(&evidence)
        .map(|(it, evidence)| Observed { evidence, facts: &it.facts })
        .collect();
    let draft = draft(request, outputs.as_ref(), &trust, &observed)?;
    let mut initialised =
        Initialised { yaml: draft.yaml.clone(), notes: draft.notes.clone(), written: Vec::new() };
    if let Some(outputs) = outputs {
        initialised.written = outputs.write(&draft, &seen, &trust, request)?;
    }
    Ok(initialised)
}

fn seen(artifacts: &[PathBuf], named: &Named, limits: &Limits) -> Result<Vec<Gathered>, Failure> {
    let gather = |artifact: &PathBuf| {
        let gathered = verify::gather(limits, artifact, verify::file(artifact), named);
        gathered.map(|(_, gathered)| gathered).map_err(|(_, failure)| failure)
    };
    artifacts.iter().map(gather).collect()
}

/// Whatever verifies, by whomever.
fn evidence(trust: &Trust, gathered: &Gathered, now: Timestamp) -> EvidenceSet {
    let plan = init::plan(&trust.root);
    let verifiers = plan.verifiers();
    let candidates = gathered.documents.iter().map(|document| {
        let origin = Origin::new(document.origin.clone());
        match &document.material {
            Ok(material) => verifiers.check_facts(&origin, material, &gathered.facts, now),
            Err(error) => Candidate::malformed(origin, error),
        }
    });
    plan.evidence(candidates)
}

fn draft(
    request: &InitRequest,
    outputs: Option<&Outputs>,
    trust: &Trust,
    observed: &[Observed<'_>],
) -> Result<Draft, Failure> {
    let name = match &request.name {
        Some(name) => name.clone(),
        None => plain_name(request.artifacts.first().map_or(Path::new(""), PathBuf::as_path)),
    };
    // A known instance renews its root; one that came in a file is pinned.
    let pinned = match request.trust {
        TrustRequest::Embedded(_) | TrustRequest::Repository { .. } => None,
        TrustRequest::Config(_) | TrustRequest::Files { .. } => outputs,
    };
    let files = |path: &str| match pinned {
        Some(outputs) if path == outputs.root_name => Ok(trust.root.json().as_bytes().to_vec()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let root = pinned.map(|outputs| PinnedRoot {
        file: &outputs.root_name,
        sha256: trust.root.digest().clone(),
        instance: RootInstance::of(&trust.root),
    });
    let options = Options { name: &name, root, files: &files, now: request.now };
    init::draft(observed, &options).map_err(|error| failure(&error))
}

fn failure(error: &InitError) -> Failure {
    let message = error.to_string();
    match error {
        InitError::NoEvidence { refused, .. } => {
            let mut lines = vec![message];
            lines.extend(refused.iter().cloned());
            Failure::no("unsigned", lines.join("\n       ")).hint(
                "sign and attest it first, put the bundles beside it, or name the trusted root \
                 under which they verify",
            )
        }
        InitError::NotMet { .. } | InitError::NothingInCommon => Failure::no("not-met", message),
        _ => Failure::undecided("bad-policy", message)
            .hint("name it with --name: letters, digits, - and _"),
    }
}

/// A policy, its test file, and the trusted root under which both stand.
struct Outputs {
    folder: PathBuf,
    policy_name: String,
    root_name: String,
    policy: Output,
    test: Output,
    root: Output,
}

impl Outputs {
    fn prepare(path: &Path) -> Result<Self, Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".yaml").or(name.strip_suffix(".yml")).unwrap_or(&name);
        let (test, root) = (format!("{stem}.test.yaml"), format!("{stem}.trusted_root.json"));
        let prepare = |path: PathBuf| {
            if path.exists() {
                let message = format!("{} is there already", path.display());
                return Err(Failure::undecided("exists", message)
                    .hint("name another file, or remove it: it may have been edited"));
            }
            Output::prepare(&path)
        };
        Ok(Outputs {
            folder: path.parent().map(Path::to_owned).unwrap_or_default(),
            policy: prepare(path.to_owned())?,
            test: prepare(path.with_file_name(&test))?,
            root: prepare(path.with_file_name(&root))?,
            policy_name: name,
            root_name: root,
        })
    }

    fn write(
        self,
        draft: &Draft,
        seen: &[Gathered],
        trust: &Trust,
        request: &InitRequest,
    ) -> Result<Vec<PathBuf>, Failure> {
        let test = self.test_file(draft, seen, request.now);
        // The policy last: what it names is there when it is.
        let root = self.root.write(trust.root.json().as_bytes())?;
        let test = self.test.write(test.as_bytes())?;
        Ok(vec![self.policy.write(draft.yaml.as_bytes())?, test, root])
    }

    /// The artifacts with their real bundles, which pass, and without them, which do not.
    fn test_file(&self, draft: &Draft, seen: &[Gathered], now: Timestamp) -> String {
        // A whole second, and none before what was signed just now.
        let now = Timestamp::from_second(now.as_second() + 1).unwrap_or(now);
        let mut text = format!(
            "# yaml-language-server: $schema=https://chainsign.dev/schema/policytest.v1.json\n#\n\
             # Drafted by `chainsign policy init`. The bundles are verified as of the time below.\n\n\
             apiVersion: chainsign.dev/v1\nkind: PolicyTest\npolicy: {}\nroot: {}\nat: {now}\n\n\
             cases:\n",
            quoted(&self.policy_name),
            quoted(&self.root_name),
        );
        let asks_who = |id: &str| {
            id == "signatures" || (id.starts_with("attestations.") && id.matches('.').count() == 1)
        };
        let rules: Vec<_> = draft.policy.rule_ids().iter().map(ToString::to_string).collect();
        let rules: Vec<_> = rules.into_iter().filter(|id| asks_who(id)).collect();
        let mut names = BTreeSet::new();
        for (index, it) in seen.iter().enumerate() {
            let mut name = plain_name(&it.target);
            if !names.insert(name.clone()) {
                name = format!("{name}-{index}");
            }
            let target = quoted(&self.relative(&it.target));
            let quoted_name = quoted(&name);
            text.push_str(&format!(
                "  - name: {quoted_name}\n    artifact: {target}\n    evidence:\n"
            ));
            for (number, file) in it.files.iter().enumerate() {
                let path = quoted(&self.relative(&file.path));
                text.push_str(&format!("      bundles-{}: {{bundle: {path}}}\n", number + 1));
            }
            text.push_str("    expect: pass\n");
            let fails = rules.join(", ");
            text.push_str(&format!(
                "  - name: '{name}-unsigned'\n    artifact: {target}\n    expect: {{fail: [{fails}]}}\n"
            ));
        }
        text
    }

    /// As seen from the policy.
    fn relative(&self, path: &Path) -> String {
        let path = match self.folder.as_os_str().is_empty() {
            true => path.to_owned(),
            false => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        };
        path.display().to_string()
    }
}

/// The file's name as the name of a policy or a case.
fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = name.chars().map(plain).take(40).collect();
    let name = name.trim_matches('-');
    match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => name.to_owned(),
        false => format!("artifact-{name}").trim_end_matches('-').to_owned(),
    }
}
