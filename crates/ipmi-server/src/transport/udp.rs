//! One UDP socket for one BMC.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use tokio::net::UdpSocket;

use super::{Datagram, DatagramTransport, ReceiveError};

/// The longest datagram that is read whole. No message of IPMI over LAN comes near it; what a longer one leaves behind
/// does not verify and is dropped.
const LARGEST: usize = 2048;

/// A UDP socket that belongs to one BMC.
#[derive(Debug)]
pub struct UdpTransport {
    socket: UdpSocket,
}

impl UdpTransport {
    /// Binds a socket. Port 0 takes a free one.
    ///
    /// # Errors
    /// Whatever the operating system says, usually that the port is taken or that it needs a privilege.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::new(UdpSocket::bind(address).await?))
    }

    /// Takes a socket that is bound already.
    #[must_use]
    pub const fn new(socket: UdpSocket) -> Self {
        Self { socket }
    }

    /// The address that the socket is bound to.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl DatagramTransport for UdpTransport {
    async fn receive(&self) -> Result<Datagram, ReceiveError> {
        loop {
            self.socket.readable().await.map_err(ReceiveError::Io)?;
            match take(&self.socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                taken => return taken.map_err(ReceiveError::Io),
            }
        }
    }

    async fn send(&self, datagram: Datagram) -> io::Result<()> {
        self.socket.send_to(&datagram.payload, datagram.peer).await.map(|_sent| ())
    }
}

/// Reads a datagram that is there already. The buffer lives here and not in the future, which thousands of idle BMCs
/// keep in memory.
fn take(socket: &UdpSocket) -> io::Result<Datagram> {
    let mut buffer = [0; LARGEST];
    let (len, peer) = socket.try_recv_from(&mut buffer)?;
    Ok(Datagram { peer, payload: Bytes::copy_from_slice(buffer.get(..len).unwrap_or_default()) })
}
