//! What a target is: a file, or an image in a registry. Nothing is guessed.

use std::path::{Path, PathBuf};

use chainsign_core::image::ImageReference;

use crate::commands::verify::Place;
use crate::failure::Failure;

/// A file, a folder, or an image in a registry.
///
/// `docker://REFERENCE` is an image, and what begins with `.` or `/` a file. Else what is there is a
/// file, and what is not there an image if it names a registry, a tag or a digest.
///
/// # Errors
/// `ambiguous-target` for a file with such a name; `bad-flag` for a reference that is none.
pub(super) fn target(typed: PathBuf) -> Result<Place, Failure> {
    let Some(text) = typed.to_str() else { return Ok(Place::File(typed)) };
    if let Some(reference) = text.strip_prefix(SCHEME) {
        return image(reference).map(Place::Image);
    }
    if text.starts_with(['.', '/']) || text == "-" || !looks_like_an_image(text) {
        return Ok(Place::File(typed));
    }
    if typed.exists() {
        let message = format!("{text} is a file here, and reads as an image too");
        return Err(Failure::undecided("ambiguous-target", message)
            .hint(format!("write ./{text} for the file, {SCHEME}{text} for the image")));
    }
    let in_a_folder = text.split_once('/').is_some_and(|(first, _)| Path::new(first).exists());
    match text.parse() {
        Ok(reference) if !in_a_folder => Ok(Place::Image(reference)),
        Err(error) if text.contains("@sha") => {
            Err(Failure::because("bad-flag", "the image", &error))
        }
        // A file that is not there.
        _ => Ok(Place::File(typed)),
    }
}

/// An image reference, where only an image can be meant.
///
/// # Errors
/// `bad-flag`
pub(super) fn image(text: &str) -> Result<ImageReference, Failure> {
    let reference = text.strip_prefix(SCHEME).unwrap_or(text);
    reference.parse().map_err(|error: chainsign_core::Error| {
        let failure = Failure::because("bad-flag", "the image", &error);
        match Path::new(text).exists() {
            true => failure.hint("this verb is about images in registries; for files there are attest-blob, sign-blob and verify-blob"),
            false => failure,
        }
    })
}

/// Whether it says so itself: by a registry, a tag or a digest.
fn looks_like_an_image(text: &str) -> bool {
    let (first, rest) = text.split_once('/').unwrap_or(("", text));
    let registry = first == "localhost" || first.contains(['.', ':']);
    registry || text.contains("@sha") || rest.rsplit_once(':').is_some()
}

const SCHEME: &str = "docker://";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        match target(PathBuf::from(text)) {
            Ok(Place::File(path)) => Ok(format!("file {}", path.display())),
            Ok(Place::Image(image)) => Ok(format!("image {image}")),
            Err(failure) => Err(failure.reason),
        }
    }

    #[test]
    fn files_and_images_are_told_apart_by_what_they_say() {
        let digest = format!("sha256:{}", "0c".repeat(32));
        for (typed, wanted) in [
            ("dist/app", "file dist/app"),
            ("app", "file app"),
            ("./ghcr.io/app:v1", "file ./ghcr.io/app:v1"),
            ("/srv/app:v1", "file /srv/app:v1"),
            ("-", "file -"),
            ("ghcr.io/acme/app", "image ghcr.io/acme/app"),
            ("ghcr.io/acme/app:v1", "image ghcr.io/acme/app:v1"),
            ("localhost/app", "image localhost/app"),
            ("nginx:1.27", "image docker.io/library/nginx:1.27"),
            ("docker://nginx", "image docker.io/library/nginx"),
            ("docker://dist/app", "image docker.io/dist/app"),
            (&format!("app@{digest}"), &format!("image docker.io/library/app@{digest}")),
        ] {
            assert_eq!(read(typed).as_deref(), Ok(wanted), "{typed}");
        }
        assert_eq!(read("docker://A B"), Err("bad-flag".to_owned()));
        assert_eq!(read("ghcr.io/acme/app@sha256:00"), Err("bad-flag".to_owned()));
    }

    #[test]
    fn a_file_with_the_name_of_an_image_is_neither() {
        // Tests run in the folder of the crate, where these are.
        assert_eq!(read("Cargo.toml/x").as_deref(), Ok("file Cargo.toml/x"));
        assert_eq!(read("src/lib.rs").as_deref(), Ok("file src/lib.rs"));
        assert_eq!(read("src:v1").as_deref(), Ok("image docker.io/library/src:v1"));
    }
}
