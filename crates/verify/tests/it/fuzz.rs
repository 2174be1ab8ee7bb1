//! The fuzz targets without a fuzzer: each from its seeds, from what once broke it
//! (`fuzz/regressions/<target>/`), and from a fixed row of changes to the seeds.

use std::fs;
use std::path::Path;

use crate::targets::TARGETS;

/// Changes of each seed.
const CHANGES: u64 = 40;

#[test]
fn every_target_holds() {
    let regressions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions");
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!((target.run)(&seeds[0]), "{} refuses its first seed", target.name);
        for seed in &seeds {
            (target.run)(seed);
        }
        (target.run)(&[]);
        for file in fs::read_dir(regressions.join(target.name)).into_iter().flatten() {
            (target.run)(&fs::read(file.unwrap().path()).unwrap());
        }
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for seed in &seeds {
            for _ in 0..CHANGES {
                (target.run)(&changed(seed, &mut random));
            }
        }
    }
}

/// Some bytes set, and a piece moved, doubled or cut.
fn changed(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let until = at + random.below((bytes.len() - at).min(40)) + 1;
        let to = random.below(bytes.len());
        match random.below(8) {
            0 => drop(bytes.drain(at..until)),
            1 => {
                let piece = bytes[at..until].to_vec();
                bytes.splice(to..to, piece);
            }
            2 => bytes.truncate(at),
            3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\n', 0x30][random.below(8)],
            _ => bytes[at] ^= 1 << random.below(8),
        }
    }
    bytes
}

/// Marsaglia's xorshift: the same changes each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }
}
