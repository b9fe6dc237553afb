//! What a shop is to be: its port, its capacity, its stock and the faults it starts with.
//!
//! In: numbers from the command line or a test. Out: a [`ShopPlan`] that has been checked, and
//! the payment workers and payment time that follow from the declared checkout rate. It starts
//! nothing.

use super::fault::Fault;
use super::page::Page;
use std::time::Duration;

/// The longest service time or payment time that a plan may declare.
pub const SERVICE_TIME_MAX: Duration = Duration::from_mins(1);
/// The highest checkout rate that a plan may declare.
pub const CHECKOUTS_PER_S_MAX: f64 = 10_000.0;
/// The most web workers, and the most payment workers, that a shop may have.
pub const WORKERS_COUNT_MAX: usize = 100_000;
/// The longest queue that a plan may declare.
pub const QUEUE_COUNT_MAX: usize = 1_000_000;
/// The largest catalogue.
pub const PRODUCTS_COUNT_MAX: u32 = 100_000;
/// The most faults that may be on at once.
pub const FAULTS_COUNT_MAX: usize = 32;

/// Everything that decides how a shop behaves.
///
/// ```text
/// let plan = ShopPlan { checkouts_per_s: 25.0, ..ShopPlan::default() };
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ShopPlan {
    /// The loopback port; 0 takes any free one.
    pub port: u16,
    /// The sustained rate of paid checkouts beyond which they queue.
    pub checkouts_per_s: f64,
    /// How long one payment takes; see [`ShopPlan::payment_time_effective`] for the rounding.
    pub payment_time: Duration,
    /// Checkouts that may wait for a payment worker; one more is refused with 503. 0 is allowed.
    pub payment_queue: usize,
    /// Pages that are worked on at once, at least 1.
    pub web_workers: usize,
    /// Requests that may wait for a web worker; one more is refused with 503. 0 is allowed.
    pub web_queue: usize,
    /// How many products are for sale, at least 1; their ids are `1..=products`.
    pub products: u32,
    /// Units of every product at the start; 0 is a sold-out shop.
    pub stock_per_product: u32,
    /// How long each page occupies a web worker.
    pub service_times: ServiceTimes,
    /// The faults that are on from the first request.
    pub faults: Vec<Fault>,
}

impl Default for ShopPlan {
    fn default() -> Self {
        Self {
            port: 0,
            checkouts_per_s: 60.0,
            payment_time: Duration::from_millis(200),
            payment_queue: 400,
            web_workers: 200,
            web_queue: 2_000,
            products: 1_000,
            stock_per_product: 1_000_000,
            service_times: ServiceTimes::default(),
            faults: Vec::new(),
        }
    }
}

impl ShopPlan {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// The first number that is out of range, with the range.
    pub fn check(&self) -> Result<(), PlanError> {
        let rate = self.checkouts_per_s;
        if !(rate > 0.0 && rate <= CHECKOUTS_PER_S_MAX) {
            return Err(PlanError::Rate { rate });
        }
        self.check_times()?;
        within("web_workers", self.web_workers, 1, WORKERS_COUNT_MAX)?;
        within(
            "payment workers",
            self.payment_workers(),
            1,
            WORKERS_COUNT_MAX,
        )?;
        within("web_queue", self.web_queue, 0, QUEUE_COUNT_MAX)?;
        within("payment_queue", self.payment_queue, 0, QUEUE_COUNT_MAX)?;
        within(
            "products",
            self.products as usize,
            1,
            PRODUCTS_COUNT_MAX as usize,
        )?;
        within("faults", self.faults.len(), 0, FAULTS_COUNT_MAX)
    }

    /// How many payments run at once: rate × time, rounded, at least 1 (Little's law).
    ///
    /// ```text
    /// 60 checkouts/s × 200 ms = 12 workers
    /// ```
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float to integer cast saturates, and `check` refuses what is too large"
    )]
    pub fn payment_workers(&self) -> usize {
        let workers = self.checkouts_per_s * self.payment_time.as_secs_f64();
        (workers.round() as usize).max(1)
    }

    /// The payment time with which the workers carry exactly `checkouts_per_s`.
    ///
    /// It differs from `payment_time` by the rounding of the workers: most at low rates, where a
    /// shop of 1 checkout/s has one worker that takes 1 s.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "worker counts are far below 2^52"
    )]
    pub fn payment_time_effective(&self) -> Duration {
        Duration::from_secs_f64(self.payment_workers() as f64 / self.checkouts_per_s)
    }

    fn check_times(&self) -> Result<(), PlanError> {
        if self.payment_time.is_zero() || self.payment_time > SERVICE_TIME_MAX {
            return Err(PlanError::PaymentTime {
                time: self.payment_time,
            });
        }
        for page in Page::ALL {
            let time = self.service_times.of(page);
            if time > SERVICE_TIME_MAX {
                return Err(PlanError::ServiceTime {
                    template: page.template(),
                    time,
                });
            }
        }
        Ok(())
    }
}

/// How long each page occupies a web worker, the payment not included; 0 is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceTimes {
    /// `GET /`.
    pub home: Duration,
    /// `GET /search`.
    pub search: Duration,
    /// `GET /product/{id}`.
    pub product: Duration,
    /// `GET /cart`.
    pub cart: Duration,
    /// `POST /cart`.
    pub cart_add: Duration,
    /// `POST /checkout`, before the payment starts.
    pub checkout: Duration,
}

impl ServiceTimes {
    /// The service time of one page.
    #[must_use]
    pub const fn of(&self, page: Page) -> Duration {
        match page {
            Page::Home => self.home,
            Page::Search => self.search,
            Page::Product => self.product,
            Page::Cart => self.cart,
            Page::CartAdd => self.cart_add,
            Page::Checkout => self.checkout,
        }
    }
}

impl Default for ServiceTimes {
    fn default() -> Self {
        Self {
            home: Duration::from_millis(12),
            search: Duration::from_millis(30),
            product: Duration::from_millis(15),
            cart: Duration::from_millis(15),
            cart_add: Duration::from_millis(20),
            checkout: Duration::from_millis(40),
        }
    }
}

/// Why a plan cannot be a shop.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// The checkout rate is not a number in range.
    #[error("`checkouts_per_s` is {rate} (hint: give a rate above 0, up to {CHECKOUTS_PER_S_MAX})")]
    Rate {
        /// What was asked for.
        rate: f64,
    },
    /// The payment takes no time or far too much.
    #[error("`payment_time` is {time:?} (hint: give a time above 0, up to {SERVICE_TIME_MAX:?})")]
    PaymentTime {
        /// What was asked for.
        time: Duration,
    },
    /// A page takes far too much time.
    #[error(
        "the service time of `{template}` is {time:?} (hint: give {SERVICE_TIME_MAX:?} at most)"
    )]
    ServiceTime {
        /// The page.
        template: &'static str,
        /// What was asked for.
        time: Duration,
    },
    /// A count is out of range.
    #[error("`{name}` is {count} (hint: give a number from {least} to {most})")]
    Count {
        /// The field of the plan.
        name: &'static str,
        /// What was asked for.
        count: usize,
        /// The smallest value allowed.
        least: usize,
        /// The largest value allowed.
        most: usize,
    },
}

fn within(name: &'static str, count: usize, least: usize, most: usize) -> Result<(), PlanError> {
    if (least..=most).contains(&count) {
        Ok(())
    } else {
        Err(PlanError::Count {
            name,
            count,
            least,
            most,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_plan_is_valid() {
        assert_eq!(ShopPlan::default().check(), Ok(()));
    }

    #[test]
    fn payment_workers_and_time_carry_exactly_the_declared_rate() {
        let table = [
            // rate/s, declared ms, workers, effective µs
            (60.0, 200, 12, 200_000),
            (25.0, 200, 5, 200_000),
            (7.0, 200, 1, 142_857),
            (1.0, 200, 1, 1_000_000),
            (2_000.0, 5, 10, 5_000),
        ];
        for (checkouts_per_s, payment_ms, workers, effective_us) in table {
            let payment_time = Duration::from_millis(payment_ms);
            let plan = ShopPlan {
                checkouts_per_s,
                payment_time,
                ..ShopPlan::default()
            };
            assert_eq!(plan.payment_workers(), workers, "{checkouts_per_s}/s");
            assert_eq!(plan.payment_time_effective().as_micros(), effective_us);
        }
    }

    #[test]
    fn a_number_one_past_its_limit_is_refused_with_the_range() {
        type Change = fn(&mut ShopPlan);
        let plan = |change: Change| {
            let mut plan = ShopPlan::default();
            change(&mut plan);
            plan.check()
                .expect_err("the plan is out of range")
                .to_string()
        };
        let table: [(&str, Change); 7] = [
            ("`checkouts_per_s` is 0 ", |plan| plan.checkouts_per_s = 0.0),
            ("`checkouts_per_s` is NaN ", |plan| {
                plan.checkouts_per_s = f64::NAN;
            }),
            ("`payment_time` is 0ns ", |plan| {
                plan.payment_time = Duration::ZERO;
            }),
            ("service time of `/cart` is 61s ", |plan| {
                plan.service_times.cart_add = Duration::from_secs(61);
            }),
            ("`web_workers` is 0 ", |plan| plan.web_workers = 0),
            ("`products` is 100001 ", |plan| {
                plan.products = PRODUCTS_COUNT_MAX + 1;
            }),
            ("`faults` is 33 ", |plan| {
                plan.faults = vec![Fault::Freeze; 33];
            }),
        ];
        for (expected, change) in table {
            let text = plan(change);
            assert!(
                text.contains(expected) && text.contains("(hint: give"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_number_at_its_limit_is_accepted() {
        let plan = ShopPlan {
            products: PRODUCTS_COUNT_MAX,
            web_queue: 0,
            payment_queue: QUEUE_COUNT_MAX,
            web_workers: WORKERS_COUNT_MAX,
            faults: vec![Fault::Freeze; FAULTS_COUNT_MAX],
            ..ShopPlan::default()
        };
        assert_eq!(plan.check(), Ok(()));
    }
}
