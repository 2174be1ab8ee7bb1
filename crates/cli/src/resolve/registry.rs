//! How registries are reached: flags, and what Docker, Podman and cosign read from the environment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chainsign_core::image::{ImageName, ImageReference};
use chainsign_registry::{
    ClientCertificate, CredentialFiles, Credentials, Limits, Options, PlainHttp, Secret,
    ServerCertificate, Tls,
};

use super::trust::home;
use crate::commands::images::{Asking, RegistryRequest};
use crate::failure::Failure;
use crate::files;
use crate::flags::registry::RegistryFlags;
use crate::flags::shared::OfflineFlag;

impl From<OfflineFlag> for Asking {
    fn from(flag: OfflineFlag) -> Self {
        if flag.offline { Asking::Never } else { Asking::Allowed }
    }
}

/// How the registries of these images are reached.
///
/// # Errors
/// `bad-flag` for credentials with images or signatures in several registries, and for
/// a repository or a size in the environment that is none; `unreadable` for files that are named.
pub(super) fn registry(
    flags: RegistryFlags,
    images: &[&ImageReference],
) -> Result<RegistryRequest, Failure> {
    let RegistryFlags { access: flags, timeout } = flags;
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned());
    let credentials = match (flags.registry_username, flags.registry_password, flags.registry_token)
    {
        (Some(username), Some(password), _) => {
            Credentials::Basic { username, password: secret("registry password", &password.0)? }
        }
        (_, _, Some(token)) => Credentials::Token(secret("registry token", &token.0)?),
        _ => Credentials::Stored(CredentialFiles::from_environment(&|name| variable(name))),
    };
    let signatures_in: Option<ImageName> = match text("COSIGN_REPOSITORY") {
        None => None,
        Some(name) => Some(name.parse().map_err(|error: chainsign_core::Error| {
            Failure::because("bad-flag", "COSIGN_REPOSITORY", &error)
        })?),
    };
    if !matches!(credentials, Credentials::Stored(_)) {
        one_registry(images.iter().map(|image| &image.name).chain(&signatures_in))?;
    }
    let mut limits = Limits::default();
    if let Some(size) = text("COSIGN_MAX_ATTACHMENT_SIZE") {
        limits.document_bytes = bytes(&size).ok_or_else(|| {
            let message =
                format!("COSIGN_MAX_ATTACHMENT_SIZE: found {size:?}, wanted a size such as 128MiB");
            Failure::undecided("bad-flag", message)
        })?;
    }
    let read = |what: &str, path: &Path| files::read(what, path);
    let authorities = flags.registry_cacert.as_deref();
    let authorities = authorities.map(|path| read("certificate", path)).transpose()?;
    let client = match (flags.registry_client_cert, flags.registry_client_key) {
        (Some(chain), Some(key)) => Some(ClientCertificate {
            chain: read("certificate", &chain)?,
            key: read("private key", &key)?.into(),
        }),
        _ => None,
    };
    Ok(RegistryRequest {
        options: Options {
            credentials,
            tls: Tls {
                authorities: authorities.unwrap_or_default(),
                client,
                server: match (flags.registry_server_name, flags.allow_insecure_registry) {
                    (Some(name), _) => ServerCertificate::ValidFor(name),
                    (None, true) => ServerCertificate::DangerousAny,
                    (None, false) => ServerCertificate::Valid,
                },
            },
            plain_http: match flags.allow_http_registry {
                true => PlainHttp::DangerousAnywhere,
                false => PlainHttp::OnLoopback,
            },
            signatures_in,
            tag_prefix: flags.attachment_tag_prefix,
            limits,
            timeout: super::timeout(timeout)?.unwrap_or(Duration::MAX),
            ..Options::default()
        },
        asking: Asking::Allowed,
        cache: cache(),
    })
}

/// Beside the cache of trusted roots; without a home, a folder for this run alone.
fn cache() -> Option<PathBuf> {
    home().map(|home| home.cache.with_file_name("images"))
}

fn secret(what: &str, given: &str) -> Result<Secret, Failure> {
    Ok(Secret::new(super::text(what, given)?))
}

/// Credentials that are typed go to every registry that is asked. So they are for one.
fn one_registry<'a>(asked: impl Iterator<Item = &'a ImageName>) -> Result<(), Failure> {
    let registries: BTreeSet<_> = asked.map(ImageName::registry).collect();
    if registries.len() < 2 {
        return Ok(());
    }
    let registries: Vec<_> = registries.into_iter().collect();
    let message = format!(
        "found credentials for one registry, and images or signatures of {}",
        registries.join(" and ")
    );
    Err(Failure::undecided("bad-flag", message)
        .hint("log in to each with docker login, or run once for each registry"))
}

/// Images that a file names are at registries of its author's choice: who writes it must not choose who gets
/// credentials that are typed.
///
/// # Errors
/// `bad-flag`
pub(crate) fn chosen_by_a_file(flags: &RegistryFlags) -> Result<(), Failure> {
    if flags.access.registry_username.is_none() && flags.access.registry_token.is_none() {
        return Ok(());
    }
    let message =
        "found credentials for whatever registry a file names, wanted them for one of your choice";
    Err(Failure::undecided("bad-flag", message)
        .hint("use docker login or podman login: what is kept there is for its registry alone"))
}

/// cosign's sizes (`github.com/dustin/go-humanize`): a number of bytes, or with a unit.
fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "kib" | "ki" => 1 << 10,
        "m" | "mb" => 1_000_000,
        "mib" | "mi" => 1 << 20,
        "g" | "gb" => 1_000_000_000,
        "gib" | "gi" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_read_or_refused() {
        let all = ["128MiB", "1kB", "7", "1 GB", "", "x", "-1", "1.5MB", "99999999999GiB"];
        let wanted = [
            Some(128 << 20),
            Some(1000),
            Some(7),
            Some(1_000_000_000),
            None,
            None,
            None,
            None,
            None,
        ];
        assert_eq!(all.map(bytes), wanted);
    }
}
