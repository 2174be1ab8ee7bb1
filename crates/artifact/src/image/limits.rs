/// Bounds on what an image may cost besides those on archives, which hold for its layers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImageLimits {
    /// Bytes of one document: index, manifest or configuration. Registries need not take more than 4 MiB.
    pub document_bytes: usize,
    /// Indexes within indexes, `index.json` included. Two are usual.
    pub indexes_deep: usize,
    /// Manifests and indexes that the indexes name, all together. The largest official images have
    /// about thirty.
    pub manifests: usize,
    /// Layers of one image. Docker makes at most 127.
    pub layers: usize,
    /// Files of an image archive, which are blobs and documents.
    pub archive_files: usize,
}

impl Default for ImageLimits {
    fn default() -> Self {
        ImageLimits {
            document_bytes: 4 << 20,
            indexes_deep: 4,
            manifests: 1000,
            layers: 500,
            archive_files: 10_000,
        }
    }
}
