//! `doctor`

use clap::Args;

use super::shared::{OfflineFlag, OutputFlag, TokenFlags, TrustFlags};

/// `doctor`
#[derive(Debug, Args)]
#[command(after_help = "Nothing is signed, and no token is asked for or sent anywhere.\n\
                        Exit codes: 0 ready to sign and verify; 2 something is in the way.")]
pub struct DoctorFlags {
    #[command(flatten)]
    pub output: OutputFlag,
    #[command(flatten)]
    pub token: TokenFlags,
    #[command(flatten)]
    pub trust: TrustFlags,
    #[command(flatten)]
    pub offline: OfflineFlag,
}
