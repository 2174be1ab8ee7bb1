use std::collections::BTreeMap;

use chainsign_core::Limits;
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::json;
use serde::Deserialize;
use serde_json::Value;

use crate::Error;

/// What GoReleaser says that it made: its `dist/artifacts.json`
/// (goreleaser.com, "Artifacts"; goreleaser `internal/artifact/artifact.go`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Release {
    /// What was built, in the order of the file, each once.
    pub artifacts: Vec<ReleaseArtifact>,
    /// How many entries of each other type it has: checksums, signatures, SBOMs, metadata and
    /// manifests, which say something about what was built.
    pub passed_over: BTreeMap<String, usize>,
}

/// One thing that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReleaseArtifact {
    /// A name for it that no other one has: the name that it is released under. For binaries the
    /// path, because those of all platforms are named alike.
    pub name: String,
    /// Where its digest is to be had.
    pub content: ReleaseContent,
}

/// Where the digest of a [`ReleaseArtifact`] is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleaseContent {
    /// In a file.
    File {
        /// Its path, from the folder that GoReleaser ran in.
        path: String,
        /// The digest that GoReleaser notes, which the file must have.
        noted: Option<ArtifactDigest>,
    },
    /// In a registry.
    Image(ArtifactDigest),
}

impl Release {
    /// Reads `dist/artifacts.json`.
    ///
    /// # Errors
    /// [`Error::Artifacts`] when it is not such a file, or an artifact in it has no name, path or
    /// digest, as an image that was not pushed.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Artifacts { reason };
        let entries: Vec<Entry> = json::parse("artifacts.json", bytes, &Limits::default())
            .map_err(|error| wrong(error.to_string()))?;
        let mut release = Release { artifacts: Vec::new(), passed_over: BTreeMap::new() };
        for entry in entries {
            let artifact = match entry.kind.as_str() {
                kind if FILES.contains(&kind) => entry.file()?,
                kind if IMAGES.contains(&kind) => entry.image()?,
                _ => {
                    *release.passed_over.entry(entry.kind).or_default() += 1;
                    continue;
                }
            };
            // A binary that is released as it is has an entry as a binary, and one as a release.
            if !release.artifacts.contains(&artifact) {
                release.artifacts.push(artifact);
            }
        }
        Ok(release)
    }
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    path: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    extra: BTreeMap<String, Value>,
}

impl Entry {
    fn file(self) -> Result<ReleaseArtifact, Error> {
        let noted = self.digest("Checksum")?;
        let path = self.path.strip_prefix("./").unwrap_or(&self.path).to_owned();
        let name = if self.kind == BINARY { path.clone() } else { self.name.clone() };
        if path.is_empty() || name.is_empty() {
            return Err(self.wrong("found no name or path"));
        }
        Ok(ReleaseArtifact { name, content: ReleaseContent::File { path, noted } })
    }

    fn image(self) -> Result<ReleaseArtifact, Error> {
        let digest = self.digest("Digest")?;
        let digest = digest.ok_or_else(|| self.wrong("found no digest: it was not pushed"))?;
        if self.name.is_empty() {
            return Err(self.wrong("found no name"));
        }
        Ok(ReleaseArtifact { name: self.name, content: ReleaseContent::Image(digest) })
    }

    /// `sha256:…`. GoReleaser knows weaker algorithms, which note nothing.
    fn digest(&self, name: &str) -> Result<Option<ArtifactDigest>, Error> {
        let Some(text) = self.extra.get(name).and_then(Value::as_str) else { return Ok(None) };
        let (algorithm, hex) =
            text.split_once(':').ok_or_else(|| self.wrong("a digest without its algorithm"))?;
        let Some(algorithm) = DigestAlgorithm::from_name(algorithm) else { return Ok(None) };
        let digest = ArtifactDigest::from_hex(algorithm, hex);
        digest.map(Some).map_err(|error| self.wrong(&error.to_string()))
    }

    fn wrong(&self, what: &str) -> Error {
        let name: String = self.name.chars().take(80).collect();
        Error::Artifacts { reason: format!("{} {name:?}: {what}", self.kind) }
    }
}

const BINARY: &str = "Binary";
/// Types of what is built as a file.
const FILES: [&str; 9] = [
    "Archive",
    BINARY,
    "File",
    "Linux Package",
    "Snap",
    "Source",
    "C Header",
    "C Archive Library",
    "C Shared Library",
];
/// Types of what is built as an image.
const IMAGES: [&str; 4] =
    ["Docker Image", "Docker Image V2", "Docker Manifest", "Published Docker Image"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_is_told_from_what_is_said_about_it() {
        let release = Release::parse(
            br#"[
              {"name":"metadata.json","path":"dist/metadata.json","type":"Metadata"},
              {"name":"app","path":"dist/app_linux_amd64_v1/app","goos":"linux","type":"Binary","extra":{"ID":"app"}},
              {"name":"app","path":"dist/app_darwin_arm64/app","goos":"darwin","type":"Binary"},
              {"name":"app_1.0.0_linux_amd64","path":"dist/app_linux_amd64_v1/app","type":"Binary"},
              {"name":"app_1.0.0_linux_amd64.tar.gz","path":"dist/app_1.0.0_linux_amd64.tar.gz","type":"Archive",
               "extra":{"Checksum":"sha256:1111111111111111111111111111111111111111111111111111111111111111"}},
              {"name":"app_1.0.0.deb","path":"./dist/app_1.0.0.deb","type":"Linux Package","extra":{"Checksum":"crc32:00"}},
              {"name":"checksums.txt","path":"dist/checksums.txt","type":"Checksum"},
              {"name":"app.sbom.json","path":"dist/app.sbom.json","type":"SBOM"},
              {"name":"ghcr.io/acme/app:v1.0.0","path":"ghcr.io/acme/app:v1.0.0","type":"Docker Manifest",
               "extra":{"Digest":"sha256:2222222222222222222222222222222222222222222222222222222222222222"}}
            ]"#,
        )
        .unwrap();
        let names: Vec<_> = release.artifacts.iter().map(|it| it.name.as_str()).collect();
        let wanted = [
            "dist/app_linux_amd64_v1/app",
            "dist/app_darwin_arm64/app",
            "app_1.0.0_linux_amd64.tar.gz",
            "app_1.0.0.deb",
            "ghcr.io/acme/app:v1.0.0",
        ];
        assert_eq!(names, wanted);
        let passed: Vec<_> =
            release.passed_over.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(passed, [("Checksum", 1), ("Metadata", 1), ("SBOM", 1)]);
        let digest = |digit: &str| {
            ArtifactDigest::from_hex(DigestAlgorithm::Sha256, &digit.repeat(64)).unwrap()
        };
        let path = "dist/app_1.0.0_linux_amd64.tar.gz".to_owned();
        let archive = ReleaseContent::File { path, noted: Some(digest("1")) };
        assert_eq!(release.artifacts[2].content, archive);
        let package = ReleaseContent::File { path: "dist/app_1.0.0.deb".to_owned(), noted: None };
        assert_eq!(release.artifacts[3].content, package);
        assert_eq!(release.artifacts[4].content, ReleaseContent::Image(digest("2")));
    }

    #[test]
    fn what_is_not_such_a_file() {
        let check = |text: &str, wanted: &str| {
            let error = Release::parse(text.as_bytes()).unwrap_err();
            let Error::Artifacts { reason } = error else { panic!("{error}") };
            assert!(reason.contains(wanted), "{reason}");
        };
        check("{}", "expected a sequence");
        check(r#"[{"type":1}]"#, "expected a string");
        check(r#"[{"type":"Archive","name":"a"}]"#, "Archive \"a\": found no name or path");
        check(
            r#"[{"type":"Docker Image","name":"a"}]"#,
            "\"a\": found no digest: it was not pushed",
        );
        let short =
            r#"[{"type":"Archive","name":"a","path":"b","extra":{"Checksum":"sha256:00"}}]"#;
        check(short, "a sha256 digest has 32 bytes, found 1");
        let bare = r#"[{"type":"Archive","name":"a","path":"b","extra":{"Checksum":"00"}}]"#;
        check(bare, "a digest without its algorithm");
    }
}
