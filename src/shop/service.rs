//! What happens behind every page: admission, service time, faults, and the checkout.
//!
//! In: a page or a session. Out: permission to answer, an [`Order`], or a [`Refusal`] with its
//! status. It knows no HTTP beyond the status numbers.
//!
//! A checkout gives its web worker back before it waits for the payment. So checkouts saturate
//! first, and browsing stays fine while they do.

use super::catalogue::Cents;
use super::fault::FaultError;
use super::fault_board::{BoardFull, FaultBoard, Payment, PaymentOutcome};
use super::html::total;
use super::limits::{Limiter, Limits, QueueFull};
use super::page::Page;
use super::plan::{ServiceTimes, ShopPlan};
use super::sessions::{CartError, SESSIONS_COUNT_MAX, SessionId, Sessions};
use super::stock::{CartLine, OrderNumber, OutOfStock, Stock, units};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The shop without its HTTP.
#[derive(Debug)]
pub struct Service {
    /// The faults that are on.
    pub faults: FaultBoard,
    /// Shoppers and carts.
    pub sessions: Sessions,
    /// Units on the shelf and sold.
    pub stock: Arc<Stock>,
    page_times: ServiceTimes,
    payment_time: Duration,
    web: Limiter,
    payment: Limiter,
    pages_refused: AtomicU64,
    checkouts_refused: AtomicU64,
    payments_failed: AtomicU64,
}

/// What the shop has counted since it opened; `stock_initial == stock_left + units_in_orders`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ShopCounts {
    /// Units at the start.
    pub stock_initial: u64,
    /// Units not sold; those held for a payment are among them.
    pub stock_left: u64,
    /// Units held for payments that wait or run.
    pub units_held: u64,
    /// Units sold.
    pub units_in_orders: u64,
    /// Orders placed.
    pub orders: u64,
    /// Units in carts, which reserve nothing.
    pub units_in_carts: u64,
    /// Shoppers remembered.
    pub sessions: u64,
    /// Requests for any page answered with 503 because the web queue was full.
    pub pages_refused: u64,
    /// Checkouts answered with 503 because the payment queue was full.
    pub checkouts_refused: u64,
    /// Checkouts answered with 502 because the payment failed.
    pub payments_failed: u64,
    /// Web workers at work.
    pub web_busy: u64,
    /// Requests waiting for a web worker.
    pub web_waiting: u64,
    /// Payments under way.
    pub payment_busy: u64,
    /// Checkouts waiting for a payment worker.
    pub payment_waiting: u64,
}

/// What was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// From 1, without gaps.
    pub number: OrderNumber,
    /// How many units.
    pub units: u64,
    /// What it cost.
    pub total: Cents,
}

/// Why a request is refused. The text is the body of the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The web queue is full.
    #[error("the shop is busy (hint: try again in a second)")]
    Busy,
    /// The payment queue is full.
    #[error("the payment is busy (hint: try again in a second)")]
    PaymentBusy,
    /// The payment provider failed.
    #[error("the payment failed; nothing was bought and the cart is as before")]
    PaymentFailed,
    /// An error share hit this request.
    #[error("internal error: a fault is switched on")]
    Broken,
    /// The shop is closing.
    #[error("the shop is closing")]
    Closing,
    /// There is nothing to pay for, or another checkout is paying for it.
    #[error("the cart is empty (hint: add a product first)")]
    EmptyCart,
    /// A product of the cart is sold out.
    #[error(transparent)]
    OutOfStock(#[from] OutOfStock),
    /// The cart is full.
    #[error(transparent)]
    Cart(#[from] CartError),
    /// There is no such product.
    #[error("no such product `{0}`")]
    NoSuchProduct(String),
    /// The form or the query cannot be read.
    #[error("{text} (hint: {hint})")]
    BadForm {
        /// 400, 413, 415 or 422.
        status: u16,
        /// What is wrong with it.
        text: String,
        /// How it should be.
        hint: &'static str,
    },
    /// Not the spec of a fault.
    #[error(transparent)]
    BadFault(#[from] FaultError),
    /// One fault too many.
    #[error(transparent)]
    BoardFull(#[from] BoardFull),
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Busy | Self::PaymentBusy | Self::Closing => 503,
            Self::PaymentFailed => 502,
            Self::Broken => 500,
            Self::EmptyCart | Self::OutOfStock(_) | Self::Cart(_) | Self::BoardFull(_) => 409,
            Self::NoSuchProduct(_) => 404,
            Self::BadFault(_) => 400,
            Self::BadForm { status, .. } => *status,
        }
    }
}

impl Service {
    /// A shop that nobody has visited. The plan must have been checked.
    ///
    /// # Errors
    /// [`BoardFull`] when the plan has too many faults.
    pub fn new(plan: &ShopPlan) -> Result<Self, BoardFull> {
        let web = Limits {
            workers: plan.web_workers,
            queue: plan.web_queue,
        };
        let payment = Limits {
            workers: plan.payment_workers(),
            queue: plan.payment_queue,
        };
        Ok(Self {
            faults: FaultBoard::new(&plan.faults)?,
            sessions: Sessions::new(SESSIONS_COUNT_MAX),
            stock: Arc::new(Stock::new(plan.products, plan.stock_per_product)),
            page_times: plan.service_times,
            payment_time: plan.payment_time_effective(),
            web: Limiter::new(web),
            payment: Limiter::new(payment),
            pages_refused: AtomicU64::new(0),
            checkouts_refused: AtomicU64::new(0),
            payments_failed: AtomicU64::new(0),
        })
    }

    /// Waits for a web worker and for the page's service time; then the page may be written.
    ///
    /// # Errors
    /// [`Refusal::Busy`] at once, or [`Refusal::Broken`] after the service time.
    pub async fn enter(&self, page: Page) -> Result<(), Refusal> {
        let own_time = self.page_times.of(page);
        let work = || (own_time + self.faults.extra_latency(page), ());
        if self.web.serve(work).await.is_err() {
            self.pages_refused.fetch_add(1, Ordering::Relaxed);
            return Err(Refusal::Busy);
        }
        if self.faults.breaks(page) {
            Err(Refusal::Broken)
        } else {
            Ok(())
        }
    }

    /// Pays for a cart and empties it. Call it after [`Service::enter`].
    ///
    /// It runs to its end even when the shopper hangs up: as in most shops, a checkout that timed
    /// out still costs a payment, which is what makes retry storms hurt.
    ///
    /// # Errors
    /// Why nothing was bought; the cart is then as before.
    pub async fn checkout(self: Arc<Self>, id: SessionId) -> Result<Order, Refusal> {
        let settled = tokio::spawn(async move {
            let lines = self.sessions.take_cart(id);
            let order = self.buy(&lines).await;
            if order.is_err() {
                self.sessions.give_back(id, lines);
            }
            order
        });
        settled.await.unwrap_or(Err(Refusal::Closing))
    }

    /// Everything that is counted, at this instant; the stock adds up, the rest is approximate.
    #[must_use]
    pub fn counts(&self) -> ShopCounts {
        let stock = self.stock.counts();
        ShopCounts {
            stock_initial: stock.initial,
            stock_left: stock.left,
            units_held: stock.held,
            units_in_orders: stock.in_orders,
            orders: stock.orders,
            units_in_carts: self.sessions.units_in_carts(),
            sessions: self.sessions.count() as u64,
            pages_refused: self.pages_refused.load(Ordering::Relaxed),
            checkouts_refused: self.checkouts_refused.load(Ordering::Relaxed),
            payments_failed: self.payments_failed.load(Ordering::Relaxed),
            web_busy: self.web.busy() as u64,
            web_waiting: self.web.waiting() as u64,
            payment_busy: self.payment.busy() as u64,
            payment_waiting: self.payment.waiting() as u64,
        }
    }

    async fn buy(&self, lines: &[CartLine]) -> Result<Order, Refusal> {
        if lines.is_empty() {
            return Err(Refusal::EmptyCart);
        }
        let hold = self.stock.hold(lines)?;
        self.pay().await?;
        Ok(Order {
            number: hold.sell(),
            units: units(lines),
            total: total(lines),
        })
    }

    async fn pay(&self) -> Result<(), Refusal> {
        let work = || {
            let Payment { time, outcome } = self.faults.payment(self.payment_time);
            (time, outcome)
        };
        match self.payment.serve(work).await {
            Ok(PaymentOutcome::Paid) => Ok(()),
            Ok(PaymentOutcome::Failed) => {
                self.payments_failed.fetch_add(1, Ordering::Relaxed);
                Err(Refusal::PaymentFailed)
            }
            Err(QueueFull) => {
                self.checkouts_refused.fetch_add(1, Ordering::Relaxed);
                Err(Refusal::PaymentBusy)
            }
        }
    }
}
