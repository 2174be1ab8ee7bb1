//! `demo`

use std::io;

use chainsign_gosbom::GoBinary;
use jiff::Timestamp;
use serde::Serialize;

use super::report::json::VerdictJson;
use super::report::view::{Run, Target, Weakened};
use super::report::{html, tree};
use super::{printed, sign};
use crate::commands::inspect::Inspected;
use crate::demo::{self, DemoRequest, Scene, Shown};
use crate::failure::{Exit, Failure};
use crate::files::Output;
use crate::flags::facts::DemoFlags;
use crate::printer::{ERROR, FAINT, GOOD, HEADING, OutputFormat, Printer, paint};

/// Runs the demo and prints each scene as it happens.
///
/// # Errors
/// As [`demo::run`].
pub async fn run(flags: DemoFlags, printer: &Printer, now: Timestamp) -> Result<Exit, Failure> {
    let DemoFlags { artifact, seed, directory, .. } = flags;
    let text = printer.format == OutputFormat::Text;
    let mut written = Ok(());
    let mut number = 0;
    if text {
        printed(printer.data(format!(
            "{}\nEverything is real and on this machine; nothing leaves it.",
            paint(
                HEADING,
                "A release, signed, described, verified, and four lies about it caught."
            )
        )))?;
    }
    let request = DemoRequest { artifact, seed, directory, now };
    let shown = demo::run(request, |scene| {
        if text && written.is_ok() {
            written = tell(printer, &scene, &mut number);
        }
    })
    .await?;
    printed(written)?;
    let decided = std::iter::once(&shown.honest).chain(shown.lies.iter().map(|lie| &lie.outcome));
    let report = html::page(&Run { decided: Ok(decided.collect()), weakened: Weakened::default() });
    Output::prepare(&shown.directory.join(REPORT))?.write(report.as_bytes())?;
    printed(if text { closing(printer, &shown) } else { printer.json(&ShownJson::from(&shown)) })
}

fn tell(printer: &Printer, scene: &Scene<'_>, number: &mut usize) -> io::Result<()> {
    let mut heading = |text: &str| {
        *number += 1;
        printer.data(format!("\n{}", paint(HEADING, &format!("{number}. {text}"))))
    };
    match scene {
        Scene::Binary { path, inspected } => {
            heading("A Go binary")?;
            if let Inspected::GoBinary { size, binary } = inspected {
                printer.data(format!("   {} ({size} bytes)", path.display()))?;
                binary_lines(binary).iter().try_for_each(|line| printer.data(line))?;
            }
            Ok(())
        }
        Scene::Sandbox { url } => {
            heading("A Sigstore of its own")?;
            printer.data(format!(
                "   {url} serves OIDC, Fulcio, a CT log, Rekor and a timestamp authority"
            ))
        }
        Scene::Signed { what, file } => {
            if *what == "signature" {
                heading("Signed and attested, keyless")?;
            }
            let done = if *what == "signature" { "signed" } else { "attested" };
            let mut lines = sign::lines(&format!("{done} ({what})"), file).into_iter();
            lines.try_for_each(|line| printer.data(format!("   {line}")))
        }
        Scene::Policy { path, changes } => {
            heading("A policy")?;
            printer.data(format!(
                "   {} is policies/go-release.yaml with these lines replaced:",
                path.display()
            ))?;
            for change in *changes {
                printer.data(paint(ERROR, &format!("   - {}", change.before)))?;
                if let Some(after) = &change.after {
                    printer.data(paint(GOOD, &format!("   + {after}")))?;
                }
            }
            Ok(())
        }
        Scene::Verdict(outcome) => {
            heading("Verified: what was attested is what is there")?;
            let lines = tree::target_lines(&Target(outcome), None);
            lines.iter().try_for_each(|line| printer.data(format!("   {line}")))
        }
        Scene::Lie(caught) => {
            heading(&format!("A lie: {}", caught.told))?;
            let refused = paint(ERROR, "refused");
            printer.data(format!("   {refused} by {} ({})", caught.rule, caught.reason))?;
            printer.data(format!("     {}", caught.message))?;
            printer.data(format!("   {} when it is undone", paint(GOOD, "passes")))
        }
    }
}

fn closing(printer: &Printer, shown: &Shown) -> io::Result<()> {
    let folder = shown.directory.display();
    printer.data(format!("\n{}", paint(HEADING, "Look at the verdicts")))?;
    printer.data(format!("   {folder}/{REPORT}: every check behind each, for a browser"))?;
    printer.data(format!("\n{}", paint(HEADING, "Repeat it by hand")))?;
    printer.data(format!(
        "   All files are in {folder}; repeat.sh there runs these steps:\n   cd {folder}"
    ))?;
    for step in &shown.steps {
        if !step.about.is_empty() {
            let no = if step.exit == Exit::No { " (exit 1)" } else { "" };
            printer.data(paint(FAINT, &format!("   # {}{no}", step.about)))?;
        }
        printer.data(format!("   {}", step.command))?;
    }
    Ok(())
}

fn binary_lines(binary: &GoBinary) -> Vec<String> {
    let mut lines = Vec::new();
    for slice in &binary.slices {
        let mut what: Vec<String> = Vec::new();
        what.extend(slice.build_info.go_version().map(ToString::to_string));
        what.push(super::go_card::platform(slice));
        let facts = &slice.facts;
        let fact = |fact: Option<bool>, word: &str| (fact == Some(true)).then(|| word.to_owned());
        what.extend(fact(facts.linkage.is_static(), "static"));
        what.extend(fact(facts.stripped, "stripped"));
        let Ok(modules) = slice.build_info.modules() else { continue };
        if let Some(main) = &modules.main {
            lines.push(format!("   {} {}", main.path, main.version));
        }
        lines.push(format!("   {}", what.join(", ")));
        if let Some(commit) = modules.vcs_revision() {
            let clean = match modules.vcs_modified() {
                Some(false) => ", clean tree",
                Some(true) => ", modified tree",
                None => "",
            };
            let time = modules.vcs_time().map_or_else(String::new, |time| format!(" of {time}"));
            lines.push(format!("   commit {commit}{time}{clean}"));
        }
        let settings = ["-trimpath", "CGO_ENABLED", "-ldflags"].into_iter();
        let settings: Vec<_> = settings
            .filter_map(|key| modules.setting(key).map(|value| format!("{key}={value}")))
            .collect();
        lines.push(format!("   {} modules, {}", modules.deps.len(), settings.join(" ")));
        let names: Vec<_> =
            modules.deps.iter().map(|dep| format!("{}@{}", dep.path, dep.version)).collect();
        lines.extend(names.chunks(3).map(|row| paint(FAINT, &format!("     {}", row.join("  ")))));
    }
    lines
}

#[derive(Serialize)]
struct ShownJson {
    schema: &'static str,
    directory: String,
    report: String,
    verdict: Option<VerdictJson>,
    lies: Vec<LieJson>,
    steps: Vec<StepJson>,
}

#[derive(Serialize)]
struct LieJson {
    lie: &'static str,
    told: String,
    outcome: &'static str,
    rule: String,
    reason: String,
    message: String,
    undone: &'static str,
    verdict: Option<VerdictJson>,
}

#[derive(Serialize)]
struct StepJson {
    about: String,
    command: String,
    exit: u8,
}

impl From<&Shown> for ShownJson {
    fn from(shown: &Shown) -> Self {
        let lie = |caught: &demo::Caught| LieJson {
            lie: caught.lie.name(),
            told: caught.told.clone(),
            outcome: "fail",
            rule: caught.rule.clone(),
            reason: caught.reason.clone(),
            message: caught.message.clone(),
            undone: "pass",
            verdict: VerdictJson::of(&Target(&caught.outcome)),
        };
        let step = |step: &demo::Step| StepJson {
            about: step.about.clone(),
            command: step.command.clone(),
            exit: step.exit.code(),
        };
        ShownJson {
            schema: "chainsign.demo/v1",
            directory: shown.directory.display().to_string(),
            report: shown.directory.join(REPORT).display().to_string(),
            verdict: VerdictJson::of(&Target(&shown.honest)),
            lies: shown.lies.iter().map(lie).collect(),
            steps: shown.steps.iter().map(step).collect(),
        }
    }
}

const REPORT: &str = "report.html";
