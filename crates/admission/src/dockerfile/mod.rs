//! The images that a Dockerfile takes: of `FROM`, `COPY --from`, `RUN --mount=…,from=` and `# syntax=`.
//!
//! Stages are not images, and neither is `scratch`. As BuildKit has it, `FROM` knows the stages above it by
//! name, `COPY --from` all of them, by name and number, and `RUN --mount` by name only; case says nothing. Builders
//! disagree on a name that only a later stage has, so that is not read as either.
//!
//! Variables of `FROM` are put in: `ARG`s before the first `FROM`, with their defaults or the values that are passed to the
//! build. `--build-context` can make a reference mean something else; so can whoever passes other values.

mod stages;
mod word;

use std::collections::BTreeMap;

use chainsign_core::digest::ArtifactDigest;
use parse_dockerfile::{Flag, Instruction, UnescapedString};

use crate::object::read_reference;
use crate::place::{Reason, Role, Uneditable, Unread, Use};
use crate::tree::Source;
use crate::{Error, Limits, edit};
use stages::{Copied, Stages};
use word::Variables;

/// How a Dockerfile is read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// What is passed to the build (`docker build --build-arg`), also of `TARGETPLATFORM` and its like.
    pub build_args: BTreeMap<String, String>,
    /// Bounds. A file has at most 1 MiB, some forty times of which its instructions may take while it is
    /// read.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            build_args: BTreeMap::new(),
            limits: Limits { bytes: 1 << 20, ..Limits::default() },
        }
    }
}

/// The images of a Dockerfile.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    source: Vec<u8>,
    images: Vec<Use>,
    unread: Vec<Unread>,
}

/// Reads a Dockerfile. `file` is what it is called in places.
///
/// # Errors
/// [`Error::Dockerfile`] with the line, for what is none; [`Error::LimitReached`], [`Error::NotUtf8`].
pub fn read(bytes: &[u8], file: &str, options: &Options) -> Result<Dockerfile, Error> {
    let source = Source::new(bytes, file, &options.limits)?;
    if source.text.trim_start_matches('\u{feff}').starts_with("#!") {
        return Err(wrong(
            &source,
            0,
            "found a first line with #!, wanted directives or instructions",
        ));
    }
    let parsed = parse_dockerfile::parse(source.text).map_err(|error| {
        let mut at = source.place(1, 0);
        at.line = error.line();
        Error::Dockerfile { at, reason: format!("{error:#}") }
    })?;
    let directives = &parsed.parser_directives;
    let escape = directives.escape.as_ref().map_or('\\', |it| it.value.value);
    let variables = Variables::new(options, escape);
    let mut reader = Reader {
        source: &source,
        limits: &options.limits,
        stages: Stages::default(),
        variables,
        images: vec![],
        unread: vec![],
    };
    if let Some(syntax) = &directives.syntax {
        let word = syntax.value.value.split_whitespace().next().unwrap_or_default();
        let start = syntax.value.span.start;
        let edit = reader.verbatim(start..start + word.len(), word);
        reader.image(word, start, Role::Frontend, edit)?;
    }
    reader
        .stages
        .name_all(&source, parsed.stages().map(|stage| stage.from.as_.as_ref().map(|it| &it.1)))?;
    for instruction in &parsed.instructions {
        reader.instruction(instruction)?;
    }
    let Reader { images, unread, .. } = reader;
    Ok(Dockerfile { source: bytes.to_owned(), images, unread })
}

impl Dockerfile {
    /// Every place that names an image.
    pub fn images(&self) -> &[Use] {
        &self.images
    }

    /// Every place of which cannot be told what image it names.
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// The file with a digest behind every reference that has none. Every other byte is as it was. Behind a
    /// variable the digest holds for the value that was read: with another one, the build fails.
    ///
    /// # Errors
    /// As [`Manifest::pin`](crate::manifest::Manifest::pin).
    pub fn pin(&self, digests: &BTreeMap<String, ArtifactDigest>) -> Result<Vec<u8>, Error> {
        edit::pin(&self.source, &self.images, digests)
    }
}

struct Reader<'r, 'a> {
    source: &'r Source<'a>,
    limits: &'r Limits,
    stages: Stages,
    variables: Variables<'r>,
    images: Vec<Use>,
    unread: Vec<Unread>,
}

type Edit = Result<std::ops::Range<usize>, Uneditable>;

impl Reader<'_, '_> {
    fn instruction(&mut self, instruction: &Instruction<'_>) -> Result<(), Error> {
        match instruction {
            Instruction::Arg(arg) if self.stages.is_before_first() => {
                let at = arg.arguments.span.start;
                let declared = self.variables.declare(&arg.arguments.value);
                declared.map_err(|reason| wrong(self.source, at, reason))
            }
            Instruction::From(from) => {
                let outcome = self.base(&from.image);
                self.stages.begin();
                outcome
            }
            Instruction::Copy(copy) => self.copy(&copy.options),
            Instruction::Run(run) => self.run(&run.options),
            Instruction::Onbuild(onbuild) => match &*onbuild.instruction {
                Instruction::Copy(copy) => {
                    let from = copy.options.iter().filter(|flag| flag.name.value == "from");
                    from.filter_map(|flag| flag.value.as_ref()).try_for_each(|from| {
                        self.on_build(&from.value, from.span.start, Role::CopySource)
                    })
                }
                Instruction::Run(run) => mounts(&run.options)
                    .try_for_each(|(at, from, _)| self.on_build(from, at, Role::MountSource)),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// `FROM`
    fn base(&mut self, word: &UnescapedString<'_>) -> Result<(), Error> {
        let at = word.span.start;
        let written = match self.variables.expand(&word.value) {
            Ok(written) => written,
            Err(reason) => return self.unread(&word.value, at, reason),
        };
        if written == SCRATCH || self.stages.is_above(&written) {
            return Ok(());
        }
        let edit = self.verbatim(word.span.clone(), &word.value);
        self.image(&written, at, Role::Base, edit)
    }

    /// `COPY --from`
    fn copy(&mut self, options: &[Flag<'_>]) -> Result<(), Error> {
        for from in options.iter().filter(|flag| flag.name.value == "from") {
            let Some(from) = &from.value else { continue };
            let at = from.span.start;
            match self.stages.copied(&from.value) {
                Copied::Stage => {}
                Copied::Unknown(reason) => self.unread(&from.value, at, reason)?,
                Copied::Image => {
                    let edit = self.verbatim(from.span.clone(), &from.value);
                    self.image(&from.value, at, Role::CopySource, edit)?;
                }
            }
        }
        Ok(())
    }

    /// `RUN --mount=type=bind,from=…`
    fn run(&mut self, options: &[Flag<'_>]) -> Result<(), Error> {
        for (at, from, whole) in mounts(options) {
            match self.stages.mounted(from) {
                Copied::Stage => {}
                Copied::Unknown(reason) => self.unread(from, at, reason)?,
                Copied::Image => {
                    let verbatim = self.verbatim(whole.span.clone(), &whole.value);
                    let edit = verbatim.map(|_| at..at + from.len());
                    self.image(from, at, Role::MountSource, edit)?;
                }
            }
        }
        Ok(())
    }

    /// What a build on top of this image takes: its stages are not known here.
    fn on_build(&mut self, from: &str, at: usize, role: Role) -> Result<(), Error> {
        // A stage's name has none of these.
        if from.contains(['/', ':', '@']) {
            return self.image(from, at, role, Err(Uneditable::NotVerbatim));
        }
        self.unread(from, at, Reason::OnBuild)
    }

    fn image(&mut self, written: &str, at: usize, role: Role, edit: Edit) -> Result<(), Error> {
        let image = match read_reference(written) {
            Ok(image) => image,
            Err(reason) => return self.unread(written, at, reason),
        };
        let place = self.source.place(1, at);
        let written = written.to_owned();
        self.images.push(Use { written, image, role, place, workload: None, edit });
        self.at_most(self.images.len())
    }

    fn unread(&mut self, found: &str, at: usize, reason: Reason) -> Result<(), Error> {
        let found = found.chars().take(200).collect();
        let place = self.source.place(1, at);
        self.unread.push(Unread { place, workload: None, found, reason });
        self.at_most(self.unread.len())
    }

    fn at_most(&self, found: usize) -> Result<(), Error> {
        let limit = self.limits.images;
        if found > limit {
            Err(Error::LimitReached { what: "images of a file", limit, found })
        } else {
            Ok(())
        }
    }

    /// The bytes of a word that is written in one piece, without quotes and escapes.
    fn verbatim(&self, span: std::ops::Range<usize>, word: &str) -> Edit {
        let plain = !word.contains(['"', '\'', self.variables.escape()]);
        if plain && self.source.is_written(&span, word) {
            Ok(span)
        } else {
            Err(Uneditable::NotVerbatim)
        }
    }
}

/// Of each `--mount` with a source: where the source is, the source, and the whole value of the flag.
fn mounts<'f, 'a>(
    options: &'f [Flag<'a>],
) -> impl Iterator<Item = (usize, &'f str, &'f UnescapedString<'a>)> {
    let values = options.iter().filter(|flag| flag.name.value == "mount");
    values.filter_map(|flag| flag.value.as_ref()).flat_map(|whole| {
        let mut start = whole.span.start;
        whole.value.split(',').filter_map(move |field| {
            let at = start;
            start += field.len() + 1;
            let field = field.trim_start_matches('"');
            let (key, from) = field.split_once('=')?;
            let wanted = key.eq_ignore_ascii_case("from") && !from.is_empty();
            wanted.then_some((at + key.len() + 1, from, whole))
        })
    })
}

fn wrong(source: &Source<'_>, at: usize, reason: &str) -> Error {
    Error::Dockerfile { at: source.place(1, at), reason: reason.to_owned() }
}

const SCRATCH: &str = "scratch";
