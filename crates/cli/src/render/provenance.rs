//! `provenance`

use chainsign_slsa::ci::{Ci, Field, FieldKind, Origin};

use crate::commands::provenance::{Made, TokenRead, provenance as make_provenance};
use crate::failure::{Exit, Failure};
use crate::files::Output;
use crate::flags::provenance::ProvenanceFlags;
use crate::printer::{FAINT, HEADING, Printer, paint};
use crate::resolve::provenance::provenance as resolve_provenance;

/// Makes the document and writes it; says what was overruled, and with `--explain` where each value
/// is from.
///
/// # Errors
/// As [`make_provenance`]; `unwritable`, before anything is asked or read.
pub async fn provenance(flags: ProvenanceFlags, printer: &Printer) -> Result<Exit, Failure> {
    let output = flags.output.as_deref().map(Output::prepare).transpose()?;
    let explain = flags.explain;
    let made = make_provenance(&resolve_provenance(flags)?).await?;
    if explain {
        table(&made).iter().for_each(|line| printer.note(line));
    }
    warnings(&made).iter().for_each(|line| printer.warning(line));
    if !made.passed_over.is_empty() {
        let counted = made.passed_over.iter().map(|(kind, count)| format!("{count} {kind}"));
        let counted = counted.collect::<Vec<_>>().join(", ");
        printer.note(format!("not subjects: {counted}"));
    }
    match output {
        Some(output) => output.write(&made.document).map(|_| Exit::Yes),
        None => super::printed(printer.bytes(&made.document)),
    }
}

/// What did not count although it was said.
fn warnings(made: &Made) -> Vec<String> {
    let claimed = |field: &&Field| field.origins.iter().any(|it| matches!(it, Origin::Claim(_)));
    let mut warnings = Vec::new();
    for field in made.fields.iter().filter(claimed) {
        warnings.extend(field.overruled.iter().map(|it| {
            let path = &field.path;
            format!("the {} says {:?}: the token counts for {path}", it.origin, it.value)
        }));
    }
    for (who, commit) in &made.overridden {
        warnings
            .push(format!("{who} says commit {commit}: --source-commit counts, both are recorded"));
    }
    warnings
}

/// A line for each value, and what all this is worth.
fn table(made: &Made) -> Vec<String> {
    let rows: Vec<[String; 3]> = made.fields.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (paths, origins) = (width(0).unwrap_or_default(), width(1).unwrap_or_default());
    let line = |row: &[String; 3]| {
        let [path, origin, value] = row;
        format!("{path:<paths$}  {origin:<origins$}  {value}").trim_end().to_owned()
    };
    let heading = line(&["field", "from", "value"].map(str::to_owned));
    let mut lines = vec![paint(HEADING, &heading)];
    for (field, row) in made.fields.iter().zip(&rows) {
        lines.push(line(row));
        lines.extend(
            field
                .overruled
                .iter()
                .map(|it| paint(FAINT, &format!("{:paths$}  not {}: {}", "", it.origin, it.value))),
        );
    }
    lines.push(worth(made).to_owned());
    lines
}

fn row(field: &Field) -> [String; 3] {
    let claims = field.origins.iter().filter_map(|origin| match origin {
        Origin::Claim(name) => Some(*name),
        _ => None,
    });
    let claims: Vec<_> = claims.collect();
    let others = field.origins.iter().filter_map(|origin| match origin {
        Origin::Claim(_) => None,
        Origin::Variable(name) => Some(format!("${name}")),
        Origin::Stated => Some(flag(field.kind).to_owned()),
        other => Some(other.to_string()),
    });
    let claims = (!claims.is_empty()).then(|| format!("claim {}", claims.join(" ")));
    let origins = claims.into_iter().chain(others).collect::<Vec<_>>().join(", ");
    [field.path.clone(), origins, field.value.clone()]
}

/// The flag that states such a value.
fn flag(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::BuildType => "--build-type",
        FieldKind::BuilderId => "--builder-id",
        FieldKind::Repository => "--source-uri",
        FieldKind::Reference => "--source-ref",
        FieldKind::Commit => "--source-commit",
        FieldKind::Parameter => "--parameter",
        FieldKind::Invocation => "--invocation-id",
        FieldKind::Started => "--started-on",
        FieldKind::Finished => "--finished-on",
        _ => "stated",
    }
}

/// docs/provenance.md says this at length.
fn worth(made: &Made) -> &'static str {
    match (made.token, made.ci) {
        (TokenRead::Yes, _) => {
            "claims are the platform's word once the signer's certificate shows the same; \
             variables are what the job's steps let through"
        }
        (TokenRead::Missing, Ci::Github) => {
            "no identity token: all of this is what the job's steps let through (add `permissions: \
             id-token: write`)"
        }
        (TokenRead::Missing, _) => {
            "no identity token: all of this is what the job's steps let through (add `id_tokens: \
             SIGSTORE_ID_TOKEN: aud: sigstore`)"
        }
        (TokenRead::NotOffered, _) => {
            "all of this is what the caller and the job's steps say: it is worth what its signer is"
        }
    }
}
