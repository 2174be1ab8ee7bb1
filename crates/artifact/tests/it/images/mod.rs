//! Container images: those that tools make, and those that were made to deceive.

mod docker;
mod documents;
mod flatten;
mod layers;
mod oracle;
mod tools;

use std::path::{Path, PathBuf};

use chainsign_artifact::archive::{Fault, InnerContent, InnerFile};
use chainsign_artifact::image::{self, Image, ImageFault, Images};
use chainsign_artifact::{Error, Limits};
use chainsign_core::digest::DigestAlgorithm;

use crate::make_image::{self as make, Files, LayerOf};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

fn opened(path: &Path, limits: &Limits) -> Result<Images, Error> {
    image::open(path, limits).map(|images| images.expect("images"))
}

/// Opens a layout in a folder.
pub(crate) fn folder(files: &Files) -> (tempfile::TempDir, Result<Images, Error>) {
    folder_within(files, &Limits::default())
}

fn folder_within(files: &Files, limits: &Limits) -> (tempfile::TempDir, Result<Images, Error>) {
    let folder = tempfile::tempdir().unwrap();
    files.write(folder.path());
    let images = opened(folder.path(), limits);
    (folder, images)
}

/// Opens an archive.
fn archive(bytes: &[u8], limits: &Limits) -> Result<Option<Images>, Error> {
    archived(bytes, limits).1
}

/// Opens an archive that stays where it is: one that is removed has changed.
fn archived(
    bytes: &[u8],
    limits: &Limits,
) -> (tempfile::NamedTempFile, Result<Option<Images>, Error>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let images = image::open(file.path(), limits);
    (file, images)
}

/// The files of an image, each with the layer it comes from and a word for what it is.
fn files_within(image: &Image, limits: &Limits) -> Result<Vec<String>, Error> {
    let mut files = Vec::new();
    image.files([DigestAlgorithm::Sha256], limits, &mut |found| {
        files.push(format!("{} {}", found.layer.position, described(&found.file)));
    })?;
    Ok(files)
}

#[track_caller]
fn files(image: &Image) -> Vec<String> {
    files_within(image, &Limits::default()).unwrap()
}

fn described(file: &InnerFile) -> String {
    let what = match &file.content {
        InnerContent::GoBinary { .. } => "Go".to_owned(),
        InnerContent::NotGo { reason, .. } => reason.to_string(),
        InnerContent::Archive(Ok(format)) => format.to_string(),
        InnerContent::Archive(Err(fault)) => format!("fault: {fault}"),
        InnerContent::HardLink { target } => format!("same as {target}"),
        InnerContent::Data => format!("{} bytes", file.size),
        other => panic!("{other:?}"),
    };
    format!("{file}: {what}")
}

/// The one image of these layers.
#[track_caller]
pub(crate) fn image_of(layers: &[LayerOf]) -> (tempfile::TempDir, Images) {
    let (folder, images) = folder(&Files::of_image(layers));
    (folder, images.unwrap())
}

/// The files of an image of plain layers, lowest first.
#[track_caller]
fn flattened(layers: &[Vec<u8>]) -> Vec<String> {
    let (_folder, images) = image_of(&make::plain(layers));
    files(&images.all()[0])
}

/// The fault of an image whose documents are good.
#[track_caller]
fn layers_fault(layers: &[LayerOf]) -> ImageFault {
    let (_folder, images) = image_of(layers);
    fault(files_within(&images.all()[0], &Limits::default()))
}

#[track_caller]
fn fault<T: std::fmt::Debug>(outcome: Result<T, Error>) -> ImageFault {
    match outcome {
        Err(Error::Image { fault, .. }) => fault,
        other => panic!("found {other:?}, wanted a fault of an image"),
    }
}

fn layer_fault(tar: &[u8], fault: Fault) -> ImageFault {
    ImageFault::Layer { layer: make::digest(tar).parse().unwrap(), fault }
}

/// A small Go program.
pub(crate) fn go_program() -> Vec<u8> {
    let file = std::fs::File::open(testdata().join("gosbom/real/toy-wasip1-wasm.gz")).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(file), &mut bytes).unwrap();
    bytes
}
