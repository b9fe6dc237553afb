//! Rates and factors as planners type them: `220/min`, `850..900/min`, `2.5..3.5`.

use std::str::FromStr;

/// A rate, per minute; above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerMinute(pub f64);

/// A rate or its two bounds, per minute; above 0, ascending.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerMinuteRange {
    /// The lower one.
    pub low: f64,
    /// The upper one; `None` where one rate was typed.
    pub high: Option<f64>,
}

/// A factor or a range of factors; above 0, ascending.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FactorRange(pub [f64; 2]);

/// How much of something comes with each of another; at least 0, ascending.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerOne(pub [f64; 2]);

impl FromStr for PerMinute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<PerMinuteRange>()? {
            PerMinuteRange { low, high: None } => Ok(Self(low)),
            PerMinuteRange { .. } => Err(format!(
                "`{text}` is a range (hint: one rate, e.g. 220/min)"
            )),
        }
    }
}

impl FromStr for PerMinuteRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a rate (hint: e.g. 220/min, 3.7/s, or 850..900/min)");
        let (numbers, unit) = text.split_once('/').ok_or_else(wrong)?;
        let per_min = match unit.trim() {
            "s" | "second" => 60.0,
            "min" | "minute" => 1.0,
            "h" | "hour" => 1.0 / 60.0,
            _ => return Err(wrong()),
        };
        let [low, high] = range(numbers)
            .filter(|[low, _]| *low > 0.0)
            .ok_or_else(wrong)?;
        let is_range = numbers.contains("..");
        Ok(Self {
            low: low * per_min,
            high: is_range.then_some(high * per_min),
        })
    }
}

impl FromStr for FactorRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = range(text).filter(|[low, _]| *low > 0.0);
        found.map(Self).ok_or_else(|| {
            format!("`{text}` is no factor (hint: a number above 0, or a range such as 2.5..3.5)")
        })
    }
}

impl FromStr for PerOne {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        range(text).map(Self).ok_or_else(|| {
            format!("`{text}` is no number from 0 on (hint: 0.1, or a range such as 0.05..0.15)")
        })
    }
}

/// One number or two, ascending, finite and not negative.
fn range(text: &str) -> Option<[f64; 2]> {
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|it| it.is_finite() && *it >= 0.0)
    };
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    let found = [number(low)?, number(high)?];
    (found[0] <= found[1]).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_per_minute_whatever_their_unit() {
        let table = [
            ("220/min", 220.0, None),
            ("3.5/s", 210.0, None),
            ("13200/h", 220.0, None),
            ("850..900/min", 850.0, Some(900.0)),
            ("1 .. 2 / s", 60.0, Some(120.0)),
        ];
        for (text, low, high) in table {
            assert_eq!(text.parse(), Ok(PerMinuteRange { low, high }), "{text}");
        }
    }

    #[test]
    fn what_is_no_rate_and_no_factor_says_what_would_be_one() {
        for text in [
            "220",
            "/min",
            "-1/min",
            "0/min",
            "nan/min",
            "inf/min",
            "900..850/min",
            "1/day",
            "",
        ] {
            let error = text.parse::<PerMinuteRange>().expect_err(text);
            assert!(error.contains("hint: e.g. 220/min"), "{error}");
        }
        assert!("1..2/min".parse::<PerMinute>().is_err());
        for text in ["0", "-1", "3..2", "x", "1..", "..2", "inf"] {
            assert!(text.parse::<FactorRange>().is_err(), "{text}");
        }
        assert_eq!("2.5..3.5".parse(), Ok(FactorRange([2.5, 3.5])));
        assert_eq!("2".parse(), Ok(FactorRange([2.0, 2.0])));
        assert_eq!("0..0.1".parse(), Ok(PerOne([0.0, 0.1])));
        assert!("-0.1".parse::<PerOne>().is_err());
    }
}
