//! Which names are asked for, and that nothing else gets out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use chainsign_slsa::ci::{Ci, describe};
use chainsign_slsa::{OnCommitMismatch, generate};
use proptest::prelude::*;

use super::{Job, jobs};

#[test]
fn only_the_listed_names_are_asked_for() {
    let mut asked: BTreeMap<Ci, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for (_, job) in jobs() {
        let asked = RefCell::new(asked.entry(job.ci).or_default());
        let environment = |name: &str| {
            asked.borrow_mut().0.insert(name.to_owned());
            job.environment.get(name).cloned()
        };
        let claims = |name: &str| {
            asked.borrow_mut().1.insert(name.to_owned());
            job.claims.as_ref()?.get(name).cloned()
        };
        describe(job.ci, &environment, Some(&claims), &job.stated).unwrap();
    }
    for ci in Ci::ALL {
        let (variables, claims) = asked.remove(&ci).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(variables, names(ci.variables()), "{ci}");
        assert_eq!(claims, names(ci.claims()), "{ci}");
    }
}

/// No name is asked for in vain: another value gives other provenance, or is refused.
#[test]
fn every_listed_name_counts() {
    let jobs = jobs();
    let outcome = |job: &Job| job.described().map(|it| format!("{:?}", it.facts));
    let mut idle = Vec::new();
    for ci in Ci::ALL {
        let of_ci: Vec<_> = jobs.iter().map(|(_, job)| job).filter(|job| job.ci == ci).collect();
        for name in ci.variables() {
            let changed = |job: &&&Job| {
                let bare = Job { claims: None, ..(**job).clone() };
                outcome(&bare.clone().set(name, "changed/value@1")) != outcome(&bare)
            };
            if !of_ci.iter().any(|job| changed(&job)) {
                idle.push(format!("{ci} {name}"));
            }
        }
        for name in ci.claims() {
            let changed = |job: &&&Job| {
                let mut other = (**job).clone();
                let Some(claims) = &mut other.claims else { return false };
                // An issuer that is GitHub's own says more than another.
                let value = if *name == "iss" { "https://a.example/_services/token" } else { "x" };
                claims.insert((*name).to_owned(), value.to_owned());
                outcome(&other) != outcome(job)
            };
            if !of_ci.iter().any(|job| changed(&job)) {
                idle.push(format!("{ci} {name}"));
            }
        }
    }
    assert_eq!(idle, [""; 0]);
}

#[test]
fn no_recorded_secret_gets_out() {
    for (name, job) in jobs() {
        let described = job.described().unwrap();
        let text = format!("{}{described:?}", job.json());
        assert!(!text.contains("SECRET-"), "{name}: {text}");
        let secrets = job.environment.values().filter(|value| value.contains("SECRET-")).count();
        assert!(secrets >= 1, "{name} has no secret to keep");
    }
}

proptest! {
    /// Whatever the environment and the token have beside the listed names.
    #[test]
    fn no_unlisted_value_gets_out(index in 0usize..18, secret in "[a-zA-Z0-9]{12,40}") {
        let (_, job) = jobs().swap_remove(index);
        let secret = format!("hidden-{secret}");
        let listed = |names: &[&str], name: &str| names.contains(&name);
        let environment = |name: &str| match listed(job.ci.variables(), name) {
            true => job.environment.get(name).cloned(),
            false => Some(secret.clone()),
        };
        let claims = |name: &str| match listed(job.ci.claims(), name) {
            true => job.claims.as_ref()?.get(name).cloned(),
            false => Some(secret.clone()),
        };
        let described = describe(job.ci, &environment, Some(&claims), &job.stated).unwrap();
        let predicate = generate(&described.facts, &[], OnCommitMismatch::Refuse).unwrap();
        let text = format!("{}{described:?}", predicate.to_json().unwrap());
        prop_assert!(!text.contains(&secret), "{}", text);
    }
}
