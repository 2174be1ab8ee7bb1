//! Tests of the crate from outside: real files, generated files, broken files.

mod containers;
mod generate;
mod malformed;
mod real;
