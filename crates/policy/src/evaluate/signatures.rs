//! Who signed the artifact itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use chainsign_core::predicate::COSIGN_SIGN;

use super::authority::Mismatch;
use super::case::Case;
use super::missing::Missing;
use super::{SIGNATURES, line};
use crate::evidence::{Claim, Testimony};
use crate::language::Via;
use crate::model::{Authority, Signatures, SignerTree};
use crate::verdict::{Reason, Rule, RuleId};

/// Evaluates the tree of authorities on the signatures over the artifact.
pub(super) fn rule(wanted: &Signatures, case: &Case<'_>, denied: &[&Testimony]) -> Rule {
    let tree = &wanted.tree;
    let all: Vec<_> = case.evidence.iter().copied().filter(|it| is_signature(it)).collect();
    let counts = |it: &&&Testimony| it.via.is_none() || wanted.via == Some(Via::Checksums);
    let signatures: Vec<_> = all.iter().filter(counts).copied().collect();
    let reading = Given { signatures: &signatures, case }.read(tree);
    let id = RuleId::new(SIGNATURES);
    if reading.met {
        return Rule::pass(id, format!("signed by {}", reading.described))
            .with(reading.lines())
            .relying_on(reading.places(case));
    }
    // Some of several signers are there: that says more than why the others are not.
    if !reading.used.is_empty() {
        let Reading { found, wanted, described, .. } = &reading;
        let message =
            format!("not signed by {described}: found {found} of the {wanted} that are wanted");
        return Rule::fail(id, Reason::TooFewSigners, message)
            .compared(found, wanted)
            .with(reading.lines())
            .relying_on(reading.places(case))
            .with(Mismatch::lines(&reading.mismatches))
            .hint("the other signers have to sign, too; what they signed may be in another place");
    }
    let otherwise = match case.evidence.len() {
        0 => "found no signature over the artifact".to_owned(),
        1 => "found no signature over the artifact, only an attestation about it".to_owned(),
        more => format!("found no signature over the artifact, only {more} attestations about it"),
    };
    let rule = Missing {
        id,
        what: format!("a signature by {}", reading.described),
        by: &authorities(tree),
        mismatches: reading.mismatches,
        claimed: &|claim| match claim {
            Claim::Signature | Claim::Unknown => true,
            Claim::Attestation(predicate_type) => *predicate_type == COSIGN_SIGN,
        },
        denied: denied.iter().copied().filter(|it| is_signature(it)).collect(),
        otherwise: (Reason::NoSignature, otherwise),
    }
    .rule(case);
    match all.iter().find(|it| it.via.is_some()).filter(|_| wanted.via.is_none()) {
        Some(listed) => rule.with([line(listed)]).hint(
            "a signature over a list of checksums counts where the policy says `signatures.via: \
             checksums`",
        ),
        None => rule,
    }
}

/// A signature over the artifact: its bytes, or the statement in which cosign signs an image.
fn is_signature(testimony: &Testimony) -> bool {
    testimony.statement().is_none_or(|statement| statement.predicate_type == COSIGN_SIGN)
}

/// The signatures, to be held against a tree.
struct Given<'a> {
    signatures: &'a [&'a Testimony],
    case: &'a Case<'a>,
}

/// What a tree came to.
struct Reading<'a> {
    met: bool,
    /// How many of its branches were met, and how many must be.
    found: usize,
    wanted: usize,
    /// The tree in words.
    described: String,
    /// The signatures that met an authority, by their place and the authority's name.
    used: BTreeMap<(usize, String), &'a Testimony>,
    mismatches: Vec<Mismatch>,
}

impl Reading<'_> {
    fn lines(&self) -> impl Iterator<Item = String> {
        self.used.iter().map(|((_, authority), it)| format!("{authority}: {}", line(it)))
    }

    fn places(&self, case: &Case<'_>) -> impl Iterator<Item = usize> {
        self.used.values().filter_map(|it| case.place(it))
    }
}

impl<'a> Given<'a> {
    /// Recursion is bounded by the nesting that the YAML reader allows.
    fn read(&self, tree: &SignerTree) -> Reading<'a> {
        let all = |trees: &[SignerTree]| trees.iter().map(|tree| self.read(tree)).collect();
        match tree {
            SignerTree::Authority(authority) => self.one(authority),
            SignerTree::All(trees) => {
                let readings: Vec<Reading<'a>> = all(trees);
                let (found, wanted) = (met(&readings), readings.len());
                combined(readings, found, wanted, "all of")
            }
            SignerTree::Any(trees) => {
                let readings: Vec<Reading<'a>> = all(trees);
                let found = met(&readings);
                combined(readings, found, 1, "any of")
            }
            SignerTree::AtLeast { count, of } => {
                let readings: Vec<_> = of.iter().map(|authority| self.one(authority)).collect();
                let found = distinct_pairs(&readings);
                combined(readings, found, *count, &format!("at least {count} distinct signers of"))
            }
        }
    }

    fn one(&self, authority: &Arc<Authority>) -> Reading<'a> {
        let (mut used, mut mismatches) = (BTreeMap::new(), Vec::new());
        for (index, signature) in self.signatures.iter().enumerate() {
            match authority.meets(signature, self.case) {
                Ok(()) => drop(used.insert((index, authority.name.clone()), *signature)),
                Err(mismatch) => mismatches.push(mismatch),
            }
        }
        Reading {
            met: !used.is_empty(),
            found: usize::from(!used.is_empty()),
            wanted: 1,
            described: authority.name.clone(),
            used,
            mismatches,
        }
    }
}

fn met(readings: &[Reading<'_>]) -> usize {
    readings.iter().filter(|reading| reading.met).count()
}

fn combined<'a>(readings: Vec<Reading<'a>>, found: usize, wanted: usize, how: &str) -> Reading<'a> {
    let parts: Vec<_> = readings.iter().map(|reading| reading.described.as_str()).collect();
    let described = format!("{how} ({})", parts.join(", "));
    let (mut used, mut mismatches) = (BTreeMap::new(), Vec::new());
    for reading in readings {
        used.extend(reading.used);
        mismatches.extend(reading.mismatches);
    }
    Reading { met: found >= wanted, found, wanted, described, used, mismatches }
}

/// How many pairs of an authority and a signer there are when each may be in one pair only.
fn distinct_pairs(readings: &[Reading<'_>]) -> usize {
    let signers = |reading: &Reading<'_>| -> Vec<String> {
        reading.used.values().map(|it| it.signer.counted()).collect()
    };
    largest_matching(&readings.iter().map(signers).collect::<Vec<_>>())
}

/// The size of the largest set of pairs (row, a value of that row) in which no row and no value
/// stands twice (Kuhn's algorithm). It does not depend on the order of rows or values.
fn largest_matching(rows: &[Vec<String>]) -> usize {
    let mut taken = BTreeMap::new();
    (0..rows.len()).filter(|row| augment(rows, *row, &mut taken, &mut Vec::new())).count()
}

/// Looks for a free value for the row, moving earlier rows to other values. At most as deep as
/// there are rows: the authorities of one list.
fn augment<'a>(
    rows: &'a [Vec<String>],
    row: usize,
    taken: &mut BTreeMap<&'a str, usize>,
    seen: &mut Vec<&'a str>,
) -> bool {
    for value in &rows[row] {
        if seen.contains(&value.as_str()) {
            continue;
        }
        seen.push(value);
        let free = match taken.get(value.as_str()).copied() {
            None => true,
            Some(other) => augment(rows, other, taken, seen),
        };
        if free {
            taken.insert(value, row);
            return true;
        }
    }
    false
}

fn authorities(tree: &SignerTree) -> Vec<Arc<Authority>> {
    match tree {
        SignerTree::Authority(authority) => vec![authority.clone()],
        SignerTree::All(trees) | SignerTree::Any(trees) => {
            trees.iter().flat_map(authorities).collect()
        }
        SignerTree::AtLeast { of, .. } => of.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::largest_matching;

    #[test]
    fn authorities_and_signers_count_once_whatever_their_order() {
        let of = |rows: &[&[&str]]| {
            let row = |row: &&[&str]| row.iter().map(|it| (*it).to_owned()).collect();
            largest_matching(&rows.iter().map(row).collect::<Vec<Vec<String>>>())
        };
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[&["a"], &["a"]]), 1);
        assert_eq!(of(&[&["a", "b"], &["a"]]), 2);
        assert_eq!(of(&[&["a", "b"], &["a"], &["b"]]), 2);
        assert_eq!(of(&[&["a", "b", "c"], &["a", "b"], &["a"]]), 3);
    }
}
