//! A field of an object: the way to it.

use std::fmt;
use std::rc::Rc;

/// The way to a field: `spec.containers[0].image`. It is a chain, so that a field of a field costs one link.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field(Option<Rc<Link>>);

#[derive(Debug)]
struct Link {
    above: Field,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Item(usize),
}

impl Field {
    /// A field of this one.
    pub(crate) fn key(&self, key: &str) -> Field {
        self.with(Step::Key(key.to_owned()))
    }

    /// A field some levels below this one.
    pub(crate) fn keys(&self, keys: &[&str]) -> Field {
        keys.iter().fold(self.clone(), |field, key| field.key(key))
    }

    /// An item of this list.
    pub(crate) fn item(&self, index: usize) -> Field {
        self.with(Step::Item(index))
    }

    /// A field of this one, given by the way to it from here.
    pub(crate) fn joined(&self, below: &Field) -> Field {
        below.steps().into_iter().fold(self.clone(), |field, step| field.with(step.clone()))
    }

    /// As a JSON pointer (RFC 6901).
    pub(crate) fn pointer(&self) -> String {
        let step = |step: &&Step| match step {
            Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Step::Item(index) => format!("/{index}"),
        };
        self.steps().iter().map(step).collect()
    }

    fn with(&self, step: Step) -> Field {
        Field(Some(Rc::new(Link { above: self.clone(), step })))
    }

    fn steps(&self) -> Vec<&Step> {
        let links = std::iter::successors(self.0.as_deref(), |link| link.above.0.as_deref());
        let mut steps: Vec<_> = links.map(|link| &link.step).collect();
        steps.reverse();
        steps
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps().into_iter().enumerate() {
            match step {
                Step::Key(key) if !is_plain(key) => write!(f, "['{key}']")?,
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

/// Whether a key needs no quotes in a path.
pub(crate) fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
