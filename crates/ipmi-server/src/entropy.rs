//! Randomness for session ids, random numbers and initialisation vectors.

use ipmi_proto::entropy::Entropy;

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        // The generator of a running system does not fail for a while and then recover: without it no session would be
        // safe, and going on with predictable bytes is worse than ending.
        if let Err(error) = getrandom::fill(bytes) {
            tracing::error!({ crate::field::ERROR } = %error, "the operating system has no random numbers");
            std::process::abort();
        }
    }
}
