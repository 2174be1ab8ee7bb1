//! A trusted root, prepared: its keys and certificates parsed once.

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::material::LogId;
use chainsign_core::trust::{CertificateAuthority, DisabledInstance, LogInstance, TrustedRoot};

use crate::certificate::CertificateCache;
use crate::certificate::path::Authority;
use crate::log::LogKey;
use crate::timestamp::TimestampAuthority;

/// The usable instances of a trusted root. One that cannot be used disables itself, and nothing
/// else.
pub(crate) struct PreparedRoot {
    pub(crate) digest: ArtifactDigest,
    pub(crate) logs: Vec<LogKey>,
    pub(crate) ct_logs: Vec<LogKey>,
    pub(crate) certificate_authorities: Vec<Authority>,
    pub(crate) timestamp_authorities: Vec<TimestampAuthority>,
    pub(crate) disabled: Vec<DisabledInstance>,
    pub(crate) certificates: CertificateCache,
}

impl PreparedRoot {
    pub(crate) fn new(root: &TrustedRoot) -> Self {
        let mut disabled = root.disabled.clone();
        let place_of_log = |log: &LogInstance| format!("{} ({})", log.base_url, log.log_id);
        let place_of_authority =
            |authority: &CertificateAuthority| format!("{} {}", authority.uri, authority.subject);
        PreparedRoot {
            digest: root.digest().clone(),
            logs: usable("tlogs", &root.tlogs, place_of_log, LogKey::new, &mut disabled),
            ct_logs: usable("ctlogs", &root.ctlogs, place_of_log, LogKey::new, &mut disabled),
            certificate_authorities: usable(
                "certificateAuthorities",
                &root.certificate_authorities,
                place_of_authority,
                |authority| Authority::new(authority, &authority.certificates),
                &mut disabled,
            ),
            timestamp_authorities: usable(
                "timestampAuthorities",
                &root.timestamp_authorities,
                place_of_authority,
                TimestampAuthority::new,
                &mut disabled,
            ),
            disabled,
            certificates: CertificateCache::default(),
        }
    }

    /// The keys of the transparency log with an id: more than one where its key was renewed.
    pub(crate) fn log_keys(&self, id: LogId) -> Vec<&LogKey> {
        self.logs.iter().filter(|key| key.id == id).collect()
    }
}

fn usable<T, U>(
    kind: &str,
    instances: &[T],
    place: impl Fn(&T) -> String,
    prepare: impl Fn(&T) -> Result<U, String>,
    disabled: &mut Vec<DisabledInstance>,
) -> Vec<U> {
    let mut usable = Vec::new();
    for instance in instances {
        match prepare(instance) {
            Ok(prepared) => usable.push(prepared),
            Err(reason) => {
                let place = format!("{kind}: {}", place(instance).trim());
                disabled.push(DisabledInstance { place, reason });
            }
        }
    }
    usable
}
