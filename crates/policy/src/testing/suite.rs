//! Test files of policies: cases with real or assumed evidence, and what must come of each.

mod prepare;
mod resolve;

use std::io;
use std::sync::Arc;

use chainsign_artifact::ArtifactFacts;
use chainsign_core::material::SignedMaterial;
use chainsign_core::trust::TrustedRoot;
use chainsign_gosbom::Depth;

use super::TestVerdict;
use super::mutation::{self, Mutation};
use crate::error::LoadError;
use crate::evidence::Origin;
use crate::language::SuiteDocument;
use crate::load::{self, Below};
use crate::plan::PreparedRoots;
use crate::policy::{Policy, PolicyFiles};
use crate::verdict::{Outcome, Rule};
pub(super) use prepare::Prepared;
use resolve::Resolved;

/// What the cases of a test file need from outside.
///
/// Contract: paths are relative to the folder of the test file unless they are absolute.
pub trait SuiteFiles: PolicyFiles {
    /// The documents of a file with evidence. Those that cannot be read are among them.
    ///
    /// # Errors
    /// Whatever kept the file from being read.
    fn documents(&self, path: &str) -> io::Result<Vec<SignedDocument>>;

    /// The facts of an artifact: its SHA-256 and the digests that the documents speak of, and what
    /// is inside to this depth. What is to be altered and is not there is an error.
    ///
    /// # Errors
    /// Whatever kept them from being read.
    fn facts(
        &self,
        artifact: &CaseArtifact,
        documents: &[SignedDocument],
        depth: Depth,
    ) -> io::Result<Arc<ArtifactFacts>>;
}

/// An artifact that a case names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct CaseArtifact {
    /// Its path.
    pub path: String,
    /// Texts in it that are replaced before anything is read from it, each by one of the same
    /// length in bytes, everywhere.
    pub alterations: Vec<(String, String)>,
}

/// A document that may be evidence.
#[derive(Debug)]
pub struct SignedDocument {
    /// Where it was found.
    pub origin: Origin,
    /// What it says, or why it cannot be read.
    pub material: Result<SignedMaterial, chainsign_core::Error>,
}

/// A test file and its policy, loaded.
pub struct Suite<'a> {
    cases: Vec<Resolved>,
    policy: Policy,
    yaml: Vec<u8>,
    path: String,
    root: Option<TrustedRoot>,
    /// Each root is parsed once, however many cases and mutations there are.
    roots: PreparedRoots,
    files: &'a dyn SuiteFiles,
}

/// A test file whose cases were run.
pub struct SuiteRun<'a> {
    suite: Suite<'a>,
    prepared: Vec<Result<Prepared, LoadError>>,
    results: Vec<CaseResult>,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseResult {
    /// The case.
    pub name: String,
    /// What the case expects, in words.
    pub expected: String,
    /// What came of it.
    pub outcome: CaseOutcome,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseOutcome {
    /// What the case expects.
    AsExpected(CaseVerdict),
    /// Something else: each difference, in words.
    Otherwise(CaseVerdict, Vec<String>),
    /// It could not be run.
    NotRun(LoadError),
}

/// What a policy says about a case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseVerdict {
    /// It was evaluated.
    Evaluated(Box<TestVerdict>),
    /// The policy is about other targets: in words.
    NotMatched(String),
}

impl<'a> Suite<'a> {
    /// Loads a test file, the policy and the trusted root that it names.
    ///
    /// # Errors
    /// As [`Policy::parse`] has them for YAML, keys and values, and for files that are named;
    /// [`LoadError::NoCase`]; [`LoadError::InPolicy`] for a policy that does not load.
    pub fn load(yaml: &[u8], files: &'a dyn SuiteFiles) -> Result<Self, LoadError> {
        let document: SuiteDocument = load::read(yaml, "PolicyTest")?;
        let path = &document.policy;
        let policy_yaml = load::read_file(path, files)?;
        let policy = Policy::parse(&policy_yaml, &Below::new(path, files)).map_err(|error| {
            LoadError::InPolicy { path: path.value.clone(), error: Box::new(error) }
        })?;
        let root = document.root.as_ref().map(|path| load::read_root(path, None, files));
        Ok(Suite {
            cases: resolve::resolve(&document)?,
            policy,
            yaml: policy_yaml,
            path: path.value.clone(),
            root: root.transpose()?,
            roots: PreparedRoots::default(),
            files,
        })
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Runs every case, also those behind one that cannot be run.
    pub fn run(self) -> SuiteRun<'a> {
        let prepare = |case: &Resolved| Prepared::new(case, &self);
        let prepared: Vec<_> = self.cases.iter().map(prepare).collect();
        let result = |(case, prepared): (&Resolved, &Result<Prepared, LoadError>)| CaseResult {
            name: case.name.clone(),
            expected: case.expected.to_string(),
            outcome: match prepared {
                Err(error) => CaseOutcome::NotRun(error.clone()),
                Ok(prepared) => self.outcome(case, prepared),
            },
        };
        let results = self.cases.iter().zip(&prepared).map(result).collect();
        SuiteRun { suite: self, prepared, results }
    }

    fn outcome(&self, case: &Resolved, prepared: &Prepared) -> CaseOutcome {
        let verdict = match prepared.judge(&self.policy, self.root.as_ref(), &self.roots) {
            Ok(verdict) => verdict,
            Err(error) => return CaseOutcome::NotRun(error),
        };
        let differences = case.expected.differences(&verdict);
        match differences.is_empty() {
            true => CaseOutcome::AsExpected(verdict),
            false => CaseOutcome::Otherwise(verdict, differences),
        }
    }

    pub(super) fn root(&self) -> Option<&TrustedRoot> {
        self.root.as_ref()
    }

    /// The roots that were prepared.
    pub(super) fn roots(&self) -> &PreparedRoots {
        &self.roots
    }

    /// The text of the policy.
    pub(super) fn yaml(&self) -> &[u8] {
        &self.yaml
    }

    /// Loads another text in the policy's place.
    pub(super) fn load_instead(&self, yaml: &[u8]) -> Result<Policy, LoadError> {
        Policy::parse(yaml, &Below::new(&self.path, self.files))
    }
}

impl SuiteRun<'_> {
    /// What came of each case, in the order of the file.
    pub fn results(&self) -> &[CaseResult] {
        &self.results
    }

    /// Whether every case came out as it expects.
    pub fn as_expected(&self) -> bool {
        self.results.iter().all(|it| matches!(it.outcome, CaseOutcome::AsExpected(_)))
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.suite.policy
    }

    /// Gives every field of the policy wrong values in turn, takes out in turn what need not be
    /// there, and runs the cases again: a change that no case notices is not tested.
    ///
    /// Only cases that came out as expected take part. Facts and evidence are those of the run;
    /// real documents are verified anew under each changed policy.
    pub fn mutations(&self) -> Vec<Mutation> {
        let fine = |(result, _): &(&CaseResult, &Result<Prepared, LoadError>)| {
            matches!(result.outcome, CaseOutcome::AsExpected(_))
        };
        let cases: Vec<_> = self
            .results
            .iter()
            .zip(&self.prepared)
            .filter(fine)
            .filter_map(|(_, prepared)| prepared.as_ref().ok())
            .collect();
        mutation::run(&self.suite, &cases)
    }
}

impl CaseVerdict {
    /// One word: `pass`, `fail`, `error`, `skipped` or `not-matched`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Evaluated(verdict) => verdict.outcome().as_str(),
            Self::NotMatched(_) => "not-matched",
        }
    }

    /// The rules that are a cause of the outcome: what only follows from another is not among them.
    pub fn causes(&self) -> impl Iterator<Item = &Rule> {
        let verdict = match self {
            Self::Evaluated(verdict) => Some(verdict),
            Self::NotMatched(_) => None,
        };
        let violations = verdict.into_iter().flat_map(|verdict| verdict.report().violations());
        violations.filter(|rule| rule.because.is_none())
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Evaluated(verdict) => Some(verdict.outcome()),
            Self::NotMatched(_) => None,
        }
    }
}
