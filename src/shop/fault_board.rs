//! Which faults are on, switched from any thread while the shop is open.
//!
//! In: faults switched on and off. Out: what they mean for one page or one payment. Reading is a
//! short shared lock; nothing here waits, except [`FaultBoard::thawed`], which is meant to.

use super::fault::Fault;
use super::page::Page;
use super::plan::FAULTS_COUNT_MAX;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// How long a payment takes to fail during an outage.
pub const OUTAGE_PAYMENT_TIME: Duration = Duration::from_millis(50);

/// The faults that are on.
#[derive(Debug)]
pub struct FaultBoard {
    active: watch::Sender<Vec<Arc<ActiveFault>>>,
}

/// How the payment provider treats one payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// How long it takes.
    pub time: Duration,
    /// Whether the money arrives.
    pub outcome: PaymentOutcome,
}

/// Whether the money arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentOutcome {
    /// It does.
    Paid,
    /// It does not.
    Failed,
}

/// There is no room for one more fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{FAULTS_COUNT_MAX} faults are on already (hint: switch some off first)")]
pub struct BoardFull;

#[derive(Debug)]
struct ActiveFault {
    fault: Fault,
    /// Requests that the fault has looked at; the error share is spread over them.
    seen: AtomicU64,
}

impl FaultBoard {
    /// A board with these faults on, at most [`FAULTS_COUNT_MAX`].
    ///
    /// # Errors
    /// [`BoardFull`] when there are more.
    pub fn new(faults: &[Fault]) -> Result<Self, BoardFull> {
        let board = Self {
            active: watch::Sender::new(Vec::new()),
        };
        faults
            .iter()
            .try_for_each(|fault| board.switch_on(*fault))?;
        Ok(board)
    }

    /// Switches a fault on; one of the same kind on the same route is replaced.
    ///
    /// # Errors
    /// [`BoardFull`] when [`FAULTS_COUNT_MAX`] others are on.
    pub fn switch_on(&self, fault: Fault) -> Result<(), BoardFull> {
        let mut outcome = Ok(());
        self.active.send_modify(|active| {
            let others = active
                .iter()
                .filter(|other| !other.fault.same_place(&fault))
                .count();
            if others >= FAULTS_COUNT_MAX {
                outcome = Err(BoardFull);
                return;
            }
            active.retain(|other| !other.fault.same_place(&fault));
            active.push(Arc::new(ActiveFault {
                fault,
                seen: AtomicU64::new(0),
            }));
        });
        outcome
    }

    /// Switches one fault off; nothing happens when it is not on.
    pub fn switch_off(&self, fault: Fault) {
        self.active
            .send_modify(|active| active.retain(|other| other.fault != fault));
    }

    /// Switches every fault off.
    pub fn clear(&self) {
        self.active.send_modify(Vec::clear);
    }

    /// The faults that are on, in the order in which they were switched on.
    #[must_use]
    pub fn active(&self) -> Vec<Fault> {
        self.active
            .borrow()
            .iter()
            .map(|active| active.fault)
            .collect()
    }

    /// The sum of the extra latencies that cover this page.
    #[must_use]
    pub(super) fn extra_latency(&self, page: Page) -> Duration {
        let extra = |active: &Arc<ActiveFault>| match active.fault {
            Fault::Latency { route, extra } if route.covers(page) => extra,
            _ => Duration::ZERO,
        };
        self.active.borrow().iter().map(extra).sum()
    }

    /// Whether this request for this page is answered with 500; counts the request.
    #[must_use]
    pub(super) fn breaks(&self, page: Page) -> bool {
        let breaks = |active: &Arc<ActiveFault>| match active.fault {
            Fault::Errors { route, share } if route.covers(page) => {
                share.hits(active.seen.fetch_add(1, Ordering::Relaxed))
            }
            _ => false,
        };
        let mut broken = false;
        for active in self.active.borrow().iter() {
            // Every fault counts every request, so no share depends on the other faults.
            broken |= breaks(active);
        }
        broken
    }

    /// What becomes of a payment that starts now. An outage wins over slowness.
    #[must_use]
    pub(super) fn payment(&self, usual_time: Duration) -> Payment {
        let active = self.active.borrow();
        if active
            .iter()
            .any(|active| active.fault == Fault::PaymentOutage)
        {
            return Payment {
                time: OUTAGE_PAYMENT_TIME,
                outcome: PaymentOutcome::Failed,
            };
        }
        let slow = active.iter().find_map(|active| match active.fault {
            Fault::PaymentSlow { time } => Some(time),
            _ => None,
        });
        Payment {
            time: slow.unwrap_or(usual_time),
            outcome: PaymentOutcome::Paid,
        }
    }

    /// Returns as soon as the shop is not frozen.
    pub(super) async fn thawed(&self) {
        if !is_frozen(&self.active.borrow()) {
            return;
        }
        // An error means that the sender is gone; it lives in `self`.
        let _ = self
            .active
            .subscribe()
            .wait_for(|active| !is_frozen(active))
            .await;
    }
}

#[expect(clippy::ptr_arg, reason = "the watch channel hands out a `&Vec`")]
fn is_frozen(active: &Vec<Arc<ActiveFault>>) -> bool {
    active.iter().any(|active| active.fault == Fault::Freeze)
}

#[cfg(test)]
mod tests {
    use super::super::fault::FaultRoute;
    use super::*;

    fn board(specs: &[&str]) -> FaultBoard {
        let faults: Vec<_> = specs
            .iter()
            .map(|spec| spec.parse().expect("the spec is valid"))
            .collect();
        FaultBoard::new(&faults).expect("the board has room")
    }

    #[test]
    fn extra_latencies_of_a_page_add_up() {
        let board = board(&[
            "latency:*:100ms",
            "latency:/cart:20ms",
            "latency:/search:1s",
        ]);
        assert_eq!(
            board.extra_latency(Page::CartAdd),
            Duration::from_millis(120)
        );
        assert_eq!(board.extra_latency(Page::Home), Duration::from_millis(100));
    }

    #[test]
    fn a_fault_on_the_same_route_replaces_the_one_before() {
        let board = board(&[
            "latency:/cart:20ms",
            "freeze",
            "latency:/cart:30ms",
            "freeze",
        ]);
        let specs: Vec<_> = board.active().iter().map(ToString::to_string).collect();
        assert_eq!(specs, ["latency:/cart:30ms", "freeze"]);
    }

    #[test]
    fn errors_are_counted_per_fault_and_spread_over_the_pages_it_covers() {
        let board = board(&["errors:/cart:0.5"]);
        assert!(!board.breaks(Page::Home));
        assert_eq!(
            [(); 4].map(|()| board.breaks(Page::Cart)),
            [false, true, false, true]
        );
        assert!(!board.breaks(Page::Home));
    }

    #[test]
    fn an_outage_fails_payments_fast_and_wins_over_slowness() {
        let usual = Duration::from_millis(200);
        let slow = Payment {
            time: Duration::from_secs(3),
            outcome: PaymentOutcome::Paid,
        };
        let failed = Payment {
            time: OUTAGE_PAYMENT_TIME,
            outcome: PaymentOutcome::Failed,
        };
        let board = board(&["payment-slow:3s"]);
        assert_eq!(board.payment(usual), slow);
        board
            .switch_on(Fault::PaymentOutage)
            .expect("the board has room");
        assert_eq!(board.payment(usual), failed);
        board.switch_off(Fault::PaymentOutage);
        assert_eq!(board.payment(usual), slow);
        board.clear();
        assert_eq!(
            board.payment(usual),
            Payment {
                time: usual,
                outcome: PaymentOutcome::Paid
            }
        );
    }

    #[test]
    fn the_kinds_and_routes_that_exist_never_fill_the_board() {
        let board = board(&["freeze"]);
        for route in Page::ALL.map(|page| FaultRoute::Template(page.template())) {
            let extra = Duration::from_millis(1);
            assert_eq!(board.switch_on(Fault::Latency { route, extra }), Ok(()));
        }
        assert!(board.active().len() < FAULTS_COUNT_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_thaw_ends_when_the_freeze_is_switched_off() {
        let board = board(&["freeze", "payment-outage"]);
        let thaw = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            board.switch_off(Fault::PaymentOutage);
            tokio::time::sleep(Duration::from_secs(5)).await;
            board.switch_off(Fault::Freeze);
        };
        let start = tokio::time::Instant::now();
        let wait = async {
            board.thawed().await;
            start.elapsed().as_secs()
        };
        assert_eq!(tokio::join!(wait, thaw).0, 10);
    }
}
