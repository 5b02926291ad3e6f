//! The inventory and the sensor data records.

use std::sync::Arc;

use ipmi_proto::command::storage::{
    FruImage, GetFruInventoryAreaInfo, GetSdr, GetSdrRepositoryInfo, ReadFruData, RecordId, RecordRange,
    Reservation, ReserveSdrRepository, SdrBody, SdrRecord,
};
use machine::{Inventory, NodeDescription, NodeId};

use crate::event_log::FakeEventLog;
use crate::network::{Bench, Session};

#[derive(Debug)]
struct Described;

impl Inventory for Described {
    fn describe(&self, node: &NodeId) -> Option<NodeDescription> {
        Some(NodeDescription {
            name: "compute-0".to_owned(),
            manufacturer: "Example".to_owned(),
            product: "Example Machine".to_owned(),
            serial: node.to_string(),
            cpus: Some(4),
            memory_bytes: Some(8 << 30),
        })
    }
}

async fn read_fru(session: &mut Session, piece: u8) -> FruImage {
    let size = session.call(&GetFruInventoryAreaInfo { device: 0 }).await.size;
    let mut image = Vec::new();
    while image.len() < usize::from(size) {
        let offset = u16::try_from(image.len()).unwrap();
        image.extend(session.call(&ReadFruData { device: 0, offset, count: piece }).await.data);
    }
    assert_eq!(image.len(), usize::from(size));
    FruImage::from_bytes(&image).unwrap()
}

#[tokio::test(start_paused = true)]
async fn fru_says_what_the_inventory_knows() {
    let bench = Bench::start_with(|config| config.inventory = Some(Arc::new(Described)));
    let mut session = bench.login().await;
    for piece in [1, 16, 32, 255] {
        let product = read_fru(&mut session, piece).await.product;
        assert_eq!(product.manufacturer.to_string(), "Example");
        assert_eq!(product.name.to_string(), "Example Machine");
        assert_eq!(product.serial_number.to_string(), "app/vm");
        assert_eq!(product.asset_tag.to_string(), "compute-0");
        let custom: Vec<_> = product.custom.iter().map(ToString::to_string).collect();
        assert_eq!(custom, ["4 CPUs", "8192 MiB memory"]);
    }
}

#[tokio::test(start_paused = true)]
async fn fru_without_an_inventory_says_only_names() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    let product = read_fru(&mut session, 32).await.product;
    assert_eq!(product.manufacturer.to_string(), "");
    assert_eq!(product.serial_number.to_string(), "app/vm");
    assert_eq!(product.asset_tag.to_string(), "node-1");
    assert_eq!(product.custom, []);
}

#[tokio::test(start_paused = true)]
async fn fru_that_does_not_exist_is_cb_and_a_byte_behind_the_end_c9() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x0a, 0x10, "01").await, 0xcb);
    assert_eq!(session.code(0x0a, 0x11, "01 00 00 08").await, 0xcb);
    assert_eq!(session.code(0x0a, 0x11, "00 00 04 08").await, 0xc9);
    assert_eq!(session.code(0x0a, 0x12, "00 00 00 00").await, 0xc1, "writing");
}

/// All records, read as FreeIPMI does: each as a whole.
async fn records(session: &mut Session) -> Vec<SdrRecord> {
    let mut found = Vec::new();
    let mut record = RecordId::FIRST;
    while record != RecordId::LAST {
        let range =
            RecordRange { reservation: Reservation::NONE, record, offset: 0, count: RecordRange::REST };
        let piece = session.call(&GetSdr(range)).await;
        found.push(SdrRecord::from_bytes(&piece.data).unwrap());
        record = piece.next;
    }
    found
}

#[tokio::test(start_paused = true)]
async fn sdr_repository_is_never_empty_and_counts_its_records() {
    for (events, count) in [(false, 4), (true, 5)] {
        let bench = Bench::start_with(|config| {
            if events {
                config.events = Some(Arc::new(FakeEventLog::new()));
            }
        });
        let mut session = bench.login().await;
        let info = session.call(&GetSdrRepositoryInfo).await;
        assert_eq!(info.records, count);
        let records = records(&mut session).await;
        assert_eq!(records.len(), usize::from(count));
        assert!(matches!(records[0].body, SdrBody::ManagementController(_)));
        assert!(!records.iter().any(|record| matches!(record.body, SdrBody::Other { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn sdr_pieces_need_the_present_reservation() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    let old = session.call(&ReserveSdrRepository).await;
    let held = session.call(&ReserveSdrRepository).await;
    assert_ne!(old, held);
    let ask =
        |reservation: Reservation, rest: &str| format!("{}{rest}", hex::encode(reservation.0.to_le_bytes()));
    let (code, whole) = session.raw(0x0a, 0x23, &ask(Reservation::NONE, "0200 00 ff")).await;
    assert_eq!(code, 0x00);
    assert_eq!(session.raw(0x0a, 0x23, &ask(held, "0200 05 08")).await.1[4..], whole[14..30]);
    assert_eq!(session.code(0x0a, 0x23, &ask(old, "0200 05 08")).await, 0xc5);
    assert_eq!(session.code(0x0a, 0x23, &ask(old, "0200 00 05")).await, 0xc5);
    assert_eq!(session.code(0x0a, 0x23, &ask(Reservation::NONE, "0200 05 08")).await, 0xc5);
    assert_eq!(session.code(0x0a, 0x23, &ask(held, "0200 05 f0")).await, 0xca, "more than there is");
    assert_eq!(session.code(0x0a, 0x23, &ask(held, "0900 00 ff")).await, 0xcb, "no such record");
    assert_eq!(session.raw(0x0a, 0x23, &ask(held, "ffff 00 02")).await.1, "ffff0400", "the last one");
}

#[tokio::test(start_paused = true)]
async fn sdr_repository_cannot_be_written() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for command in [0x24, 0x25, 0x26, 0x27, 0x29, 0x2a, 0x2b] {
        assert_eq!(session.code(0x0a, command, "01 00 43 4c 52 aa").await, 0xc1, "{command:#x}");
    }
}
