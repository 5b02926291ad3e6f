//! Paths: segments, the aspect that any of them may carry, and the template that names the kind of request
//! (`ravello-api.md §2`).

use std::borrow::Cow;

use super::reply::ApiError;
use crate::application::Aspect;

/// The path of a request below its prefix.
#[derive(Debug)]
pub(crate) struct Path<'a> {
    segments: Vec<&'a str>,
    aspect: Option<Aspect>,
    template: String,
}

impl<'a> Path<'a> {
    /// Splits a path. A trailing slash says nothing; an aspect may be on any segment.
    pub(crate) fn parse(path: &'a str) -> Result<Self, ApiError> {
        let mut segments = Vec::new();
        let mut aspect = None;
        let mut template = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let (segment, suffix) = match part.split_once(';') {
                Some((segment, suffix)) => (segment, Some(suffix)),
                None => encoded_semicolon(part),
            };
            segments.push(segment);
            template.push('/');
            template.push_str(&templated(segment));
            if let Some(suffix) = suffix {
                let known = suffix.parse().map_err(|()| {
                    ApiError::invalid(format!("no aspect {suffix:?}: design, deployment, properties"))
                })?;
                aspect = Some(known);
                template.push(';');
                template.push_str(suffix);
            }
        }
        Ok(Self { segments, aspect, template })
    }

    pub(crate) fn segments(&self) -> &[&'a str] {
        &self.segments
    }

    pub(crate) const fn aspect(&self) -> Option<Aspect> {
        self.aspect
    }

    pub(crate) fn template(&self) -> &str {
        &self.template
    }
}

/// Some HTTP libraries escape the semicolon.
fn encoded_semicolon(part: &str) -> (&str, Option<&str>) {
    let found = part.split_once("%3B").or_else(|| part.split_once("%3b"));
    found.map_or((part, None), |(segment, suffix)| (segment, Some(suffix)))
}

fn templated(segment: &str) -> Cow<'_, str> {
    let is_id = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    if is_id { Cow::Borrowed("{id}") } else { Cow::Borrowed(segment) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aspect_is_found_on_any_segment() {
        for path in [
            "/applications/1;deployment/vms/2",
            "/applications/1/vms/2;deployment",
            "/applications/1/vms/2%3Bdeployment/",
        ] {
            let path = Path::parse(path).unwrap();
            assert_eq!(path.segments(), ["applications", "1", "vms", "2"]);
            assert_eq!(path.aspect(), Some(Aspect::Deployment));
        }
        assert!(Path::parse("/applications/1;nonsense").is_err());
    }

    #[test]
    fn template_replaces_identifiers_and_keeps_aspects() {
        let path = Path::parse("/applications/17;design/vms/9007199254740993/start/").unwrap();
        assert_eq!(path.template(), "/applications/{id};design/vms/{id}/start");
    }
}
