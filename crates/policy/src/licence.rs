//! SPDX licence expressions, held against a list of allowed licences.
//!
//! SPDX specification 2.3, annex D. An expression that does not parse is a licence of that name:
//! allowed only where the list has exactly that text.

use std::collections::BTreeSet;

/// Whether every way to comply that the expression demands is allowed: `OR` needs one side, `AND`
/// both. `A WITH E` is allowed where it is listed as such, or where `A` is: an exception only
/// permits more.
pub(crate) fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    if allowed.contains(expression.trim()) {
        return true;
    }
    let spaced = expression.replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    if tokens.len() > TOKENS {
        return false;
    }
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, allowed };
    matches!(parser.alternatives(), Some(true)) && parser.at == tokens.len()
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    at: usize,
    depth: usize,
    allowed: &'a BTreeSet<String>,
}

/// Each returns whether what it read is allowed; `None` when it is not an expression.
impl<'a> Parser<'a> {
    /// `OR` binds weakest.
    fn alternatives(&mut self) -> Option<bool> {
        let mut allowed = self.conjunction()?;
        while self.next_is("OR") {
            allowed |= self.conjunction()?;
        }
        Some(allowed)
    }

    fn conjunction(&mut self) -> Option<bool> {
        let mut allowed = self.licence()?;
        while self.next_is("AND") {
            allowed &= self.licence()?;
        }
        Some(allowed)
    }

    fn licence(&mut self) -> Option<bool> {
        if self.next_is("(") {
            self.depth += 1;
            if self.depth > DEPTH {
                return None;
            }
            let allowed = self.alternatives()?;
            self.depth -= 1;
            return self.next_is(")").then_some(allowed);
        }
        let id = self.word()?;
        if !self.next_is("WITH") {
            return Some(self.allowed.contains(id));
        }
        let exception = self.word()?;
        let both = format!("{id} WITH {exception}");
        Some(self.allowed.contains(&both) || self.allowed.contains(id))
    }

    fn word(&mut self) -> Option<&'a str> {
        let word = *self.tokens.get(self.at)?;
        if matches!(word, "AND" | "OR" | "WITH" | "(" | ")") {
            return None;
        }
        self.at += 1;
        Some(word)
    }

    fn next_is(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&token);
        self.at += usize::from(found);
        found
    }
}

/// Real expressions have some tens of words.
const TOKENS: usize = 1000;
const DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, wanted: bool) {
        let allowed =
            ["MIT", "Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", "Our terms"];
        let allowed = allowed.into_iter().map(str::to_owned).collect();
        assert_eq!(is_allowed(expression, &allowed), wanted, "{expression}");
    }

    #[test]
    fn expressions_are_read_as_spdx_writes_them() {
        check("MIT", true);
        check("GPL-3.0-only", false);
        check("GPL-3.0-only OR MIT", true);
        check("GPL-3.0-only AND MIT", false);
        check("MIT AND (GPL-3.0-only OR Apache-2.0)", true);
        check("MIT OR GPL-3.0-only AND BSD-3-Clause", true);
        check("(MIT OR GPL-3.0-only) AND BSD-3-Clause", false);
        check("GPL-2.0-only WITH Classpath-exception-2.0", true);
        check("GPL-2.0-only", false);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("Our terms", true);
    }

    #[test]
    fn what_is_no_expression_is_not_allowed() {
        for wrong in
            ["", "MIT MIT", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT WITH", "mit", "Our", "()"]
        {
            check(wrong, false);
        }
        check(&format!("{}MIT{}", "(".repeat(100), ")".repeat(100)), false);
        check(&format!("MIT{}", " OR MIT".repeat(1000)), false);
    }
}
