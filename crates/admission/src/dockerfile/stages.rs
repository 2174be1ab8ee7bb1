//! Which names and numbers are stages.

use std::collections::BTreeMap;

use parse_dockerfile::UnescapedString;

use crate::Error;
use crate::place::Reason;
use crate::tree::Source;

/// The stages of a file, and the one that is being read.
#[derive(Default)]
pub(super) struct Stages {
    /// Their numbers by their names in lower case.
    named: BTreeMap<String, usize>,
    /// How many have begun.
    begun: usize,
}

/// What a source of files is.
pub(super) enum Copied {
    Stage,
    Image,
    Unknown(Reason),
}

impl Stages {
    /// Takes the names of all stages, in order.
    ///
    /// # Errors
    /// [`Error::Dockerfile`] for a name that is none, or there twice.
    pub(super) fn name_all<'n>(
        &mut self,
        source: &Source<'_>,
        names: impl Iterator<Item = Option<&'n UnescapedString<'n>>>,
    ) -> Result<(), Error> {
        for (number, name) in names.enumerate() {
            let Some(name) = name else { continue };
            let lower = name.value.to_ascii_lowercase();
            let start = lower.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
            let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
            let reason = if !start || !lower.bytes().all(inner) {
                "found a stage's name with other characters than letters, digits, -, _ and ., or that starts with none of the former"
            } else if self.named.insert(lower, number).is_some() {
                "found a stage's name a second time (case says nothing)"
            } else {
                continue;
            };
            return Err(super::wrong(source, name.span.start, reason));
        }
        Ok(())
    }

    /// A stage begins.
    pub(super) fn begin(&mut self) {
        self.begun += 1;
    }

    pub(super) fn is_before_first(&self) -> bool {
        self.begun == 0
    }

    /// Whether a stage that has begun has this name.
    pub(super) fn is_above(&self, name: &str) -> bool {
        self.number(name).is_some_and(|number| number < self.begun)
    }

    /// What `COPY --from` means by a name or number.
    pub(super) fn copied(&self, from: &str) -> Copied {
        match from.parse::<i64>() {
            Ok(number) => match usize::try_from(number) {
                Ok(number) if number + 1 < self.begun => Copied::Stage,
                _ => Copied::Unknown(Reason::NoSuchStage),
            },
            Err(_) => self.mounted(from),
        }
    }

    /// What `RUN --mount=from=` means by a name.
    pub(super) fn mounted(&self, from: &str) -> Copied {
        match self.number(from) {
            _ if from.contains('$') => Copied::Unknown(Reason::VariableNotExpanded),
            _ if from == super::SCRATCH => Copied::Stage,
            Some(number) if number + 1 < self.begun => Copied::Stage,
            Some(_) => Copied::Unknown(Reason::LaterStage),
            None => Copied::Image,
        }
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.named.get(&name.to_ascii_lowercase()).copied()
    }
}
