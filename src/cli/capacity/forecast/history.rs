//! What the lake knows: the last peak, the curve of a day, and what brought the orders.
//!
//! In: the arguments, the lake if there is one. Out: rates of orders per minute and shares of channels. An
//! order is what the last step of the SLI set's funnel says.

use jiff::tz::TimeZone;

use crate::capacity::forecast::{ChannelShare, CurvePoint};
use crate::cli::arguments::CapacityForecastArguments;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::shoppers::{Asked, CAME, shoppers};
use crate::lake::{Lake, LakeReader};
use crate::report::text;
use crate::request_record::Origin;
use crate::rollup::{RollupPlan, Segments};
use crate::sli::{Alignment, Scope, SliSetPlan};
use crate::time_window::{TimeWindow, now_us, parse_time, seconds};

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;
/// Without a range the channels are those of so many of the newest days.
const CHANNEL_DAYS: i64 = 7;
/// Channels that are named; the rest is one row.
const CHANNELS_MAX: usize = 20;
/// Channels that somebody pays for or sends, and so can stop.
const STOPPABLE: [&str; 3] = ["utm:", "ads:", "mail:"];

/// What was.
#[derive(Debug, Default)]
pub struct History {
    /// The highest rate, orders per minute.
    pub peak_per_min: f64,
    /// Where it is from, in words.
    pub peak_source: String,
    /// The day that is scaled; empty without one.
    pub curve: Vec<CurvePoint>,
    /// What brought the orders, largest share first.
    pub channels: Vec<ChannelShare>,
    /// Sessions per order of the same days; `None` where shoppers or orders are not known.
    pub sessions_per_order: Option<f64>,
    /// What is not known.
    pub notes: Vec<String>,
}

/// The lake, opened for one question after the other.
struct Orders<'a> {
    lake: &'a Lake,
    reader: &'a LakeReader,
    segments: &'a Segments<'a>,
    set: &'a SliSetPlan,
    zone: &'a TimeZone,
    window_us: i64,
    extent: TimeWindow,
}

impl History {
    /// Reads what the arguments ask for.
    ///
    /// # Errors
    /// When a peak or a day is asked for and the lake has none.
    pub fn read(
        arguments: &CapacityForecastArguments,
        lake: Option<&Lake>,
        set: &SliSetPlan,
        zone: &TimeZone,
    ) -> Result<Self, Failure> {
        let mut history = Self::default();
        if let Some(peak) = arguments.last_peak {
            history.peak_per_min = peak.0;
            history.peak_source = "as typed".to_owned();
        }
        let Some(lake) = lake else {
            let note = "Which channels bring the orders: there is no lake.";
            history.notes.push(note.to_owned());
            return Ok(history);
        };
        let reader = lake.reader()?;
        let segments = Segments::refresh(lake, &reader)?;
        let Some((first_us, last_us)) = segments.extent_us(Origin::Customer) else {
            if arguments.last_peak.is_some() {
                let note = "Which channels bring the orders: the lake has no customers.";
                history.notes.push(note.to_owned());
                return Ok(history);
            }
            return Err(Failure::new(
                ExitCode::Input,
                "the lake has no requests of customers, so no last peak (hint: --last-peak 220/min)",
            ));
        };
        let orders = Orders {
            lake,
            reader: &reader,
            segments: &segments,
            set,
            zone,
            window_us: window_us(arguments)?,
            extent: TimeWindow {
                start_us: first_us,
                end_us: last_us + 1,
            },
        };
        let range = orders.range(arguments)?;
        if arguments.last_peak.is_none() {
            orders.put_peak(&mut history, arguments, range)?;
        }
        orders.put_channels(&mut history, channel_range(arguments, range))?;
        Ok(history)
    }
}

fn channel_range(arguments: &CapacityForecastArguments, range: TimeWindow) -> TimeWindow {
    let newest = range.end_us - CHANNEL_DAYS * 24 * HOUR_US;
    let is_named = arguments.from.is_some() || arguments.curve.is_some();
    let floor = |us: i64| us.div_euclid(MINUTE_US) * MINUTE_US;
    TimeWindow {
        start_us: floor(if is_named {
            range.start_us
        } else {
            range.start_us.max(newest)
        }),
        end_us: floor(range.end_us - 1) + MINUTE_US,
    }
}

fn window_us(arguments: &CapacityForecastArguments) -> Result<i64, Failure> {
    let window_us = i64::try_from(arguments.window.as_us()).unwrap_or(i64::MAX);
    match window_us >= MINUTE_US && window_us % MINUTE_US == 0 && HOUR_US % window_us == 0 {
        true => Ok(window_us),
        false => Err(Failure::usage(
            "--window: not a number of minutes that an hour can be divided by (hint: 1m, 5m, 15m, 1h)".to_owned(),
        )),
    }
}

impl Orders<'_> {
    fn range(&self, arguments: &CapacityForecastArguments) -> Result<TimeWindow, Failure> {
        let now_us = now_us();
        if let Some(day) = &arguments.curve {
            return self.day(parse_time(day, self.zone, now_us)?, day);
        }
        let bound = |text: &Option<String>, default_us: i64| match text {
            Some(text) => parse_time(text, self.zone, now_us),
            None => Ok(default_us),
        };
        let from_us = bound(&arguments.from, self.extent.start_us)?;
        let to_us = bound(&arguments.to, self.extent.end_us.max(from_us + 1))?;
        let asked = TimeWindow::new(from_us, to_us)?;
        // Where the lake has nothing there is no window to look at.
        let inside = TimeWindow {
            start_us: asked.start_us.max(self.extent.start_us),
            end_us: asked.end_us.min(self.extent.end_us),
        };
        match inside.start_us < inside.end_us {
            true => Ok(inside),
            false => Err(no_order()),
        }
    }

    /// The local day of a moment.
    fn day(&self, us: i64, text: &str) -> Result<TimeWindow, Failure> {
        let wrong = || Failure::usage(format!("--curve: `{text}` is outside of the calendar"));
        let moment = jiff::Timestamp::from_microsecond(us).map_err(|_| wrong())?;
        let start = moment
            .to_zoned(self.zone.clone())
            .start_of_day()
            .map_err(|_| wrong())?;
        let end = start.tomorrow().map_err(|_| wrong())?;
        Ok(TimeWindow {
            start_us: start.timestamp().as_microsecond(),
            end_us: end.timestamp().as_microsecond(),
        })
    }

    /// The highest window, and the curve if a day was asked for.
    fn put_peak(
        &self,
        history: &mut History,
        arguments: &CapacityForecastArguments,
        range: TimeWindow,
    ) -> Result<(), Failure> {
        let curve = self.curve(range)?;
        let highest = curve
            .iter()
            .max_by(|a, b| a.rate_per_min.total_cmp(&b.rate_per_min));
        let highest = highest
            .filter(|point| point.rate_per_min > 0.0)
            .ok_or_else(no_order)?;
        history.peak_per_min = highest.rate_per_min;
        history.peak_source = format!(
            "the highest {} of the lake, {}",
            text::duration(seconds(self.window_us)),
            text::date(highest.start_us, self.zone)
        );
        if arguments.curve.is_some() {
            let from_us = self.extent.start_us.max(range.start_us);
            let covered = (self.extent.end_us.min(range.end_us) - from_us).max(0);
            if covered < (range.end_us - range.start_us) * 9 / 10 {
                history.notes.push(format!(
                    "The whole day that is scaled: the lake has {} of it.",
                    text::duration(seconds(covered).round())
                ));
            }
            history.curve = curve;
        }
        Ok(())
    }

    /// Orders per minute in windows of the range, oldest first, those without any included.
    fn curve(&self, range: TimeWindow) -> Result<Vec<CurvePoint>, Failure> {
        let order = self.set.funnel.last().ok_or_else(|| {
            Failure::new(
                ExitCode::DeclaredFile,
                "the SLI set has no `funnel`, whose last step says what an order is",
            )
        })?;
        let start_us = range.start_us.div_euclid(self.window_us) * self.window_us;
        let whole = TimeWindow {
            start_us,
            end_us: (range.end_us - 1).div_euclid(self.window_us) * self.window_us + self.window_us,
        };
        let plan = RollupPlan::new(self.window_us, Vec::new());
        let rollup = self.segments.rollup(plan, whole, |series| {
            series.origin == Origin::Customer && order.event.covers(series)
        })?;
        let counts = rollup.select(|_| true).counts();
        let mut points = Vec::new();
        let mut found = counts.iter().peekable();
        let mut at_us = start_us;
        while at_us < whole.end_us {
            let own = found.next_if(|window| window.start_us == at_us);
            #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
            let count = own.map_or(0, |window| window.count) as f64;
            points.push(CurvePoint {
                start_us: at_us,
                length_s: seconds(self.window_us),
                rate_per_min: count / seconds(self.window_us) * 60.0,
            });
            at_us += self.window_us;
        }
        Ok(points)
    }

    fn put_channels(&self, history: &mut History, range: TimeWindow) -> Result<(), Failure> {
        let asked = Asked {
            set: self.set,
            scope: Scope {
                range,
                covered: range,
                window_us: MINUTE_US,
                alignment: Alignment::Clock,
            },
            origin: Origin::Customer,
            run_id: None,
        };
        let followed = shoppers(self.lake, self.reader, asked, self.zone)?;
        let mut funnels = followed.visits.funnels.iter();
        let came = funnels.find(|funnel| funnel.name == CAME);
        let by_channel = came.map(|funnel| funnel.by_channel()).unwrap_or_default();
        let orders = |steps: &Vec<u64>| steps.last().copied().unwrap_or(0);
        let all: u64 = by_channel.values().map(orders).sum();
        if all == 0 {
            let note = "Which channels bring the orders: no order has a shopper in the log.";
            history.notes.push(note.to_owned());
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
        let share = |orders: u64| orders as f64 / all as f64;
        let hours = followed
            .visits
            .sessions
            .iter()
            .flat_map(|sessions| &sessions.hours);
        let sessions: u64 = hours.map(|hour| hour.sessions).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
        let per_order = sessions as f64 / all as f64;
        history.sessions_per_order = (sessions > 0).then_some(per_order);
        let mut channels: Vec<ChannelShare> = by_channel
            .iter()
            .map(|(name, steps)| ChannelShare {
                name: (*name).to_owned(),
                orders: orders(steps),
                share: share(orders(steps)),
                can_be_turned_off: STOPPABLE.iter().any(|begin| name.starts_with(begin)),
            })
            .filter(|channel| channel.orders > 0)
            .collect();
        channels.sort_by(|a, b| b.orders.cmp(&a.orders).then_with(|| a.name.cmp(&b.name)));
        if channels.len() > CHANNELS_MAX {
            let rest: u64 = channels
                .drain(CHANNELS_MAX..)
                .map(|channel| channel.orders)
                .sum();
            channels.push(ChannelShare {
                name: "all other channels".to_owned(),
                orders: rest,
                share: share(rest),
                can_be_turned_off: false,
            });
        }
        history.channels = channels;
        Ok(())
    }
}

fn no_order() -> Failure {
    Failure::new(
        ExitCode::Input,
        "the lake has no order in that range, so no last peak (hint: `firedrill lake info` says what is in it; the last step of the funnel in the SLI set says what an order is)",
    )
}
