//! `advisories.md` is complete and names cases that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::cases;

const TABLE: &str = include_str!("advisories.md");

/// The second column names cases in backticks; a case citing an advisory is in its row.
#[test]
fn every_case_that_the_table_names_exists_and_the_other_way_round() {
    let names: BTreeSet<_> =
        cases::all_with_good().cases.into_iter().map(|case| (case.name, case.why)).collect();
    let mut missing = Vec::new();
    for (_, place) in rows() {
        for name in place.split('`').skip(1).step_by(2) {
            let is_case = name.contains('-') && !name.contains(['.', ':', '/']);
            if is_case && !names.iter().any(|(case, _)| *case == name) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "no such cases: {missing:?}");
    for (name, why) in &names {
        for id in ids(why) {
            let row = rows().find(|(row, _)| *row == id);
            let row = row.unwrap_or_else(|| panic!("{name} cites {id}, which has no row"));
            assert!(row.1.contains(&format!("`{name}`")), "{name} cites {id}; its row does not");
        }
    }
}

/// The list of the field's advisories lies beside the repository.
#[test]
fn every_advisory_of_the_field_has_a_row() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/facts/refusals.md");
    let Ok(list) = fs::read_to_string(&list) else {
        println!("skipped: no list of advisories at {}", list.display());
        return;
    };
    let family = list.split("### C.1").nth(1).unwrap().split("### C.2").next().unwrap();
    let rows: BTreeSet<_> = rows().map(|(id, _)| id).collect();
    let missing: BTreeSet<_> =
        ids(family).into_iter().filter(|id| !rows.contains(id.as_str())).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = TABLE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.filter_map(|row| row.split_once(" | ")).filter(|(id, _)| *id != "id")
}

/// GitHub's identifiers and those of the audit, anywhere in a text.
fn ids(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let is_id = |word: &&str| {
        (word.starts_with("GHSA-") && word.len() == 19) || word.starts_with("TOB-SIGSTORE-")
    };
    let id = |word: &str| word.trim_end_matches('-').to_owned();
    words.filter(is_id).map(id).filter(|id| id != "TOB-SIGSTORE").collect()
}
