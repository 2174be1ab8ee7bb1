use serde::{Deserialize, Serialize};

/// Names of source files: tens of thousands, held as one text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Files {
    /// Each name ends with NUL, as in the table, where none contains one.
    text: String,
}

impl Files {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The names, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split_terminator('\0')
    }

    pub(super) fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.text.push('\0');
    }
}

impl From<Vec<String>> for Files {
    fn from(names: Vec<String>) -> Self {
        let mut files = Files::default();
        names.iter().for_each(|name| files.push(name));
        files
    }
}

impl From<Files> for Vec<String> {
    fn from(files: Files) -> Self {
        files.iter().map(str::to_owned).collect()
    }
}
