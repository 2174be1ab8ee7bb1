//! What an expression may say, checked on its syntax tree.

use std::collections::BTreeSet;

use cel::common::ast::operators::{ADD, NOT_STRICTLY_FALSE};
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue};

/// Which variables there are.
#[derive(Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// The predicate of one attestation: `predicate`.
    Predicate,
    /// The attestations of a policy (`att.NAME`), and the Go binary (`go`) where `with_go` says so.
    Policy { attestations: &'a [String], go: GoVariable },
}

/// Whether there is a variable for the Go binary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoVariable {
    Present,
    Absent,
}

/// What was found out about a tree.
pub(super) struct Checked {
    pub(super) attestations: Vec<String>,
    pub(super) uses_go: bool,
    pub(super) nodes: usize,
    pub(super) loops: u32,
}

/// Checks a tree. Its depth is bounded by the parser.
pub(super) fn check(tree: &IdedExpr, scope: Scope<'_>) -> Result<Checked, String> {
    let mut walk = Walk {
        scope,
        attestations: BTreeSet::new(),
        uses_go: false,
        nodes: 0,
        additions: 0,
        ranges: Vec::new(),
        guarded: Vec::new(),
    };
    let loops = walk.expression(tree, &mut Vec::new())?;
    if loops > LOOPS {
        return Err(format!("found {loops} nested loops, wanted at most {LOOPS}"));
    }
    if walk.additions > ADDITIONS {
        let found = walk.additions;
        return Err(format!("found {found} times `+`, wanted at most {ADDITIONS}"));
    }
    let bare = walk.ranges.iter().find(|range| !walk.guarded.contains(range));
    if bare.is_some() {
        return Err("`all` is true of an empty list: wanted nonEmpty(LIST) && LIST.all(…)".into());
    }
    Ok(Checked {
        attestations: walk.attestations.into_iter().collect(),
        uses_go: walk.uses_go,
        nodes: walk.nodes,
        loops,
    })
}

struct Walk<'a> {
    scope: Scope<'a>,
    attestations: BTreeSet<String>,
    uses_go: bool,
    nodes: usize,
    additions: usize,
    /// The lists of `all`, as text.
    ranges: Vec<String>,
    /// The lists that were asked to be non-empty, as text.
    guarded: Vec<String>,
}

impl Walk<'_> {
    /// How many loops are inside each other.
    fn expression(&mut self, tree: &IdedExpr, bound: &mut Vec<String>) -> Result<u32, String> {
        self.nodes += 1;
        match &tree.expr {
            Expr::Literal(_) => Ok(0),
            Expr::Ident(name) => self.name(name, bound),
            Expr::Select(select) => match self.attestation(tree)? {
                true => Ok(0),
                false => self.expression(&select.operand, bound),
            },
            Expr::Call(call) => self.call(call, bound),
            Expr::List(list) => self.all(list.elements.iter(), bound),
            Expr::Map(map) => {
                let mut loops = 0;
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        loops = loops.max(self.expression(&entry.key, bound)?);
                        loops = loops.max(self.expression(&entry.value, bound)?);
                    }
                }
                Ok(loops)
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, bound),
            Expr::Struct(_) | Expr::Unspecified => {
                Err("found a message, wanted lists, maps and plain values".to_owned())
            }
        }
    }

    fn all<'e>(
        &mut self,
        trees: impl Iterator<Item = &'e IdedExpr>,
        bound: &mut Vec<String>,
    ) -> Result<u32, String> {
        let mut loops = 0;
        for tree in trees {
            loops = loops.max(self.expression(tree, bound)?);
        }
        Ok(loops)
    }

    fn name(&mut self, name: &str, bound: &[String]) -> Result<u32, String> {
        if bound.iter().any(|known| known == name) {
            return Ok(0);
        }
        let known: Vec<&str> = match self.scope {
            Scope::Predicate => vec!["predicate", "now"],
            Scope::Policy { go: GoVariable::Present, .. } => vec!["att", "go", "now"],
            Scope::Policy { go: GoVariable::Absent, .. } => vec!["att", "now"],
        };
        if !known.contains(&name) {
            return Err(format!("unknown name {name:?}, wanted one of {}", known.join(", ")));
        }
        if name == "att" {
            return Err("found `att` by itself, wanted att.NAME.predicate".to_owned());
        }
        self.uses_go |= name == "go";
        Ok(0)
    }

    /// Whether the tree is `att.NAME.FIELD`, of which NAME must be an attestation and whose absence
    /// nobody may ask for.
    fn attestation(&mut self, tree: &IdedExpr) -> Result<bool, String> {
        let Expr::Select(field) = &tree.expr else { return Ok(false) };
        let Expr::Select(name) = &field.operand.expr else {
            // `att.NAME` alone, or has(att.NAME).
            let is_att = matches!(&field.operand.expr, Expr::Ident(ident) if ident == "att");
            return match is_att && matches!(self.scope, Scope::Policy { .. }) {
                true => Err(format!(
                    "found att.{} by itself, wanted att.{}.predicate: the absence of an \
                     attestation must not be asked for",
                    field.field, field.field
                )),
                false => Ok(false),
            };
        };
        let Scope::Policy { attestations, .. } = self.scope else { return Ok(false) };
        if !matches!(&name.operand.expr, Expr::Ident(ident) if ident == "att") {
            return Ok(false);
        }
        if !attestations.contains(&name.field) {
            let known = attestations.join(", ");
            return Err(format!("unknown attestation {:?}, wanted one of {known}", name.field));
        }
        if !FIELDS.contains(&field.field.as_str()) || field.test {
            let (name, field) = (&name.field, &field.field);
            return Err(format!("found att.{name}.{field}, wanted one of {}", FIELDS.join(", ")));
        }
        self.nodes += 2;
        self.attestations.insert(name.field.clone());
        Ok(true)
    }

    fn call(&mut self, call: &CallExpr, bound: &mut Vec<String>) -> Result<u32, String> {
        let name = call.func_name.as_str();
        if !FUNCTIONS.contains(&name) {
            return Err(format!("unknown function {name:?}"));
        }
        if name == ADD {
            self.additions += 1;
        }
        if name == "matches" {
            matches(call)?;
        }
        if matches!(name, "nonEmpty" | "size") {
            let asked = call.args.first().or(call.target.as_deref());
            self.guarded.extend(asked.map(text));
        }
        self.all(call.target.as_deref().into_iter().chain(&call.args), bound)
    }

    fn comprehension(
        &mut self,
        it: &ComprehensionExpr,
        bound: &mut Vec<String>,
    ) -> Result<u32, String> {
        // `all` is the only loop that starts with true.
        if matches!(&it.accu_init.expr, Expr::Literal(LiteralValue::Boolean(start)) if *start.inner())
        {
            self.ranges.push(text(&it.iter_range));
        }
        let outside = self.all([&it.iter_range, &it.accu_init].into_iter(), bound)?;
        for variable in std::iter::once(&it.iter_var).chain(&it.iter_var2) {
            if VARIABLES.contains(&variable.as_str()) {
                return Err(format!("the loop variable {variable:?} hides a variable"));
            }
            bound.push(variable.clone());
        }
        bound.push(it.accu_var.clone());
        let additions = self.additions;
        let inside = self.all([&it.loop_cond, &it.loop_step, &it.result].into_iter(), bound)?;
        // `filter`, `map` and `exists_one` add one thing to what they gather.
        let gathers = !matches!(&it.accu_init.expr, Expr::Literal(LiteralValue::Boolean(_)));
        let own = usize::from(gathers);
        if self.additions - additions > own {
            return Err("found `+` in a loop, wanted it outside".to_owned());
        }
        self.additions = additions;
        bound.truncate(bound.len() - 2 - usize::from(it.iter_var2.is_some()));
        Ok(outside.max(inside + 1))
    }
}

/// The pattern is a literal that must match the whole text: CEL looks anywhere in it.
fn matches(call: &CallExpr) -> Result<(), String> {
    let pattern = call.args.last().map(|pattern| &pattern.expr);
    let Some(Expr::Literal(LiteralValue::String(pattern))) = pattern else {
        return Err("wanted a pattern in quotes as the argument of `matches`".to_owned());
    };
    let pattern = pattern.inner();
    if !pattern.starts_with('^') || !pattern.ends_with('$') {
        return Err(format!("found the pattern {pattern:?}, wanted a pattern from ^ to $"));
    }
    regex::Regex::new(pattern).map(drop).map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default();
        format!("found the pattern {pattern:?}: {reason}")
    })
}

/// A tree without the ids of its nodes, for telling whether two are the same.
fn text(tree: &IdedExpr) -> String {
    match &tree.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) => format!("{}.{}", text(&select.operand), select.field),
        Expr::Literal(literal) => format!("{literal:?}"),
        Expr::Call(call) => {
            let target = call.target.as_deref().map(text).unwrap_or_default();
            let args: Vec<_> = call.args.iter().map(text).collect();
            format!("{target}.{}({})", call.func_name, args.join(","))
        }
        Expr::List(list) => {
            let elements: Vec<_> = list.elements.iter().map(text).collect();
            format!("[{}]", elements.join(","))
        }
        Expr::Comprehension(it) => format!(
            "loop({},{},{},{},{})",
            text(&it.iter_range),
            it.iter_var,
            text(&it.accu_init),
            text(&it.loop_step),
            text(&it.result)
        ),
        // Equal to nothing but its own kind: a list that is written as one of these is guarded by
        // naming it first.
        Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => format!("{}", tree.id),
    }
}

/// What an attestation has.
const FIELDS: [&str; 3] = ["predicate", "signer", "signedAt"];
const VARIABLES: [&str; 4] = ["att", "go", "now", "predicate"];

/// Operators and functions of CEL's standard library that are pure and need no other type than
/// JSON has, and ours.
const FUNCTIONS: [&str; 31] = [
    "_?_:_",
    "_&&_",
    "_||_",
    "!_",
    "_-_",
    "_+_",
    "_*_",
    "_/_",
    "_%_",
    "_==_",
    "_!=_",
    "_>=_",
    "_<=_",
    "_>_",
    "_<_",
    "-_",
    "_[_]",
    NOT_STRICTLY_FALSE,
    "@in",
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "double",
    "string",
    // ours
    "nonEmpty",
    "semverCompare",
    "samePackage",
    "epoch",
];

const LOOPS: u32 = 2;
/// Each can make a text or list as long as both together.
const ADDITIONS: usize = 8;
