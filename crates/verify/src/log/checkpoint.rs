//! Checkpoints: C2SP `signed-note.md` and `tlog-checkpoint.md`.
//!
//! A checkpoint is read here and believed only under the log's key ([`super::proof`]). Signatures
//! of witnesses are counted and not looked at: nothing in a trusted root names witnesses yet.

use chainsign_core::encoding::base64_decode;

use super::merkle::Hash;

/// A checkpoint that nobody has been asked about yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Checkpoint<'a> {
    /// What the signatures cover: everything up to and with the newline before the blank line.
    pub(super) text: &'a str,
    /// Which tree.
    pub(super) origin: &'a str,
    pub(super) tree_size: u64,
    pub(super) root_hash: Hash,
    pub(super) signatures: Vec<NoteSignature<'a>>,
}

/// One signature line of a note.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoteSignature<'a> {
    pub(super) name: &'a str,
    pub(super) key_hint: [u8; 4],
    pub(super) signature: Vec<u8>,
}

impl<'a> Checkpoint<'a> {
    /// Reads a checkpoint with its signatures.
    ///
    /// # Errors
    /// What was found and wanted.
    pub(super) fn parse(note: &'a str) -> Result<Self, String> {
        if note.bytes().any(|byte| byte.is_ascii_control() && byte != b'\n') {
            return Err("found a control character, wanted none but newlines".to_owned());
        }
        let blank = note.rfind("\n\n").ok_or("found no blank line before the signatures")?;
        let (text, signatures) = (&note[..=blank], &note[blank + 2..]);
        let mut lines = text.lines();
        let mut line = |what: &str| {
            let line = lines.next().filter(|line| !line.is_empty());
            line.ok_or_else(|| format!("found no line with the {what}"))
        };
        let origin = line("origin")?;
        let tree_size = decimal(line("tree size")?)?;
        let root_hash = line("root hash")?;
        if lines.any(str::is_empty) {
            return Err("found an empty line among the extensions, wanted none".to_owned());
        }
        let root_hash = base64_decode("root hash", root_hash).map_err(|error| error.to_string())?;
        let found = root_hash.len();
        Ok(Checkpoint {
            text,
            origin,
            tree_size,
            root_hash: root_hash
                .try_into()
                .map_err(|_| format!("found a root hash of {found} bytes, wanted 32"))?,
            signatures: signature_lines(signatures)?,
        })
    }
}

/// `— <name> <base64 of 4 bytes and the signature>`, each line with its newline.
fn signature_lines(text: &str) -> Result<Vec<NoteSignature<'_>>, String> {
    let text = text.strip_suffix('\n').ok_or("found no newline after the last signature")?;
    let mut signatures = Vec::new();
    for line in text.split('\n') {
        if signatures.len() == MAX_SIGNATURES {
            return Err(format!("found more than {MAX_SIGNATURES} signatures"));
        }
        let rest = line.strip_prefix("\u{2014} ").ok_or("found a signature line without a dash")?;
        let (name, encoded) =
            rest.split_once(' ').ok_or("found a signature line without a name")?;
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c == '+') {
            return Err(format!("found the key name {name:?}, wanted no space and no plus sign"));
        }
        let bytes = base64_decode("signature", encoded).map_err(|error| error.to_string())?;
        let Some((key_hint, signature)) = bytes.split_first_chunk() else {
            return Err("found a signature of less than 4 bytes".to_owned());
        };
        let signature = NoteSignature { name, key_hint: *key_hint, signature: signature.to_vec() };
        if signatures.contains(&signature) {
            return Err(format!("found the signature of {name:?} twice"));
        }
        signatures.push(signature);
    }
    Ok(signatures)
}

/// "ASCII decimal with no leading zeroes (unless the checkpoint represents an empty log)".
fn decimal(text: &str) -> Result<u64, String> {
    let canonical =
        text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    match text.parse() {
        Ok(number) if canonical => Ok(number),
        _ => Err(format!("found the tree size {text:?}, wanted a decimal number")),
    }
}

/// As many as the reference implementation reads (golang.org/x/mod/sumdb/note).
const MAX_SIGNATURES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "example.com/log\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\next\n\n\
                        \u{2014} example.com/log AQIDBAU=\n\u{2014} w AQIDBAY=\n";

    #[test]
    fn a_checkpoint_with_an_extension_and_two_signatures() {
        let checkpoint = Checkpoint::parse(GOOD).unwrap();
        assert_eq!((checkpoint.origin, checkpoint.tree_size), ("example.com/log", 5));
        assert_eq!(checkpoint.root_hash, [0; 32]);
        assert!(checkpoint.text.ends_with("=\next\n"));
        let names: Vec<_> = checkpoint.signatures.iter().map(|s| s.name).collect();
        assert_eq!(names, ["example.com/log", "w"]);
        assert_eq!(checkpoint.signatures[0].key_hint, [1, 2, 3, 4]);
        assert_eq!(checkpoint.signatures[0].signature, [5]);
    }

    #[track_caller]
    fn refused(from: &str, to: &str, reason: &str) {
        assert!(GOOD.contains(from), "{from:?}");
        let error = Checkpoint::parse(&GOOD.replacen(from, to, 1)).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn one_spelling_of_each_part() {
        refused("example.com/log\n", "", "tree size \"AAAA");
        refused("example.com/log\n", "\n", "no line with the origin");
        refused("\n5\n", "\n\n", "no line with the tree size");
        refused("\n5\n", "\n05\n", "found the tree size \"05\"");
        refused("\n5\n", "\n+5\n", "found the tree size \"+5\"");
        refused("\n5\n", "\n18446744073709551616\n", "found the tree size");
        refused("AAA=\n", "AA==\n", "root hash");
        refused("AAA=\n", "AAA\n", "root hash is not canonical base64");
        refused("\next\n", "\n\next\n", "empty line");
        refused("ext", "e\rt", "control character");
        refused("\n\n", "\n", "no blank line");
        refused("AQIDBAY=\n", "AQIDBAY=", "no newline after");
        refused("\u{2014} w", "- w", "without a dash");
        refused("\u{2014} w AQIDBAY=", "\u{2014} wAQIDBAY=", "without a name");
        refused("\u{2014} w", "\u{2014} a+w", "no plus sign");
        refused("AQIDBAY=", "AQI=", "less than 4 bytes");
        refused("AQIDBAY=", "AQIDBAZ=", "signature is not canonical base64");
        refused("\u{2014} w AQIDBAY=", "\u{2014} example.com/log AQIDBAU=", "twice");
        let many: String = (0..100).map(|i| format!("\u{2014} v{i} AQIDBAY=\n")).collect();
        refused("\u{2014} w", &format!("{many}\u{2014} w"), "more than 100 signatures");
    }
}
