//! Nothing outside the verifier makes a verified value.

#[test]
fn verified_values_cannot_be_made() {
    trybuild::TestCases::new().compile_fail("tests/compile-fail/*.rs");
}
