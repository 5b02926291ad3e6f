//! Everything below `/api/v1`: who answers what; login and logout themselves.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::path::Path;
use super::reply::{ApiError, Reply};
use super::{Request, applications, library};
use crate::clock::Timestamp;
use crate::simulator::State;

pub(super) fn answer(
    state: &mut State,
    request: &Request,
    path: &Path<'_>,
    now: Timestamp,
) -> Result<Reply, ApiError> {
    match (request.method.clone(), path.segments()) {
        (Method::POST, ["login"]) => login(state, request, now),
        (Method::POST, ["logout"]) => {
            if let Some(cookie) = request.evidence().cookie {
                state.access.close_session(cookie);
            }
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        (_, ["applications", rest @ ..]) => applications::answer(state, request, path, rest, now),
        (_, [shelf, rest @ ..]) => library::answer(state, request, (shelf, rest), now),
        (_, []) => Err(ApiError::no_such_request(request.method.as_str(), "/")),
    }
}

/// A login needs the credentials themselves: a session cannot renew itself.
fn login(state: &mut State, request: &Request, now: Timestamp) -> Result<Reply, ApiError> {
    if !state.access.knows(request.evidence()) {
        return Err(ApiError::unauthenticated());
    }
    let session = state.access.open_session(&mut state.cloud.ids, now);
    Ok(Reply::json(user(state)).with_session(&session))
}

fn user(state: &State) -> Value {
    let owner = state.cloud.library.owner();
    let username = state.access.username();
    let domain = username.split_once('/').map(|(domain, _)| domain);
    json!({
        "id": owner.id,
        "uuid": format!("00000000-0000-4000-8000-{:012x}", owner.id & 0xFFFF_FFFF_FFFF),
        "username": username,
        "email": username,
        "name": "Simulated",
        "surname": "Owner",
        "roles": ["ADMIN"],
        "enabled": true,
        "activated": true,
        "locked": false,
        "deleted": false,
        "invitationTime": 1_400_000_000_000_u64,
        "organization": 1,
        "organizationProfile": { "id": 1, "organizationName": "Simulated Organization" },
        "identityDomain": domain,
    })
}
