//! Provenance of jobs, from what their CI systems tell them.

mod names;
mod shapes;
mod values;
mod written;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::statement::{Statement, Subject};
use chainsign_slsa::ci::{Ci, Described, NamedVariable, Show, Stated, describe, detect};
use chainsign_slsa::{BuilderId, Error, OnCommitMismatch, Predicate, Provenance, generate, read};
use serde_json::Value;

/// The commit that all jobs build.
const COMMIT: &str = "99617f4070c9fa4928704dbc89884a8a0000ca9f";
const OTHER: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";
const BUILDER: &str = "https://ci.acme.example/builders/release";
const REPOSITORY: &str = "https://github.com/acme/shipcheck";

/// A job in `testdata/ci`.
#[derive(Clone, Debug)]
struct Job {
    ci: Ci,
    environment: BTreeMap<String, String>,
    claims: Option<BTreeMap<String, String>>,
    stated: Stated,
}

impl Job {
    fn load(name: &str) -> Self {
        let folder = root().join("testdata/ci").join(name);
        let environment = fs::read_to_string(folder.join("environment")).unwrap();
        let environment = environment.lines().map(|line| line.split_once('=').unwrap());
        let environment: BTreeMap<_, _> =
            environment.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let claims = fs::read(folder.join("claims.json")).ok().map(|bytes| {
            let claims: BTreeMap<String, Value> = serde_json::from_slice(&bytes).unwrap();
            let text = |value: Value| value.as_str().map_or(value.to_string(), str::to_owned);
            claims.into_iter().map(|(name, value)| (name, text(value))).collect()
        });
        let found = detect(&|name| environment.get(name).cloned()).unwrap();
        let ci = found.unwrap_or(Ci::Generic);
        let mut stated = Stated::default();
        // What these systems do not say of themselves.
        if matches!(ci, Ci::Tekton | Ci::Jenkins | Ci::Generic) {
            stated.builder_id = Some(BuilderId(BUILDER.to_owned()));
        }
        if matches!(ci, Ci::Tekton | Ci::CloudBuild | Ci::Generic) {
            stated.repository = Some(REPOSITORY.parse().unwrap());
        }
        if matches!(ci, Ci::Tekton | Ci::Generic) {
            stated.reference = Some("refs/tags/v1.4.2".parse().unwrap());
            stated.commit = Some(COMMIT.parse().unwrap());
        }
        Job { ci, environment, claims, stated }
    }

    fn described(&self) -> Result<Described, Error> {
        let environment = |name: &str| self.environment.get(name).cloned();
        let claims = self.claims.as_ref();
        let claims = claims.map(|claims| move |name: &str| claims.get(name).cloned());
        let claims = claims.as_ref().map(|claims| claims as &dyn Fn(&str) -> Option<String>);
        describe(self.ci, &environment, claims, &self.stated)
    }

    fn predicate(&self) -> Predicate {
        let facts = self.described().unwrap().facts;
        generate(&facts, &[], OnCommitMismatch::Refuse).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::to_value(self.predicate()).unwrap()
    }

    fn view(&self) -> Provenance {
        let subject = Subject::new("app", &ArtifactDigest::sha256(b"app").into());
        let predicate = self.predicate().to_json().unwrap();
        read(&Statement::new(vec![subject], Predicate::predicate_type(), predicate)).unwrap()
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    fn naming(mut self, variables: &[(&str, Show)]) -> Self {
        let named = variables.iter();
        let named =
            named.map(|(name, show)| NamedVariable { name: (*name).to_owned(), show: *show });
        self.stated.variables = named.collect();
        self
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn jobs() -> Vec<(String, Job)> {
    let folders = fs::read_dir(root().join("testdata/ci")).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), Job::load(&name))).collect()
}
