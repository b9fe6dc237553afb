//! From a step and a shopper to a request that is ready to be sent.

use std::time::Instant;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, REFERER, USER_AGENT,
};
use url::form_urlencoded;

use super::http::Outgoing;
use super::shopper::Shopper;
use crate::scenario::{
    BodyPlan, ChannelPlan, DrillPlan, Escape, PartBody, PartPlan, ShopperVariables, StepPlan,
};

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("firedrill/", env!("CARGO_PKG_VERSION")));
const ENCODINGS: HeaderValue = HeaderValue::from_static("gzip, zstd");
/// What separates the parts of a multipart body; long enough that no text has it by chance.
const BOUNDARY: &str = "firedrill-7MA4YWxkTrZu0gW9f3c1d5";

/// The request of `step` for `shopper`; `None` when a header has become illegal by what was filled in.
pub fn of_step(
    plan: &DrillPlan,
    step: &StepPlan,
    shopper: &Shopper,
    deadline: Instant,
) -> Option<Outgoing> {
    let variables = shopper.variables(plan);
    let mut path = step.path.fill(&variables, Escape::Url);
    let landed = landing_channel(plan, shopper);
    if let Some(query) = landed.and_then(|channel| channel.query.as_deref()) {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(query);
    }
    let mut headers = common_headers(plan, shopper, &path, step.headers.len())?;
    for (name, value) in &step.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let value = HeaderValue::from_str(&value.fill(&variables, Escape::None)).ok()?;
        headers.insert(name, value);
    }
    if let Some(referrer) = landed.and_then(|channel| channel.referrer.as_deref()) {
        headers.insert(REFERER, HeaderValue::from_str(referrer).ok()?);
    }
    let body = body(&step.body, &variables, &mut headers);
    Some(Outgoing {
        method: Method::from_bytes(step.method.as_bytes()).ok()?,
        path,
        headers,
        body,
        wants_body: step.wants_body(),
        deadline,
        made_connection: false,
    })
}

/// A `GET` that a page or a redirect asks for.
pub fn of_path(
    plan: &DrillPlan,
    shopper: &Shopper,
    path: String,
    wants_body: bool,
    deadline: Instant,
) -> Option<Outgoing> {
    Some(Outgoing {
        method: Method::GET,
        headers: common_headers(plan, shopper, &path, 0)?,
        path,
        body: Bytes::new(),
        wants_body,
        deadline,
        made_connection: false,
    })
}

/// The channel of a shopper who makes its first request.
fn landing_channel<'a>(plan: &'a DrillPlan, shopper: &Shopper) -> Option<&'a ChannelPlan> {
    let channel = plan.channels.get(usize::from(shopper.channel));
    channel.filter(|_| !shopper.has_come)
}

fn common_headers(
    plan: &DrillPlan,
    shopper: &Shopper,
    path: &str,
    more: usize,
) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(4 + more);
    headers.insert(USER_AGENT, AGENT);
    if plan.transport.is_compressed {
        headers.insert(ACCEPT_ENCODING, ENCODINGS);
    }
    if let Some(cookies) = shopper.jar.header(path) {
        headers.insert(COOKIE, HeaderValue::from_str(&cookies).ok()?);
    }
    Some(headers)
}

fn body(plan: &BodyPlan, variables: &ShopperVariables<'_>, headers: &mut HeaderMap) -> Bytes {
    match plan {
        BodyPlan::None => Bytes::new(),
        BodyPlan::Form(fields) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in fields {
                form.append_pair(name, &value.fill(variables, Escape::None));
            }
            form.finish().into()
        }
        BodyPlan::Json(document) => document.fill(variables, Escape::Json).into(),
        BodyPlan::Text(text) => text.fill(variables, Escape::None).into(),
        BodyPlan::Multipart(parts) => {
            let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
            if let Ok(content_type) = HeaderValue::from_str(&content_type) {
                headers.insert(CONTENT_TYPE, content_type);
            }
            multipart(parts, variables)
        }
    }
}

/// RFC 7578.
fn multipart(parts: &[PartPlan], variables: &ShopperVariables<'_>) -> Bytes {
    let mut body = Vec::new();
    for part in parts {
        let file_name = part
            .file_name
            .as_ref()
            .map(|name| format!("; filename=\"{}\"", quoted(name)));
        let content_type = part.content_type.as_ref();
        let content_type = content_type.map(|said| format!("\r\nContent-Type: {said}"));
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"{}{}\r\n\r\n",
            quoted(&part.name),
            file_name.unwrap_or_default(),
            content_type.unwrap_or_default()
        );
        body.extend_from_slice(head.as_bytes());
        match &part.body {
            PartBody::Text(text) => {
                body.extend_from_slice(text.fill(variables, Escape::None).as_bytes());
            }
            PartBody::File(bytes) => body.extend_from_slice(bytes),
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body.into()
}

/// As browsers write names: quotes and line ends in percent codes.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}
