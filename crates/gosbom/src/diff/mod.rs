//! Does an SBOM say what is in the binary? The comparison of two module lists.
//!
//! Security: this is what "attested equals actual" rests on for SBOMs, so everything is matched
//! by parsed package URLs with case kept, a name is never matched by its end or its start, and
//! what cannot be known is reported as unknown, never as equal. The four lenient rules are
//! exactly these:
//!
//! 1. A replaced module may be listed under the original or under the replacement.
//! 2. A version that Go itself does not know (`(devel)`, a replacement folder) cannot contradict.
//! 3. A leading `v` or `go` of a version does not count; tools differ there.
//! 4. A sum that one side does not have is unknown.

mod compare;
mod sbom;
mod set;

pub use compare::{Difference, Mode, Side, SumMismatch, VersionMismatch, compare};
pub use sbom::SbomError;
pub use set::{Entry, Kind, ModuleSet, Name, Source};
