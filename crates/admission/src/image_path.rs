use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::field::{Field, is_plain};
use crate::tree::{Node, Value};

/// Where a kind has its images: `argoproj.io/Rollout=spec.template.spec`.
///
/// Written as `GROUP/KIND=PATH`; `KIND=PATH` for a kind of Kubernetes' core group. The path is of keys, with `[*]`
/// for every item of a list and `['…']` around a key with other characters than letters, digits,
/// `-` and `_`. Where it leads to a text, the text is an image reference; where it leads to a mapping, the mapping is a
/// pod spec.
///
/// ```
/// use chainsign_admission::ImagePath;
///
/// let rollout: ImagePath = "argoproj.io/Rollout=spec.template.spec".parse()?;
/// let task: ImagePath = "tekton.dev/Task=spec.steps[*].image".parse()?;
/// assert_eq!(task.to_string(), "tekton.dev/Task=spec.steps[*].image");
/// # Ok::<(), chainsign_admission::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePath {
    group: String,
    kind: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Every,
}

impl ImagePath {
    /// Whether it is about this kind.
    pub(crate) fn is_about(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    /// The values that the path leads to. What is not there is left out.
    ///
    /// # Errors
    /// [`Error::LimitReached`] when there are more than `limit`.
    pub(crate) fn find<'n, 'a>(
        &self,
        object: &'n Node<'a>,
        limit: usize,
    ) -> Result<Vec<(Field, Way<'n, 'a>)>, Error> {
        let mut found = vec![(Field::default(), Way::new(object))];
        for step in &self.steps {
            let mut next = Vec::new();
            for (field, way) in found {
                match (step, &way.node.value) {
                    (Step::Key(key), _) => {
                        next.extend(
                            way.get(key.as_str()).map(|below| (field.key(key.as_str()), below)),
                        );
                    }
                    (Step::Every, Value::List(items)) => {
                        let items = items.iter().enumerate();
                        next.extend(items.map(|(index, it)| (field.item(index), way.below(it))));
                    }
                    (Step::Every, _) => {}
                }
                if next.len() > limit {
                    let what = "values that a path leads to";
                    return Err(Error::LimitReached { what, limit, found: next.len() });
                }
            }
            found = next;
        }
        Ok(found)
    }
}

/// A value, and whether something on the way to it is used in other places as well.
#[derive(Clone, Copy)]
pub(crate) struct Way<'n, 'a> {
    pub(crate) node: &'n Node<'a>,
    pub(crate) shared: bool,
}

impl<'n, 'a> Way<'n, 'a> {
    pub(crate) fn new(node: &'n Node<'a>) -> Self {
        Way { node, shared: false }
    }

    pub(crate) fn below(&self, node: &'n std::rc::Rc<Node<'a>>) -> Self {
        Way { node, shared: self.shared || std::rc::Rc::strong_count(node) > 1 }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        self.node.get(key).map(|node| self.below(node))
    }

    pub(crate) fn at(&self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(*self, |way, key| way.get(key))
    }
}

impl FromStr for ImagePath {
    type Err = Error;

    /// # Errors
    /// [`Error::ImagePath`]
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason| Error::ImagePath { found: text.chars().take(200).collect(), reason };
        let (about, path) = text.split_once('=').ok_or_else(|| wrong("it has no ="))?;
        let (group, kind) = about.rsplit_once('/').unwrap_or(("", about));
        let is_group =
            |it: &str| it.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
        if kind.is_empty() || !kind.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(wrong("it names no kind"));
        }
        if !is_group(group) || (group.is_empty() && about.contains('/')) {
            return Err(wrong("its group is none (the version of the group is left out)"));
        }
        let steps = steps(path).map_err(wrong)?;
        Ok(ImagePath { group: group.to_owned(), kind: kind.to_owned(), steps })
    }
}

fn steps(path: &str) -> Result<Vec<Step>, &'static str> {
    let (mut steps, mut rest) = (Vec::new(), path);
    while !rest.is_empty() {
        let after;
        if let Some(quoted) = rest.strip_prefix("['") {
            let (key, end) = quoted.split_once("']").ok_or("a [' has no ']")?;
            steps.push(Step::Key(key.to_owned()));
            after = end;
        } else if let Some(end) = rest.strip_prefix("[*]") {
            steps.push(Step::Every);
            after = end;
        } else {
            let key = match (rest.strip_prefix('.'), steps.is_empty()) {
                (Some(key), false) => key,
                (None, true) => rest,
                _ => return Err("two steps are not separated by a full stop"),
            };
            let end = key.find(['.', '[']).unwrap_or(key.len());
            let (key, end) = key.split_at(end);
            if !is_plain(key) {
                return Err("a key is empty, or has to be written as ['key']");
            }
            steps.push(Step::Key(key.to_owned()));
            after = end;
        }
        rest = after;
    }
    if steps.is_empty() { Err("its path is empty") } else { Ok(steps) }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.group.is_empty() { "" } else { "/" };
        write!(f, "{}{separator}{}=", self.group, self.kind)?;
        for (index, step) in self.steps.iter().enumerate() {
            match step {
                Step::Every => f.write_str("[*]")?,
                Step::Key(key) if !is_plain(key) => write!(f, "['{key}']")?,
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}
