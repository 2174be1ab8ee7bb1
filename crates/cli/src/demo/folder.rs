use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::files::{self, Output};

/// The demo's folder: new, or an earlier demo's, which is emptied.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, or empties an earlier demo's.
    ///
    /// # Errors
    /// `demo-folder` for a folder with other things in it; `unwritable`.
    pub fn prepare(path: &Path) -> Result<Self, Failure> {
        let failed =
            |error: std::io::Error| files::folder_failure("unwritable", "use", path, &error);
        if path.exists() {
            let empty = std::fs::read_dir(path).map_err(failed)?.next().is_none();
            if !empty && !path.join(MARK).is_file() {
                let message = format!("{} has other things in it than a demo's", path.display());
                return Err(Failure::undecided("demo-folder", message)
                    .hint("name another folder: --directory DIR"));
            }
            std::fs::remove_dir_all(path).map_err(failed)?;
        }
        files::make_folder(path)?;
        let folder = Folder(path.to_owned());
        folder.write(
            MARK,
            b"Made by `chainsign demo`, which empties this folder when it runs again.\n",
        )?;
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A folder in it.
    ///
    /// # Errors
    /// `unwritable`.
    pub fn folder(&self, name: &str) -> Result<Folder, Failure> {
        let path = self.0.join(name);
        std::fs::create_dir_all(&path).map_err(|error| {
            Failure::because("unwritable", &format!("cannot make {}", path.display()), &error)
        })?;
        Ok(Folder(path))
    }

    /// Writes a file into it.
    ///
    /// # Errors
    /// `unwritable`.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
        Output::prepare(&self.0.join(name))?.write(bytes)
    }

    /// Copies a file into it, under its own name.
    ///
    /// # Errors
    /// `unreadable`, `unwritable`.
    pub fn copy(&self, from: &Path) -> Result<PathBuf, Failure> {
        let named = from.file_name().ok_or_else(|| {
            Failure::undecided("unreadable", format!("{} is not a file", from.display()))
        })?;
        let to = self.0.join(named);
        std::fs::copy(from, &to).map_err(|error| {
            let doing = format!("cannot copy {} to {}", from.display(), to.display());
            Failure::because("unreadable", &doing, &error)
        })?;
        Ok(to)
    }
}

const MARK: &str = ".chainsign-demo";
