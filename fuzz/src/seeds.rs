//! Writes the targets' seeds: `seeds <folder>`.

use std::path::PathBuf;

fn main() {
    let corpus = PathBuf::from(std::env::args_os().nth(1).expect("a folder"));
    for (target, seeds) in chainsign_fuzz::seeds() {
        let folder = corpus.join(target);
        std::fs::create_dir_all(&folder).unwrap();
        for (index, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{index}")), seed).unwrap();
        }
    }
}
