/// Names of source files: tens of thousands, held as one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Each name ends with NUL, as in the table, where none contains one.
    text: String,
    count: usize,
}

impl Files {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The names, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split_terminator('\0')
    }

    pub(super) fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.text.push('\0');
        self.count += 1;
    }
}
