//! The files of an image: its layers read from the topmost down, each checked against its digests.

mod tree;
mod visitor;
mod whiteout;

use std::io::{self, Read};
use std::sync::Arc;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm, StreamDigester};

use super::documents::LayerPacking;
use super::store::Store;
use super::{ImageFault, ImageFile, Layer};
use crate::archive::budget::Budget;
use crate::archive::compression::Compression;
use crate::archive::cursor::Cursor;
use crate::archive::names::{Names, Root};
use crate::archive::tar::{self, Bounds, Stream, Visitor};
use crate::archive::{self, Fault, InnerFile, Walker};
use crate::{Error, Limits};
use tree::Tree;
use visitor::{Adopt, Flatten};

/// A layer and where it is.
#[derive(Clone, Debug)]
pub(super) struct LayerBlob {
    pub(super) layer: Arc<Layer>,
    pub(super) path: String,
    pub(super) packing: LayerPacking,
}

/// Why reading a layer ended.
enum Stop {
    Image(ImageFault),
    Archive(archive::Stop),
}

/// Hands on the files that a container would see, the topmost layer's first.
pub(super) fn files(
    store: &Store,
    layers: &[LayerBlob],
    algorithms: &[DigestAlgorithm],
    limits: &Limits,
    visit: &mut dyn FnMut(ImageFile),
) -> Result<(), Error> {
    let budget = Budget::new(&limits.archive, stored_bytes(store, layers)?);
    let diff_ids: Vec<_> = layers.iter().map(|blob| blob.layer.diff_id.clone()).collect();
    let mut tree = Tree::default();
    for (position, blob) in layers.iter().enumerate().rev() {
        let layer = &blob.layer;
        let mut visit = |file: InnerFile| visit(ImageFile { layer: Arc::clone(layer), file });
        let walker = Walker::new(limits, algorithms, &budget, &mut visit);
        let mut flatten = Flatten::new(&diff_ids, position, &mut tree, walker);
        read_layer(store, blob, Bounds { limits: &limits.archive, budget: &budget }, &mut flatten)?;
        let links = flatten.finish();
        if links.has_orphans() {
            let walker = Walker::new(limits, algorithms, &budget, &mut visit);
            let mut adopt = Adopt { links, tree: &tree, walker };
            let bounds = Bounds { limits: &limits.archive, budget: &budget };
            read_layer(store, blob, bounds, &mut adopt)?;
        }
        tree.descend(position);
    }
    Ok(())
}

/// The bytes of all blobs, each counted once, which have the sizes stated.
fn stored_bytes(store: &Store, layers: &[LayerBlob]) -> Result<u64, Error> {
    let mut seen = std::collections::HashSet::new();
    let mut bytes: u64 = 0;
    for LayerBlob { layer, path, .. } in layers {
        let found = store.size(path)?.ok_or_else(|| missing(store, path))?;
        match &layer.digest {
            Some(digest) if found != layer.size => {
                let (digest, wanted) = (digest.clone(), layer.size);
                return Err(store.fault(ImageFault::OtherSize { digest, found, wanted }));
            }
            _ => {}
        }
        if seen.insert(path) {
            bytes = bytes.saturating_add(found);
        }
    }
    Ok(bytes)
}

/// Reads one layer from its first byte to its last.
fn read_layer<V: Visitor<Error = Stop>>(
    store: &Store,
    blob: &LayerBlob,
    bounds: Bounds<'_>,
    visitor: &mut V,
) -> Result<(), Error> {
    let read = store.blob(&blob.path, |source| {
        let algorithms: Vec<_> = blob.layer.digest.iter().map(ArtifactDigest::algorithm).collect();
        let mut cursor = Cursor::new(source, &algorithms);
        let outcome = read_tar(&mut cursor, blob, bounds, visitor);
        if let Some(error) = cursor.failure() {
            return Err(store.io(error));
        }
        // Whatever is wrong in a blob matters less than that it is another one.
        let end = cursor.position();
        let rest = io::copy(&mut cursor, &mut io::sink()).map_err(|error| store.io(error))?;
        if let Some(wanted) = &blob.layer.digest {
            is_wanted(&cursor.finish(), wanted, |found, wanted| ImageFault::OtherBlob {
                found,
                wanted,
            })
            .map_err(|fault| store.fault(fault))?;
        }
        let tar = outcome.map_err(|stop| error(store, &blob.layer, stop))?;
        if rest != 0 {
            let stop = Stop::Archive(Fault::Trailing { offset: end }.into());
            return Err(error(store, &blob.layer, stop));
        }
        is_wanted(&tar, &blob.layer.diff_id, |found, wanted| ImageFault::OtherLayer {
            found,
            wanted,
        })
        .map_err(|fault| store.fault(fault))
    })?;
    read.ok_or_else(|| missing(store, &blob.path))
}

/// Reads the tar in a layer, and digests it.
fn read_tar<V: Visitor<Error = Stop>>(
    cursor: &mut Cursor<'_>,
    blob: &LayerBlob,
    bounds: Bounds<'_>,
    visitor: &mut V,
) -> Result<ArtifactDigests, Stop> {
    let found = Compression::of(cursor)?;
    if let LayerPacking::Stated(stated) = blob.packing
        && stated != found
    {
        let layer = blob.layer.diff_id.clone();
        let (found, wanted) = (found.name(), stated.name());
        return Err(ImageFault::Packing { layer, found, wanted }.into());
    }
    let decoder = found.decoder(cursor, bounds.budget, bounds.limits)?;
    let digester = StreamDigester::new([blob.layer.diff_id.algorithm()]);
    let mut plain = Digested { decoder, digester };
    tar::read(&mut Stream::new(&mut plain), Names::new(Root::Layer), bounds, visitor)?;
    Ok(plain.digester.finish())
}

/// Digests what is read.
struct Digested<R> {
    decoder: R,
    digester: StreamDigester,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer)?;
        self.digester.update(&buffer[..count]);
        Ok(count)
    }
}

/// The digests found were made with the algorithm of the one wanted.
fn is_wanted(
    found: &ArtifactDigests,
    wanted: &ArtifactDigest,
    fault: impl FnOnce(ArtifactDigest, ArtifactDigest) -> ImageFault,
) -> Result<(), ImageFault> {
    match found.get(wanted.algorithm()) {
        Some(found) if found != wanted => Err(fault(found.clone(), wanted.clone())),
        _ => Ok(()),
    }
}

fn missing(store: &Store, path: &str) -> Error {
    store.fault(ImageFault::Missing { what: path.to_owned() })
}

fn error(store: &Store, layer: &Layer, stop: Stop) -> Error {
    match stop {
        Stop::Archive(archive::Stop::Io(error)) => store.io(error),
        Stop::Archive(archive::Stop::Fault(fault)) => {
            store.fault(ImageFault::Layer { layer: layer.diff_id.clone(), fault })
        }
        Stop::Image(fault) => store.fault(fault),
    }
}
