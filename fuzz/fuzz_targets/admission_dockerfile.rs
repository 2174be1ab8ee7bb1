#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chainsign_fuzz::run("admission_dockerfile", bytes));
