//! A transport of two queues, without a socket.

use std::io;

use tokio::sync::{Mutex, mpsc};

use super::{Datagram, DatagramTransport, ReceiveError};

/// Makes a transport and the far end of it. Each direction holds up to `capacity` datagrams.
#[must_use]
pub fn pair(capacity: usize) -> (ChannelTransport, FarEnd) {
    let (to_bmc, from_network) = mpsc::channel(capacity);
    let (to_network, from_bmc) = mpsc::channel(capacity);
    (
        ChannelTransport { incoming: Mutex::new(from_network), outgoing: to_network },
        FarEnd { to_bmc, from_bmc },
    )
}

/// The BMC's end.
#[derive(Debug)]
pub struct ChannelTransport {
    incoming: Mutex<mpsc::Receiver<Datagram>>,
    outgoing: mpsc::Sender<Datagram>,
}

impl DatagramTransport for ChannelTransport {
    async fn receive(&self) -> Result<Datagram, ReceiveError> {
        self.incoming.lock().await.recv().await.ok_or(ReceiveError::Closed)
    }

    /// A queue that is full drops the datagram, as a network does.
    async fn send(&self, datagram: Datagram) -> io::Result<()> {
        self.outgoing.try_send(datagram).map_err(|error| {
            io::Error::new(
                match error {
                    mpsc::error::TrySendError::Full(_) => io::ErrorKind::WouldBlock,
                    mpsc::error::TrySendError::Closed(_) => io::ErrorKind::BrokenPipe,
                },
                "nobody takes the datagram",
            )
        })
    }
}

/// The other end: the network, with any number of remote consoles on it.
#[derive(Debug)]
pub struct FarEnd {
    /// Takes datagrams to the BMC; `peer` is who they come from.
    pub to_bmc: mpsc::Sender<Datagram>,
    /// Gives datagrams of the BMC; `peer` is who they are for.
    pub from_bmc: mpsc::Receiver<Datagram>,
}
