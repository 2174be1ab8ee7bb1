//! What rules want to know about the files of an archive or image, kept while they stream by.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chainsign_core::digest::ArtifactDigests;
use chainsign_gosbom::{self as gosbom, GoBinary};
use serde::{Deserialize, Serialize};

use crate::archive::{ArchiveLimit, ArchiveLimits, Fault, InnerContent, InnerFile, Permissions};
use crate::image::Layer;

/// What is inside an archive or image.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Inside {
    /// The Go programs, and those that may be Go and cannot be read, in the order in which they were
    /// found.
    pub programs: Vec<Program>,
    /// What could not be looked into. Unless it is empty, there may be more than is listed here.
    pub faults: Vec<InnerFault>,
    /// How many files there are, hard links and the files of inner archives included.
    pub files: u64,
    /// Shells: files that can be run and have the name of one.
    pub shells: Noted,
    /// Programs that install packages, likewise.
    pub package_managers: Noted,
    /// Files that give rights to whoever runs them. See [`Permissions::elevate`].
    pub elevated: Noted,
    /// Files of which it is not known whether they do.
    pub unknown_permissions: Noted,
    /// Certificates of authorities, in the places where Go looks for them on Linux.
    pub ca_certificates: Noted,
}

impl Inside {
    /// Nothing but a fault of the whole: what was found before it is not to be believed.
    pub(crate) fn fault(kind: FaultKind, fault: impl fmt::Display) -> Self {
        let fault = InnerFault::new("", kind, fault.to_string());
        Inside { faults: vec![fault], ..Inside::default() }
    }
}

/// A program inside an archive or image.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Program {
    /// Its path: `packages/app.deb!usr/bin/app`. Bytes that are not UTF-8 appear as `\xNN`.
    pub path: String,
    /// The other names of the same file.
    pub other_paths: Vec<String>,
    /// The layer that it comes from, in an image.
    pub layer: Option<Arc<Layer>>,
    /// Its digests, of the algorithms that were asked for.
    pub digests: ArtifactDigests,
    /// What is in it, or why a program that may be Go cannot be read.
    pub content: Result<GoBinary, gosbom::Error>,
}

impl Program {
    /// Puts together what was not read from an archive: for tests and examples.
    pub fn new(
        path: impl Into<String>,
        digests: ArtifactDigests,
        content: Result<GoBinary, gosbom::Error>,
    ) -> Self {
        let (path, other_paths) = (path.into(), Vec::new());
        Program { path, other_paths, layer: None, digests, content }
    }
}

/// Something inside that could not be looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InnerFault {
    /// The path of an archive inside; empty for the whole.
    pub path: String,
    /// What it means.
    pub kind: FaultKind,
    /// Why not.
    pub reason: String,
}

/// What it means that something could not be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum FaultKind {
    /// It is at fault: two readers could come to different files.
    Malformed,
    /// A limit was reached.
    Limit,
}

impl InnerFault {
    /// Puts together what was not read from an archive: for tests and examples.
    pub fn new(path: impl Into<String>, kind: FaultKind, reason: impl Into<String>) -> Self {
        InnerFault { path: path.into(), kind, reason: reason.into() }
    }
}

impl fmt::Display for InnerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.reason)
    }
}

/// Files of one kind: how many there are, and the paths of the first hundred.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Noted {
    /// The first ones, in the order in which they were found.
    pub first: Vec<String>,
    /// All of them.
    pub count: u64,
}

impl Noted {
    /// Takes note of one more.
    pub fn add(&mut self, path: impl Into<String>) {
        if self.first.len() < NOTED {
            self.first.push(path.into());
        }
        self.count += 1;
    }
}

/// Takes files as they come.
pub(crate) struct Collector<'a> {
    inside: Inside,
    limits: &'a ArchiveLimits,
    /// Where a program is in the list: by the archives it is in and its path there.
    programs: HashMap<(Vec<String>, String), usize>,
    too_many: bool,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(limits: &'a ArchiveLimits) -> Self {
        Collector { inside: Inside::default(), limits, programs: HashMap::new(), too_many: false }
    }

    pub(crate) fn finish(self) -> Inside {
        self.inside
    }

    pub(crate) fn take(&mut self, file: InnerFile, layer: Option<&Arc<Layer>>) {
        let path = file.to_string();
        self.inside.files += 1;
        // Inner archives are files of another place.
        if file.within.is_empty() {
            self.note(&path, &file);
        }
        let key = (file.within, file.path);
        match file.content {
            InnerContent::GoBinary { digests, binary } => {
                self.program(
                    key,
                    Program { layer: layer.cloned(), ..Program::new(path, digests, Ok(binary)) },
                );
            }
            InnerContent::NotGo { digests, reason } if may_be_go(&reason) => {
                let program = Program::new(path, digests, Err(reason));
                self.program(key, Program { layer: layer.cloned(), ..program });
            }
            InnerContent::HardLink { target } => {
                if let Some(&known) = self.programs.get(&(key.0, target)) {
                    self.inside.programs[known].other_paths.push(path);
                }
            }
            InnerContent::Archive(Err(fault)) => self.fault(path, &fault),
            _ => {}
        }
    }

    fn program(&mut self, key: (Vec<String>, String), program: Program) {
        let allowed = self.limits.programs;
        if self.inside.programs.len() < allowed {
            self.programs.insert(key, self.inside.programs.len());
            self.inside.programs.push(program);
        } else if !std::mem::replace(&mut self.too_many, true) {
            let (limit, allowed) = (ArchiveLimit::Programs, allowed as u64);
            self.fault(String::new(), &Fault::LimitReached { limit, allowed });
        }
    }

    fn fault(&mut self, path: String, fault: &Fault) {
        if self.inside.faults.len() < NOTED {
            self.inside.faults.push(InnerFault::new(path, kind(fault), fault.to_string()));
        }
    }

    fn note(&mut self, path: &str, file: &InnerFile) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let linked = matches!(file.content, InnerContent::HardLink { .. });
        let runs = linked || may_run(file.permissions);
        if runs && SHELLS.contains(&name) {
            self.inside.shells.add(path);
        }
        if runs && PACKAGE_MANAGERS.contains(&name) {
            self.inside.package_managers.add(path);
        }
        match file.permissions.elevate() {
            _ if linked => {}
            Some(true) => self.inside.elevated.add(path),
            Some(false) => {}
            None => self.inside.unknown_permissions.add(path),
        }
        let in_folder = || CA_FOLDERS.iter().any(|folder| path.starts_with(folder));
        if (file.size > 0 || linked) && (CA_FILES.contains(&path) || in_folder()) {
            self.inside.ca_certificates.add(path);
        }
    }
}

/// What a fault of an archive means.
pub(crate) fn kind(fault: &Fault) -> FaultKind {
    match fault {
        Fault::LimitReached { .. } => FaultKind::Limit,
        _ => FaultKind::Malformed,
    }
}

/// Whether somebody may run it. What is not known is taken for yes.
fn may_run(permissions: Permissions) -> bool {
    permissions.mode.is_none_or(|mode| mode & 0o111 != 0)
}

/// Whether a file without readable build information may be Go nevertheless.
pub(crate) fn may_be_go(reason: &gosbom::Error) -> bool {
    !matches!(reason, gosbom::Error::NotExecutable { .. } | gosbom::Error::NotGo { .. })
}

/// Names of shells, and of the programs that are one among other things.
const SHELLS: [&str; 20] = [
    "ash",
    "bash",
    "busybox",
    "cmd.exe",
    "csh",
    "dash",
    "elvish",
    "fish",
    "ksh",
    "mksh",
    "nu",
    "powershell.exe",
    "pwsh",
    "pwsh.exe",
    "rbash",
    "sh",
    "tcsh",
    "toybox",
    "yash",
    "zsh",
];
const PACKAGE_MANAGERS: [&str; 14] = [
    "apk", "apt", "apt-get", "brew", "dnf", "dnf5", "dpkg", "microdnf", "opkg", "pacman", "rpm",
    "tdnf", "yum", "zypper",
];
/// Go 1.26, `crypto/x509/root_linux.go`: `certFiles`.
const CA_FILES: [&str; 6] = [
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/ca-bundle.pem",
    "etc/pki/tls/cacert.pem",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/ssl/cert.pem",
];
/// `certDirectories` there.
const CA_FOLDERS: [&str; 2] = ["etc/ssl/certs/", "etc/pki/tls/certs/"];
/// Paths kept of each kind: enough for a report.
const NOTED: usize = 100;
