use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm, StreamDigester};
use chainsign_gosbom as gosbom;

use crate::archive::{self, ArchiveFacts, Fault, InnerFile, Unpacked};
use crate::facts::{ArchiveContent, ImageContent};
use crate::handle::Handle;
use crate::image::{self, Binding};
use crate::inside::{Collector, Inside, kind, may_be_go};
use crate::snapshot::{Snapshot, not_a_file};
use crate::stream;
use crate::witness::{Seen, Witness};
use crate::{ArtifactFacts, Change, Content, Error, FileKind, Limits};

/// A regular file that was opened once, with the identity, size and times it had then.
///
/// Every method that reads checks afterwards that they are still the same, and fails with
/// [`Error::Changed`] if not. Reads are positioned: methods can be called in any order and from
/// several threads, and the file's cursor neither matters nor moves (on Windows it moves).
#[derive(Debug)]
pub struct OpenArtifact {
    name: String,
    handle: Arc<Handle>,
    opened: Snapshot,
}

impl OpenArtifact {
    /// Opens a file. Its name is the path as given.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::NotAFile`] for directories, pipes, sockets and devices, which
    /// are not opened; [`Error::Open`] when the system refuses.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let open = |source| Error::open(path, source);
        // Opening a pipe waits for a writer, opening a device may do anything: look first. What
        // counts is what the handle says in `from_file`.
        if let Some(found) = not_a_file(fs::metadata(path).map_err(open)?.file_type()) {
            return Err(Error::NotAFile { name, found });
        }
        #[expect(clippy::disallowed_methods, reason = "this is the one place that opens")]
        let file = File::open(path).map_err(open)?;
        Self::from_file(name, file)
    }

    /// Takes a file that is open already, for instance one that standard input was spooled into.
    /// It is read from its start, wherever its cursor stands.
    ///
    /// # Errors
    /// [`Error::NotAFile`] when the handle does not lead to a regular file; [`Error::Open`] when the
    /// system does not say what it leads to.
    pub fn from_file(name: impl Into<String>, file: File) -> Result<Self, Error> {
        let name = name.into();
        let metadata = match file.metadata() {
            Ok(metadata) => metadata,
            Err(source) => return Err(Error::Open { name, source }),
        };
        if let Some(found) = not_a_file(metadata.file_type()) {
            return Err(Error::NotAFile { name, found });
        }
        let opened = Snapshot::of(&metadata);
        let handle = Arc::new(Handle::new(file, opened.size));
        Ok(OpenArtifact { name, handle, opened })
    }

    /// The name: the path, or what [`from_file`](Self::from_file) was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size in bytes that the file had when it was opened.
    pub fn size(&self) -> u64 {
        self.opened.size
    }

    /// Digests the file in one pass and constant memory. Repeated algorithms count once.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Changed`].
    pub fn digests(
        &self,
        algorithms: impl IntoIterator<Item = DigestAlgorithm>,
    ) -> Result<ArtifactDigests, Error> {
        let mut digester = StreamDigester::new(algorithms);
        self.pass(|_, part| {
            digester.update(part);
            Ok(())
        })?;
        Ok(digester.finish())
    }

    /// Reads what is inside and digests the file, and makes sure that both are about the same bytes.
    ///
    /// Of a Go program each block that was looked at is compared with the block that was digested.
    /// An archive is digested while it is read. Of images in an archive, the documents are compared
    /// as a program's blocks are, and everything else is checked against the digests in them.
    ///
    /// That the file holds no Go program, or is an archive that cannot be believed, is not an error
    /// here: see [`Content`] and [`Inside::faults`].
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Changed`].
    pub fn facts(
        &self,
        algorithms: impl IntoIterator<Item = DigestAlgorithm>,
        limits: &Limits,
    ) -> Result<ArtifactFacts, Error> {
        let algorithms: Vec<_> = algorithms.into_iter().collect();
        let (content, seen) = self.witnessed_content(limits)?;
        let (digests, content) = match content {
            Content::NotGo(reason) if !may_be_go(&reason) => {
                match self.image_facts(&algorithms, limits)? {
                    Some(found) => found,
                    None => self.archive_facts(&algorithms, limits, reason, &seen)?,
                }
            }
            content => (self.witnessed_digests(&algorithms, &seen)?, content),
        };
        let name = self.name.clone();
        Ok(ArtifactFacts { name, size: self.opened.size, digests, content })
    }

    /// Reads what the file itself is without digesting it: a few positioned reads, after which
    /// nothing is known about what is inside an archive. For showing only; nothing binds the result
    /// to a digest.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Changed`].
    pub fn content(&self, limits: &Limits) -> Result<Content, Error> {
        let (content, _) = self.witnessed_content(limits)?;
        self.unchanged()?;
        Ok(content)
    }

    /// Reads the files inside an archive or package, and digests the archive, in one pass: each is
    /// handed to `visit` as it comes. See [`archive`](crate::archive) for what is refused.
    ///
    /// What was visited before an error is of an archive that cannot be believed.
    ///
    /// # Errors
    /// [`Error::Archive`] when it is none, or one with a [`Fault`](crate::archive::Fault);
    /// [`Error::Read`], also when there is no room for temporary files; [`Error::Changed`].
    pub fn files(
        &self,
        algorithms: impl IntoIterator<Item = DigestAlgorithm>,
        limits: &Limits,
        visit: &mut dyn FnMut(InnerFile),
    ) -> Result<ArchiveFacts, Error> {
        let algorithms: Vec<_> = algorithms.into_iter().collect();
        let (name, size) = (self.name.clone(), self.opened.size);
        let walked = archive::walk(&*self.handle, &algorithms, limits, visit);
        let (format, digests) = self.walked(walked)?;
        Ok(ArchiveFacts { name, size, digests, format })
    }

    /// Reads the entries of a tar, plain or compressed, digests every file in it and the tar itself, in one pass:
    /// each entry but directories is handed to `visit` as it comes. Nothing is looked into, and nothing is unpacked.
    ///
    /// What was visited before an error is of a tar that cannot be believed.
    ///
    /// # Errors
    /// As [`files`](Self::files).
    pub fn unpacked(
        &self,
        algorithms: impl IntoIterator<Item = DigestAlgorithm>,
        limits: &Limits,
        visit: &mut dyn FnMut(Unpacked),
    ) -> Result<ArtifactDigests, Error> {
        let algorithms: Vec<_> = algorithms.into_iter().collect();
        self.walked(archive::unpack::unpack(&*self.handle, &algorithms, limits, visit))
    }

    /// What a walk came to, of a file that did not change on the way.
    fn walked<T>(&self, outcome: Result<T, archive::Stop>) -> Result<T, Error> {
        let name = self.name.clone();
        match outcome {
            Ok(found) => {
                self.unchanged()?;
                Ok(found)
            }
            Err(archive::Stop::Io(source)) => Err(Error::Read { name, source }),
            Err(archive::Stop::Fault(fault)) => {
                self.unchanged()?;
                Err(Error::Archive { name, fault })
            }
        }
    }

    /// The whole file in memory, for the one algorithm that cannot take a digest (pure Ed25519).
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than `limit` bytes; [`Error::Read`], [`Error::Changed`].
    pub fn bytes(&self, limit: usize) -> Result<Vec<u8>, Error> {
        let too_large = || Error::TooLarge {
            name: self.name.clone(),
            found: self.opened.size,
            limit: limit as u64,
        };
        let size = usize::try_from(self.opened.size).ok().filter(|size| *size <= limit);
        let mut bytes = Vec::with_capacity(size.ok_or_else(too_large)?);
        self.pass(|_, part| {
            bytes.extend_from_slice(part);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Copies the file to `writer` and makes sure that the copy is the artifact that `wanted`
    /// names, so that what runs later is what was verified.
    ///
    /// The digest is known only after the last byte: on an error the caller throws away what was
    /// written (write into a temporary file and rename it).
    ///
    /// # Errors
    /// [`Error::OtherArtifact`]; [`Error::Write`]; [`Error::Read`], [`Error::Changed`].
    pub fn copy_to(&self, wanted: &ArtifactDigest, writer: &mut dyn Write) -> Result<(), Error> {
        let mut digester = StreamDigester::new([wanted.algorithm()]);
        let write = |source| Error::Write { name: self.name.clone(), source };
        self.pass(|_, part| {
            digester.update(part);
            writer.write_all(part).map_err(write)
        })?;
        writer.flush().map_err(write)?;
        match digester.finish().get(wanted.algorithm()) {
            Some(found) if found != wanted => Err(Error::OtherArtifact {
                name: self.name.clone(),
                found: found.clone(),
                wanted: wanted.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn witnessed_content(&self, limits: &Limits) -> Result<(Content, Seen), Error> {
        let witness = Witness::new(Arc::clone(&self.handle));
        let outcome = gosbom::read(&witness, &limits.go);
        let seen = witness.seen().map_err(|change| self.changed(change))?;
        let content = match outcome {
            Ok(binary) => Content::GoBinary(binary),
            Err(gosbom::Error::Io(source)) => {
                return Err(Error::Read { name: self.name.clone(), source });
            }
            Err(reason) => Content::NotGo(reason),
        };
        Ok((content, seen))
    }

    /// The images in an archive, and the digests of the archive. `None` if there are none.
    fn image_facts(
        &self,
        algorithms: &[DigestAlgorithm],
        limits: &Limits,
    ) -> Result<Option<(ArtifactDigests, Content)>, Error> {
        let images = match image::in_artifact(Arc::new(self.again()), algorithms, limits) {
            Ok(Some(images)) => images,
            // It is read as an archive then, and has the same fault.
            Ok(None) | Err(Error::Archive { .. }) => return Ok(None),
            Err(Error::Image { fault, .. }) => {
                let content = Content::Images(ImageContent::fault(&fault));
                return Ok(Some((self.digests(algorithms.iter().copied())?, content)));
            }
            Err(error) => return Err(error),
        };
        let content = images.content(algorithms, limits)?;
        let digests = match images.binding() {
            Some(Binding::Digests(digests)) => digests.clone(),
            Some(Binding::Seen(seen)) => {
                let seen = seen.map_err(|change| self.changed(change))?;
                self.witnessed_digests(algorithms, &seen)?
            }
            None => self.digests(algorithms.iter().copied())?,
        };
        Ok(Some((digests, Content::Images(content))))
    }

    /// The files of an archive, and its digests. What is none is what it was before.
    fn archive_facts(
        &self,
        algorithms: &[DigestAlgorithm],
        limits: &Limits,
        reason: gosbom::Error,
        seen: &Seen,
    ) -> Result<(ArtifactDigests, Content), Error> {
        let mut collector = Collector::new(&limits.archive);
        let mut visit = |file| collector.take(file, None);
        match self.files(algorithms.iter().copied(), limits, &mut visit) {
            Ok(facts) => {
                let content = ArchiveContent::new(Some(facts.format), collector.finish());
                Ok((facts.digests, Content::Archive(content)))
            }
            Err(Error::Archive { fault: Fault::NotAnArchive, .. }) => {
                Ok((self.witnessed_digests(algorithms, seen)?, Content::NotGo(reason)))
            }
            Err(Error::Archive { fault, .. }) => {
                let content = ArchiveContent::new(None, Inside::fault(kind(&fault), fault));
                Ok((self.digests(algorithms.iter().copied())?, Content::Archive(content)))
            }
            Err(error) => Err(error),
        }
    }

    fn witnessed_digests(
        &self,
        algorithms: &[DigestAlgorithm],
        seen: &Seen,
    ) -> Result<ArtifactDigests, Error> {
        let mut digester = StreamDigester::new(algorithms.iter().copied());
        self.pass(|offset, part| {
            digester.update(part);
            seen.compare(offset, part).map_err(|change| self.changed(change))
        })?;
        Ok(digester.finish())
    }

    /// One pass over all bytes, after which the file must be what it was.
    fn pass(&self, take: impl FnMut(u64, &[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let name = || self.name.clone();
        stream::parts(&self.handle, self.opened.size, take).map_err(|stop| match stop {
            stream::Stop::Read(source) => Error::Read { name: name(), source },
            stream::Stop::Changed(change) => self.changed(change),
            stream::Stop::Caller(error) => error,
        })?;
        self.unchanged()
    }

    /// Opens a file that the path itself names, not through a link in its place.
    pub(crate) fn open_itself(path: &Path) -> Result<Self, Error> {
        let metadata = fs::symlink_metadata(path).map_err(|source| Error::open(path, source))?;
        if metadata.is_symlink() {
            let name = path.display().to_string();
            return Err(Error::NotAFile { name, found: FileKind::Link });
        }
        let artifact = Self::open(path)?;
        match Snapshot::of(&metadata).changed_to(&artifact.opened) {
            Some(change) => Err(artifact.changed(change)),
            None => Ok(artifact),
        }
    }

    /// The same open file, with the identity, size and times that it had.
    fn again(&self) -> Self {
        let handle = Arc::clone(&self.handle);
        OpenArtifact { name: self.name.clone(), handle, opened: self.opened.clone() }
    }

    pub(crate) fn handle(&self) -> &Arc<Handle> {
        &self.handle
    }

    pub(crate) fn unchanged(&self) -> Result<(), Error> {
        let read = |source| Error::Read { name: self.name.clone(), source };
        let now = Snapshot::of(&self.handle.metadata().map_err(read)?);
        match self.opened.changed_to(&now) {
            Some(change) => Err(self.changed(change)),
            None => Ok(()),
        }
    }

    fn changed(&self, change: Change) -> Error {
        Error::Changed { name: self.name.clone(), change }
    }
}
