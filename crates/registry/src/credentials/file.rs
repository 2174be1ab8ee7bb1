use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use chainsign_core::encoding::base64_decode;
use chainsign_core::image::ImageName;
use chainsign_core::{Limits, json};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Login;
use crate::{Error, Secret};

/// Docker's `config.json` (docker/cli, `cli/config/configfile`), or Podman's `auth.json`
/// (containers-auth.json(5)), which is a part of it. What else is in there is of no concern.
pub(super) struct CredentialFile {
    path: PathBuf,
    wire: Wire,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wire {
    auths: Option<BTreeMap<String, Entry>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase", default)]
struct Entry {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
    registrytoken: Option<Secret>,
}

impl CredentialFile {
    /// Reads the file, if it is there.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Error> {
        let fault = |reason: String| Error::CredentialFile { path: path.to_owned(), reason };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(fault(error.to_string())),
        };
        let mut bytes = Zeroizing::new(Vec::new());
        let read = file.take(LARGEST_FILE + 1).read_to_end(&mut bytes);
        read.map_err(|error| fault(error.to_string()))?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(fault(format!("it is larger than {LARGEST_FILE} bytes")));
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let wire = json::parse("file of credentials", &bytes, &Limits::default())
            .map_err(|error| fault(error.to_string()))?;
        Ok(Some(CredentialFile { path: path.to_owned(), wire }))
    }

    /// The credential helper for a registry: its own, else that for all.
    pub(super) fn helper(&self, at: &ImageName) -> Option<&str> {
        let own = self.wire.cred_helpers.as_ref();
        let own = own.and_then(|helpers| {
            helpers.iter().find(|(key, _)| host(key) == at.registry()).map(|(_, helper)| helper)
        });
        let helper = own.or(self.wire.creds_store.as_ref());
        helper.map(String::as_str).filter(|name| !name.is_empty())
    }

    /// What the file itself has: for the repository or one above it, which Podman's keys can name, else
    /// for the registry.
    pub(super) fn login(&self, at: &ImageName) -> Result<Option<Login>, Error> {
        let Some(auths) = &self.wire.auths else { return Ok(None) };
        let mut name = at.as_str();
        let entry = loop {
            if let Some(entry) = auths.get(name) {
                break Some(entry);
            }
            match name.rsplit_once('/') {
                Some((above, _)) => name = above,
                None => break auths.iter().find(|(key, _)| host(key) == name).map(|(_, it)| it),
            }
        };
        match entry {
            Some(entry) => self.read_entry(entry),
            None => Ok(None),
        }
    }

    fn read_entry(&self, entry: &Entry) -> Result<Option<Login>, Error> {
        let given = |text: &Option<Secret>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&entry.identitytoken) {
            return Ok(Some(Login::Identity(token)));
        }
        if let Some(token) = given(&entry.registrytoken) {
            return Ok(Some(Login::Bearer(token)));
        }
        if let (Some(username), Some(password)) = (&entry.username, given(&entry.password)) {
            return Ok(Some(Login::Basic { username: username.clone(), password }));
        }
        let Some(auth) = given(&entry.auth) else { return Ok(None) };
        let fault = |reason: &str| {
            let (path, reason) = (self.path.clone(), reason.to_owned());
            Error::CredentialFile { path, reason }
        };
        let decoded = base64_decode("auth", auth.expose()).map(Zeroizing::new);
        let decoded = decoded.map_err(|_| fault("an entry's auth is not base64"))?;
        let text =
            std::str::from_utf8(&decoded).map_err(|_| fault("an entry's auth is no text"))?;
        // Docker's own files can end with NULs.
        let (username, password) = text
            .trim_end_matches('\0')
            .split_once(':')
            .ok_or_else(|| fault("an entry's auth has no colon"))?;
        let password = Secret::new(password.to_owned());
        Ok(Some(Login::Basic { username: username.to_owned(), password }))
    }
}

/// The registry that a key names: Docker writes some as URLs. A key with a path below is one for
/// some repositories, and names none.
fn host(key: &str) -> &str {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    match (path.trim_end_matches('/'), host) {
        ("" | "v1" | "v2", "index.docker.io" | "registry-1.docker.io") => "docker.io",
        ("" | "v1" | "v2", host) => host,
        _ => "",
    }
}

/// Files of credentials have a few hundred bytes for each registry.
const LARGEST_FILE: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_registries() {
        for (key, wanted) in [
            ("ghcr.io", "ghcr.io"),
            ("https://ghcr.io", "ghcr.io"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("http://localhost:5000/v2/", "localhost:5000"),
            ("quay.io/other", ""),
        ] {
            assert_eq!(host(key), wanted, "{key}");
        }
    }
}
