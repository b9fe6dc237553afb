//! The limits that a schema sets (sizes of texts and lists, ends of number ranges), and how to say
//! them.

use serde_json::Value;

use super::Object;

/// A limit that is a count.
pub(super) fn limit(schema: &Object, keyword: &str) -> Option<u64> {
    schema.get(keyword).and_then(Value::as_u64)
}

/// How many characters or items are wanted.
pub(super) fn size_hint(schema: &Object, min: &str, max: &str, unit: &str) -> Option<String> {
    let plural = |count: u64| {
        if count == 1 {
            format!("1 {unit}")
        } else {
            format!("{count} {unit}s")
        }
    };
    match (limit(schema, min), limit(schema, max)) {
        (Some(min), Some(max)) if min == max => Some(format!("write exactly {}", plural(min))),
        (Some(min), Some(max)) => Some(format!("write {min} to {}", plural(max))),
        (Some(min), None) => Some(format!("write at least {}", plural(min))),
        (None, Some(max)) => Some(format!("write at most {}", plural(max))),
        (None, None) => None,
    }
}

/// An end of a range.
pub(super) enum Side {
    Least,
    Most,
}

/// One end of a range of numbers.
pub(super) struct Bound {
    pub(super) value: f64,
    shown: String,
    pub(super) excluded: bool,
}

/// The end that the schema states, or else the end of the Rust type that `format` names.
pub(super) fn bound(schema: &Object, side: Side) -> Option<Bound> {
    let (inclusive, exclusive) = match side {
        Side::Least => ("minimum", "exclusiveMinimum"),
        Side::Most => ("maximum", "exclusiveMaximum"),
    };
    let stated = |keyword: &str, excluded| {
        let number = schema.get(keyword)?.as_number()?;
        Some(Bound {
            value: number.as_f64()?,
            shown: number.to_string(),
            excluded,
        })
    };
    stated(exclusive, true)
        .or_else(|| stated(inclusive, false))
        .or_else(|| {
            let value = match (schema.get("format")?.as_str()?, side) {
                ("uint32", Side::Most) => i64::from(u32::MAX),
                ("int32", Side::Most) => i64::from(i32::MAX),
                ("int32", Side::Least) => i64::from(i32::MIN),
                (_, Side::Least | Side::Most) => return None,
            };
            Some(Bound {
                value: value as f64,
                shown: value.to_string(),
                excluded: false,
            })
        })
}

/// Which numbers are wanted.
pub(super) fn bounds_hint(min: Option<Bound>, max: Option<Bound>) -> Option<String> {
    let least = min.map(|min| {
        (
            if min.excluded {
                "more than"
            } else {
                "at least"
            },
            min.shown,
        )
    });
    let most = max.map(|max| {
        (
            if max.excluded { "less than" } else { "at most" },
            max.shown,
        )
    });
    match (least, most) {
        (Some(("at least", min)), Some(("at most", max))) => {
            Some(format!("write a number from {min} to {max}"))
        }
        (Some((least, min)), Some((most, max))) => {
            Some(format!("write a number {least} {min} and {most} {max}"))
        }
        (Some((word, value)), None) | (None, Some((word, value))) => {
            Some(format!("write a number: {word} {value}"))
        }
        (None, None) => None,
    }
}
