//! The shop's own view of itself, and its fault switches, over the same loopback server.
//!
//! In: requests below `/status` and `/admin`. Out: JSON. They take no worker, no service time and
//! are answered while the shop is frozen, so that it can be thawed.

use super::service::{Refusal, Service};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use serde::Serialize;
use std::sync::Arc;

/// The routes that are not pages.
pub fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/status", get(status))
        .route("/admin/faults", get(list).delete(clear))
        .route("/admin/faults/{*spec}", put(switch_on).delete(switch_off))
}

type Shop = State<Arc<Service>>;

async fn status(State(shop): Shop) -> Response {
    json(&shop.counts())
}

async fn list(State(shop): Shop) -> Response {
    faults(&shop)
}

async fn clear(State(shop): Shop) -> Response {
    shop.faults.clear();
    faults(&shop)
}

async fn switch_on(State(shop): Shop, Path(spec): Path<String>) -> Result<Response, Refusal> {
    shop.faults.switch_on(spec.parse()?)?;
    Ok(faults(&shop))
}

async fn switch_off(State(shop): Shop, Path(spec): Path<String>) -> Result<Response, Refusal> {
    shop.faults.switch_off(spec.parse()?);
    Ok(faults(&shop))
}

/// The specs of the faults that are on.
fn faults(shop: &Service) -> Response {
    let specs: Vec<_> = shop
        .faults
        .active()
        .iter()
        .map(ToString::to_string)
        .collect();
    json(&specs)
}

fn json<T: Serialize>(value: &T) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text + "\n").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
