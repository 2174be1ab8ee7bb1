//! The TUF repository that is used where no flag names another.

use std::path::PathBuf;

use chainsign_core::encoding::{base64_decode, base64_encode};
use chainsign_core::{Limits, json};
use serde::{Deserialize, Serialize};

use super::{Home, NamedRepository};
use crate::failure::Failure;
use crate::files::{self, Output};

/// Reads what was kept, if anything was.
///
/// # Errors
/// `unreadable`; `bad-trust` for a file that `initialize` did not write.
pub(super) fn read(home: &Home) -> Result<Option<NamedRepository>, Failure> {
    let path = file(home);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = files::read("kept TUF repository", &path)?;
    let bad = |reason: String| {
        Failure::undecided("bad-trust", format!("{}: {reason}", path.display()))
            .hint("`chainsign initialize` writes it anew")
    };
    let document: Document = json::parse("kept TUF repository", &bytes, &Limits::default())
        .map_err(|error| bad(error.to_string()))?;
    match document {
        Document { schema, .. } if schema != SCHEMA => {
            Err(bad(format!("found the schema {schema:?}, wanted {SCHEMA:?}")))
        }
        Document { instance: Some(name), url: None, root: None, .. } => {
            let instance =
                name.parse().map_err(|error: chainsign_trust::Error| bad(error.to_string()))?;
            Ok(Some(NamedRepository::Instance(instance)))
        }
        Document { instance: None, url: Some(url), root: Some(root), .. } => {
            let root = base64_decode("root", &root).map_err(|error| bad(error.to_string()))?;
            Ok(Some(NamedRepository::At { url, root }))
        }
        _ => Err(bad("found neither an instance nor an address with a root".to_owned())),
    }
}

/// Keeps one in the place of what was kept before; `None` keeps nothing.
///
/// # Errors
/// `unwritable`.
pub(super) fn write(kept: Option<&NamedRepository>, home: &Home) -> Result<(), Failure> {
    let path = file(home);
    let unwritable = |error: std::io::Error| {
        Failure::because("unwritable", &format!("cannot write {}", path.display()), &error)
    };
    let Some(kept) = kept else {
        return match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unwritable(error)),
            _ => Ok(()),
        };
    };
    let (instance, url, root) = match kept {
        NamedRepository::Instance(instance) => (Some(instance.name().to_owned()), None, None),
        NamedRepository::At { url, root } => (None, Some(url.clone()), Some(base64_encode(root))),
    };
    let document = Document { schema: SCHEMA.to_owned(), instance, url, root };
    let mut bytes = serde_json::to_vec_pretty(&document)
        .map_err(|error| Failure::because("unwritable", "what is kept", &error))?;
    bytes.push(b'\n');
    std::fs::create_dir_all(&home.config).map_err(unwritable)?;
    Output::prepare(&path)?.write(&bytes).map(|_| ())
}
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    schema: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<String>,
}

fn file(home: &Home) -> PathBuf {
    home.config.join("repository.json")
}

const SCHEMA: &str = "chainsign.repository/v1";
