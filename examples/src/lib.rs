//! Small programs that use the crates; see the folder for each.
