//! Support for tests that run the program as a user would: the `ravbmc` binary, real IPMI clients, the simulator
//! over HTTP.
//!
//! * [`ravbmc`] builds and starts the program and ends what it started, by its process id.
//! * [`client`] runs the real clients, or says loudly that one is missing.
//! * [`cloud`] asks the simulator what really happened.
//! * [`guest`] makes boot programs for real virtual machines, [`linux`] a disk with a real system; [`lab`] has such a machine.
//! * [`simulated`] is a simulator in the process of the test itself.
//! * [`terminal`] is a person at a terminal.
//! * [`wait_for`] waits for a condition, with a bound, and reports the last thing it saw.

pub mod client;
pub mod cloud;
pub mod guest;
pub mod lab;
pub mod linux;
pub mod ravbmc;
pub mod simulated;
pub mod terminal;

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Waits until `look` gives a value that `good` accepts, and returns it.
///
/// # Panics
/// After `bound`, with the last value that was seen.
pub fn wait_for<T: Debug>(
    what: &str,
    bound: Duration,
    mut look: impl FnMut() -> T,
    good: impl Fn(&T) -> bool,
) -> T {
    let end = Instant::now() + bound;
    loop {
        let seen = look();
        if good(&seen) {
            return seen;
        }
        assert!(Instant::now() < end, "waited {bound:?} in vain for: {what}; last seen: {seen:?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
