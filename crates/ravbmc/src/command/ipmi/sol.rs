//! `ravbmc ipmi … sol`: the serial console of a node (`IPMI 2.0 §15`).

mod escape;
mod terminal;

use std::io::{Read as _, Write as _};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ipmi_client::{Client, ClientError};
use ipmi_proto::command::app::{GetPayloadActivationStatus, PayloadActivationStatus};
use ipmi_proto::command::transport::{GetSolConfiguration, SolBitRate, SolParameter, SolParameterSelector};
use ipmi_proto::number::{CompletionCode, PayloadType};
use ipmi_proto::sol::RemoteEvent;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::escape::{Escape, Typed};
use self::terminal::RawTerminal;
use super::report::Report;
use crate::arguments::SolCommand;
use crate::{output, shutdown};

/// How long nothing more is said about characters that were lost.
const COMPLAINT: Duration = Duration::from_secs(5);

/// Executes a command. `None` if there is nothing left to print.
pub(super) async fn execute(client: &mut Client, command: SolCommand) -> Result<Option<Report>> {
    match command {
        SolCommand::Activate => activate(client).await.map(|()| None),
        SolCommand::Deactivate => {
            client.deactivate_sol().await.map_err(explained).context("sol deactivate")?;
            Ok(Some(Report::accepted("Serial over LAN is deactivated", "sol", "deactivate")))
        }
        SolCommand::Info => info(client).await.context("sol info").map(Some),
    }
}

/// Carries characters between this terminal and the node until either side ends it.
async fn activate(client: &mut Client) -> Result<()> {
    client.activate_sol().await.map_err(explained).context("sol activate")?;
    let terminal = RawTerminal::enter()?;
    output::tell_unfinished(format_args!(
        "[console of {}; type ~. to leave, ~? for more]\r\n",
        client.peer()
    ));
    let outcome = converse(client, terminal.is_some()).await;
    drop(terminal);
    output::tell("\n[left]");
    match outcome? {
        End::Left => {
            // The session ends anyway, and with it the payload.
            if let Err(error) = client.deactivate_sol().await {
                tracing::debug!(%error, "could not deactivate");
            }
            Ok(())
        }
        End::TakenAway => {
            bail!("the BMC has ended the console: another session deactivated it, or the BMC stops")
        }
    }
}

/// How a conversation ended.
enum End {
    Left,
    TakenAway,
}

async fn converse(client: &mut Client, at_terminal: bool) -> Result<End> {
    let signalled = shutdown::on_signal()?;
    let mut keyboard = keyboard();
    let mut escape = Escape::default();
    let mut screen = std::io::stdout();
    let mut typing = true;
    let mut complained: Option<Instant> = None;
    loop {
        // All branches are cancel-safe: `listen` by contract, `recv` because it is a queue.
        tokio::select! {
            () = signalled.cancelled() => return Ok(End::Left),
            heard = client.listen() => match heard? {
                RemoteEvent::Characters(characters) => {
                    screen.write_all(&characters).and_then(|()| screen.flush()).context("cannot print")?;
                }
                // A node that prints without end loses some with every packet; once in a while is enough.
                RemoteEvent::Overrun if complained.is_none_or(|at| at.elapsed() > COMPLAINT) => {
                    complained = Some(Instant::now());
                    output::tell_unfinished("\r\n[characters were lost]\r\n");
                }
                RemoteEvent::Overrun => {}
                RemoteEvent::Break => output::tell_unfinished("\r\n[break]\r\n"),
                RemoteEvent::Available(true) => output::tell_unfinished("\r\n[the node can be reached again]\r\n"),
                RemoteEvent::Available(false) => {
                    output::tell_unfinished("\r\n[the console of the node cannot be reached; what is typed is not taken]\r\n");
                }
                RemoteEvent::Deactivated => return Ok(End::TakenAway),
            },
            read = keyboard.recv(), if typing => match read {
                Some(bytes) if at_terminal => {
                    for typed in escape.take(&bytes) {
                        match typed {
                            Typed::Characters(characters) => client.type_characters(&characters),
                            Typed::Break => client.send_break(),
                            Typed::Help => output::tell_unfinished(escape::HELP),
                            Typed::Leave => return Ok(End::Left),
                        }
                    }
                }
                // Not from a keyboard: nobody escapes.
                Some(bytes) => client.type_characters(&bytes),
                None => typing = false,
            },
        }
    }
}

/// What is typed. Read by a thread of its own, because a read of a terminal cannot be given up; the thread ends with the program.
fn keyboard() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(len @ 1..) = std::io::stdin().read(&mut buffer) {
            let Some(read) = buffer.get(..len) else { return };
            if sender.blocking_send(read.to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

async fn info(client: &mut Client) -> Result<Report> {
    let mut rows = Vec::new();
    for number in 1..=8 {
        let answer = client.call(&GetSolConfiguration::parameter(number)).await?;
        let parameter = SolParameter::decode(SolParameterSelector(number), &answer.value)
            .with_context(|| format!("parameter {number} is malformed"))?;
        rows.extend(described(&parameter));
    }
    let status: PayloadActivationStatus =
        client.call(&GetPayloadActivationStatus { payload: PayloadType::SOL }).await?;
    rows.push(("Active", "active", json!(status.active & 1 != 0)));
    Ok(Report::rows(rows))
}

/// A parameter in words: for people, for programs, and its value.
fn described(parameter: &SolParameter) -> Vec<(&'static str, &'static str, Value)> {
    match parameter {
        SolParameter::Enable(enabled) => vec![("Enabled", "enabled", json!(enabled))],
        SolParameter::Authentication(authentication) => vec![
            ("Force Encryption", "force-encryption", json!(authentication.force_encryption)),
            ("Force Authentication", "force-authentication", json!(authentication.force_authentication)),
            ("Privilege Level", "privilege-level", json!(authentication.privilege.to_string())),
        ],
        SolParameter::Accumulation { interval, threshold } => vec![
            ("Accumulate Interval (ms)", "accumulate-ms", json!(u16::from(*interval).saturating_mul(5))),
            ("Send Threshold", "send-threshold", json!(threshold)),
        ],
        SolParameter::Retry { count, interval } => vec![
            ("Retry Count", "retry-count", json!(count)),
            ("Retry Interval (ms)", "retry-ms", json!(u16::from(*interval).saturating_mul(10))),
        ],
        SolParameter::NonVolatileBitRate(rate) => {
            vec![("Non-Volatile Rate (kbps)", "non-volatile-kbps", json!(kilobits(*rate)))]
        }
        SolParameter::VolatileBitRate(rate) => {
            vec![("Volatile Rate (kbps)", "volatile-kbps", json!(kilobits(*rate)))]
        }
        SolParameter::PayloadChannel(channel) => vec![("Payload Channel", "channel", json!(channel.0))],
        SolParameter::PayloadPort(port) => vec![("Payload Port", "port", json!(port))],
        SolParameter::SetInProgress(_) | SolParameter::Other { .. } => Vec::new(),
    }
}

fn kilobits(rate: SolBitRate) -> String {
    match rate {
        SolBitRate::RATE_9600 => "9.6".to_owned(),
        SolBitRate::RATE_19200 => "19.2".to_owned(),
        SolBitRate::RATE_38400 => "38.4".to_owned(),
        SolBitRate::RATE_57600 => "57.6".to_owned(),
        SolBitRate::RATE_115200 => "115.2".to_owned(),
        SolBitRate::AS_SERIAL_PORT => "as the serial port".to_owned(),
        SolBitRate(other) => format!("{other:#04x}"),
    }
}

/// What the codes of the payload commands mean (`IPMI 2.0 §24.1`, `§24.2`).
fn explained(error: ClientError) -> anyhow::Error {
    let ClientError::Refused { command, completion_code: CompletionCode(code) } = error else {
        return error.into();
    };
    let why = match (command, code) {
        ("Deactivate Payload", 0x80) => "no session has the console",
        (_, 0x80) => "another session has the console; sol deactivate takes it away",
        (_, 0x81) => "the node has no console, it is switched off, or this user may not have it",
        (_, 0x82) => "no more consoles can be active",
        (_, 0x83) => "the console must be encrypted, and this session cannot; choose another cipher suite",
        (_, 0x84) => "the console must be encrypted",
        _ => return error.into(),
    };
    anyhow::anyhow!("{command} refused: {why}")
}
