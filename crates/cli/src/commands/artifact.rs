//! Opening what was named on the command line.

use std::io::{self, Seek as _};
use std::path::Path;

use chainsign_artifact::{Error, FileKind, OpenArtifact};

use crate::failure::{Failure, with_causes};
use crate::files;

/// Opens a file once, or takes standard input for `-`, through an unnamed temporary file.
///
/// # Errors
/// `no-such-file`, `not-a-file`, `unreadable`; `bad-flag` for standard input when something else has
/// read it.
pub fn open(path: &Path) -> Result<OpenArtifact, Failure> {
    if path != Path::new("-") {
        return OpenArtifact::open(path).map_err(|error| failure(&error));
    }
    let mut input = files::standard_input("artifact")?;
    let mut spooled = || -> io::Result<std::fs::File> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut input, &mut file)?;
        file.rewind()?;
        Ok(file)
    };
    let file = spooled().map_err(|error| {
        Failure::because("unreadable", "cannot take standard input into a temporary file", &error)
    })?;
    OpenArtifact::from_file("standard input", file).map_err(|error| failure(&error))
}

/// An artifact error with its exit code and advice.
pub fn failure(error: &Error) -> Failure {
    let message = with_causes(error);
    match error {
        Error::NotFound { .. } => Failure::undecided("no-such-file", message)
            .hint("check the path; - reads standard input"),
        Error::NotAFile { found: FileKind::Directory, .. } => {
            Failure::undecided("not-a-file", message).hint("name the files in it")
        }
        Error::NotAFile { .. } => Failure::undecided("not-a-file", message)
            .hint("name a file; - reads standard input, once"),
        Error::Archive { .. } => Failure::undecided("bad-archive", message)
            .hint("unpack it with a tool that you trust, and name the folder"),
        Error::Image { .. } => Failure::undecided("bad-image", message)
            .hint("write the image anew; if it stays so, with another tool"),
        Error::Changed { .. } => Failure::undecided("changed-while-read", message)
            .hint("wait until nothing writes to the file any more, then try again"),
        Error::TooLarge { .. } => Failure::undecided("limit-reached", message),
        Error::OtherArtifact { .. } => Failure::no("other-artifact", message),
        Error::Write { .. } => Failure::undecided("unwritable", message),
        _ => Failure::undecided("unreadable", message),
    }
}
