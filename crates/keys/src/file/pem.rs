//! PEM of private keys (RFC 7468), with secrets wiped on the way.
//!
//! Unlike `chainsign_core::encoding::pem_decode`, which reads one block of one label, this finds the
//! key among the blocks that other tools write around it.

use chainsign_core::encoding::base64_decode;
use zeroize::Zeroizing;

use crate::Error;

/// A block and its label.
pub(super) struct Block {
    pub(super) label: String,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// The one private key in a text.
pub(super) fn private_key(text: &[u8]) -> Result<Block, Error> {
    let not_pem = |reason| Error::NotPem { reason };
    let text = std::str::from_utf8(text).map_err(|_| not_pem("found bytes that are no text"))?;
    let mut lines = text.lines().map(str::trim_ascii_end);
    let mut found: Option<Block> = None;
    while let Some(line) = lines.next() {
        let Some(label) = label(line, "-----BEGIN ") else { continue };
        let mut body = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next().ok_or_else(|| not_pem("found no END of a block"))?;
            if let Some(end) = self::label(line, "-----END ") {
                if end != label {
                    return Err(not_pem("found another END than the block's own"));
                }
                break;
            }
            if line.contains(':') {
                return Err(Error::TraditionalEncryption);
            }
            body.push_str(line);
        }
        if BESIDE_KEYS.contains(&label) {
            continue;
        }
        if found.is_some() {
            return Err(Error::SeveralKeys);
        }
        let body = base64_decode("the PEM block", body.as_str());
        let body = body.map_err(|_| not_pem("found a block that is not canonical base64"))?;
        found = Some(Block { label: label.to_owned(), body: Zeroizing::new(body) });
    }
    found.ok_or_else(|| not_pem("found no block of a private key"))
}

fn label<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    line.strip_prefix(prefix)?.strip_suffix("-----")
}

/// `openssl ecparam -genkey` writes the curve before the key; others put certificates after it.
const BESIDE_KEYS: [&str; 2] = ["EC PARAMETERS", "CERTIFICATE"];
