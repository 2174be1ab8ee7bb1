//! Writes the seeds of every target: `seeds <folder>`, each to `<folder>/<target>/seed-<number>`.

use std::fs;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("a folder"));
    for (target, seeds) in chainsign_fuzz::seeds() {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (index, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{index}")), seed)?;
        }
    }
    Ok(())
}
