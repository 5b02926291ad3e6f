//! Writes the seeds of every target to `corpus/TARGET/`.

use std::fs;
use std::io;
use std::path::Path;

#[path = "../../tests/fuzz/seeds.rs"]
mod seeds;

fn main() -> io::Result<()> {
    for target in ["datagram", "setup_messages", "commands", "endpoint", "sessions", "console", "serial_line"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds::of(target).into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:05}")), seed)?;
        }
    }
    Ok(())
}
