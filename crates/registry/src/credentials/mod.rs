//! Who asks a registry: as given, or as files and helpers of Docker and Podman know it.

mod file;
mod helper;

use std::ffi::OsString;
use std::path::PathBuf;

use chainsign_core::image::ImageName;

use crate::{Error, Secret};

/// Who asks.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// Nobody in particular.
    #[default]
    Anonymous,
    /// These, at every registry that is asked (`--registry-username`, `--registry-password`).
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// This bearer token as it is, at every registry that is asked (`--registry-token`).
    Token(Secret),
    /// What files and credential helpers have for the registry.
    Stored(CredentialFiles),
}

/// The files in which Docker and Podman keep credentials. The first that has some for a registry
/// decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialFiles {
    /// Their paths. A file that is not there says nothing; one that cannot be read is an error when a
    /// registry is asked.
    pub paths: Vec<PathBuf>,
    /// Where credential helpers are, if not where programs are looked for.
    pub helpers: Option<PathBuf>,
}

impl CredentialFiles {
    /// Where they are: `config.json` in `DOCKER_CONFIG` or else `~/.docker`; then
    /// `REGISTRY_AUTH_FILE`; then `containers/auth.json` in `XDG_RUNTIME_DIR` and in
    /// `XDG_CONFIG_HOME` or else `~/.config` (docker.com "docker login";
    /// containers-auth.json(5)). `variable` looks up the environment.
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = path("HOME").or_else(|| path("USERPROFILE"));
        let at_home = |folder: &str| home.as_ref().map(|home| home.join(folder));
        let podman = |folder: PathBuf| folder.join("containers").join("auth.json");
        let paths = [
            path("DOCKER_CONFIG").or_else(|| at_home(".docker")).map(|it| it.join("config.json")),
            path("REGISTRY_AUTH_FILE"),
            path("XDG_RUNTIME_DIR").map(podman),
            path("XDG_CONFIG_HOME").or_else(|| at_home(".config")).map(podman),
        ];
        CredentialFiles { paths: paths.into_iter().flatten().collect(), helpers: None }
    }
}

/// What there is for one registry.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    Anonymous,
    Basic {
        username: String,
        password: Secret,
    },
    /// Goes to the token endpoint in a POST (Docker's "OAuth2 token authentication").
    Identity(Secret),
    /// Goes to the registry as it is.
    Bearer(Secret),
}

impl Credentials {
    /// What there is for the repository's registry. Files are read, and helpers run, each time.
    pub(crate) async fn login(&self, at: &ImageName) -> Result<Login, Error> {
        let files = match self {
            Credentials::Anonymous => return Ok(Login::Anonymous),
            Credentials::Basic { username, password } => {
                let (username, password) = (username.clone(), password.clone());
                return Ok(Login::Basic { username, password });
            }
            Credentials::Token(token) => return Ok(Login::Bearer(token.clone())),
            Credentials::Stored(files) => files,
        };
        for path in &files.paths {
            let Some(file) = file::CredentialFile::read(path)? else { continue };
            if let Some(helper) = file.helper(at)
                && let Some(login) =
                    helper::ask(files.helpers.as_deref(), helper, &server(at)).await?
            {
                return Ok(login);
            }
            if let Some(login) = file.login(at)? {
                return Ok(login);
            }
        }
        Ok(Login::Anonymous)
    }
}

/// What the registry is called in files and by helpers: Docker Hub is what it was in 2013.
fn server(at: &ImageName) -> String {
    match at.registry() {
        "docker.io" => DOCKER_HUB.to_owned(),
        other => other.to_owned(),
    }
}

const DOCKER_HUB: &str = "https://index.docker.io/v1/";
