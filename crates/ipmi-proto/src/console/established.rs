//! The console's end of an established session.

use bytes::{Bytes, BytesMut};

use crate::crypto::{CipherSuite, Integrity, SessionKeys};
use crate::entropy::{self, Entropy};
use crate::number::{Guid, Iv, PayloadType, SessionId, SessionSequence};
use crate::session::ReplayWindow;
use crate::wire::{RmcpHeader, Sealed};

/// Keys and counters of a session, as the console has them.
#[derive(Debug)]
pub(super) struct EstablishedSession {
    pub(super) suite: CipherSuite,
    pub(super) guid: Guid,
    pub(super) managed_session_id: SessionId,
    keys: SessionKeys,
    outbound: SessionSequence,
    inbound: ReplayWindow,
}

impl EstablishedSession {
    pub(super) const fn new(
        suite: CipherSuite,
        guid: Guid,
        managed_session_id: SessionId,
        keys: SessionKeys,
    ) -> Self {
        Self {
            suite,
            guid,
            managed_session_id,
            keys,
            outbound: SessionSequence::FIRST,
            inbound: ReplayWindow::new(),
        }
    }

    /// Packs a payload into a datagram with a new session sequence number. `None` if it is too long for one.
    pub(super) fn seal(
        &mut self,
        payload_type: PayloadType,
        payload: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Option<Bytes> {
        let mut datagram = BytesMut::new();
        RmcpHeader::IPMI.encode(&mut datagram);
        let iv = Iv(entropy::draw(entropy));
        self.keys
            .seal(payload_type, self.managed_session_id, self.outbound, iv, payload, &mut datagram)
            .ok()?;
        self.outbound = self.outbound.next();
        Some(datagram.freeze())
    }

    /// The payload of a packet, if it is authentic and new.
    pub(super) fn open(&mut self, packet: &Sealed<'_>) -> Option<(PayloadType, Bytes)> {
        let opened = self.keys.open(packet).ok()?;
        let numbered = self.keys.algorithms().integrity() != Integrity::None;
        if numbered && !self.inbound.accept(opened.sequence().0) {
            return None;
        }
        Some((opened.payload_type(), opened.payload().clone()))
    }
}
