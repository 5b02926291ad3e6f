//! Why there is no image.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum IsoError {
    /// A file that belongs on the image is not there.
    #[error("{what} is missing: there is no {}; install the package {package}, or say where it is", file.display())]
    Missing {
        /// What it is.
        what: &'static str,
        /// Where it was looked for.
        file: PathBuf,
        /// The package of Debian and Ubuntu that has it.
        package: &'static str,
    },
    /// A file cannot be read.
    #[error("cannot read {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The error behind it.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// The error behind it.
        source: io::Error,
    },
    /// A program cannot be started.
    #[error("cannot run {}; it comes with the package {package}", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// The package of Debian and Ubuntu that has it.
        package: &'static str,
        /// The error behind it.
        source: io::Error,
    },
    /// A program failed.
    #[error("{} failed with {status}: {said}", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The last line that it said.
        said: String,
    },
}
