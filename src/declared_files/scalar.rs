//! The text of one YAML scalar → a typed value.
//!
//! In: a plain scalar (YAML 1.2 core schema: null, true, false, whole numbers, numbers) or any
//! text with `${env:NAME}` in it. Out: a JSON-like value or the replaced text. Replaced text stays
//! text: a variable never turns into a number or `true`.

use serde_json::{Number, Value};

use super::problem::quoted;

/// Looks up an environment variable; injected, so that tests have no environment.
pub(super) type Lookup<'e> = &'e dyn Fn(&str) -> Option<String>;

/// What is wrong with a scalar: the message and the hint.
pub(super) type Refusal = (String, Option<String>);

/// A value from the environment, and how the file names it.
#[derive(Clone)]
pub(super) struct Secret {
    pub(super) value: String,
    pub(super) written: String,
}

const OPENING: &str = "${env:";

/// Types a plain (unquoted) scalar.
pub(super) fn typed(plain: &str) -> Result<Value, Refusal> {
    match plain {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(plain);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(plain, ".nan" | ".NaN" | ".NAN") {
        let hint = "write an ordinary number, or put quotes around text";
        return Err((
            format!("{} is not a number that can be used here", quoted(plain)),
            Some(hint.to_owned()),
        ));
    }
    match number(plain, unsigned) {
        None => Ok(Value::String(plain.to_owned())),
        Some(Some(number)) => Ok(Value::Number(number)),
        Some(None) => {
            let hint = "write a smaller number, or put quotes around text";
            Err((
                format!("the number {} is too large", quoted(plain)),
                Some(hint.to_owned()),
            ))
        }
    }
}

/// `None` if the text is no number at all, `Some(None)` if the number does not fit.
fn number(plain: &str, unsigned: &str) -> Option<Option<Number>> {
    let radix = |digits: &str, radix: u32| {
        let all_digits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        all_digits.then(|| u64::from_str_radix(digits, radix).ok().map(Number::from))
    };
    if let Some(digits) = plain.strip_prefix("0o") {
        return radix(digits, 8);
    }
    if let Some(digits) = plain.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        let signed = plain.parse::<i64>().ok().map(Number::from);
        return Some(signed.or_else(|| plain.parse::<u64>().ok().map(Number::from)));
    }
    is_decimal(unsigned).then(|| plain.parse::<f64>().ok().and_then(Number::from_f64))
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, see
/// <https://yaml.org/spec/1.2.2/#1032-tag-resolution>.
fn is_decimal(unsigned: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)),
        ),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// Whether the text asks for an environment variable.
pub(super) fn has_variable(text: &str) -> bool {
    text.contains(OPENING)
}

/// Replaces each `${env:NAME}`. Out: the new text and the values put into it, or all that is
/// wrong. The replaced values are not searched again.
pub(super) fn replace_variables(
    text: &str,
    env: Lookup<'_>,
) -> Result<(String, Vec<Secret>), Vec<Refusal>> {
    let (mut replaced, mut secrets, mut refusals) = (String::new(), Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find(OPENING) {
        replaced.push_str(&rest[..at]);
        let after = &rest[at + OPENING.len()..];
        let Some(end) = after.find('}').filter(|end| is_name(&after[..*end])) else {
            let hint = "write `${env:NAME}`; a name has letters, digits and `_`";
            refusals.push((
                format!("{} has a malformed `${{env:…}}`", quoted(text)),
                Some(hint.to_owned()),
            ));
            break;
        };
        let name = &after[..end];
        match env(name) {
            Some(value) => {
                replaced.push_str(&value);
                secrets.push(Secret {
                    value,
                    written: format!("${{env:{name}}}"),
                });
            }
            None => refusals.push((
                format!("environment variable `{name}` is not set"),
                Some(format!("set it before the run: `export {name}=…`")),
            )),
        }
        rest = &after[end + 1..];
    }
    replaced.push_str(rest);
    if refusals.is_empty() {
        Ok((replaced, secrets))
    } else {
        Err(refusals)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_scalars_follow_the_yaml_core_schema() {
        let table = [
            ("", json!(null)),
            ("~", json!(null)),
            ("true", json!(true)),
            ("yes", json!("yes")),
            ("on", json!("on")),
            ("0", json!(0)),
            ("-7", json!(-7)),
            ("+7", json!(7)),
            ("007", json!(7)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("0x", json!("0x")),
            ("18446744073709551615", json!(u64::MAX)),
            ("1.5", json!(1.5)),
            ("1.", json!(1.0)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
            (".", json!(".")),
            ("e3", json!("e3")),
            ("1e", json!("1e")),
            ("-", json!("-")),
            ("12:30", json!("12:30")),
            ("1_000", json!("1_000")),
            ("inf", json!("inf")),
            ("NaN", json!("NaN")),
        ];
        for (plain, expected) in table {
            assert_eq!(typed(plain).unwrap(), expected, "{plain}");
        }
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_refused() {
        for plain in [
            ".inf",
            "-.inf",
            ".nan",
            "1e999",
            "18446744073709551616",
            "0xFFFFFFFFFFFFFFFFF",
        ] {
            assert!(typed(plain).is_err(), "{plain}");
        }
    }

    #[test]
    fn a_replaced_value_is_not_searched_again() {
        let env = |name: &str| (name == "A").then(|| "${env:B}".to_owned());
        let (text, secrets) = replace_variables("x ${env:A} y", &env).unwrap_or_default();
        assert_eq!(text, "x ${env:B} y");
        assert_eq!(secrets.len(), 1);
    }
}
