//! How a run ends when it is not a plain yes.

use std::error::Error as StdError;
use std::fmt::Write as _;

/// The three answers, as exit codes. The worst of several wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: every target passed, or the work was done.
    Yes,
    /// 1: the evidence we have says no.
    No,
    /// 2: we could not find out, or could not do it.
    Undecided,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Yes => 0,
            Exit::No => 1,
            Exit::Undecided => 2,
        }
    }
}

/// A run that ended with [`Exit::No`] or [`Exit::Undecided`]: what was found, what was wanted,
/// and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which of the two.
    pub exit: Exit,
    /// A stable word for programs, e.g. `wrong-identity`.
    pub reason: String,
    /// What was found and what was wanted.
    pub message: String,
    /// What to do, a line each.
    pub hints: Vec<String>,
}

impl Failure {
    /// The evidence says no.
    pub fn no(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Failure {
            exit: Exit::No,
            reason: reason.into(),
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// It could not be found out, or not be done.
    pub fn undecided(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Failure { exit: Exit::Undecided, ..Self::no(reason, message) }
    }

    /// [`Failure::undecided`] with an error and all its causes behind a colon each.
    pub fn because(reason: impl Into<String>, doing: &str, error: &dyn StdError) -> Self {
        Self::undecided(reason, format!("{doing}: {}", with_causes(error)))
    }

    /// Adds a line of advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// An error and its causes, separated by colons; a cause that its parent already says is left out.
pub fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {said}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_exit_wins() {
        assert_eq!([Exit::No, Exit::Undecided, Exit::Yes].into_iter().max(), Some(Exit::Undecided));
        assert_eq!([Exit::Yes, Exit::No, Exit::Undecided].map(Exit::code), [0, 1, 2]);
    }
}
