//! A fake cloud, and a daemon's worth of reconciler around it.

pub mod fake_cloud;
pub mod log;
pub mod rig;

pub use fake_cloud::{Cause, FakeCloud, Fault, VmSpec};
pub use rig::{Rig, node, once, persistent, requester};
