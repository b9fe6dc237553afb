//! One thing that is wrong with the shop on purpose, and the text that names it.
//!
//! In: a spec such as `latency:/checkout:500ms`. Out: a [`Fault`], whose `Display` is a spec that
//! reads back as the same fault. What a fault does is decided by the board and the service.

use super::page::Page;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Every valid form of a spec, for help and error texts.
pub const FAULT_FORMS: [&str; 5] = [
    "latency:ROUTE:500ms",
    "errors:ROUTE:0.05",
    "payment-outage",
    "payment-slow:3s",
    "freeze",
];
/// The longest spec that is read.
pub const FAULT_SPEC_CHARS_MAX: usize = 100;
/// The longest extra latency and the slowest payment.
pub const FAULT_DELAY_MAX: Duration = Duration::from_mins(1);

const ANY_ROUTE: &str = "*";
const PARTS_PER_MILLION: u64 = 1_000_000;

/// One thing that is wrong with the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Pages take longer, and keep their web worker for as long.
    Latency {
        /// Which pages.
        route: FaultRoute,
        /// By how much.
        extra: Duration,
    },
    /// A share of the answers is 500, after the usual service time and without any effect.
    Errors {
        /// Which pages.
        route: FaultRoute,
        /// How many of them.
        share: ErrorShare,
    },
    /// The payment provider fails after 50 ms: checkouts answer 502 and buy nothing.
    PaymentOutage,
    /// Every payment takes this long, which lowers the checkout capacity accordingly.
    PaymentSlow {
        /// The payment time.
        time: Duration,
    },
    /// No page is answered until the fault is switched off.
    Freeze,
}

impl Fault {
    /// Whether the other fault says the same about the same pages, but for its number.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Latency { route: a, .. }, Self::Latency { route: b, .. })
            | (Self::Errors { route: a, .. }, Self::Errors { route: b, .. }) => a == b,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    /// # Errors
    /// What is wrong with the spec, with the valid forms or the nearest one.
    fn from_str(spec: &str) -> Result<Self, FaultError> {
        if spec.chars().count() > FAULT_SPEC_CHARS_MAX {
            return Err(FaultError::TooLong);
        }
        let (kind, rest) = match spec.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (spec, None),
        };
        match (kind, rest) {
            ("latency", Some(rest)) => {
                let (route, time) = route_and_value(spec, rest)?;
                Ok(Self::Latency {
                    route,
                    extra: delay(time)?,
                })
            }
            ("errors", Some(rest)) => {
                let (route, share) = route_and_value(spec, rest)?;
                Ok(Self::Errors {
                    route,
                    share: share.parse()?,
                })
            }
            ("payment-slow", Some(time)) => Ok(Self::PaymentSlow { time: delay(time)? }),
            ("payment-outage", None) => Ok(Self::PaymentOutage),
            ("freeze", None) => Ok(Self::Freeze),
            _ => Err(FaultError::unknown(spec, kind)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency { route, extra } => write!(f, "latency:{route}:{}", Delay(*extra)),
            Self::Errors { route, share } => write!(f, "errors:{route}:{share}"),
            Self::PaymentOutage => write!(f, "payment-outage"),
            Self::PaymentSlow { time } => write!(f, "payment-slow:{}", Delay(*time)),
            Self::Freeze => write!(f, "freeze"),
        }
    }
}

/// The pages that a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultRoute {
    /// `*`: every page.
    Any,
    /// A path template of [`Page::template`]; `/cart` is both showing and adding.
    Template(&'static str),
}

impl FaultRoute {
    /// Whether the fault is about this page.
    #[must_use]
    pub fn covers(self, page: Page) -> bool {
        match self {
            Self::Any => true,
            Self::Template(template) => template == page.template(),
        }
    }
}

impl FromStr for FaultRoute {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        if text == ANY_ROUTE {
            return Ok(Self::Any);
        }
        let mut templates = Page::ALL.map(Page::template).into_iter();
        match templates.find(|template| *template == text) {
            Some(template) => Ok(Self::Template(template)),
            None => Err(FaultError::Route {
                route: text.to_owned(),
                hint: did_you_mean(text, Page::ALL.map(Page::template)),
            }),
        }
    }
}

impl fmt::Display for FaultRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str(ANY_ROUTE),
            Self::Template(template) => f.write_str(template),
        }
    }
}

/// A share of requests, above 0 and up to 1, exact to a millionth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorShare {
    parts_per_million: u32,
}

impl ErrorShare {
    /// Whether request `index` (from 0) is one of the share. They are spread evenly: a share of
    /// 0.05 hits the 20th request, the 40th, and so on.
    #[must_use]
    pub fn hits(self, index: u64) -> bool {
        let index = index % PARTS_PER_MILLION;
        let hits_before =
            |index: u64| index * u64::from(self.parts_per_million) / PARTS_PER_MILLION;
        hits_before(index + 1) > hits_before(index)
    }
}

impl FromStr for ErrorShare {
    type Err = FaultError;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is checked to be between 1 and 1,000,000 before the cast"
    )]
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let parts = text.parse::<f64>().map(|share| (share * 1e6).round());
        match parts {
            Ok(parts) if (1.0..=1e6).contains(&parts) => Ok(Self {
                parts_per_million: parts as u32,
            }),
            _ => Err(FaultError::Share {
                share: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for ErrorShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.parts_per_million) / 1e6)
    }
}

/// Why a spec is not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// Longer than any valid spec.
    #[error(
        "the fault is longer than {FAULT_SPEC_CHARS_MAX} characters (valid: {})",
        forms()
    )]
    TooLong,
    /// No such kind of fault, or one with parts missing or left over.
    #[error("unknown fault `{spec}` (valid: {}){hint}", forms())]
    Unknown {
        /// What was written.
        spec: String,
        /// The nearest form, or nothing.
        hint: String,
    },
    /// No such page.
    #[error(
        "unknown route `{route}` (valid: *, /, /search, /product/{{id}}, /cart, /checkout){hint}"
    )]
    Route {
        /// What was written.
        route: String,
        /// The nearest route, or nothing.
        hint: String,
    },
    /// Not a time in range.
    #[error("`{time}` is not a time from 1ms to 60s (hint: write `500ms` or `3s`)")]
    Delay {
        /// What was written.
        time: String,
    },
    /// Not a share in range.
    #[error("`{share}` is not a share from 0.000001 to 1 (hint: write `0.05` for 5 %)")]
    Share {
        /// What was written.
        share: String,
    },
}

impl FaultError {
    fn unknown(spec: &str, kind: &str) -> Self {
        let kinds = FAULT_FORMS.map(|form| form.split(':').next().unwrap_or(form));
        let hint = match kinds.iter().position(|known| *known == kind) {
            Some(index) => format!(" (hint: write `{}`)", FAULT_FORMS[index]),
            None => did_you_mean(kind, kinds),
        };
        Self::Unknown {
            spec: spec.to_owned(),
            hint,
        }
    }
}

fn forms() -> String {
    FAULT_FORMS.join(", ")
}

/// The route may contain anything but the last `:`, which begins the value.
fn route_and_value<'a>(spec: &str, rest: &'a str) -> Result<(FaultRoute, &'a str), FaultError> {
    let kind = spec.split(':').next().unwrap_or(spec);
    let (route, value) = rest
        .rsplit_once(':')
        .ok_or_else(|| FaultError::unknown(spec, kind))?;
    Ok((route.parse()?, value))
}

fn delay(text: &str) -> Result<Duration, FaultError> {
    let (number, unit_ms) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1),
        (None, Some(number)) => (number, 1_000),
        (None, None) => (text, 0),
    };
    let whole = number.bytes().all(|byte| byte.is_ascii_digit());
    let number_ms = number.parse::<u64>().ok().filter(|_| whole);
    let time = number_ms
        .and_then(|number| number.checked_mul(unit_ms))
        .map(Duration::from_millis);
    time.filter(|time| !time.is_zero() && *time <= FAULT_DELAY_MAX)
        .ok_or_else(|| FaultError::Delay {
            time: text.to_owned(),
        })
}

/// Whole milliseconds, in seconds where that is exact.
struct Delay(Duration);

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            millis if millis % 1_000 == 0 => write!(f, "{}s", millis / 1_000),
            millis => write!(f, "{millis}ms"),
        }
    }
}

/// ` (hint: did you mean …?)` for a near miss, else nothing.
fn did_you_mean<const N: usize>(text: &str, known: [&str; N]) -> String {
    let nearest = known
        .into_iter()
        .min_by_key(|known| strsim::damerau_levenshtein(text, known));
    match nearest {
        Some(known) if strsim::damerau_levenshtein(text, known) <= 1 + known.len() / 4 => {
            format!(" (hint: did you mean `{known}`?)")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(spec: &str) -> String {
        spec.parse::<Fault>()
            .expect_err("the spec is wrong")
            .to_string()
    }

    #[test]
    fn every_valid_spec_reads_back_as_the_same_fault() {
        let table = [
            ("latency:/checkout:500ms", "latency:/checkout:500ms"),
            (
                "latency:/product/{id}:1500ms",
                "latency:/product/{id}:1500ms",
            ),
            ("latency:*:1000ms", "latency:*:1s"),
            ("latency:/:60s", "latency:/:60s"),
            ("errors:/search:0.05", "errors:/search:0.05"),
            ("errors:*:1", "errors:*:1"),
            ("errors:/cart:0.000001", "errors:/cart:0.000001"),
            ("payment-outage", "payment-outage"),
            ("payment-slow:3s", "payment-slow:3s"),
            ("freeze", "freeze"),
        ];
        for (spec, written) in table {
            let fault: Fault = spec.parse().expect("the spec is valid");
            assert_eq!(fault.to_string(), written);
            assert_eq!(written.parse(), Ok(fault));
        }
    }

    #[test]
    fn every_form_in_the_help_is_valid_once_its_route_is_filled_in() {
        for form in FAULT_FORMS {
            let spec = form.replace("ROUTE", "/cart");
            assert!(spec.parse::<Fault>().is_ok(), "{spec}");
        }
    }

    #[test]
    fn a_wrong_spec_is_answered_with_the_cure() {
        let table = [
            (
                "frezee",
                "unknown fault `frezee` (valid: latency:ROUTE:500ms, ",
            ),
            ("frezee", "(hint: did you mean `freeze`?)"),
            ("latncy:/cart:5ms", "(hint: did you mean `latency`?)"),
            ("payment-slow", "(hint: write `payment-slow:3s`)"),
            ("freeze:1s", "(hint: write `freeze`)"),
            ("latency:/cart", "(hint: write `latency:ROUTE:500ms`)"),
            ("latency:/chekout:5ms", "unknown route `/chekout`"),
            ("latency:/chekout:5ms", "(hint: did you mean `/checkout`?)"),
            ("latency:/cart:5", "`5` is not a time"),
            ("latency:/cart:+5ms", "`+5ms` is not a time"),
            ("latency:/cart:0ms", "`0ms` is not a time"),
            ("latency:/cart:60001ms", "`60001ms` is not a time"),
            (
                "payment-slow:99999999999999999999s",
                "is not a time from 1ms to 60s",
            ),
            ("errors:/cart:0", "`0` is not a share"),
            ("errors:/cart:1.1", "`1.1` is not a share"),
            ("errors:/cart:NaN", "`NaN` is not a share"),
            ("", "unknown fault ``"),
        ];
        for (spec, expected) in table {
            let text = error(spec);
            assert!(text.contains(expected), "{spec}: {text}");
        }
    }

    #[test]
    fn a_spec_past_the_limit_is_not_echoed() {
        let longest = "x".repeat(FAULT_SPEC_CHARS_MAX);
        assert!(error(&longest).contains(&longest));
        assert!(!error(&format!("{longest}x")).contains(&longest));
    }

    #[test]
    fn an_error_share_hits_evenly_and_exactly() {
        let share: ErrorShare = "0.05".parse().expect("the share is valid");
        let hits: Vec<_> = (0..100).filter(|index| share.hits(*index)).collect();
        assert_eq!(hits, [19, 39, 59, 79, 99]);
        let third: ErrorShare = "0.333333".parse().expect("the share is valid");
        assert_eq!(
            (0..2_000_000).filter(|index| third.hits(*index)).count(),
            666_666
        );
        let all: ErrorShare = "1".parse().expect("the share is valid");
        assert!((0..100).all(|index| all.hits(index)));
    }

    #[test]
    fn a_cart_fault_covers_both_cart_pages_and_a_star_covers_all() {
        let covered = |text: &str| {
            let route: FaultRoute = text.parse().expect("the route is valid");
            Page::ALL
                .into_iter()
                .filter(|page| route.covers(*page))
                .collect::<Vec<_>>()
        };
        assert_eq!(covered("/cart"), [Page::Cart, Page::CartAdd]);
        assert_eq!(covered("*"), Page::ALL);
    }
}
