//! Status and headers to kind, as a table.

use std::time::Duration;

use machine::{BackendError, BackendErrorKind, Effect, Retry};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{ClientError, Failure, Purpose, Refusal};
use crate::identity::ApplicationId;

fn refusal(purpose: Purpose, status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Refusal {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        })
        .collect();
    Refusal::new(purpose, StatusCode::from_u16(status).unwrap(), &headers, body)
}

#[test]
fn every_status_has_its_kind() {
    use BackendErrorKind::{
        Conflict, Forbidden, NotFound, Protocol, Throttled, Unauthenticated, Unavailable,
    };
    use Purpose::{Action, Read, Write};
    let all = [Read, Write, Action];
    let table: [(u16, &[Purpose], BackendErrorKind); 22] = [
        (200, &all, Protocol),
        (202, &all, Protocol),
        (301, &all, Protocol),
        (304, &all, Protocol),
        (400, &[Read, Write], Protocol),
        (400, &[Action], Conflict),
        (401, &all, Unauthenticated),
        (403, &all, Forbidden),
        (404, &all, NotFound),
        (405, &all, Protocol),
        (406, &all, Protocol),
        (408, &all, Unavailable),
        (409, &all, Conflict),
        (410, &all, NotFound),
        (412, &all, Conflict),
        (413, &all, Protocol),
        (415, &all, Protocol),
        (423, &all, Conflict),
        (429, &all, Throttled(None)),
        (500, &all, Unavailable),
        (503, &all, Unavailable),
        (599, &all, Unavailable),
    ];
    for (status, purposes, kind) in table {
        for purpose in purposes {
            assert_eq!(refusal(*purpose, status, &[], b"").kind(), kind, "{status} {purpose:?}");
        }
    }
}

#[test]
fn retry_after_is_honoured_in_seconds_and_ignored_in_any_other_form() {
    let pause = |value| refusal(Purpose::Read, 429, &[("retry-after", value)], b"").kind();
    assert_eq!(pause("7"), BackendErrorKind::Throttled(Some(Duration::from_secs(7))));
    assert_eq!(pause(" 0 "), BackendErrorKind::Throttled(Some(Duration::ZERO)));
    for odd in ["Wed, 21 Oct 2015 07:28:00 GMT", "-1", "1.5", "soon", ""] {
        assert_eq!(pause(odd), BackendErrorKind::Throttled(None), "{odd}");
    }
}

#[test]
fn the_message_is_the_headers_then_the_operation_messages_then_the_bodys() {
    let body = br#"{"operationMessages":[{"vmId":5,"errorLevel":"ERROR","message":"out of cores"},{"message":"b"}]}"#;
    let message = |headers: &[_], body: &[u8]| refusal(Purpose::Action, 403, headers, body).message;
    assert_eq!(message(&[("error-message", "not now")], body).as_deref(), Some("not now"));
    assert_eq!(message(&[], body).as_deref(), Some("out of cores"));
    assert_eq!(message(&[], b" plain\ntext ").as_deref(), Some("plain text"));
    assert_eq!(message(&[], br#"{"operationMessages":[]}"#).as_deref(), Some(r#"{"operationMessages":[]}"#));
    assert_eq!(message(&[("error-message", " ")], b"").as_deref(), None);
}

#[test]
fn somebody_elses_text_cannot_break_or_flood_a_log_line() {
    let body = format!("line\r\n\u{1b}[31mred{}", "x".repeat(100_000));
    let message = refusal(Purpose::Read, 500, &[], body.as_bytes()).message.unwrap();
    assert!(!message.chars().any(char::is_control));
    assert_eq!(message.chars().count(), super::MESSAGE_LIMIT);
    assert!(refusal(Purpose::Read, 500, &[], b"\xff\xfe").message.is_some());
}

#[test]
fn a_refusal_shows_everything_the_service_said() {
    let headers = [("error-code", "1042"), ("error-message", "not now"), ("operation-id", "op-17")];
    let shown = refusal(Purpose::Action, 409, &headers, b"").to_string();
    assert_eq!(shown, "HTTP 409 Conflict, error code 1042: not now (operation op-17)");
    let other = refusal(Purpose::Action, 409, &[("x-nginx-operation-id", "op-18")], b"");
    assert_eq!(other.operation_id.as_deref(), Some("op-18"));
}

#[test]
fn an_error_code_of_zero_is_none() {
    assert_eq!(refusal(Purpose::Read, 200, &[("error-code", "0")], b"").code, None);
}

#[test]
fn failures_keep_their_meaning_on_the_way_to_the_reconciler() {
    let name = || "demo".to_owned();
    let (first, second) = (ApplicationId(1), ApplicationId(2));
    let not_json = serde_json::from_str::<u8>("x").unwrap_err();
    let table = [
        (Failure::NoSuchApplication { name: name() }, BackendErrorKind::NotFound),
        (Failure::AmbiguousName { name: name(), first, second }, BackendErrorKind::Protocol),
        (Failure::NoVersion, BackendErrorKind::Protocol),
        (Failure::TooLarge { limit_bytes: 10 }, BackendErrorKind::Protocol),
        (Failure::NotJson { source: not_json }, BackendErrorKind::Protocol),
    ];
    for (failure, kind) in table {
        let error = BackendError::from(ClientError::new("read", failure));
        assert_eq!(error.kind, kind);
        assert!(error.to_string().starts_with("read: "), "{error}");
    }
}

#[test]
fn both_applications_of_one_name_are_named() {
    let (first, second) = (ApplicationId(3_100_000_000_017), ApplicationId(3_100_000_000_018));
    let error = ClientError::new("find", Failure::AmbiguousName { name: "demo".to_owned(), first, second });
    let shown = error.to_string();
    assert!(shown.contains("3100000000017") && shown.contains("3100000000018"), "{shown}");
}

#[test]
fn a_success_with_an_error_code_has_an_unknown_effect() {
    let failure = Failure::Refused(refusal(Purpose::Action, 202, &[("error-code", "7")], b""));
    let error = BackendError::from(ClientError::new("start", failure));
    assert_eq!((error.effect(), error.retry()), (Effect::Unknown, Retry::Backoff));
}
