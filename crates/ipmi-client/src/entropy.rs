use ipmi_proto::entropy::Entropy;

/// The operating system's generator.
#[derive(Debug)]
pub(crate) struct OperatingSystem;

impl Entropy for OperatingSystem {
    fn fill(&mut self, bytes: &mut [u8]) {
        // A running system's generator does not fail and then recover, and a session made of predictable bytes is
        // worse than none.
        if let Err(error) = getrandom::fill(bytes) {
            tracing::error!(%error, "the operating system gives no random numbers");
            std::process::abort();
        }
    }
}
