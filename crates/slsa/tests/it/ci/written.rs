//! What is written for every job, and what is read back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use chainsign_slsa::ci::{Ci, FieldKind, Origin};

use super::{COMMIT, Job, jobs, root};

#[test]
fn every_job_has_its_provenance() {
    let jobs = jobs();
    assert_eq!(jobs.len(), 18);
    for (name, job) in jobs {
        let described = job.described().unwrap();
        let predicate = job.predicate();
        let mut text = serde_json::to_string_pretty(&predicate).unwrap();
        for field in described.explain(&predicate) {
            let origins: Vec<_> = field.origins.iter().map(ToString::to_string).collect();
            text.push_str(&format!("\n{} <- {}", field.path, origins.join(", ")));
            for it in field.overruled {
                text.push_str(&format!("\n  not {}: {}", it.origin, it.value));
            }
        }
        insta::assert_snapshot!(format!("ci-{name}"), text);
    }
}

#[test]
fn what_is_written_is_read_back() {
    for (name, job) in jobs() {
        let (facts, view) = (job.described().unwrap().facts, job.view());
        assert_eq!(view.source, facts.source, "{name}");
        assert_eq!(view.source.commit.as_ref().unwrap().as_str(), COMMIT, "{name}");
        let no_ref = name == "jenkins-change";
        assert_eq!(view.source.reference.is_none(), no_ref, "{name}");
        assert_eq!(view.builder_id, Some(facts.builder_id), "{name}");
        assert_eq!(view.build_type, Some(facts.build_type), "{name}");
        assert_eq!(view.external_parameters.len(), facts_parameters(&job), "{name}");
        assert_eq!(view.invocation_id, facts.invocation_id, "{name}");
        assert_eq!(view.started_on, facts.started_on, "{name}");
        assert_eq!(view.finished_on, facts.finished_on, "{name}");
        let entry_point = !matches!(name.as_str(), "generic" | "cloud-build-inline");
        assert_eq!(view.entry_point.is_some(), entry_point, "{name}");
        assert_eq!(view.uninterpreted_parameters, [""; 0], "{name}");
        for (parameter, value) in facts.internal_parameters {
            assert_eq!(view.internal_parameters.get(&parameter), Some(&value), "{name}");
        }
    }
}

fn facts_parameters(job: &Job) -> usize {
    let own = matches!(job.ci, Ci::Tekton | Ci::Jenkins | Ci::Generic);
    job.described().unwrap().facts.external_parameters.len() + usize::from(own)
}

/// The table of docs/provenance.md: for each kind of value and each system, what said it in one of
/// the jobs. Written anew with `SNAPSHOTS=overwrite`.
#[test]
fn the_documented_table_is_what_the_code_does() {
    let mut cells: BTreeMap<(FieldKind, Ci), BTreeSet<Origin>> = BTreeMap::new();
    let mut build_types = BTreeMap::new();
    for (_, job) in jobs() {
        let described = job.described().unwrap();
        build_types.insert(job.ci, described.facts.build_type.0);
        for field in described.fields {
            let said =
                field.origins.into_iter().chain(field.overruled.into_iter().map(|it| it.origin));
            cells.entry((field.kind, job.ci)).or_default().extend(said);
        }
    }
    let systems = [Ci::Github, Ci::Gitlab, Ci::CloudBuild, Ci::Tekton, Ci::Jenkins];
    let kinds = [
        (FieldKind::BuildType, "`buildType`"),
        (FieldKind::BuilderId, "`builder.id`"),
        (FieldKind::BuilderVersion, "`builder.version`"),
        (FieldKind::Repository, "source repository"),
        (FieldKind::Reference, "source ref"),
        (FieldKind::Commit, "source commit"),
        (FieldKind::EntryPoint, "entry point"),
        (FieldKind::Internal, "`internalParameters`"),
        (FieldKind::Invocation, "`invocationId`"),
        (FieldKind::Started, "`startedOn`"),
    ];
    let known: BTreeSet<_> = cells.keys().map(|(kind, _)| *kind).collect();
    assert_eq!(known, kinds.iter().map(|(kind, _)| *kind).collect());
    let cell = |kind: FieldKind, ci: Ci| -> String {
        if kind == FieldKind::BuildType {
            return format!("`{}`", build_types[&ci].trim_start_matches("https://"));
        }
        let origins = cells.get(&(kind, ci)).cloned().unwrap_or_default();
        let origin = |origin: &Origin| match origin {
            Origin::Claim(name) => format!("*{name}*"),
            Origin::Variable(name) => format!("`{name}`"),
            Origin::Stated => "stated".to_owned(),
            other => panic!("{other}"),
        };
        let origins: Vec<_> = origins.iter().map(origin).collect();
        if origins.is_empty() { "–".to_owned() } else { origins.join(", ") }
    };
    let mut table = "| | GitHub Actions | GitLab | Cloud Build | Tekton | Jenkins |\n".to_owned();
    table.push_str("|---|---|---|---|---|---|\n");
    for (kind, label) in kinds {
        let row: Vec<_> = systems.into_iter().map(|ci| cell(kind, ci)).collect();
        table.push_str(&format!("| {label} | {} |\n", row.join(" | ")));
    }
    let path = root().join("docs/provenance.md");
    let text = fs::read_to_string(&path).unwrap();
    let variables = Ci::ALL.into_iter().flat_map(Ci::variables).map(|name| format!("`{name}`"));
    let claims = Ci::ALL.into_iter().flat_map(Ci::claims).map(|name| format!("*{name}*"));
    let unnamed: Vec<_> = variables.chain(claims).filter(|name| !text.contains(name)).collect();
    assert_eq!(unnamed, [""; 0], "looked at, and not documented");
    let (before, rest) = text.split_once("<!-- fields -->\n").unwrap();
    let (found, after) = rest.split_once("<!-- /fields -->").unwrap();
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(&path, format!("{before}<!-- fields -->\n{table}<!-- /fields -->{after}"))
            .unwrap();
        return;
    }
    assert_eq!(found, table, "run this test with SNAPSHOTS=overwrite");
}
