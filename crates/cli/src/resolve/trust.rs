//! `--trust-config`, `--trusted-root`, `--signing-config`, `--instance`

use chainsign_trust::Instance;

use crate::commands::trust::TrustRequest;
use crate::flags::shared::TrustFlags;

/// Which Sigstore the flags mean.
pub fn trust(flags: TrustFlags) -> TrustRequest {
    let TrustFlags { trust_config, trusted_root, signing_config, instance } = flags;
    match (trust_config, trusted_root) {
        (Some(path), _) => TrustRequest::Config(path),
        (None, Some(trusted_root)) => TrustRequest::Files { trusted_root, signing_config },
        (None, None) => {
            let instance = instance.unwrap_or(Instance::PublicGood);
            match signing_config {
                Some(signing_config) => TrustRequest::InstanceWith { instance, signing_config },
                None => TrustRequest::Instance(instance),
            }
        }
    }
}
