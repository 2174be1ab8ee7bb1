//! Expressions in CEL: the escape hatch for what the types cannot say.
//!
//! <https://github.com/google/cel-spec>, evaluated by the `cel` crate. What the language leaves
//! open is closed here, before an expression is ever evaluated:
//!
//! - Every identifier and function is looked up in a list: an unknown one is a load error. (The
//!   crate only finds it out when it gets there; `true || nosuch` would be true.)
//! - An absent field is an error, and an error is never a pass. Asking whether an attestation is
//!   absent is a load error: removing one could then turn a failure into a pass.
//! - `all` over an empty list is true. Where it is asked of evidence, the same list must be asked
//!   to be non-empty in the same expression.
//! - `matches` looks anywhere in a text: its pattern must be a literal from `^` to `$`.
//! - Cost is bounded, because the crate bounds none (cel-rust#56): length, nodes, nesting, nested
//!   loops; and, before each evaluation, nodes times the longest list to the power of nested loops.
//! - There is no clock, no randomness, no network. `now` is the time of the evaluation.

mod check;
mod functions;
mod value;

use cel::common::ast::IdedExpr;
use cel::parser::PrattParser;
use cel::{Context, Value};

pub(crate) use check::{GoVariable, Scope};
pub(crate) use value::{Measured, Variables, of_json};

/// An expression that was parsed and checked.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    source: String,
    tree: IdedExpr,
    /// The attestations it looks at.
    pub(crate) attestations: Vec<String>,
    /// Whether it looks at the Go binary.
    pub(crate) uses_go: bool,
    nodes: usize,
    loops: u32,
}

/// Why an expression gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// It went wrong: an absent field, a wrong type, a division by zero.
    Error(String),
    /// It would cost too much on this evidence.
    TooCostly { steps: u64 },
    /// Its value is not true or false.
    NotBool(String),
}

impl Expression {
    /// Parses and checks an expression.
    ///
    /// # Errors
    /// What was found and what was wanted.
    pub(crate) fn compile(source: &str, scope: Scope<'_>) -> Result<Self, String> {
        if source.len() > SOURCE_BYTES {
            return Err(format!("found {} bytes, wanted at most {SOURCE_BYTES}", source.len()));
        }
        let parser = PrattParser::new()
            .max_recursion_depth(NESTING)
            .error_reporting_limit(1)
            .max_expression_node_count(NODES);
        let tree = parser.parse(source).map_err(|errors| {
            let first = errors.errors.first();
            first.map_or_else(|| "it cannot be parsed".to_owned(), |error| error.msg.clone())
        })?;
        let checked = check::check(&tree, scope)?;
        Ok(Expression {
            source: source.to_owned(),
            tree,
            attestations: checked.attestations,
            uses_go: checked.uses_go,
            nodes: checked.nodes,
            loops: checked.loops,
        })
    }

    /// As written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Evaluates it.
    pub(crate) fn evaluate(&self, variables: &Variables) -> Result<bool, NoAnswer> {
        let longest = u64::try_from(variables.longest()).unwrap_or(u64::MAX).max(1);
        let nodes = u64::try_from(self.nodes).unwrap_or(u64::MAX);
        let steps = nodes.saturating_mul(longest.saturating_pow(self.loops));
        if steps > STEPS {
            return Err(NoAnswer::TooCostly { steps });
        }
        let mut context = Context::with_env(functions::environment());
        functions::add(&mut context);
        variables.add_to(&mut context);
        match Value::resolve(&self.tree, &context) {
            Ok(Value::Bool(answer)) => Ok(answer),
            Ok(other) => Err(NoAnswer::NotBool(other.type_of().to_string())),
            // Errors can show whole values.
            Err(error) => Err(NoAnswer::Error(error.to_string().chars().take(300).collect())),
        }
    }
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Error(error) => f.write_str(error),
            Self::TooCostly { steps } => {
                write!(f, "it could take {steps} steps on this evidence, wanted at most {STEPS}")
            }
            Self::NotBool(found) => write!(f, "its value is of type {found}, wanted a bool"),
        }
    }
}

const SOURCE_BYTES: usize = 4096;
const NODES: usize = 2000;
const NESTING: u16 = 32;
/// A step takes about a tenth of a microsecond: below a second.
const STEPS: u64 = 5_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn compile(source: &str) -> Result<Expression, String> {
        Expression::compile(source, Scope::Predicate)
    }

    fn evaluate(source: &str, predicate: &serde_json::Value) -> Result<bool, NoAnswer> {
        let mut variables = Variables::new("2026-11-21T12:00:00Z".parse().unwrap());
        variables.predicate(&value::of_json(predicate));
        compile(source).unwrap().evaluate(&variables)
    }

    #[track_caller]
    fn answers(source: &str, wanted: bool) {
        let predicate = json!({
            "name": "x", "count": 3, "list": [1, 2, 3], "empty": [], "score": 1.5,
            "components": [{"purl": "pkg:golang/a/b@v1.2.0"}, {"purl": "pkg:npm/c@1"}],
            "time": "2026-11-20T12:00:00Z",
        });
        assert_eq!(evaluate(source, &predicate), Ok(wanted), "{source}");
    }

    #[test]
    fn expressions_answer() {
        answers("predicate.name == 'x' && predicate.count == 3", true);
        answers("predicate.list.exists(n, n > 2)", true);
        answers("nonEmpty(predicate.list) && predicate.list.all(n, n > 0)", true);
        answers("nonEmpty(predicate.empty) && predicate.empty.all(n, n > 0)", false);
        answers("size(predicate.list.filter(n, n > 1)) == 2", true);
        answers("has(predicate.nope) || predicate.name.startsWith('x')", true);
        answers("predicate.name.matches('^[a-z]$')", true);
        answers("semverCompare('v1.2.0', '1.10.0') < 0", true);
        answers("predicate.components.exists(c, samePackage(c.purl, 'pkg:golang/a/b'))", true);
        answers("now - epoch(predicate.time) == 86400", true);
        answers("'x' in ['x', 'y']", true);
        answers("predicate.count > 2 ? predicate.name == 'x' : false", true);
    }

    /// Absence must never read as a pass.
    #[test]
    fn absence_and_wrong_types_are_errors() {
        let predicate = json!({"sbom": {"components": [1]}, "text": "x", "version": "1.26"});
        for source in [
            "nonEmpty(predicate.sbom.componentsTYPO) && predicate.sbom.componentsTYPO.all(c, c > 0)",
            "!(predicate.nope == 'bad')",
            "predicate.text > 1",
            "predicate.text + 1 == 2",
            "1 / 0 == 1",
            "predicate.sbom.components[5] == 1",
            "semverCompare(predicate.text, '1.0.0') == 0",
            "epoch(predicate.text) > 0",
        ] {
            let error = evaluate(source, &predicate).unwrap_err();
            assert!(matches!(error, NoAnswer::Error(_)), "{source}: {error:?}");
        }
        assert_eq!(
            evaluate("predicate.text", &predicate),
            Err(NoAnswer::NotBool("string".to_owned()))
        );
    }

    #[track_caller]
    fn refused(source: &str, wanted: &str) {
        let error = compile(source).unwrap_err();
        assert!(error.contains(wanted), "{source}: {error}");
    }

    #[test]
    fn what_could_go_wrong_later_does_not_load() {
        refused("true || nosuch", "unknown name \"nosuch\"");
        refused("nosuch(1)", "unknown function \"nosuch\"");
        refused("att.sbom.predicate.x == 1", "unknown name \"att\"");
        refused("predicate.list.all(n, n > 0)", "`all` is true of an empty list");
        refused("predicate.x.matches('v1')", "wanted a pattern from ^ to $");
        refused("predicate.x.matches(predicate.y)", "wanted a pattern in quotes");
        refused("predicate.x.matches('^(a$')", "pattern");
        refused("predicate.x ==", "");
        refused("predicate.a.exists(x, x.exists(y, y.exists(z, z)))", "3 nested loops");
        refused("predicate.a.exists(x, 'a' + x == 'b')", "`+` in a loop");
        refused(&format!("predicate.x == {}'a'", "'a' + ".repeat(9)), "times `+`");
        refused("predicate.a.map(predicate, predicate).exists(x, x)", "hides a variable");
    }

    /// cel-rust#305, #306: 125 bytes took 1.1 GB and the stack.
    #[test]
    fn hostile_expressions_end_quickly() {
        let deep = format!("{}true{}", "(".repeat(5000), ")".repeat(5000));
        let not = format!("{}true", "!".repeat(4000));
        let wide = format!("true{}", " || true".repeat(500));
        let long = format!("'{}' == 'x'", "a".repeat(5000));
        for source in [deep.as_str(), &long] {
            assert!(compile(source).is_err());
        }
        // These may compile; they must not take the stack or the memory.
        for source in [&not, &wide] {
            let _ = compile(source);
        }
        let list: Vec<u32> = (0..5000).collect();
        let predicate = json!({"list": list});
        let error =
            evaluate("predicate.list.exists(a, predicate.list.exists(b, a * b < 0))", &predicate);
        assert!(matches!(error, Err(NoAnswer::TooCostly { .. })), "{error:?}");
    }
}
