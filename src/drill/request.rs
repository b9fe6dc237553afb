//! One request, through Goose's user API: sent, answered, and its body read to the end.

use goose::goose::{GooseMethod, GooseRequest, GooseUser};
use reqwest::header::{COOKIE, SET_COOKIE};

use super::shopper::Shopper;
use crate::request_record::NO_ANSWER;
use crate::scenario::StepPlan;

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub error: Option<&'static str>,
    pub bytes_out: u64,
}

impl Answer {
    pub fn none(error: &'static str) -> Self {
        Self {
            status: NO_ANSWER,
            error: Some(error),
            bytes_out: 0,
        }
    }
}

/// A request that is ready to be sent.
pub fn prepare(
    user: &GooseUser,
    step: &StepPlan,
    shopper: &Shopper,
) -> Result<GooseRequest<'static>, Answer> {
    let variables = shopper.variables();
    let path = step.path.fill(variables);
    let method = match step.method {
        "POST" => GooseMethod::Post,
        _ => GooseMethod::Get,
    };
    let mut builder = user
        .get_request_builder(&method, &path)
        .map_err(|_| Answer::none("url"))?;
    if let Some(cookies) = shopper.jar.header(&path) {
        builder = builder.header(COOKIE, cookies);
    }
    if method == GooseMethod::Post {
        let fields = step
            .form
            .iter()
            .map(|(name, value)| (name, value.fill(variables)));
        builder = builder.form(&fields.collect::<Vec<_>>());
    }
    Ok(GooseRequest::builder()
        .method(method)
        .set_request_builder(builder)
        .build())
}

/// Sends the request and reads the answer to its last byte.
pub async fn send(
    user: &mut GooseUser,
    request: GooseRequest<'static>,
    shopper: &mut Shopper,
) -> Answer {
    let Ok(goose) = user.request(request).await else {
        return Answer::none("url");
    };
    let mut response = match goose.response {
        Ok(response) => response,
        Err(error) => return Answer::none(reason(&error)),
    };
    for header in response.headers().get_all(SET_COOKIE) {
        if let Ok(text) = header.to_str() {
            shopper.jar.set(text);
        }
    }
    let status = response.status().as_u16();
    let mut bytes_out = 0;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes_out += chunk.len() as u64,
            Ok(None) => break,
            Err(error) => return Answer::none(reason(&error)),
        }
    }
    Answer {
        status,
        error: None,
        bytes_out,
    }
}

fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else {
        "reset"
    }
}
