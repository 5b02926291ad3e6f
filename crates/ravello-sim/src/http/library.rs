//! Images, disk images, key pairs, blueprints, ephemeral tokens (`ravello-api.md §10`).

use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::Request;
use super::applications::publish_locations;
use super::reply::{ApiError, Reply};
use crate::clock::Timestamp;
use crate::cloud::{CloudError, Kind};
use crate::simulator::State;
use crate::switches::ContentLocation;

pub(super) fn answer(
    state: &mut State,
    request: &Request,
    (shelf, rest): (&str, &[&str]),
    now: Timestamp,
) -> Result<Reply, ApiError> {
    let unknown = || {
        let path: Vec<&str> = std::iter::once(shelf).chain(rest.iter().copied()).collect();
        ApiError::no_such_request(request.method.as_str(), &format!("/{}", path.join("/")))
    };
    let kind = match shelf {
        "diskImages" => Kind::DiskImage,
        "images" => Kind::Image,
        "keypairs" => Kind::KeyPair,
        "blueprints" => Kind::Blueprint,
        "ephemeralAccessTokens" => Kind::Token,
        _ => return Err(unknown()),
    };
    let wrong_state = state.cloud.switches.wrong_state;
    let refused = |error: CloudError| ApiError::from_cloud(&error, wrong_state);
    let cloud = &mut state.cloud;
    match (request.method.clone(), rest) {
        (Method::GET, []) => {
            let documents = cloud.shelved(kind).into_iter().map(Value::Object).collect::<Vec<_>>();
            Ok(Reply::json(documents))
        }
        (Method::POST, []) => {
            let document = cloud.shelve(kind, request.document()?, now).map_err(refused)?;
            Ok(created(document, shelf))
        }
        (Method::POST, ["generate"]) if kind == Kind::KeyPair => {
            Ok(created(cloud.generate_key_pair(now).map_err(refused)?, shelf))
        }
        (Method::GET, [_, "publishLocations"]) if kind == Kind::Blueprint => {
            Ok(Reply::json(publish_locations()))
        }
        (method, [segment]) => {
            let missing = || ApiError::not_found(format!("{segment:?} among the {shelf}"));
            let id = segment.parse().map_err(|_| missing())?;
            let location = match cloud.switches.content_location {
                ContentLocation::Absent => None,
                ContentLocation::Present => Some(format!("/{shelf}/{id}")),
            };
            let located = |document: Map<String, Value>| match &location {
                None => Reply::json(document),
                Some(path) => Reply::json(document).with_content_location(path),
            };
            match method {
                Method::GET => Ok(located(cloud.shelved_one(kind, id).map_err(refused)?)),
                Method::PUT => Ok(located(cloud.reshelve(kind, id, request.document()?).map_err(refused)?)),
                Method::DELETE => {
                    cloud.unshelve(kind, id).map_err(refused)?;
                    Ok(Reply::empty(StatusCode::NO_CONTENT))
                }
                _ => Err(unknown()),
            }
        }
        _ => Err(unknown()),
    }
}

fn created(document: Map<String, Value>, shelf: &str) -> Reply {
    let id = crate::document::id_of(&document).unwrap_or_default();
    Reply::json(document).created_at(format!("/{shelf}/{id}"))
}
