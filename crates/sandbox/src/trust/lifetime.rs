use jiff::{SignedDuration, Timestamp};

use crate::Error;
use crate::state::{Access, Store};

/// Since when, and how long, the sandbox's keys are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    created: Timestamp,
}

impl Lifetime {
    /// Since the state folder was made, or since now.
    pub(crate) fn load(store: &Store, now: Timestamp) -> Result<Self, Error> {
        let text = store.load_or_make(FILE, Access::Public, || Ok(format!("{now}\n").into()))?;
        let created = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok());
        let created = created.ok_or_else(|| store.invalid(FILE, "wanted a time".to_owned()))?;
        Ok(Lifetime { created })
    }

    /// When keys and services become valid: early enough for a client whose clock is behind.
    pub(crate) fn services_from(self) -> Timestamp {
        whole_seconds(self.created, -SignedDuration::from_hours(1))
    }

    /// As [`services_from`](Self::services_from), but earlier: sigstore-js takes the service that
    /// became valid last.
    pub(crate) fn older_services_from(self) -> Timestamp {
        whole_seconds(self.created, -SignedDuration::from_hours(2))
    }

    pub(crate) fn certificates_from(self) -> Timestamp {
        self.older_services_from()
    }

    pub(crate) fn certificates_until(self) -> Timestamp {
        whole_seconds(self.created, SignedDuration::from_hours(10 * 365 * 24))
    }
}

fn whole_seconds(moment: Timestamp, shift: SignedDuration) -> Timestamp {
    let seconds = moment.as_second().saturating_add(shift.as_secs());
    Timestamp::from_second(seconds).unwrap_or(moment)
}

const FILE: &str = "created";
