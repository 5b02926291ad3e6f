//! An IPMI 2.0 remote console over UDP: logs in to one BMC, sends commands, logs out.
//!
//! The protocol is [`ipmi_proto::console::Console`]; this crate adds a socket, a clock, the operating system's random
//! numbers, and errors for people. One [`Client`] is one session and one socket, with one request at a time: whoever
//! wants more opens more clients.
//!
//! Serial over LAN is part of it: [`Client::activate_sol`], then [`Client::listen`] and [`Client::type_characters`].
//!
//! What it is not: a program (`ravbmc ipmi` is one), a pool, or something that logs in again by itself.
//!
//! ```no_run
//! use ipmi_client::{Client, ClientOptions};
//! use ipmi_proto::command::chassis::GetChassisStatus;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = ClientOptions::new("admin", "secret")?;
//! let mut client = Client::connect("127.0.0.1:6230".parse()?, options).await?;
//! let status = client.call(&GetChassisStatus).await?;
//! println!("{status:?}");
//! client.close().await;
//! # Ok(())
//! # }
//! ```

mod entropy;
mod options;

mod error;

mod client;

pub use client::{Client, Reply, Session};
pub use error::ClientError;
pub use options::{ClientOptions, InvalidOptions};
