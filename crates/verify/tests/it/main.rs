//! Tests of the verifier from outside.

mod conformance;
mod forge;
mod formats;
