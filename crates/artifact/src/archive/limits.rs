/// Bounds on what an archive can make us do. Reaching one is a fault of the archive; nothing is
/// ever cut short in silence.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ArchiveLimits {
    /// Bytes that decompression may yield, all together, for each byte of the artifact. Real
    /// packages stay below 20.
    pub ratio: u64,
    /// Bytes that decompression may yield in any case, so that small files of zeros are read.
    pub decompressed_floor: u64,
    /// Archives within archives, the artifact included. A compressed tar counts as one.
    pub depth: usize,
    /// Go programs that are kept, all together, with what is in them. Distributions of many tools have
    /// some hundred.
    pub programs: usize,
    /// Files, directories and links, all together. Large container images have a quarter million.
    pub entries: u64,
    /// Bytes of one path or link target: `PATH_MAX` of Linux.
    pub path_bytes: usize,
    /// Bytes of the headers of one entry, or of a package, besides its path.
    pub header_bytes: usize,
    /// Bytes of the central directory of a zip archive, which is kept in memory.
    pub directory_bytes: usize,
    /// Bytes that a decompressor may look back, which is what it keeps in memory.
    pub window_bytes: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        ArchiveLimits {
            ratio: 200,
            decompressed_floor: 16 << 20,
            depth: 4,
            programs: 10_000,
            entries: 500_000,
            path_bytes: 4096,
            header_bytes: 16 << 20,
            directory_bytes: 32 << 20,
            window_bytes: 64 << 20,
        }
    }
}
