//! The routes of the shop and what each answers.
//!
//! In: HTTP requests. Out: HTTP responses. Every page first waits its turn in the service; a
//! frozen shop answers no page, but always its status and its faults.

use super::admin;
use super::catalogue::{ProductId, search};
use super::html;
use super::page::Page;
use super::service::{Refusal, Service};
use super::sessions::{QUANTITY_MAX, SessionId, Visit};
use super::stock::CartLine;
use axum::Router;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Form, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use std::sync::Arc;

/// The largest form that is read.
pub const FORM_BYTES_MAX: usize = 2_048;

const SESSION_COOKIE: &str = "sid";

/// All routes.
pub fn router(service: Arc<Service>) -> Router {
    let pages = Router::new()
        .route("/", get(home_page))
        .route("/search", get(search_page))
        .route("/product/{id}", get(product_page))
        .route("/cart", get(cart_page).post(add_to_cart))
        .route("/checkout", post(checkout))
        .route("/healthz", get(async || "ok\n"))
        .layer(from_fn_with_state(Arc::clone(&service), unless_frozen));
    let admin = admin::routes();
    pages
        .merge(admin)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(service)
}

type Shop = State<Arc<Service>>;

async fn home_page(State(shop): Shop, headers: HeaderMap) -> Result<Response, Refusal> {
    shop.enter(Page::Home).await?;
    Ok(page(
        greet(&shop, &headers),
        html::home(shop.stock.products()),
    ))
}

#[derive(Debug, Deserialize)]
struct SearchForm {
    #[serde(default)]
    q: String,
}

async fn search_page(
    State(shop): Shop,
    headers: HeaderMap,
    form: Result<Query<SearchForm>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(SearchForm { q }) = form.map_err(|rejection| Refusal::BadForm {
        status: rejection.status().as_u16(),
        text: rejection.body_text(),
        hint: "ask for `/search?q=kettle`",
    })?;
    shop.enter(Page::Search).await?;
    let text: String = q.chars().take(html::SEARCH_CHARS_MAX).collect();
    let hits = search(&text, shop.stock.products());
    Ok(page(greet(&shop, &headers), html::search(&text, &hits)))
}

async fn product_page(
    State(shop): Shop,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    shop.enter(Page::Product).await?;
    let product = id.parse().map(ProductId).ok();
    let known = product.and_then(|product| Some((product, shop.stock.free(product)?)));
    let (product, free_units) = known.ok_or(Refusal::NoSuchProduct(id))?;
    Ok(page(
        greet(&shop, &headers),
        html::product(product, free_units),
    ))
}

async fn cart_page(State(shop): Shop, headers: HeaderMap) -> Result<Response, Refusal> {
    shop.enter(Page::Cart).await?;
    let visit = greet(&shop, &headers);
    Ok(page(visit, html::cart(&shop.sessions.cart(visit.id()))))
}

#[derive(Debug, Deserialize)]
struct CartForm {
    product: u32,
    quantity: u32,
}

async fn add_to_cart(
    State(shop): Shop,
    headers: HeaderMap,
    form: Result<Form<CartForm>, FormRejection>,
) -> Result<Response, Refusal> {
    let line = cart_line(form)?;
    shop.enter(Page::CartAdd).await?;
    if shop.stock.free(line.product).is_none() {
        return Err(Refusal::NoSuchProduct(line.product.0.to_string()));
    }
    let visit = greet(&shop, &headers);
    shop.sessions.add(visit.id(), line)?;
    Ok(page(visit, html::cart(&shop.sessions.cart(visit.id()))))
}

/// A bad form is refused before it costs a worker.
fn cart_line(form: Result<Form<CartForm>, FormRejection>) -> Result<CartLine, Refusal> {
    let bad = |status: StatusCode, text| {
        let hint = "send the form `product=1&quantity=1`, with a quantity from 1 to 10";
        Refusal::BadForm {
            status: status.as_u16(),
            text,
            hint,
        }
    };
    let Form(CartForm { product, quantity }) =
        form.map_err(|rejection| bad(rejection.status(), rejection.body_text()))?;
    if !(1..=QUANTITY_MAX).contains(&quantity) {
        return Err(bad(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("`quantity` is {quantity}"),
        ));
    }
    Ok(CartLine {
        product: ProductId(product),
        quantity,
    })
}

async fn checkout(State(shop): Shop, headers: HeaderMap) -> Result<Response, Refusal> {
    shop.enter(Page::Checkout).await?;
    // Who comes without a session has no cart, and needs no session to be told so.
    let id = session_id(&headers).ok_or(Refusal::EmptyCart)?;
    let order = shop.checkout(id).await?;
    Ok(Html(html::order(&order)).into_response())
}

/// Holds a request back while the shop is frozen, and its answer too if the freeze came between.
async fn unless_frozen(State(shop): Shop, request: Request, next: Next) -> Response {
    shop.faults.thawed().await;
    let response = next.run(request).await;
    shop.faults.thawed().await;
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or_default();
        let text = (status, format!("{self}\n"));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => ([(header::RETRY_AFTER, "1")], text).into_response(),
            _ => text.into_response(),
        }
    }
}

fn page(visit: Visit, document: String) -> Response {
    match visit {
        Visit::Known(_) => Html(document).into_response(),
        Visit::New(id) => {
            let cookie = format!("{SESSION_COOKIE}={id}; Path=/; HttpOnly; SameSite=Lax");
            ([(header::SET_COOKIE, cookie)], Html(document)).into_response()
        }
    }
}

fn greet(shop: &Service, headers: &HeaderMap) -> Visit {
    shop.sessions.visit(session_id(headers))
}

fn session_id(headers: &HeaderMap) -> Option<SessionId> {
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(name, value)| {
        (name.trim() == SESSION_COOKIE)
            .then(|| value.trim().parse().ok())
            .flatten()
    })
}
