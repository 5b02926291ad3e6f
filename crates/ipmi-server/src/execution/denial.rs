//! The completion code for a request that the chassis port did not admit.

use ipmi_proto::number::CompletionCode;
use machine::Denied;

/// The one place where a refusal of the port becomes a completion code.
///
/// C0 means "busy, try again": consoles do, and Ironic until it has waited a minute. It is right where trying again can
/// help without anybody doing something, which is when the cloud is not there for the moment. D5 means "not in this
/// state": right for a request that makes no sense now, and for a node whose VM is gone, which no repetition brings
/// back. CC is what a console also gets for anything else that this platform has not. A request that could not be written
/// down was not carried out and will not be, for a reason that only our log can explain: FF, and never a code that
/// invites a console to go on as if nothing had happened.
pub(crate) const fn completion_code(denied: &Denied) -> CompletionCode {
    match denied {
        Denied::CloudUnreachable { .. } => CompletionCode::NODE_BUSY,
        Denied::NotInPresentState { .. } | Denied::NoSuchNode => CompletionCode::NOT_SUPPORTED_IN_STATE,
        Denied::NotSupported { .. } => CompletionCode::INVALID_DATA_FIELD,
        Denied::NotRecorded { .. } => CompletionCode::UNSPECIFIED,
    }
}
