//! The verbs of `policy`

use std::io;
use std::path::Path;

use chainsign_policy::testing::{
    CaseOutcome, CaseResult, CaseVerdict, FieldChange, Mutation, MutationResult,
};
use chainsign_policy::{Mode, Policy, PolicySet};
use jiff::Timestamp;
use serde::Serialize;

use super::{FailureJson, counted, printed, report};
use crate::commands::policy::{self, Checked, Initialised, TestRequest, Tested};
use crate::failure::{Exit, Failure};
use crate::flags::policy::{DocumentKind, PolicyCommand};
use crate::printer::{ERROR, FAINT, GOOD, HEADING, OutputFormat, Printer, WARNING, paint};
use crate::resolve;

/// `policy`
///
/// # Errors
/// What concerns the whole command; what concerns one file is in its outcome.
pub fn run(command: PolicyCommand, printer: &Printer, now: Timestamp) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Init(flags) => {
            let request = resolve::policy::init(flags, now)?;
            printed(initialised(printer, &policy::init(&request)?))
        }
        PolicyCommand::Replay(flags) => report::replay(flags, printer),
        PolicyCommand::Check(flags) => {
            let checked = policy::check(&flags.files);
            printed(checks(printer, &checked, now))?;
            let loads = checked.iter().all(|it| it.policies.is_ok());
            Ok(if loads { Exit::Yes } else { Exit::Undecided })
        }
        PolicyCommand::Explain(flags) => {
            let loaded = policy::load(&flags.file)?;
            printed(explained(printer, &flags.file, &loaded.set, now))
        }
        PolicyCommand::Test(flags) => {
            let request = TestRequest { files: flags.files, mutations: flags.mutations };
            let tested = policy::test(&request);
            printed(tests(printer, &tested))?;
            Ok(tested.iter().map(Tested::exit).max().unwrap_or(Exit::Undecided))
        }
        PolicyCommand::Schema(flags) => printed(printer.data(schema(flags.kind).trim_end())),
    }
}

/// The JSON Schema of a kind of document.
pub fn schema(kind: DocumentKind) -> String {
    match kind {
        DocumentKind::Policy => chainsign_policy::json_schema(),
        DocumentKind::PolicySet => chainsign_policy::set_json_schema(),
        DocumentKind::PolicyTest => chainsign_policy::test_json_schema(),
    }
}

fn initialised(printer: &Printer, it: &Initialised) -> io::Result<()> {
    for note in &it.notes {
        printer.warning(note);
    }
    printer.note(
        "hint: look at every authority before you rely on it: was it who should have signed?",
    );
    if it.written.is_empty() {
        return printer.bytes(it.yaml.as_bytes());
    }
    it.written.iter().try_for_each(|path| printer.data(path.display().to_string()))
}

fn checks(printer: &Printer, checked: &[Checked], now: Timestamp) -> io::Result<()> {
    if printer.format == OutputFormat::Json {
        let files = checked.iter().map(|it| CheckedJson::new(it, now)).collect();
        return printer.json(&ChecksJson { schema: "chainsign.policy-check/v1", files });
    }
    for Checked { path, policies } in checked {
        let path = path.display();
        match policies {
            Err(failure) => {
                printer.data(format!("{} {path}", paint(ERROR, "error")))?;
                printer.failure(failure);
            }
            Ok(policies) => {
                for policy in policies.policies() {
                    let rules = counted(policy.rule_ids().len(), "rule", "rules");
                    let title = title(policy);
                    printer.data(format!("{} {path}: {title}, {rules}", paint(GOOD, "loads")))?;
                    for lint in policy.lints(now) {
                        printer.warning(format!("{path}: {lint}"));
                    }
                }
            }
        }
    }
    Ok(())
}

fn explained(
    printer: &Printer,
    path: &Path,
    policies: &PolicySet,
    now: Timestamp,
) -> io::Result<()> {
    if printer.format == OutputFormat::Json {
        let policies = policies.policies().iter().map(|it| PolicyJson::new(it, now)).collect();
        let file = path.display().to_string();
        return printer.json(&ExplainedJson {
            schema: "chainsign.policy-explain/v1",
            file,
            policies,
        });
    }
    for policy in policies.policies() {
        printer.data(format!("{} {}", paint(HEADING, &title(policy)), consequence(policy)))?;
        let explained = policy.explain();
        let width = explained.iter().map(|it| it.id.as_str().len()).max().unwrap_or(0);
        for rule in explained {
            let id = format!("{:width$}", rule.id.as_str());
            printer.data(format!("  {}  {}", paint(FAINT, &id), rule.text))?;
        }
        for lint in policy.lints(now) {
            printer.warning(lint.to_string());
        }
    }
    Ok(())
}

fn title(policy: &Policy) -> String {
    let identity = policy.identity();
    let version =
        identity.version.map_or_else(String::new, |version| format!(" version {version}"));
    format!("{}{version}, mode {}", identity.name, identity.mode.as_str())
}

fn consequence(policy: &Policy) -> &'static str {
    match policy.identity().mode {
        Mode::Enforce => "- an artifact passes when all of this holds:",
        Mode::Warn => "- it is shown when any of this does not hold, and denies nothing:",
        Mode::Audit => "- it is recorded when any of this does not hold, and denies nothing:",
    }
}

fn tests(printer: &Printer, tested: &[Tested]) -> io::Result<()> {
    if printer.format == OutputFormat::Json {
        let outcome = word(tested.iter().map(Tested::exit).max().unwrap_or(Exit::Undecided));
        let files = tested.iter().map(TestedJson::from).collect();
        return printer.json(&TestsJson { schema: "chainsign.policy-test/v1", outcome, files });
    }
    tested.iter().try_for_each(|it| tested_lines(printer, it))
}

fn tested_lines(printer: &Printer, tested: &Tested) -> io::Result<()> {
    let path = tested.path.display();
    let ran = match &tested.ran {
        Ok(ran) => ran,
        Err(failure) => {
            printer.data(format!("{} {path}", mark(Exit::Undecided)))?;
            printer.failure(failure);
            return Ok(());
        }
    };
    let cases = ran.cases.len();
    let policy = &ran.policy.name;
    printer.data(format!("{} {path}: {cases} cases of {policy}", mark(tested.exit())))?;
    for case in &ran.cases {
        let CaseResult { name, expected, outcome, .. } = case;
        match outcome {
            CaseOutcome::AsExpected(_) => {
                printer.data(format!("  {} {name}: {expected}", mark(Exit::Yes)))?;
            }
            CaseOutcome::Otherwise(_, differences) => {
                printer.data(format!("  {} {name}: wanted {expected}", mark(Exit::No)))?;
                for difference in differences {
                    printer.data(format!("          {difference}"))?;
                }
            }
            CaseOutcome::NotRun(error) => {
                printer.data(format!("  {} {name}: {error}", mark(Exit::Undecided)))?;
            }
            _ => {}
        }
    }
    let Some(mutations) = &ran.mutations else { return Ok(()) };
    let (all, untested) = (mutations.len(), ran.untested().count());
    printer.data(format!("  {} changes of the policy, {} noticed", all, all - untested))?;
    for mutation in ran.untested() {
        let what = match &mutation.result {
            MutationResult::Unnoticed { tried } if !tried.is_empty() => {
                format!("is {}", tried.join(", or "))
            }
            _ => "is taken out".to_owned(),
        };
        printer.data(format!(
            "  {} {}: no case notices when it {what}",
            paint(WARNING, "untested"),
            mutation.field
        ))?;
    }
    Ok(())
}

fn mark(exit: Exit) -> String {
    match exit {
        Exit::Yes => paint(GOOD, "ok   "),
        Exit::No => paint(ERROR, "FAIL "),
        Exit::Undecided => paint(ERROR, "error"),
    }
}

fn word(exit: Exit) -> &'static str {
    match exit {
        Exit::Yes => "pass",
        Exit::No => "fail",
        Exit::Undecided => "error",
    }
}

#[derive(Serialize)]
struct ChecksJson {
    schema: &'static str,
    files: Vec<CheckedJson>,
}

#[derive(Serialize)]
struct CheckedJson {
    file: String,
    outcome: &'static str,
    policies: Vec<PolicyJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureJson>,
}

#[derive(Serialize)]
struct ExplainedJson {
    schema: &'static str,
    file: String,
    policies: Vec<PolicyJson>,
}

#[derive(Serialize)]
struct PolicyJson {
    name: String,
    version: Option<u64>,
    digest: String,
    mode: &'static str,
    rules: Vec<RuleJson>,
    lints: Vec<String>,
}

#[derive(Serialize)]
struct RuleJson {
    id: String,
    text: String,
}

#[derive(Serialize)]
struct TestsJson {
    schema: &'static str,
    outcome: &'static str,
    files: Vec<TestedJson>,
}

#[derive(Serialize)]
struct TestedJson {
    file: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<TestedPolicyJson>,
    cases: Vec<CaseJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutations: Option<Vec<MutationJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureJson>,
}

#[derive(Serialize)]
struct TestedPolicyJson {
    name: String,
    digest: String,
}

#[derive(Serialize)]
struct CaseJson {
    name: String,
    outcome: &'static str,
    expected: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'static str>,
    causes: Vec<CauseJson>,
    differences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct CauseJson {
    rule: String,
    outcome: &'static str,
    reason: &'static str,
    message: String,
}

#[derive(Serialize)]
struct MutationJson {
    field: String,
    change: &'static str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tried: Vec<String>,
}

impl CheckedJson {
    fn new(checked: &Checked, now: Timestamp) -> Self {
        let policies = match &checked.policies {
            Ok(set) => set.policies().iter().map(|it| PolicyJson::new(it, now)).collect(),
            Err(_) => Vec::new(),
        };
        CheckedJson {
            file: checked.path.display().to_string(),
            outcome: if checked.policies.is_ok() { "loads" } else { "error" },
            policies,
            failure: checked.policies.as_ref().err().map(FailureJson::from),
        }
    }
}

impl PolicyJson {
    fn new(policy: &Policy, now: Timestamp) -> Self {
        let identity = policy.identity();
        let rule =
            |it: chainsign_policy::Explanation| RuleJson { id: it.id.to_string(), text: it.text };
        PolicyJson {
            name: identity.name.clone(),
            version: identity.version,
            digest: identity.digest.to_string(),
            mode: identity.mode.as_str(),
            rules: policy.explain().into_iter().map(rule).collect(),
            lints: policy.lints(now).iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Tested> for TestedJson {
    fn from(tested: &Tested) -> Self {
        let ran = tested.ran.as_ref().ok();
        TestedJson {
            file: tested.path.display().to_string(),
            outcome: word(tested.exit()),
            policy: ran.map(|ran| TestedPolicyJson {
                name: ran.policy.name.clone(),
                digest: ran.policy.digest.to_string(),
            }),
            cases: ran.into_iter().flat_map(|ran| &ran.cases).map(CaseJson::from).collect(),
            mutations: ran
                .and_then(|ran| ran.mutations.as_ref())
                .map(|mutations| mutations.iter().map(MutationJson::from).collect()),
            failure: tested.ran.as_ref().err().map(FailureJson::from),
        }
    }
}

impl From<&CaseResult> for CaseJson {
    fn from(case: &CaseResult) -> Self {
        let mut json = CaseJson {
            name: case.name.clone(),
            outcome: "error",
            expected: case.expected.clone(),
            found: None,
            causes: Vec::new(),
            differences: Vec::new(),
            error: None,
        };
        let causes = |verdict: &CaseVerdict| {
            let cause = |rule: &chainsign_policy::verdict::Rule| CauseJson {
                rule: rule.id.to_string(),
                outcome: rule.outcome.as_str(),
                reason: rule.reason.as_str(),
                message: rule.message.clone(),
            };
            verdict.causes().map(cause).collect()
        };
        match &case.outcome {
            CaseOutcome::AsExpected(verdict) => {
                json.outcome = "pass";
                (json.found, json.causes) = (Some(verdict.word()), causes(verdict));
            }
            CaseOutcome::Otherwise(verdict, differences) => {
                json.outcome = "fail";
                (json.found, json.causes) = (Some(verdict.word()), causes(verdict));
                json.differences.clone_from(differences);
            }
            CaseOutcome::NotRun(error) => json.error = Some(error.to_string()),
            _ => {}
        }
        json
    }
}

impl From<&Mutation> for MutationJson {
    fn from(mutation: &Mutation) -> Self {
        let mut json = MutationJson {
            field: mutation.field.clone(),
            change: match mutation.change {
                FieldChange::TakenOut => "taken-out",
                _ => "wrong-value",
            },
            result: "no-wrong-value",
            value: None,
            case: None,
            difference: None,
            tried: Vec::new(),
        };
        match &mutation.result {
            MutationResult::Noticed { value, case, difference } => {
                json.result = "noticed";
                json.value.clone_from(value);
                (json.case, json.difference) = (Some(case.clone()), Some(difference.clone()));
            }
            MutationResult::Refused { error } => {
                (json.result, json.difference) = ("refused", Some(error.to_string()));
            }
            MutationResult::Unnoticed { tried } => {
                json.result = "unnoticed";
                json.tried.clone_from(tried);
            }
            _ => {}
        }
        json
    }
}
