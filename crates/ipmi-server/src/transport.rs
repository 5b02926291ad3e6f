//! Where datagrams come from and go to.
//!
//! A BMC sees only [`DatagramTransport`]: a UDP socket of its own in production ([`UdpTransport`]), a pair of queues
//! ([`channel`]) where there is no socket: in tests under virtual time, or behind whoever shares one socket among
//! many BMCs.

pub mod channel;
pub mod udp;

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;

pub use udp::UdpTransport;

/// A datagram with the address of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Where it came from, or where it goes.
    pub peer: SocketAddr,
    /// The UDP payload.
    pub payload: Bytes,
}

/// Datagrams to and from one BMC. Answers leave from the address that requests come to.
pub trait DatagramTransport: Send + Sync + 'static {
    /// The next datagram. Dropping the future before it is ready loses nothing.
    ///
    /// # Errors
    /// [`ReceiveError`].
    fn receive(&self) -> impl Future<Output = Result<Datagram, ReceiveError>> + Send;

    /// Sends a datagram, or hands it to somebody who will.
    ///
    /// # Errors
    /// Whatever the network says. The caller drops the datagram: remote consoles repeat what stays unanswered.
    fn send(&self, datagram: Datagram) -> impl Future<Output = io::Result<()>> + Send;
}

/// Why there is no datagram.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// There will never be another one.
    #[error("the transport is closed")]
    Closed,
    /// The network failed. It may recover.
    #[error("cannot receive")]
    Io(#[source] io::Error),
}
