//! Signed checkpoints: C2SP tlog-checkpoint and signed-note.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use chainsign_core::encoding::base64_encode;

use crate::Error;
use crate::merkle::Tree;
use crate::misbehaviour::{Behaviour, Misbehaviour};

/// A key that signs notes, with the name and id that its lines carry.
pub(super) trait NoteKey {
    /// The log's own name: the first line of its checkpoints.
    fn origin(&self) -> String;
    /// Without blanks and plus signs.
    fn name(&self) -> &str;
    /// Its first four bytes go before the signature.
    fn id(&self) -> &[u8; 32];
    /// Signs the note's text.
    fn sign_note(&self, text: &[u8]) -> Result<Vec<u8>, Error>;
}

/// The signed note of a tree's head, as text.
pub(super) fn checkpoint(
    tree: &Tree,
    key: &impl NoteKey,
    behaviour: &Behaviour,
) -> Result<String, Error> {
    let (size, root) = tree.head();
    let text = format!("{}\n{size}\n{}\n", key.origin(), base64_encode(root));
    let signature = key.sign_note(text.as_bytes())?;
    let mut lines = vec![line(key.name(), key.id(), &signature)];
    if behaviour.is(&Misbehaviour::UnknownCheckpointSignatures) {
        add_unknown(&mut lines)?;
    }
    Ok(format!("{text}\n{}", lines.concat()))
}

/// `— NAME BASE64(first four bytes of the id, signature)`
fn line(name: &str, id: &[u8; 32], signature: &[u8]) -> String {
    format!("\u{2014} {name} {}\n", base64_encode([&id[..4], signature].concat()))
}

/// Puts lines of unknown keys around the others: a witness of another name (the 72 bytes of a
/// tlog-cosignature), and a key of the log's own name that nobody knows.
fn add_unknown(lines: &mut Vec<String>) -> Result<(), Error> {
    let mut random = [0; 32 + 72 + 32 + 64 + 1];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| Error::Crypto { action: "get random numbers" })?;
    let (ids, rest) = random.split_at(64);
    let (witness, rest) = rest.split_at(72);
    let (unknown, order) = rest.split_at(64);
    let own_name = lines[0].split(' ').nth(1).unwrap_or_default().to_owned();
    let id = |bytes: &[u8]| {
        let mut id = [0; 32];
        id.copy_from_slice(bytes);
        id
    };
    let strange = [
        line("witness.sandbox.invalid", &id(&ids[..32]), witness),
        line(&own_name, &id(&ids[32..]), unknown),
    ];
    for (place, stranger) in strange.into_iter().enumerate() {
        let before = order[0] >> place & 1 == 1;
        lines.insert(if before { 0 } else { lines.len() }, stranger);
    }
    Ok(())
}
