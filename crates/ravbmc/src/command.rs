//! The commands, one module each.

pub(crate) mod changes;
pub(crate) mod check_config;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod ipmi;
pub(crate) mod lab;
pub(crate) mod node;
pub(crate) mod pending;
pub(crate) mod serve;
pub(crate) mod sim;
