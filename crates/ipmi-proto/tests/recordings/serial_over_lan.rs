//! Recorded Serial over LAN: every packet through the codec, and both ends of ours in the place of one of the recorded ones.

use std::time::{Duration, Instant};

use ipmi_proto::number::SolSequence;
use ipmi_proto::sol::{PAYLOAD_SIZE, RemoteEvent, RemoteSide, SolTiming, SystemEvent, SystemSide};
use ipmi_proto::wire::{SolOperation, SolPacket, SolStatus};

use crate::capture::{Capture, DerivedSol, Direction};

/// A recorded packet of Serial over LAN.
struct Recorded {
    from_console: bool,
    fields: DerivedSol,
    bytes: Vec<u8>,
}

/// Captures that have any, with those packets.
fn captures() -> Vec<(String, Vec<Recorded>)> {
    let recorded = |capture: Capture| {
        let packets = capture.packets.into_iter().zip(capture.derived.packets);
        let recorded: Vec<_> = packets
            .filter_map(|(packet, derived)| {
                let fields = derived.sol?;
                let mut bytes = hex::decode(derived.plain.unwrap()).unwrap();
                // Behind it comes the padding of the encryption.
                bytes.truncate(4 + fields.data.len() / 2);
                Some(Recorded { from_console: packet.dir == Direction::C2s, fields, bytes })
            })
            .collect();
        (capture.name, recorded)
    };
    let mut captures: Vec<_> = Capture::all().into_iter().map(recorded).collect();
    captures.retain(|(_, recorded)| !recorded.is_empty());
    assert_eq!(captures.len(), 6, "three clients, two servers");
    captures
}

#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere; it stands still here")]
fn start() -> Instant {
    Instant::now()
}

#[test]
fn recorded_packets_decode_to_their_fields_and_encode_to_their_bytes() {
    let mut count = 0;
    for (capture, recorded) in captures() {
        for Recorded { from_console, fields, bytes } in recorded {
            let (sequence, acknowledged, accepted, control, characters, again) = if from_console {
                let packet = SolPacket::<SolOperation>::decode(&bytes).unwrap();
                let again = packet.to_bytes();
                let SolPacket { sequence, acknowledged, accepted, control, characters } = packet;
                (sequence, acknowledged, accepted, control.bits(), characters, again)
            } else {
                let packet = SolPacket::<SolStatus>::decode(&bytes).unwrap();
                let again = packet.to_bytes();
                let SolPacket { sequence, acknowledged, accepted, control, characters } = packet;
                (sequence, acknowledged, accepted, control.bits(), characters, again)
            };
            assert_eq!(
                (sequence.get(), acknowledged.get(), accepted, control, hex::encode(characters)),
                (fields.seq, fields.ack, fields.accepted, fields.flags, fields.data),
                "{capture}"
            );
            assert_eq!(again, bytes, "{capture}");
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}

/// What the recorded clients sent, into our managed system: it takes everything that the recorded servers took, and
/// acknowledges it with the same counts.
#[test]
fn recorded_clients_are_acknowledged_as_by_the_recorded_servers() {
    for (capture, recorded) in captures() {
        let mut side = SystemSide::new(SolTiming::CONSOLE, 65_536, true);
        let (mut typed, mut expected) = (Vec::new(), Vec::new());
        for packet in recorded.iter().filter(|packet| packet.from_console) {
            side.handle_payload(start(), &packet.bytes, 1000).unwrap();
            let sent: Vec<_> = std::iter::from_fn(|| side.poll_transmit())
                .map(|payload| SolPacket::<SolStatus>::decode(&payload).unwrap())
                .map(|it| (it.acknowledged.get(), it.accepted))
                .collect();
            if packet.fields.seq == 0 {
                assert_eq!(sent, [], "{capture}: an acknowledgement is not acknowledged");
                continue;
            }
            let theirs = recorded
                .iter()
                .find(|it| !it.from_console && it.fields.ack == packet.fields.seq)
                .map(|it| (it.fields.ack, it.fields.accepted));
            assert_eq!(sent, Vec::from_iter(theirs), "{capture}");
            expected.extend(hex::decode(&packet.fields.data).unwrap());
        }
        while let Some(event) = side.poll_event() {
            let SystemEvent::Characters(characters) = event else { panic!("{capture}: {event:?}") };
            typed.extend_from_slice(&characters);
        }
        assert!(!typed.is_empty(), "{capture}");
        assert_eq!(typed, expected, "{capture}");
    }
}

/// What the recorded servers sent, into our console: it prints everything and acknowledges it as the recorded clients did.
#[test]
fn recorded_servers_are_acknowledged_as_by_the_recorded_clients() {
    for (capture, recorded) in captures() {
        let mut side = RemoteSide::new(SolTiming::CONSOLE, PAYLOAD_SIZE);
        let (mut acknowledgements, mut printed, mut deactivated) = (Vec::new(), Vec::new(), false);
        for packet in recorded.iter().filter(|packet| !packet.from_console) {
            side.handle_payload(start(), &packet.bytes).unwrap();
            acknowledgements.extend(
                std::iter::from_fn(|| side.poll_transmit())
                    .map(|payload| SolPacket::<SolOperation>::decode(&payload).unwrap())
                    .map(|it| (it.acknowledged.get(), it.accepted)),
            );
        }
        while let Some(event) = side.poll_event() {
            match event {
                RemoteEvent::Characters(characters) => printed.extend_from_slice(&characters),
                RemoteEvent::Deactivated => deactivated = true,
                other => panic!("{capture}: {other:?}"),
            }
        }
        let theirs: Vec<_> = recorded
            .iter()
            .filter(|packet| packet.from_console && packet.fields.ack != 0)
            .map(|packet| (packet.fields.ack, packet.fields.accepted))
            .collect();
        assert_eq!(acknowledgements, theirs, "{capture}");
        assert!(String::from_utf8(printed).unwrap().contains("tick"), "{capture}");
        assert_eq!(deactivated, capture.contains("goipmi"), "{capture}: ipmi_sim says no farewell");
    }
}

#[test]
fn numbers_step_over_0_and_know_how_far_apart_they_are() {
    let number = SolSequence::new;
    assert_eq!(number(15).next(), number(1));
    assert_eq!(SolSequence::NONE.next(), SolSequence::FIRST);
    for from in 1..=15 {
        let mut to = number(from);
        for steps in 0..15 {
            assert_eq!(to.steps_from(number(from)), steps, "{from}");
            to = to.next();
        }
    }
    assert_eq!(SolTiming::CONSOLE.accumulation, Duration::ZERO);
}
