//! Inputs to begin with: recorded conversations, and scripts of what consoles do.

use serde_json::Value;

/// The inputs for the oracle of this name.
pub(crate) fn of(oracle: &str) -> Vec<Vec<u8>> {
    match oracle {
        "datagram" | "setup_messages" => recorded().concat(),
        "commands" => {
            recorded().concat().iter().step_by(9).flat_map(|datagram| data_bytes(datagram)).collect()
        }
        "endpoint" => recorded().into_iter().map(|conversation| as_script(&conversation)).collect(),
        "sessions" => scripts(),
        "console" => lone_consoles(),
        "serial_line" => lines(),
        other => panic!("no oracle {other}"),
    }
}

/// The datagrams of every recorded conversation.
fn recorded() -> Vec<Vec<Vec<u8>>> {
    // The fuzz package lies in a folder of the crate.
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let above = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors");
    let folder = if std::path::Path::new(here).is_dir() { here } else { above };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let capture: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            let packets = capture["packets"].as_array().unwrap();
            packets.iter().map(|packet| hex::decode(packet["hex"].as_str().unwrap()).unwrap()).collect()
        })
        .collect()
}

/// The message of a datagram without session, under some commands each.
fn data_bytes(datagram: &[u8]) -> Vec<Vec<u8>> {
    let Some(message) = datagram.get(20..datagram.len().saturating_sub(1)) else { return Vec::new() };
    (0..48).step_by(5).map(|which| [&[which][..], message].concat()).collect()
}

/// Each datagram of a client, raw.
fn as_script(conversation: &[Vec<u8>]) -> Vec<u8> {
    let raw = |datagram: &Vec<u8>| {
        let len = u8::try_from(datagram.len()).ok()?;
        Some([&[0, len][..], datagram].concat())
    };
    conversation.iter().filter_map(raw).flatten().collect()
}

/// Logins with each suite, some questions, and each kind of trouble in between.
fn scripts() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for suite in 0..8 {
        for trouble in
            [&[][..], &[6, 2, 30, 1], &[7, 3, 1], &[8], &[13, 8], &[9, 0, 1], &[15, 0, 0, 3, 1, 2, 3]]
        {
            let login = [0, 1, suite, 2, 7, 2, 7];
            let question = [10, 0, 2, 1, 11, 0, 2, 1];
            let end = [14, 0, 2, 7];
            all.push([&login[..], &question, trouble, &question, trouble, &end].concat());
            all.push([&login[..3], &[2, 1], trouble, &[2, 7, 2, 7, 13, 8, 2, 7], &question].concat());
        }
    }
    all
}

/// Consoles with each suite, before and after their login, who are answered in each way.
fn lone_consoles() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for suite in 0..8 {
        for mode in [0x00, 0x01, 0x80] {
            for answers in [
                &[3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 20, 3, 0, 3, 0][..],
                &[3, 0, 3, 0, 3, 0, 32, 7, 8, 3, 0, 7, 16],
                &[8, 6, 0xc0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 7, 4, 3, 0],
                &[8, 6, 0x00, 1, 8, 0x81, 0x04, 0x7b, 0x20, 4, 2, 0, 0, 0, 3, 0],
                &[4, 0, 30, 1, 5, 0, 12, 7, 4, 3, 0, 4, 0, 40, 2],
                &[3, 1, 0xc1, 0, 3, 1, 0, 4, 1, 2, 3, 4, 9, 3, 0],
            ] {
                all.push([&[mode | suite << 1][..], answers].concat());
            }
        }
    }
    all
}

/// Characters in both directions, and each kind of trouble in between.
fn lines() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for mode in [0, 1] {
        for len in [1, 20, 80, 200] {
            for trouble in [
                &[][..],
                &[6, 0],
                &[6, 1, 9, 50],
                &[7, 0, 7, 1],
                &[8, 1, 0],
                &[9, 60],
                &[10, 0, 3, 1, 10, 200],
                &[11, 0, 3, 1, 11, 1],
                &[11, 1, 6, 1, 0, 0, 0x12, 97, 98],
                &[11, 0, 5, 1, 1, 9, 0x28, 99],
                &[2, 9, 7, 1, 8, 1, 1, 3, 1],
                &[9, 255, 9, 255],
                &[0, 255, 0, 255, 0, 255],
            ] {
                let begin = [mode, 0, len, 2, len, 9, 3];
                let carry = [3, 0, 3, 1, 9, 3, 3, 0, 3, 1];
                all.push([&begin[..], trouble, &carry, trouble, &carry, &carry, &carry].concat());
            }
        }
    }
    all
}
