use std::fmt;

use zeroize::Zeroizing;

/// A password: wiped from memory when dropped, never printed. May be empty, as cosign's may.
#[derive(Clone)]
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// Takes the bytes over, exactly as they are: nothing is trimmed.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Password(Zeroizing::new(bytes.into()))
    }

    /// Whether it has no bytes, and so protects nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it ends in a line feed, which a file or a pipe may have added to what was meant.
    pub fn ends_in_line_feed(&self) -> bool {
        self.0.ends_with(b"\n")
    }

    /// Whether both are the same, for a password that is asked for twice. Not in constant time:
    /// both come from the same person.
    pub fn is(&self, other: &Password) -> bool {
        self.0 == other.0
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}
