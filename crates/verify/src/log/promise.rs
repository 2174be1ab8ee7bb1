//! The signed entry timestamp of Rekor v1: the log's promise to include an entry, and the time at
//! which it made the promise (client-spec section 4.2.2).

use chainsign_core::encoding::base64_encode;
use chainsign_core::material::LogEntry;
use jiff::Timestamp;

use super::{LogKey, first};
use crate::Refusal;

/// Verifies the signed entry timestamp of an entry and returns its time. `None` when the entry
/// has no signed entry timestamp: its integrated time is then nobody's word.
///
/// # Errors
/// [`Refusal::SetTime`], [`Refusal::SetInvalid`], [`Refusal::SetOutsideKeyValidity`],
/// [`Refusal::SetInFuture`].
pub(crate) fn promised_time(
    entry: &LogEntry,
    keys: &[&LogKey],
    now: Timestamp,
) -> Result<Option<Timestamp>, Refusal> {
    let log_index = entry.log_index;
    let Some(signature) = &entry.signed_entry_timestamp else { return Ok(None) };
    let found = entry.integrated_time;
    let bad_time = || Refusal::SetTime { log_index, found };
    let Some(seconds) = found else { return Err(bad_time()) };
    let Ok(time) = Timestamp::from_second(seconds) else { return Err(bad_time()) };
    let signed = signed_bytes(entry, seconds);
    first(keys, bad_time, |key| {
        let log = || key.name.clone();
        if !key.verify(&signed, signature) {
            return Err(Refusal::SetInvalid { log_index, log: log() });
        }
        let valid_for = key.valid_for;
        if !valid_for.contains(time) {
            return Err(Refusal::SetOutsideKeyValidity { log: log(), time, valid_for });
        }
        if time > now {
            return Err(Refusal::SetInFuture { log_index, time, now });
        }
        Ok(Some(time))
    })
}

/// What Rekor signs: the entry as canonical JSON (RFC 8785). The keys are in order, and no value
/// has a character to escape.
fn signed_bytes(entry: &LogEntry, integrated_time: i64) -> Vec<u8> {
    let body = base64_encode(&entry.canonicalized_body);
    let (log_id, log_index) = (entry.log_id, entry.log_index);
    format!(
        r#"{{"body":"{body}","integratedTime":{integrated_time},"logID":"{log_id}","logIndex":{log_index}}}"#
    )
    .into_bytes()
}
