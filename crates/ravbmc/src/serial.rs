//! The serial consoles of nodes: where a configuration says they are, and the connections to them.
//!
//! A console is a stream socket that carries the characters of a serial port as they are: QEMU's `-serial tcp:…` and
//! `-serial unix:…`, a port of a serial console server in raw mode, the serial ports of the simulator. Telnet is not spoken: its
//! negotiation would show up as characters.

mod address;
mod socket;

pub(crate) use address::ConsoleAddress;
pub(crate) use socket::{ConsoleSocket, SocketConsole};
