//! Running the real binary against the real sandbox.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    reason = "each test file uses its part"
)]

pub mod image;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chainsign_sandbox::{
    GithubWorkflow, Misbehaviour, Options, ReferrersApi, Sandbox, TokenRequest,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The program that comes along.
pub const SHIPCHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/shipcheck");
pub const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
pub const EMAIL: &str = "dev@sandbox.invalid";

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "wanted {text:?} in:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn says_on_stdout(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "wanted {text:?} in:\n{}", self.stdout);
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A folder of its own in which the binary runs.
pub struct Desk {
    folder: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Desk { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Names of all files, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chainsign"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in [
            "SIGSTORE_ID_TOKEN",
            "GITHUB_ACTIONS",
            "GITLAB_CI",
            "JENKINS_URL",
            "JENKINS_HOME",
            "TEKTON_TASKRUN_UID",
            "TEKTON_PIPELINERUN_UID",
            "PROJECT_ID",
            "GITHUB_STEP_SUMMARY",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "SOURCE_DATE_EPOCH",
            "COSIGN_PASSWORD",
            "COSIGN_PKCS11_PIN",
            "COSIGN_PKCS11_MODULE_PATH",
            "BUILDKITE_AGENT_ACCESS_TOKEN",
            "GCE_METADATA_HOST",
            "CIRCLE_OIDC_TOKEN_V2",
            "SPIFFE_ENDPOINT_SOCKET",
        ] {
            command.env_remove(name);
        }
        // Nobody's own cache is used, and nothing is left in it.
        command.env("CHAINSIGN_HOME", self.path(".chainsign"));
        command.env("TUF_ROOT", self.path(".sigstore"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.ran(&mut self.command(arguments))
    }

    pub fn ran(&self, command: &mut Command) -> Ran {
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// A running sandbox, with its trust config in the desk as `trust.json`.
pub struct Stage {
    pub desk: Desk,
    pub sandbox: Sandbox,
    runtime: Runtime,
}

impl Stage {
    pub fn new() -> Self {
        Self::with_registry(ReferrersApi::Offered)
    }

    pub fn with_registry(referrers: ReferrersApi) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = Options { referrers, ..Options::default() };
        let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
        let desk = Desk::new();
        desk.write("trust.json", sandbox.trust_config());
        Stage { desk, sandbox, runtime }
    }

    /// Stops the sandbox.
    pub fn close(self) -> Desk {
        self.runtime.block_on(self.sandbox.stop());
        self.desk
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub fn token(&self) -> String {
        self.sandbox.token(TokenRequest::email(EMAIL).unwrap()).unwrap()
    }

    pub fn workflow_token(&self, workflow: &str, commit: &str) -> String {
        let workflow = GithubWorkflow::new(workflow, commit).unwrap();
        self.sandbox.token(TokenRequest::github_workflow(workflow)).unwrap()
    }

    pub fn misbehave(&self, misbehaviour: Misbehaviour) {
        self.sandbox.misbehave([misbehaviour]);
    }

    pub fn sign(&self, token: &str, arguments: &[&str]) -> Ran {
        let mut all = vec![arguments[0], "--trust-config", "trust.json", "--identity-token", token];
        all.extend(&arguments[1..]);
        self.desk.run(&all)
    }

    pub fn verify_blob(&self, arguments: &[&str]) -> Ran {
        self.verify_by(EMAIL, "verify-blob", arguments)
    }

    /// One of the verbs that verify, for an e-mail address of the sandbox's issuer.
    pub fn verify_by(&self, email: &str, verb: &str, arguments: &[&str]) -> Ran {
        let mut all = vec![
            verb,
            "--trust-config",
            "trust.json",
            "--certificate-identity",
            email,
            "--certificate-oidc-issuer",
            self.sandbox.issuer(),
        ];
        all.extend(arguments);
        self.desk.run(&all)
    }
}

pub fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    path.exists().then_some(path)
}

/// The document is what `docs/schema/` says.
#[track_caller]
pub fn fits(schema: &str, document: &serde_json::Value) {
    let faults = faults(schema, document);
    assert!(faults.is_empty(), "{faults:#?}\n{document:#}");
}

pub fn faults(schema: &str, document: &serde_json::Value) -> Vec<String> {
    let path = format!("{}/../../docs/schema/{schema}.json", env!("CARGO_MANIFEST_DIR"));
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    validator
        .iter_errors(document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect()
}
