//! The demo: the whole story on a real Go binary, by the same commands that the command line runs.
//!
//! Nothing here is a mock-up. The sandbox is a Sigstore with keys of its own; the binary is signed,
//! described and verified by [`crate::commands`]; each lie is told in a folder of its own and must
//! be refused for its own reason, and pass again when it is undone.

mod folder;
mod lies;
mod policy;
mod repeat;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use chainsign_core::Limits;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::trust::ClientTrustConfig;
use chainsign_keyless::identity::{SecretText, TokenSource};
use chainsign_policy::Decision;
use chainsign_sandbox::{GithubWorkflow, Options, Sandbox, TokenRequest};
use chainsign_slsa::{BuildFacts, BuildType, BuilderId, OnCommitMismatch};
use flate2::read::GzDecoder;
use jiff::Timestamp;

pub use folder::Folder;
pub use lies::{Caught, Lie};
pub use policy::Change;
use policy::DemoPolicy;
pub use repeat::Step;

use crate::commands::images::{Platforms, RegistryRequest};
use crate::commands::inspect::{Inspected, inspect};
use crate::commands::provenance::predicate;
use crate::commands::sbom::{SbomRequest, sbom};
use crate::commands::sign::{
    self, BundleOutput, FileToSign, ServicesRequest, SignRequest, SignWith, SignedAlready,
    SignedFile, What,
};
use crate::commands::trust::TrustRequest;
use crate::commands::verify::{Decide, Decided, Place, TargetOutcome, VerifyRequest, verify};
use crate::failure::{Failure, with_causes};
use crate::files::{self, beside};

/// A demo to run.
#[derive(Debug)]
pub struct DemoRequest {
    /// A Go binary to use instead of the one that comes along.
    pub artifact: Option<PathBuf>,
    /// Chooses where the lies are told.
    pub seed: u64,
    /// Where the files go.
    pub directory: PathBuf,
    /// The time for which it is verified.
    pub now: Timestamp,
}

/// What the demo tells as it goes on.
#[derive(Debug)]
pub enum Scene<'a> {
    /// The binary, as `inspect` shows it.
    Binary {
        /// Its path.
        path: &'a Path,
        /// What it says about itself.
        inspected: &'a Inspected,
    },
    /// The sandbox serves.
    Sandbox {
        /// Its address.
        url: &'a str,
    },
    /// Something was signed or attested.
    Signed {
        /// What, in words.
        what: &'a str,
        /// The outcome.
        file: &'a SignedFile,
    },
    /// The policy was written.
    Policy {
        /// Its path.
        path: &'a Path,
        /// How it differs from the one that comes along.
        changes: &'a [Change],
    },
    /// The verdict on the honest release.
    Verdict(&'a TargetOutcome),
    /// A lie was told and caught.
    Lie(&'a Caught),
}

/// What the demo showed.
#[derive(Debug)]
pub struct Shown {
    /// Where the files are.
    pub directory: PathBuf,
    /// The verdict on the honest release.
    pub honest: TargetOutcome,
    /// The lies.
    pub lies: Vec<Caught>,
    /// The commands that repeat every step.
    pub steps: Vec<Step>,
}

/// Runs the demo and tells each scene.
///
/// # Errors
/// `not-a-go-binary`, `demo-folder`, and whatever a step says; `demo` when something did not turn
/// out as it must: the honest release not passing, a lie not caught or not forgiven.
pub async fn run(request: DemoRequest, mut tell: impl FnMut(Scene<'_>)) -> Result<Shown, Failure> {
    let folder = Folder::prepare(&request.directory)?;
    let release = Release::unpack(&folder, request.artifact.as_deref())?;
    tell(Scene::Binary { path: &release.binary, inspected: &release.inspected });

    let stage = Stage::open(&folder, &release, request.now).await?;
    tell(Scene::Sandbox { url: stage.sandbox.url() });

    let author = release.workflow(&release.repository);
    let signed = stage.sign(&release.binary, &release.binary, &author).await?;
    tell(Scene::Signed { what: "signature", file: &signed });
    let documents = Documents::make(&folder, &release)?;
    for (what, document) in [("SBOM", &documents.sbom), ("provenance", &documents.provenance)] {
        let signed = stage.attest(&release.binary, document, &author).await?;
        tell(Scene::Signed { what, file: &signed });
    }

    let root = stage.write_trusted_root(&folder)?;
    let mut demo_policy = DemoPolicy::new(&release, stage.sandbox.issuer(), &root);
    let (mut policy, mut changes) = demo_policy.write(&folder)?;
    let mut honest = stage.verify(&policy, &release.binary)?;
    // A binary that was built otherwise than the policy asks is no lie. What is attested about it
    // must be true all the same.
    if let (Some(_), Ok(Decided::Verdict(verdict))) = (&request.artifact, &honest.decided)
        && demo_policy.take_out_unmet(verdict)
    {
        (policy, changes) = demo_policy.write(&folder)?;
        honest = stage.verify(&policy, &release.binary)?;
    }
    tell(Scene::Policy { path: &policy, changes: &changes });
    passed("the honest release", &honest)?;
    tell(Scene::Verdict(&honest));

    let mut caught = Vec::new();
    for lie in Lie::ALL {
        let scene =
            lies::tell(lie, &stage, &folder, &release, &documents, &policy, request.seed).await?;
        tell(Scene::Lie(&scene));
        caught.push(scene);
    }
    let steps = repeat::steps(&release, &author, &documents, stage.port()?, &caught);
    repeat::write(&folder, &steps)?;
    stage.sandbox.stop().await;
    Ok(Shown { directory: folder.path().to_owned(), honest, lies: caught, steps })
}

/// The release that is signed: a Go binary, and where its source says it is from.
#[derive(Debug)]
pub struct Release {
    binary: PathBuf,
    inspected: Inspected,
    repository: String,
    reference: String,
    /// The commit that Go stamped into it.
    commit: Option<String>,
}

impl Release {
    fn unpack(folder: &Folder, artifact: Option<&Path>) -> Result<Self, Failure> {
        let binary = match artifact {
            None => folder.write(SHIPCHECK_NAME, &shipcheck()?)?,
            Some(path) => folder.copy(path)?,
        };
        let inspected = inspect(&binary)?;
        let Inspected::GoBinary { binary: go, .. } = &inspected else {
            let message = format!("{} is not a Go binary", binary.display());
            return Err(Failure::undecided("not-a-go-binary", message)
                .hint("name a program that the Go toolchain built"));
        };
        let modules = go.slices.first().and_then(|slice| slice.build_info.modules().ok());
        let name = modules.and_then(|modules| modules.path.rsplit('/').next());
        let name = name.filter(|name| !name.is_empty()).unwrap_or("app").to_owned();
        let version = modules.and_then(|modules| modules.main.as_ref());
        let version = version.and_then(|main| main.known_version()).filter(|v| !v.contains('+'));
        let commit = modules.and_then(|modules| modules.vcs_revision());
        Ok(Release {
            repository: format!("acme/{name}"),
            reference: match version {
                Some(version) => format!("refs/tags/{version}"),
                None => "refs/heads/main".to_owned(),
            },
            commit: commit.map(str::to_owned),
            binary,
            inspected,
        })
    }

    /// The workflow of a repository that releases at this release's ref.
    fn workflow(&self, repository: &str) -> String {
        format!("{repository}/.github/workflows/release.yml@{}", self.reference)
    }

    /// What a token says about the commit.
    fn token_commit(&self) -> &str {
        self.commit.as_deref().unwrap_or(NO_COMMIT)
    }

    fn source(&self) -> String {
        format!("https://github.com/{}", self.repository)
    }

    fn builder(&self) -> String {
        format!("https://github.com/{}", self.workflow(&self.repository))
    }
}

/// The documents that are attested.
#[derive(Debug)]
pub struct Documents {
    sbom: PathBuf,
    provenance: PathBuf,
}

impl Documents {
    fn make(folder: &Folder, release: &Release) -> Result<Self, Failure> {
        let request = SbomRequest::new(&release.binary);
        let sbom = folder.write("sbom.cdx.json", &sbom(&request, &())?.document)?;
        let provenance = folder.write("provenance.json", &Self::provenance(release)?)?;
        Ok(Documents { sbom, provenance })
    }

    fn provenance(release: &Release) -> Result<Vec<u8>, Failure> {
        let unfit = |error: chainsign_slsa::Error| Failure::because("demo", "the release", &error);
        let mut facts = BuildFacts::new(BuilderId(release.builder()), BuildType::go());
        facts.source.repository = Some(release.source().parse().map_err(unfit)?);
        facts.source.reference = Some(release.reference.parse().map_err(unfit)?);
        if let Some(commit) = &release.commit {
            facts.source.commit = Some(commit.parse().map_err(unfit)?);
        }
        let binaries = [release.binary.clone()];
        let predicate = predicate(&facts, &binaries, OnCommitMismatch::Refuse)?;
        Ok(format!("{}\n", predicate.to_json().map_err(unfit)?).into_bytes())
    }
}

/// The sandbox, and the commands as the demo gives them.
pub struct Stage {
    sandbox: Sandbox,
    trust_config: PathBuf,
    commit: String,
    now: Timestamp,
}

impl Stage {
    async fn open(folder: &Folder, release: &Release, now: Timestamp) -> Result<Self, Failure> {
        let state = folder.path().join(SANDBOX_STATE);
        let start = |port| {
            let state = Some(state.clone());
            Sandbox::start(Options { port, state, ..Options::default() })
        };
        // The port that is printed is the one to repeat the steps with: preferably the usual one.
        let sandbox = match start(USUAL_PORT).await {
            Ok(sandbox) => sandbox,
            Err(_) => start(0)
                .await
                .map_err(|error| Failure::because("sandbox", "cannot start the sandbox", &error))?,
        };
        let trust_config = folder.write(TRUST_CONFIG, sandbox.trust_config())?;
        Ok(Stage { sandbox, trust_config, commit: release.token_commit().to_owned(), now })
    }

    /// The trusted root alone, for the policy to pin.
    fn write_trusted_root(&self, folder: &Folder) -> Result<ArtifactDigest, Failure> {
        let config = ClientTrustConfig::parse(self.sandbox.trust_config(), &Limits::default());
        let config = config.map_err(|error| Failure::because("demo", TRUST_CONFIG, &error))?;
        let root = config.trusted_root;
        folder.write(TRUSTED_ROOT, root.json().as_bytes())?;
        Ok(root.digest().clone())
    }

    fn port(&self) -> Result<u16, Failure> {
        let port = self.sandbox.url().rsplit(':').next().and_then(|port| port.parse().ok());
        port.ok_or_else(|| Failure::undecided("demo", "the sandbox's address has no port"))
    }

    async fn sign(&self, file: &Path, name: &Path, workflow: &str) -> Result<SignedFile, Failure> {
        let bundle = BundleOutput::File(beside(name, ".sigstore.json"));
        self.run(file, bundle, What::Files, workflow).await
    }

    async fn attest(
        &self,
        file: &Path,
        predicate: &Path,
        workflow: &str,
    ) -> Result<SignedFile, Failure> {
        let bundle = BundleOutput::Line(beside(file, ".sigstore.jsonl"));
        let predicate = sign::predicate(files::read("predicate", predicate)?, None, self.now)?;
        self.run(file, bundle, What::Predicate(predicate), workflow).await
    }

    async fn run(
        &self,
        file: &Path,
        bundle: BundleOutput,
        what: What,
        workflow: &str,
    ) -> Result<SignedFile, Failure> {
        let path = file.to_owned();
        let files = vec![FileToSign::into_bundle(path, bundle)];
        let trust = TrustRequest::Config(self.trust_config.clone());
        let services = ServicesRequest::configured(trust);
        let tokens = TokenSource::Given(SecretText::new(self.token(workflow)?));
        let signer = SignWith::Identity(tokens);
        let request = SignRequest {
            files,
            what,
            services,
            signer,
            folders: Vec::new(),
            signed_already: SignedAlready::SignAgain,
            timeout: None,
        };
        sign::sign(request, sign::Silent).await?.only()
    }

    fn token(&self, workflow: &str) -> Result<String, Failure> {
        let sandbox =
            |error: chainsign_sandbox::Error| Failure::undecided("sandbox", with_causes(&error));
        let run = GithubWorkflow::new(workflow, &self.commit).map_err(sandbox)?;
        self.sandbox.token(TokenRequest::github_workflow(run)).map_err(sandbox)
    }

    fn verify(&self, policy: &Path, target: &Path) -> Result<TargetOutcome, Failure> {
        let outcomes = verify(&VerifyRequest {
            targets: vec![Place::File(target.to_owned()).into()],
            registry: RegistryRequest::default(),
            platforms: Platforms::All,
            decide: Decide::Policy(policy.to_owned()),
            bundles: Vec::new(),
            folders: Vec::new(),
            via: Vec::new(),
            copy_to: None,
            trust: TrustRequest::Config(self.trust_config.clone()),
            save_evidence: None,
            summary: None,
            now: self.now.max(Timestamp::now()),
            dangerous_at: None,
        })?;
        let outcome = outcomes.into_iter().next();
        outcome.ok_or_else(|| Failure::undecided("demo", "nothing was verified"))
    }
}

fn passed(what: &str, outcome: &TargetOutcome) -> Result<(), Failure> {
    match &outcome.decided {
        Ok(Decided::Verdict(verdict)) if verdict.decision() == Decision::Allow => Ok(()),
        Ok(Decided::Verdict(verdict)) => {
            let violations: Vec<_> = verdict
                .report()
                .violations()
                .map(|rule| format!("{}: {}", rule.id, rule.message))
                .collect();
            let message = format!("{what} did not pass: {}", violations.join("; "));
            Err(Failure::undecided("demo", message))
        }
        Ok(Decided::Signed(..) | Decided::Made(_) | Decided::Allowed(_)) => {
            Err(Failure::undecided("demo", "no policy decided"))
        }
        Err(failure) => Err(failure.clone()),
    }
}

/// The program that comes along, unpacked.
fn shipcheck() -> Result<Vec<u8>, Failure> {
    let mut program = Vec::new();
    match GzDecoder::new(SHIPCHECK).read_to_end(&mut program) {
        Ok(_) => Ok(program),
        Err(error) => Err(Failure::because("system", "cannot unpack the demo's program", &error)),
    }
}

/// It, with gzip; `testdata/demo/README.md` says how it was made.
const SHIPCHECK: &[u8] = include_bytes!("../../demo/shipcheck.gz");
const SHIPCHECK_NAME: &str = "shipcheck";
const TRUST_CONFIG: &str = "trust.json";
const TRUSTED_ROOT: &str = "trusted_root.json";
const SANDBOX_STATE: &str = "sandbox";
const USUAL_PORT: u16 = 8930;
/// What a token says about a source that recorded no commit.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_committed_one() {
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/shipcheck");
        assert!(shipcheck().unwrap() == std::fs::read(committed).unwrap());
    }
}
