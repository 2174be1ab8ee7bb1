use std::collections::BTreeMap;

/// Blobs that are being uploaded.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    next: u64,
    open: BTreeMap<String, Vec<u8>>,
}

impl Uploads {
    /// Opens one and names it; `None` when too many are.
    pub(super) fn start(&mut self) -> Option<String> {
        if self.open.len() >= MOST_OPEN {
            return None;
        }
        self.next += 1;
        let name = format!("{:08}", self.next);
        self.open.insert(name.clone(), Vec::new());
        Some(name)
    }

    pub(super) fn get(&mut self, name: &str) -> Option<&mut Vec<u8>> {
        self.open.get_mut(name)
    }

    pub(super) fn end(&mut self, name: &str) -> Option<Vec<u8>> {
        self.open.remove(name)
    }
}

/// Clients that went away leave theirs open.
const MOST_OPEN: usize = 1000;
