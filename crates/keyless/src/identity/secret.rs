use std::fmt;

use zeroize::Zeroizing;

/// A text that is a secret: wiped from memory when dropped, never printed.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        SecretText(Zeroizing::new(text.into()))
    }

    /// The text, for the one who must be told.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What somebody else said, without the secret, should they quote it.
    pub(crate) fn cut_out_of(&self, said: &str) -> String {
        match self.0.len() < SHORTEST {
            true => said.to_owned(),
            false => said.replace(self.expose(), "(secret)"),
        }
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(redacted)")
    }
}

/// A shorter text is also in words, and would be told by where it is missing.
const SHORTEST: usize = 8;
