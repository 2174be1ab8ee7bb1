//! Tests of the crate from outside: real files, generated files, broken files.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests fail loudly")]

mod containers;
mod diff;
mod generate;
mod malformed;
mod oracle;
mod packages;
mod random;
mod real;
mod sbom;
mod second_record;
