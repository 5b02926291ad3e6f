//! Randomness as an argument: session ids, random numbers and initialisation vectors come from here.
//!
//! The crate has no generator of its own. Production hands in the operating system's, a test hands in a script and gets the
//! same bytes on the wire every time.

/// A source of random bytes.
///
/// Session keys depend on it: outside tests the bytes must come from a cryptographic generator.
pub trait Entropy: Send {
    /// Fills the whole of `bytes`. There is no way to report a failure: a source that can fail must retry or abort inside.
    fn fill(&mut self, bytes: &mut [u8]);
}

impl<E: Entropy + ?Sized> Entropy for Box<E> {
    fn fill(&mut self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}

/// Draws an array.
pub(crate) fn draw<const N: usize>(entropy: &mut dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}
