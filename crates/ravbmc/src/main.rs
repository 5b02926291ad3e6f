//! The virtual BMC for VMs of the Ravello cloud.
fn main() {}
