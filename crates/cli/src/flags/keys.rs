//! `generate-key-pair`, `import-key-pair`, `public-key`

use std::path::PathBuf;

use chainsign_keys::KeyKind;
use clap::Args;

use super::shared::OutputFlag;
use crate::printer::OutputFormat;

/// `generate-key-pair`
#[derive(Debug, Args)]
#[command(
    after_help = "The private key is encrypted under a password: COSIGN_PASSWORD where it is set (it may be \
                  empty), else asked for on the terminal, else all of standard input.\n\
                  Example: chainsign generate-key-pair --output-key-prefix release"
)]
pub struct GenerateKeyPairFlags {
    /// Where cosign would make the key instead (k8s://, github://, gitlab://): not built here
    #[arg(value_name = "WHERE", hide = true)]
    pub elsewhere: Option<String>,
    /// Key management service to make the key in: not built here
    #[arg(long, value_name = "URI", hide = true)]
    pub kms: Option<String>,
    /// Names the files: PREFIX.key and PREFIX.pub
    #[arg(long, value_name = "PREFIX", default_value = "cosign")]
    pub output_key_prefix: PathBuf,
    /// Kind of key: ecdsa-p256, ecdsa-p384, ecdsa-p521, ed25519, rsa-2048, rsa-3072 or rsa-4096
    #[arg(long, value_name = "KIND", default_value = "ecdsa-p256")]
    pub kind: KeyKind,
    /// Replace files that are there; without it they are left alone
    #[arg(long, short = 'y')]
    pub yes: bool,
    #[command(flatten)]
    pub output: OutputFlag,
}

/// `import-key-pair`
#[derive(Debug, Args)]
#[command(
    after_help = "Reads PKCS#8, SEC1 and PKCS#1, encrypted PKCS#8, and cosign's own format, all PEM. The password \
                  of the new file comes as for generate-key-pair, the one of an encrypted old file from \
                  CHAINSIGN_OLD_PASSWORD or the terminal.\n\
                  Example: chainsign import-key-pair --key openssl.pem"
)]
pub struct ImportKeyPairFlags {
    /// Private key to read
    #[arg(long, short = 'k', value_name = "FILE")]
    pub key: String,
    /// Names the files: PREFIX.key and PREFIX.pub
    #[arg(long, short = 'o', value_name = "PREFIX", default_value = "import-cosign")]
    pub output_key_prefix: PathBuf,
    /// Replace files that are there; without it they are left alone
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// How to print the result on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}

/// `public-key`
#[derive(Debug, Args)]
#[command(after_help = "Example: chainsign public-key --key cosign.key >cosign.pub")]
pub struct PublicKeyFlags {
    /// Private key, env://VARIABLE with its PEM, or the pkcs11: URI of a key in a token
    #[arg(long, value_name = "FILE")]
    pub key: String,
    /// Write the public key to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub outfile: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputFlag,
}
