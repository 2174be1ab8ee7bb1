use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chainsign_artifact::{ArtifactFacts, OpenArtifact};
use chainsign_core::digest::DigestAlgorithm;
use chainsign_gosbom::Depth;
use chainsign_policy::testing::{
    CaseArtifact, CaseOutcome, CaseResult, Mutation, SignedDocument, Suite, SuiteFiles,
};
use chainsign_policy::verdict::PolicyIdentity;
use chainsign_policy::{Origin, PolicyFiles};

use super::{Beside, bad_policy};
use crate::commands::verify::documents;
use crate::commands::verify::opened::Opened;
use crate::commands::{artifact, sbom};
use crate::failure::{Exit, Failure};
use crate::files;
use crate::flags::policy::Mutations;

/// Test files to run.
#[derive(Debug)]
pub struct TestRequest {
    /// The files.
    pub files: Vec<PathBuf>,
    /// What is done about fields that no case tests.
    pub mutations: Mutations,
}

/// What came of a test file.
#[derive(Debug)]
pub struct Tested {
    /// The file.
    pub path: PathBuf,
    /// What came of its cases, or why it does not load.
    pub ran: Result<Ran, Failure>,
}

/// What came of the cases of a test file.
#[derive(Debug)]
pub struct Ran {
    /// The policy.
    pub policy: PolicyIdentity,
    /// Each case, in the order of the file.
    pub cases: Vec<CaseResult>,
    /// Each change of the policy. `None` where none was asked for.
    pub mutations: Option<Vec<Mutation>>,
    /// Whether a field that no case tests is a fault.
    pub untested: Untested,
}

/// What a field is that no case tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untested {
    /// Something to know.
    Note,
    /// A fault.
    Fault,
}

impl Tested {
    /// Its part of the exit code.
    pub fn exit(&self) -> Exit {
        match &self.ran {
            Err(failure) => failure.exit,
            Ok(ran) => ran.exit(),
        }
    }
}

impl Ran {
    /// The changes that no case noticed.
    pub fn untested(&self) -> impl Iterator<Item = &Mutation> {
        self.mutations.iter().flatten().filter(|mutation| mutation.is_untested())
    }

    fn exit(&self) -> Exit {
        let of_case = |case: &CaseResult| match case.outcome {
            CaseOutcome::AsExpected(_) => Exit::Yes,
            CaseOutcome::Otherwise(..) => Exit::No,
            _ => Exit::Undecided,
        };
        let untested = match self.untested {
            Untested::Fault if self.untested().next().is_some() => Exit::No,
            _ => Exit::Yes,
        };
        self.cases.iter().map(of_case).max().unwrap_or(Exit::Undecided).max(untested)
    }
}

/// Runs every case of every file, also behind one that does not load. Facts are read from the
/// artifacts, and real bundles are verified, as `verify` does.
pub fn test(request: &TestRequest) -> Vec<Tested> {
    let test = |path: &PathBuf| {
        let ran = run(path, request.mutations);
        Tested { path: path.clone(), ran }
    };
    request.files.iter().map(test).collect()
}

fn run(path: &Path, mutations: Mutations) -> Result<Ran, Failure> {
    let yaml = files::read("policy test", path)?;
    let files = Files::beside(path);
    let suite = Suite::load(&yaml, &files).map_err(|error| bad_policy(path, &error))?;
    let run = suite.run();
    Ok(Ran {
        policy: run.policy().identity().clone(),
        cases: run.results().to_vec(),
        mutations: (mutations != Mutations::Off).then(|| run.mutations()),
        untested: match mutations {
            Mutations::Require => Untested::Fault,
            Mutations::Off | Mutations::Report => Untested::Note,
        },
    })
}

/// The files that a test file names.
struct Files {
    beside: Beside,
    /// An artifact is read once, however many cases are about it.
    facts: RefCell<BTreeMap<ReadAs, Arc<ArtifactFacts>>>,
}

/// An artifact, and the algorithms of the digests that were wanted.
type ReadAs = (CaseArtifact, Vec<DigestAlgorithm>);

impl Files {
    fn beside(path: &Path) -> Self {
        Files { beside: Beside::of(path), facts: RefCell::default() }
    }
}

impl PolicyFiles for Files {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.beside.read(path)
    }
}

impl SuiteFiles for Files {
    fn documents(&self, path: &str) -> io::Result<Vec<SignedDocument>> {
        let found = documents::read(&[self.beside.folder.join(path)]);
        let documents = found.map_err(|failure| io::Error::other(failure.message))?.into_iter();
        let document = |it: documents::Document| SignedDocument {
            origin: Origin::new(it.origin),
            material: it.material,
        };
        Ok(documents.map(document).collect())
    }

    fn facts(
        &self,
        artifact: &CaseArtifact,
        documents: &[SignedDocument],
        depth: Depth,
    ) -> io::Result<Arc<ArtifactFacts>> {
        let materials = documents.iter().filter_map(|document| document.material.as_ref().ok());
        let algorithms = documents::digest_algorithms(materials);
        let key = (artifact.clone(), algorithms.clone());
        if let Some(facts) = self.facts.borrow().get(&key) {
            return Ok(facts.clone());
        }
        let read = || {
            let limits = sbom::limits(depth);
            let path = self.beside.folder.join(&artifact.path);
            let opened = match artifact.alterations.as_slice() {
                [] => Opened::open(&path, &limits)?,
                alterations => Opened::File(altered(&path, alterations)?),
            };
            opened.facts(algorithms, &limits)
        };
        let facts = read().map_err(|failure: Failure| io::Error::other(failure.message))?;
        let facts = Arc::new(facts);
        self.facts.borrow_mut().insert(key, facts.clone());
        Ok(facts)
    }
}

/// A copy of a file in which texts are replaced by others of the same length.
fn altered(path: &Path, alterations: &[(String, String)]) -> Result<OpenArtifact, Failure> {
    let bytes = artifact::open(path)?.bytes(ALTERED_BYTES);
    let mut bytes = bytes.map_err(|error| artifact::failure(&error))?;
    for (text, by) in alterations {
        let places: Vec<_> = memchr::memmem::find_iter(&bytes, text).collect();
        if places.is_empty() {
            let message =
                format!("{} does not hold {text:?}, which is to be altered", path.display());
            return Err(Failure::undecided("bad-policy", message));
        }
        for place in places {
            bytes[place..place + by.len()].copy_from_slice(by.as_bytes());
        }
    }
    let spooled = || -> io::Result<std::fs::File> {
        let mut file = tempfile::tempfile()?;
        file.write_all(&bytes)?;
        file.rewind()?;
        Ok(file)
    };
    let file = spooled().map_err(|error| {
        Failure::because("unwritable", "cannot write an altered copy of the artifact", &error)
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    OpenArtifact::from_file(&*name, file).map_err(|error| artifact::failure(&error))
}

/// An altered artifact is made in memory.
const ALTERED_BYTES: usize = 256 << 20;
