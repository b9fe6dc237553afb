//! What a shopper does when a step is due: it asks, follows, looks, takes, loads, and decides.
//!
//! In: a shopper. Out: a record of every request that was on the wire, and where the shopper goes: back
//! to the pacer to think, or out of the shop.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use futures_util::future::join_all;
use hyper::header::{LOCATION, RETRY_AFTER, SET_COOKIE};
use hyper::{HeaderMap, Method, StatusCode};
use url::Url;

use super::http::{Answer, Outgoing, Reason};
use super::inspection::{Inspection, inspect, path_on_host};
use super::outcome::Leave;
use super::record::{DrillRecord, StepPart};
use super::request;
use super::shopper::Shopper;
use crate::scenario::{DrillPlan, Escape, RetryPlan, ShopperKind, StepPlan};

/// Redirects that are followed one after the other.
const REDIRECTS_MAX: usize = 10;
/// Assets of one page that are under way at once, as browsers have it with HTTP/1.1.
const ASSETS_AT_ONCE: usize = 6;
/// The error of an answer that is not what its step wants.
const CHECK: &str = "check";
/// The longest wait that a `Retry-After` may ask for, µs.
const RETRY_AFTER_US_MAX: i64 = 3_600_000_000;

/// What a visit needs of whoever runs it: the wire, the clock, and somebody who writes down.
pub trait Wire {
    /// What is driven.
    fn plan(&self) -> &Arc<DrillPlan>;
    /// Where.
    fn base_url(&self) -> &Url;
    /// µs since the start.
    fn now_us(&self) -> i64;
    /// The moment so many µs after the start.
    fn moment(&self, at_us: i64) -> Instant;
    /// Sends a request of a shopper and reads its answer; [`Reason::Cancelled`] when the run is stopped
    /// meanwhile.
    fn send(
        &self,
        outgoing: &mut Outgoing,
        shopper: u64,
        is_fresh: bool,
    ) -> impl Future<Output = Answer>;
    /// Writes a request down.
    fn record(&self, record: DrillRecord);
    /// The route of a path that no step names.
    fn route_of(&self, path: &str) -> Arc<str>;
}

/// What a shopper does after a step.
pub enum After {
    /// It thinks until its `due_us`.
    Thinks(Box<Shopper>),
    /// It is gone.
    Left(Leave),
}

/// Takes the step that is due.
pub async fn step(wire: &impl Wire, mut shopper: Box<Shopper>) -> After {
    if shopper.due_us >= shopper.leaves_us {
        return After::Left(Leave::LostPatience);
    }
    let plan = Arc::clone(wire.plan());
    let visit = Visit {
        wire,
        plan: &plan,
        step: shopper.step(&plan),
        kind: &plan.kinds[usize::from(shopper.kind)],
    };
    let asked = visit.ask(&mut shopper).await;
    shopper.has_come = true;
    match asked.end {
        End::Good => {
            visit.load_assets(&shopper, &asked).await;
            visit.go_on(shopper, wire.now_us())
        }
        End::Bad => visit.after_failure(shopper, &asked),
        End::GivenUp => visit.after_waiting(shopper, asked.done_us),
        End::Cancelled => After::Left(Leave::Cut),
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Good,
    /// The answer was none, or not what it must be.
    Bad,
    /// The shopper did not wait for the answer.
    GivenUp,
    /// The run was stopped.
    Cancelled,
}

/// What became of a step's request, after all redirects.
struct Asked {
    end: End,
    answer: Answer,
    /// Path of the last request.
    path: String,
    done_us: i64,
}

/// One shopper at one step.
struct Visit<'a, W> {
    wire: &'a W,
    plan: &'a DrillPlan,
    step: &'a StepPlan,
    kind: &'a ShopperKind,
}

impl<W: Wire> Visit<'_, W> {
    /// The step's own request, and where its redirects lead.
    async fn ask(&self, shopper: &mut Shopper) -> Asked {
        let mut due_us = shopper.due_us;
        let sent_us = self.wire.now_us();
        let waits_until_us = self.waits_until_us(shopper);
        let fails_at_us = sent_us.saturating_add(self.plan.limits.step_timeout_us);
        let deadline = self.wire.moment(waits_until_us.min(fails_at_us));
        let mut outgoing = request::of_step(self.plan, self.step, shopper, deadline);
        let mut part = StepPart::Itself;
        let mut redirects = Vec::new();
        for hop in 0.. {
            let sent_us = self.wire.now_us();
            let is_fresh = shopper.is_chosen(self.plan.transport.new_connections);
            let redirected = outgoing
                .as_ref()
                .filter(|_| self.step.follows_redirects && hop < REDIRECTS_MAX)
                .cloned();
            let mut answer = self.send(outgoing.as_mut(), shopper.number, is_fresh).await;
            let done_us = self.wire.now_us();
            if answer.error == Some(Reason::Timeout) && waits_until_us <= done_us {
                answer.error = Some(Reason::Abandoned);
            }
            self.keep_cookies(shopper, &answer);
            let is_tried_again =
                (300..400).contains(&answer.status) && self.tries_again(shopper, &answer);
            let next = redirected
                .filter(|_| !is_tried_again)
                .and_then(|from| self.redirect(shopper, &from, &answer));
            let end = match &next {
                Some(_) => End::Good,
                // It is no failure, but the scenario says that the shopper takes it for one.
                None if is_tried_again => End::Bad,
                None => self.judge(shopper, &redirects, &answer),
            };
            let is_unwanted =
                end == End::Bad && answer.error.is_none() && answer.status < 400 && !is_tried_again;
            self.wire.record(DrillRecord {
                error: match answer.error {
                    Some(reason) => Some(reason.as_str()),
                    None => is_unwanted.then_some(CHECK),
                },
                ..self.record(shopper, part, (due_us, sent_us, done_us), &answer)
            });
            let Some(next) = next else {
                return Asked {
                    end,
                    answer,
                    path: outgoing.map_or_else(String::new, |outgoing| outgoing.path),
                    done_us,
                };
            };
            redirects.push(answer.headers);
            part = StepPart::Found(self.wire.route_of(&next.path));
            outgoing = Some(next);
            due_us = done_us;
        }
        unreachable!("the last redirect is an answer like others")
    }

    fn keep_cookies(&self, shopper: &mut Shopper, answer: &Answer) {
        let host = self.wire.base_url().host_str().unwrap_or_default();
        for header in answer.headers.get_all(SET_COOKIE) {
            if let Ok(text) = header.to_str() {
                shopper.jar.set(text, host);
            }
        }
    }

    /// Until when the shopper waits for the answer, µs since the start: from the click on, whenever the
    /// request was really sent.
    fn waits_until_us(&self, shopper: &mut Shopper) -> i64 {
        let patience_us = shopper.due_us.saturating_add(shopper.patience_us);
        let reload = self
            .kind
            .reload
            .filter(|reload| u32::from(shopper.reloads) < reload.times);
        let reloads_us = reload.map_or(i64::MAX, |reload| {
            let after_us = reload.after.draw_us(&mut shopper.random);
            shopper.due_us.saturating_add(after_us)
        });
        patience_us.min(reloads_us).min(shopper.leaves_us)
    }

    async fn send(&self, outgoing: Option<&mut Outgoing>, shopper: u64, is_fresh: bool) -> Answer {
        match outgoing {
            Some(outgoing) => self.wire.send(outgoing, shopper, is_fresh).await,
            None => Answer::none(Reason::Request),
        }
    }

    /// The request that follows a redirect on the same host: RFC 9110, section 15.4.
    fn redirect(&self, shopper: &Shopper, from: &Outgoing, answer: &Answer) -> Option<Outgoing> {
        let status = StatusCode::from_u16(answer.status).ok()?;
        let keeps_method = match status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            _ => return None,
        };
        let location = answer.headers.get(LOCATION)?.to_str().ok()?;
        let url = self.wire.base_url().join(&from.path).ok()?;
        let path = path_on_host(&url, location)?;
        if keeps_method {
            let mut again = from.clone();
            again.path = path;
            return Some(again);
        }
        let mut next = request::of_path(
            self.plan,
            shopper,
            path,
            self.step.wants_body(),
            from.deadline,
        )?;
        if from.method == Method::HEAD {
            next.method = Method::HEAD;
        }
        Some(next)
    }

    /// Whether the answer is good; takes from it, and from the redirects on the way there, what later steps
    /// need.
    fn judge(&self, shopper: &mut Shopper, redirects: &[HeaderMap], answer: &Answer) -> End {
        match answer.error {
            Some(Reason::Cancelled) => return End::Cancelled,
            Some(Reason::Abandoned) => return End::GivenUp,
            Some(_) => return End::Bad,
            None => {}
        }
        let Ok(taken) = inspect(self.step, redirects, answer) else {
            return End::Bad;
        };
        for (slot, value) in taken {
            shopper.take(self.plan, slot, value);
        }
        End::Good
    }

    /// `times` are due, sent and done.
    fn record(
        &self,
        shopper: &Shopper,
        part: StepPart,
        times: (i64, i64, i64),
        answer: &Answer,
    ) -> DrillRecord {
        let (due_us, sent_us, done_us) = times;
        DrillRecord {
            journey: shopper.walk.journey,
            step: shopper.walk.step,
            part,
            channel: shopper.channel,
            kind: shopper.kind,
            attempt: shopper.attempts,
            status: answer.status,
            error: answer.error.map(Reason::as_str),
            due_us,
            sent_us,
            first_byte_us: answer.first_byte_us,
            done_us,
            is_new_connection: answer.is_new_connection,
            bytes_out: answer.bytes_out,
            shopper: shopper.number,
        }
    }

    /// Gets what the step and its page name, some at a time.
    ///
    /// As in a browser, what finds no slot free waits, and is due when there is one: that wait is made of
    /// answers that were measured already, and it is not the generator that is late.
    async fn load_assets(&self, shopper: &Shopper, asked: &Asked) {
        if self.step.assets.is_empty() && !self.step.has_page_assets {
            return;
        }
        let variables = shopper.variables(self.plan);
        let named = self.step.assets.iter().zip(0_u16..);
        let named = named
            .map(|((path, _), index)| (path.fill(&variables, Escape::Url), StepPart::Asset(index)));
        let found = self.page_assets(asked).into_iter().map(|path| {
            let route = self.wire.route_of(&path);
            (path, StepPart::Found(route))
        });
        let assets = named.chain(found).collect::<Vec<_>>();
        let next = AtomicUsize::new(0);
        let slots = 0..ASSETS_AT_ONCE.min(assets.len());
        let slots = slots.map(|_| self.load_in_turn(shopper, &assets, &next, asked.done_us));
        join_all(slots).await;
    }

    /// One slot: asset after asset until there are no more.
    async fn load_in_turn(
        &self,
        shopper: &Shopper,
        assets: &[(String, StepPart)],
        next: &AtomicUsize,
        page_done_us: i64,
    ) {
        let mut free_us = page_done_us;
        while let Some((path, part)) = assets.get(next.fetch_add(1, Relaxed)) {
            free_us = self.load_asset(shopper, path, part, free_us).await;
        }
    }

    fn page_assets(&self, asked: &Asked) -> Vec<String> {
        if !self.step.has_page_assets {
            return Vec::new();
        }
        match self.wire.base_url().join(&asked.path) {
            Ok(url) => Inspection::new(&asked.answer).page_assets(&url),
            Err(_) => Vec::new(),
        }
    }

    /// Says when it was done.
    async fn load_asset(&self, shopper: &Shopper, path: &str, part: &StepPart, due_us: i64) -> i64 {
        let sent_us = self.wire.now_us();
        let fails_at_us = sent_us.saturating_add(self.plan.limits.step_timeout_us);
        let deadline = self.wire.moment(fails_at_us.min(shopper.leaves_us));
        let mut outgoing = request::of_path(self.plan, shopper, path.to_owned(), false, deadline);
        let answer = self.send(outgoing.as_mut(), shopper.number, false).await;
        let done_us = self.wire.now_us();
        let times = (due_us, sent_us, done_us);
        self.wire
            .record(self.record(shopper, part.clone(), times, &answer));
        done_us
    }

    /// To the next step, or out of the shop.
    fn go_on(&self, mut shopper: Box<Shopper>, done_us: i64) -> After {
        if !shopper.advance(self.plan, done_us) {
            return After::Left(Leave::Completed);
        }
        After::Thinks(shopper)
    }

    /// Again, on, or out of the shop.
    fn after_failure(&self, mut shopper: Box<Shopper>, asked: &Asked) -> After {
        if let Some(wait_us) = self.retry_after_us(&mut shopper, &asked.answer) {
            shopper.attempts += 1;
            shopper.due_us = asked.done_us.saturating_add(wait_us);
            return After::Thinks(shopper);
        }
        if self.step.goes_on {
            return self.go_on(shopper, asked.done_us);
        }
        After::Left(Leave::GaveUp)
    }

    /// Whether the scenario names the status of an answer, and the shopper has an attempt left.
    fn tries_again(&self, shopper: &Shopper, answer: &Answer) -> bool {
        self.kind.retries.as_ref().is_some_and(|retries| {
            u32::from(shopper.attempts) < retries.times
                && retries.on.iter().any(|on| on.covers(answer.status))
        })
    }

    /// How long the shopper waits before it tries again; `None` when it does not.
    fn retry_after_us(&self, shopper: &mut Shopper, answer: &Answer) -> Option<i64> {
        let retries = self.kind.retries.as_ref()?;
        if !self.tries_again(shopper, answer) {
            return None;
        }
        let wait_us = retries.wait.draw_us(&mut shopper.random);
        let wait_us = backed_off(wait_us, retries, shopper.attempts);
        let told = answer.headers.get(RETRY_AFTER);
        let told = told.filter(|_| retries.honours_retry_after);
        let Some(told_us) = told.and_then(|told| told_us(told.to_str().ok()?)) else {
            return Some(wait_us);
        };
        // Nobody comes before it was told to; those who were told the same do not come all at once.
        let least_us = backed_off(retries.wait.least_us(), retries, shopper.attempts);
        Some(wait_us.max(told_us.saturating_add(wait_us - least_us)))
    }

    /// Reloads, or has had enough.
    fn after_waiting(&self, mut shopper: Box<Shopper>, done_us: i64) -> After {
        let may_reload = self
            .kind
            .reload
            .is_some_and(|reload| u32::from(shopper.reloads) < reload.times);
        let has_patience = done_us < shopper.leaves_us
            && done_us < shopper.due_us.saturating_add(shopper.patience_us);
        if !may_reload || !has_patience {
            return After::Left(Leave::LostPatience);
        }
        shopper.reloads += 1;
        shopper.attempts += 1;
        shopper.patience_us -= done_us - shopper.due_us;
        shopper.due_us = done_us;
        After::Thinks(shopper)
    }
}

/// A wait that grows from attempt to attempt.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a cast saturates, and waits are below 2^53 µs"
)]
fn backed_off(wait_us: i64, retries: &RetryPlan, attempts: u16) -> i64 {
    (wait_us as f64 * retries.backoff.powi(i32::from(attempts))) as i64
}

/// What `Retry-After` says, µs from now: RFC 9110, section 10.2.3. More than the longest is the longest.
fn told_us(text: &str) -> Option<i64> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wait_us = if is_number {
        // A number of seconds that is none of ours is too large.
        let seconds = text.parse::<i64>().unwrap_or(i64::MAX);
        seconds.saturating_mul(1_000_000)
    } else {
        let moment = jiff::fmt::rfc2822::parse(text).ok()?;
        let until = moment.timestamp().as_microsecond();
        until - jiff::Timestamp::now().as_microsecond()
    };
    Some(wait_us.clamp(0, RETRY_AFTER_US_MAX))
}

#[cfg(test)]
mod tests;
