//! Both ends of the line, packet by packet, and against each other over a network that loses, repeats and reorders.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;

use super::{PAYLOAD_SIZE, RemoteEvent, RemoteSide, SolTiming, SystemEvent, SystemSide};
use crate::number::SolSequence;
use crate::wire::{SolOperation, SolPacket, SolStatus};

const TIMING: SolTiming = SolTiming {
    accumulation: Duration::from_millis(50),
    threshold: 96,
    retries: 3,
    retry_interval: Duration::from_millis(500),
};

const ROOM: usize = 1000;

#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere; only differences matter")]
fn start() -> Instant {
    Instant::now()
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The system's end, with a clock.
struct Bench {
    side: SystemSide,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        Self { side: SystemSide::new(TIMING, 4096, true), now: start() }
    }

    fn wait(&mut self, time: Duration) -> Vec<SolPacket<SolStatus>> {
        self.now += time;
        self.side.handle_timeout(self.now);
        self.sent()
    }

    fn print(&mut self, text: &str) -> Vec<SolPacket<SolStatus>> {
        self.side.print(self.now, text.as_bytes());
        self.sent()
    }

    fn sent(&mut self) -> Vec<SolPacket<SolStatus>> {
        std::iter::from_fn(|| self.side.poll_transmit()).map(|it| SolPacket::decode(&it).unwrap()).collect()
    }

    fn events(&mut self) -> Vec<SystemEvent> {
        std::iter::from_fn(|| self.side.poll_event()).collect()
    }

    fn feed(&mut self, packet: &SolPacket<SolOperation>) -> Vec<SolPacket<SolStatus>> {
        self.feed_with_room(packet, ROOM)
    }

    fn feed_with_room(&mut self, packet: &SolPacket<SolOperation>, room: usize) -> Vec<SolPacket<SolStatus>> {
        self.side.handle_payload(self.now, &packet.to_bytes(), room).unwrap();
        self.sent()
    }

    fn acknowledge(&mut self, sequence: u8, accepted: u8) -> Vec<SolPacket<SolStatus>> {
        self.feed(&ack(sequence, accepted, SolOperation::empty()))
    }
}

fn typed(sequence: u8, text: &str) -> SolPacket<SolOperation> {
    SolPacket {
        sequence: SolSequence::new(sequence),
        acknowledged: SolSequence::NONE,
        accepted: 0,
        control: SolOperation::empty(),
        characters: Bytes::copy_from_slice(text.as_bytes()),
    }
}

fn ack(sequence: u8, accepted: u8, control: SolOperation) -> SolPacket<SolOperation> {
    SolPacket { acknowledged: SolSequence::new(sequence), accepted, control, ..typed(0, "") }
}

fn text(packet: &SolPacket<SolStatus>) -> (u8, String) {
    (packet.sequence.get(), String::from_utf8(packet.characters.to_vec()).unwrap())
}

fn texts(packets: &[SolPacket<SolStatus>]) -> Vec<(u8, String)> {
    packets.iter().map(text).collect()
}

fn one(sequence: u8, characters: &str) -> Vec<(u8, String)> {
    vec![(sequence, characters.to_owned())]
}

#[test]
fn characters_are_gathered_for_the_interval_or_until_the_threshold() {
    let mut bench = Bench::new();
    assert!(bench.print("ab").is_empty());
    assert!(bench.wait(ms(49)).is_empty());
    assert!(bench.print("c").is_empty());
    assert_eq!(texts(&bench.wait(ms(1))), one(1, "abc"));
    bench.acknowledge(1, 3);

    let line = "x".repeat(96);
    assert!(bench.print(&line[..95]).is_empty());
    assert_eq!(texts(&bench.print("x")), one(2, &line));
}

#[test]
fn packet_never_carries_more_than_the_announced_size() {
    let mut bench = Bench::new();
    let sent = bench.print(&"y".repeat(1000));
    assert_eq!(sent[0].to_bytes().len(), usize::from(PAYLOAD_SIZE));
    assert_eq!(sent.len(), 1, "one packet waits for its acknowledgement");
    let next = bench.acknowledge(1, 251);
    assert_eq!((next[0].sequence.get(), next[0].characters.len()), (2, 251));
}

#[test]
fn numbers_run_from_1_to_15_and_begin_again_at_1() {
    let mut bench = Bench::new();
    let mut numbers = Vec::new();
    for _ in 0..17 {
        let sent = bench.print(&"z".repeat(96));
        numbers.push(sent[0].sequence.get());
        bench.acknowledge(sent[0].sequence.get(), 96);
    }
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 2]);
}

#[test]
fn packet_without_acknowledgement_is_sent_again_with_its_number_and_given_up() {
    let mut bench = Bench::new();
    let line = "w".repeat(96);
    bench.print(&line);
    bench.print("later");
    for _ in 0..TIMING.retries {
        assert!(bench.wait(ms(499)).is_empty());
        assert_eq!(texts(&bench.wait(ms(1))), one(1, &line));
    }
    let next = bench.wait(ms(500));
    assert_eq!(texts(&next), one(2, "later"));
    assert!(next[0].control.contains(SolStatus::OVERRUN), "characters were lost");
    bench.acknowledge(2, 5);
    assert!(!bench.print(&line)[0].control.contains(SolStatus::OVERRUN), "it is said once");
}

#[test]
fn rest_of_a_packet_that_was_taken_in_part_goes_out_at_once_with_a_number_of_its_own() {
    let mut bench = Bench::new();
    let line = format!("{}END", "v".repeat(96));
    bench.print(&line);
    assert!(bench.acknowledge(1, 96).is_empty(), "three characters are gathered like any others");
    assert_eq!(texts(&bench.wait(ms(50))), one(2, "END"));
}

#[test]
fn acknowledgement_of_nothing_and_of_another_packet_is_none() {
    let mut bench = Bench::new();
    let line = "u".repeat(96);
    bench.print(&line);
    assert!(bench.acknowledge(1, 0).is_empty());
    assert!(bench.acknowledge(2, 96).is_empty());
    assert_eq!(texts(&bench.wait(ms(500))), one(1, &line));
}

#[test]
fn refused_packet_is_kept_for_as_long_as_the_console_refuses() {
    let mut bench = Bench::new();
    let line = "t".repeat(96);
    bench.print(&line);
    for _ in 0..20 {
        bench.feed(&ack(1, 0, SolOperation::NACK));
        assert!(bench.wait(ms(499)).is_empty());
        assert_eq!(texts(&bench.wait(ms(1))), one(1, &line));
    }
    bench.acknowledge(1, 96);
    assert!(bench.wait(ms(5000)).is_empty());
}

#[test]
fn rest_of_a_packet_that_was_refused_in_part_waits() {
    let mut bench = Bench::new();
    bench.print(&format!("{}tail", "s".repeat(96)));
    assert!(bench.feed(&ack(1, 96, SolOperation::NACK)).is_empty());
    assert!(bench.wait(ms(499)).is_empty());
    assert_eq!(texts(&bench.wait(ms(1))), one(2, "tail"));
}

#[test]
fn typed_characters_are_delivered_once_and_acknowledged_every_time() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        let sent = bench.feed(&typed(1, "ls\r"));
        assert_eq!(sent.len(), 1);
        assert_eq!(
            (sent[0].sequence.get(), sent[0].acknowledged.get(), sent[0].accepted, sent[0].control),
            (0, 1, 3, SolStatus::empty())
        );
    }
    assert_eq!(bench.events(), [SystemEvent::Characters(Bytes::from_static(b"ls\r"))]);
}

#[test]
fn late_copy_of_an_older_packet_is_dropped() {
    let mut bench = Bench::new();
    bench.feed(&typed(15, "a"));
    bench.feed(&typed(1, "b"));
    bench.feed(&typed(2, "c"));
    bench.events();
    assert!(bench.feed(&typed(15, "a")).is_empty());
    assert!(bench.feed(&typed(1, "b")).is_empty());
    assert_eq!(bench.events(), []);
}

#[test]
fn number_ahead_is_taken_because_the_ones_between_were_given_up() {
    let mut bench = Bench::new();
    bench.feed(&typed(9, "a"));
    assert_eq!(bench.feed(&typed(12, "b"))[0].acknowledged.get(), 12);
    assert_eq!(bench.events().len(), 2);
}

#[test]
fn what_has_no_room_is_taken_in_part_or_refused_and_may_come_again() {
    let mut bench = Bench::new();
    let sent = bench.feed_with_room(&typed(1, "hello"), 2);
    assert_eq!((sent[0].accepted, sent[0].control), (2, SolStatus::empty()));
    let sent = bench.feed_with_room(&typed(2, "llo"), 0);
    assert_eq!((sent[0].acknowledged.get(), sent[0].accepted, sent[0].control), (2, 0, SolStatus::NACK));
    let sent = bench.feed_with_room(&typed(2, "llo"), 10);
    assert_eq!((sent[0].accepted, sent[0].control), (3, SolStatus::empty()));
    assert_eq!(
        bench.events(),
        [
            SystemEvent::Characters(Bytes::from_static(b"he")),
            SystemEvent::Characters(Bytes::from_static(b"llo"))
        ]
    );
}

#[test]
fn broken_line_refuses_with_the_unavailable_bit_and_says_when_it_works_again() {
    let mut bench = Bench::new();
    bench.side.set_available(false);
    let sent = bench.sent();
    assert_eq!((sent[0].sequence.get(), sent[0].control), (0, SolStatus::UNAVAILABLE));
    let sent = bench.feed(&typed(1, "x"));
    assert_eq!(sent[0].control, SolStatus::NACK.with(SolStatus::UNAVAILABLE));
    bench.side.set_available(true);
    assert_eq!(bench.sent()[0].control, SolStatus::empty());
    assert_eq!(bench.feed(&typed(1, "x"))[0].accepted, 1);
    assert_eq!(bench.events().len(), 1);
}

#[test]
fn break_is_done_once_and_acknowledged_when_it_has_a_number() {
    let mut bench = Bench::new();
    let numbered = SolPacket { control: SolOperation::BREAK, ..typed(1, "") };
    for _ in 0..2 {
        let sent = bench.feed(&numbered);
        assert_eq!(
            (sent[0].acknowledged.get(), sent[0].accepted, sent[0].control),
            (1, 0, SolStatus::empty())
        );
    }
    assert_eq!(bench.events(), [SystemEvent::Break]);
    assert!(bench.feed(&SolPacket { control: SolOperation::BREAK, ..typed(0, "") }).is_empty());
    assert_eq!(bench.events(), [SystemEvent::Break]);
}

#[test]
fn flush_forgets_what_waits_in_each_direction() {
    let mut bench = Bench::new();
    bench.print("forgotten");
    bench.feed(&SolPacket { control: SolOperation::FLUSH_OUTBOUND, ..typed(0, "") });
    assert!(bench.wait(ms(1000)).is_empty());
    bench.feed(&SolPacket { control: SolOperation::FLUSH_INBOUND, ..typed(0, "") });
    assert_eq!(bench.events(), [SystemEvent::FlushInput]);
}

#[test]
fn paused_console_gets_nothing_until_a_packet_without_the_bit() {
    let mut bench = Bench::new();
    let line = "p".repeat(96);
    bench.print(&line);
    bench.feed(&SolPacket { control: SolOperation::PAUSE, ..typed(0, "") });
    bench.print("more");
    assert!(bench.wait(ms(60_000)).is_empty(), "nothing new and no repetition");
    assert_eq!(bench.side.poll_timeout(), None);
    bench.feed(&typed(0, ""));
    assert_eq!(texts(&bench.wait(ms(500))), one(1, &line), "no try was used up");
}

#[test]
fn oldest_characters_are_lost_when_too_many_wait_and_the_console_is_told() {
    let mut bench = Bench::new();
    bench.print(&"q".repeat(96));
    bench.print(&"r".repeat(4000));
    bench.print(&"s".repeat(4000));
    let next = bench.acknowledge(1, 96);
    assert_eq!(text(&next[0]).1, format!("{}{}", "r".repeat(96), "s".repeat(155)));
    assert!(next[0].control.contains(SolStatus::OVERRUN));
}

#[test]
fn farewell_has_the_last_packet_bit_and_no_number() {
    let packet = SolPacket::<SolStatus>::decode(&Bench::new().side.farewell()).unwrap();
    assert_eq!((packet.sequence.get(), packet.control), (0, SolStatus::DEACTIVATING));
}

#[test]
fn shorter_payloads_than_the_header_change_nothing() {
    let mut bench = Bench::new();
    for len in 0..4 {
        assert!(bench.side.handle_payload(bench.now, &vec![0x11; len], ROOM).is_err());
    }
    assert!(bench.sent().is_empty() && bench.events().is_empty());
}

#[test]
fn console_prints_only_what_a_repeated_packet_has_more_than_before() {
    let mut remote = RemoteSide::new(SolTiming::CONSOLE, PAYLOAD_SIZE);
    let packet = |sequence, characters: &'static str| SolPacket {
        sequence: SolSequence::new(sequence),
        acknowledged: SolSequence::NONE,
        accepted: 0,
        control: SolStatus::empty(),
        characters: Bytes::from_static(characters.as_bytes()),
    };
    let mut feed = |packet: &SolPacket<SolStatus>| {
        remote.handle_payload(start(), &packet.to_bytes()).unwrap();
        let printed: Vec<_> = std::iter::from_fn(|| remote.poll_event())
            .filter_map(|event| match event {
                RemoteEvent::Characters(characters) => Some(characters.to_vec()),
                _ => None,
            })
            .collect();
        let sent = SolPacket::<SolOperation>::decode(&remote.poll_transmit().unwrap()).unwrap();
        (String::from_utf8(printed.concat()).unwrap(), sent.accepted)
    };
    // ipmi_sim begins where it ended the last time.
    assert_eq!(feed(&packet(9, "ab")), ("ab".to_owned(), 2));
    assert_eq!(feed(&packet(9, "ab")), (String::new(), 2));
    assert_eq!(feed(&packet(9, "abcd")), ("cd".to_owned(), 4));
    assert_eq!(feed(&packet(9, "a")), (String::new(), 4));
    assert_eq!(feed(&packet(10, "e")), ("e".to_owned(), 1));
}

#[test]
fn console_sends_a_break_between_the_characters_around_it() {
    let mut remote = RemoteSide::new(SolTiming::CONSOLE, PAYLOAD_SIZE);
    let mut bench = Bench::new();
    remote.type_characters(bench.now, b"before");
    remote.send_break(bench.now);
    remote.type_characters(bench.now, b"after");
    for _ in 0..3 {
        let typed = remote.poll_transmit().unwrap();
        bench.side.handle_payload(bench.now, &typed, ROOM).unwrap();
        let acknowledged = bench.side.poll_transmit().unwrap();
        remote.handle_payload(bench.now, &acknowledged).unwrap();
    }
    assert_eq!(
        bench.events(),
        [
            SystemEvent::Characters(Bytes::from_static(b"before")),
            SystemEvent::Break,
            SystemEvent::Characters(Bytes::from_static(b"after"))
        ]
    );
}

/// What the network does with the next packet.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Pass,
    Lose,
    Repeat,
    Delay,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => Just(Fate::Pass), 1 => Just(Fate::Lose), 1 => Just(Fate::Repeat), 1 => Just(Fate::Delay)]
}

/// One direction of a network.
#[derive(Default)]
struct Wire(VecDeque<Bytes>);

impl Wire {
    fn carry(&mut self, packet: Bytes, fate: Fate) {
        match fate {
            Fate::Pass => self.0.push_back(packet),
            Fate::Lose => {}
            Fate::Repeat => self.0.extend([packet.clone(), packet]),
            Fate::Delay => self.0.push_front(packet),
        }
    }
}

proptest! {
    /// With enough tries everything arrives, once and in order, whatever the network does.
    #[test]
    fn characters_arrive_once_and_in_order_over_a_bad_network(
        printed in proptest::collection::vec(any::<u8>(), 0..3000),
        keys in proptest::collection::vec(any::<u8>(), 0..1500),
        fates in proptest::collection::vec(fate(), 0..200),
        rooms in proptest::collection::vec(0..300_usize, 1..20),
    ) {
        let timing = SolTiming { retries: u32::MAX, ..TIMING };
        let mut system = SystemSide::new(timing, 1 << 20, true);
        let mut remote = RemoteSide::new(SolTiming { retries: u32::MAX, ..SolTiming::CONSOLE }, PAYLOAD_SIZE);
        let mut now = start();
        system.print(now, &printed);
        remote.type_characters(now, &keys);
        let (mut to_remote, mut to_system) = (Wire::default(), Wire::default());
        let (mut seen, mut got) = (Vec::new(), Vec::new());
        let mut fates = fates.into_iter();
        let mut rooms = rooms.into_iter().chain(std::iter::repeat(ROOM));
        for _ in 0..4000 {
            while let Some(packet) = system.poll_transmit() {
                to_remote.carry(packet, fates.next().unwrap_or(Fate::Pass));
            }
            while let Some(packet) = remote.poll_transmit() {
                to_system.carry(packet, fates.next().unwrap_or(Fate::Pass));
            }
            match (to_remote.0.pop_front(), to_system.0.pop_front()) {
                (None, None) => {
                    let Some(next) = [system.poll_timeout(), remote.poll_timeout()].into_iter().flatten().min() else {
                        break;
                    };
                    now = now.max(next);
                    system.handle_timeout(now);
                    remote.handle_timeout(now);
                }
                (for_remote, for_system) => {
                    if let Some(packet) = for_remote {
                        remote.handle_payload(now, &packet).unwrap();
                    }
                    if let Some(packet) = for_system {
                        system.handle_payload(now, &packet, rooms.next().unwrap()).unwrap();
                    }
                }
            }
            while let Some(event) = remote.poll_event() {
                if let RemoteEvent::Characters(characters) = event {
                    seen.extend_from_slice(&characters);
                }
            }
            while let Some(event) = system.poll_event() {
                if let SystemEvent::Characters(characters) = event {
                    got.extend_from_slice(&characters);
                }
            }
        }
        prop_assert_eq!(seen, printed);
        prop_assert_eq!(got, keys);
    }

    /// Whatever a console sends: no panic, nothing delivered beyond the room, one answer at most for each packet.
    #[test]
    fn made_up_packets_stay_within_bounds(
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..60),
        room in 0..40_usize,
    ) {
        let mut bench = Bench::new();
        bench.side.print(bench.now, &[b'x'; 500]);
        bench.sent();
        for packet in packets {
            let _ = bench.side.handle_payload(bench.now, &packet, room);
            prop_assert!(bench.sent().len() <= 2);
            for event in bench.events() {
                if let SystemEvent::Characters(characters) = event {
                    prop_assert!(!characters.is_empty() && characters.len() <= room);
                }
            }
        }
    }
}
