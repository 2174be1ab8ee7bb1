/// Bounds on what is read. Reaching one is an [`Error::LimitReached`](crate::Error::LimitReached) that
/// names it; nothing is cut short in silence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one file. The API server takes requests of 3 MiB; lists of a whole cluster are larger.
    pub bytes: usize,
    /// Nesting of mappings and lists, aliases followed. A CronJob's deepest field is at 16.
    pub depth: usize,
    /// Values that are looked at, those behind aliases each time they are used. At most some 200 bytes of
    /// memory each while a file is read; 60 are a pod.
    pub values: usize,
    /// Documents of one file.
    pub documents: usize,
    /// Images of one file.
    pub images: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: 32 << 20, depth: 64, values: 500_000, documents: 10_000, images: 10_000 }
    }
}
