//! The Go programs that the artifact is, or that are in it.

use chainsign_artifact::{
    ArtifactFacts, Content, FaultKind, ImageContent, InnerFault, Inside, Program,
};
use chainsign_core::digest::ArtifactDigests;
use chainsign_gosbom::{
    BinaryFacts, BuildInfo, Error as GoError, GoBinary, GoSlice, SecondRecords,
};

use crate::verdict::{Outcome, Reason};

/// The artifact as Go programs.
pub(crate) enum GoView<'a> {
    /// There are some, and all of them can be read.
    Programs(Programs<'a>),
    /// There are none, or there is something that cannot be read.
    Absent(Absent),
}

/// Go programs: all there are.
pub(crate) struct Programs<'a> {
    /// In an archive or image, or the artifact itself.
    pub(crate) place: Place,
    pub(crate) programs: Vec<GoProgram<'a>>,
    /// The Go images of all programs.
    pub(crate) images: Vec<GoImage<'a>>,
    /// What else is in universal files.
    pub(crate) others: Vec<String>,
}

/// Where the programs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The artifact is the program.
    Itself,
    /// In an archive or package.
    Archive,
    /// In a container image.
    Image,
}

/// One file with Go in it.
pub(crate) struct GoProgram<'a> {
    /// Its paths in the archive or image, without a slash before them. Empty for the artifact itself.
    pub(crate) paths: Vec<&'a str>,
    pub(crate) digests: &'a ArtifactDigests,
}

/// One Go image: all there is in a file, except in universal ones.
pub(crate) struct GoImage<'a> {
    /// Begins every message about this image. Empty when it is the artifact.
    pub(crate) label: String,
    /// The program, by its place in the list.
    pub(crate) program: usize,
    pub(crate) build_info: &'a BuildInfo,
    pub(crate) facts: &'a BinaryFacts,
    /// What else says which modules are in it, where that was read.
    pub(crate) second_records: Option<&'a SecondRecords>,
}

/// Why there is nothing to look at.
pub(crate) struct Absent {
    /// Whether the artifact is certainly not of the kind that is looked for, and has none in it.
    pub(crate) certainly_not: bool,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

impl<'a> GoView<'a> {
    pub(crate) fn of(facts: &'a ArtifactFacts) -> Self {
        match &facts.content {
            Content::GoBinary(binary) => {
                let mut all = Programs::new(Place::Itself);
                all.add(String::new(), Vec::new(), &facts.digests, binary);
                GoView::Programs(all)
            }
            Content::NotGo(error) => GoView::Absent(Absent::of(error, "")),
            Content::Archive(archive) => Self::inside(Place::Archive, [("", &archive.inside)]),
            Content::Images(images) => match faulty(images) {
                Some(absent) => GoView::Absent(absent),
                None => {
                    let labels = platforms(images);
                    let all = labels.iter().map(String::as_str);
                    let inside = images.images.iter().map(|image| &image.inside);
                    Self::inside(Place::Image, all.zip(inside))
                }
            },
            _ => Self::nothing(),
        }
    }

    /// For listing the rules of a policy, and for content that nobody knows.
    pub(crate) fn nothing() -> Self {
        let message = "what is inside the artifact is not understood here".to_owned();
        GoView::Absent(Absent::error(Reason::BuildInfoUnreadable, message))
    }

    fn inside<'l>(place: Place, parts: impl IntoIterator<Item = (&'l str, &'a Inside)>) -> Self {
        let mut all = Programs::new(place);
        let mut files = 0;
        for (label, inside) in parts {
            if let Some(fault) = inside.faults.first() {
                return GoView::Absent(Absent::fault(fault, place, label));
            }
            for program in &inside.programs {
                let label = format!("{label}{}: ", program.path);
                match &program.content {
                    Ok(binary) => all.add(label, paths(program), &program.digests, binary),
                    Err(error) => return GoView::Absent(Absent::of(error, &label)),
                }
            }
            files += inside.files;
        }
        if all.programs.is_empty() {
            return GoView::Absent(Absent {
                certainly_not: true,
                outcome: Outcome::Fail,
                reason: Reason::NotGo,
                message: format!(
                    "found no Go program among the {files} files of the {}",
                    place.word()
                ),
            });
        }
        GoView::Programs(all)
    }
}

impl Place {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Itself => "artifact",
            Self::Archive => "archive",
            Self::Image => "image",
        }
    }
}

/// Why nothing can be said about what is in images, whatever is in those that are there.
pub(crate) fn faulty(images: &ImageContent) -> Option<Absent> {
    if let Some(fault) = &images.fault {
        return Some(Absent::fault(fault, Place::Image, ""));
    }
    if images.images.is_empty() && images.absent.is_empty() {
        let message = "nothing was read of the image but its digest".to_owned();
        return Some(Absent::error(Reason::ImageIncomplete, message));
    }
    let (absent, more) = images.absent.split_first()?;
    let platform = absent.platform.as_ref();
    let platform = platform.map_or_else(String::new, |platform| format!(" for {platform}"));
    let more = match more.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("the index names {}{platform}{more}, which is not here", absent.digest);
    Some(Absent::error(Reason::ImageIncomplete, message))
}

/// What begins every message about an image: its platform, where there are several.
pub(crate) fn platforms(images: &ImageContent) -> Vec<String> {
    let several = images.images.len() > 1;
    let label = |platform: String| if several { format!("{platform}: ") } else { String::new() };
    images.images.iter().map(|image| label(image.facts.platform.to_string())).collect()
}

fn paths(program: &Program) -> Vec<&str> {
    let others = program.other_paths.iter().map(String::as_str);
    std::iter::once(program.path.as_str()).chain(others).collect()
}

impl<'a> Programs<'a> {
    /// `1 Go program`, `2 Go programs`
    pub(crate) fn number(&self) -> String {
        match self.programs.len() {
            1 => "1 Go program".to_owned(),
            several => format!("{several} Go programs"),
        }
    }

    fn new(place: Place) -> Self {
        Programs { place, programs: Vec::new(), images: Vec::new(), others: Vec::new() }
    }

    fn add(
        &mut self,
        label: String,
        paths: Vec<&'a str>,
        digests: &'a ArtifactDigests,
        binary: &'a GoBinary,
    ) {
        let program = self.programs.len();
        self.programs.push(GoProgram { paths, digests });
        let several = binary.slices.len() > 1;
        let image = |slice: &'a GoSlice| GoImage {
            label: match slice.facts.arch {
                _ if !several => label.clone(),
                Some(arch) => format!("{label}the image for {arch}: "),
                None => format!("{label}the image at offset {}: ", slice.offset),
            },
            program,
            build_info: &slice.build_info,
            facts: &slice.facts,
            second_records: slice.second_records.as_ref(),
        };
        self.images.extend(binary.slices.iter().map(image));
        let others = binary.other_slices.iter();
        self.others.extend(others.map(|it| format!("{label}offset {}: {}", it.offset, it.reason)));
    }
}

impl Absent {
    fn of(error: &GoError, label: &str) -> Self {
        let (certainly_not, outcome, reason) = match error {
            GoError::NotExecutable { .. } | GoError::NotGo { .. } => {
                (true, Outcome::Fail, Reason::NotGo)
            }
            GoError::NoBuildInfo { .. } => (false, Outcome::Fail, Reason::NoBuildInfo),
            _ => (false, Outcome::Error, Reason::BuildInfoUnreadable),
        };
        Absent { certainly_not, outcome, reason, message: format!("{label}{error}") }
    }

    /// Whatever two readers could read in two ways fails every rule that looks inside; a
    /// limit that was reached leaves it undecided.
    pub(crate) fn fault(fault: &InnerFault, place: Place, label: &str) -> Self {
        let (outcome, reason) = match fault.kind {
            FaultKind::Limit => (Outcome::Error, Reason::LimitReached),
            _ => (Outcome::Fail, Reason::ContentNotBelieved),
        };
        let message = format!("{label}the {} cannot be believed: {fault}", place.word());
        Absent { certainly_not: false, outcome, reason, message }
    }

    fn error(reason: Reason, message: String) -> Self {
        Absent { certainly_not: false, outcome: Outcome::Error, reason, message }
    }
}
