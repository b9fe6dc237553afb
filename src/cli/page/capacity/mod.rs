//! From searches, laws, forecasts and trends to the page of a capacity.

mod forecast;
mod law;
mod routes;
mod search;

pub use forecast::of_forecast;
pub use law::of_fit;
pub use routes::of_routes;
pub use search::of_search;

use crate::report::{BadgeKind, CapacityBadge, Fact, MethodNote};

fn badge(word: &str, kind: BadgeKind) -> CapacityBadge {
    CapacityBadge {
        word: word.to_owned(),
        kind,
    }
}

fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.into(),
    }
}

fn note(title: &str, text: impl Into<String>) -> MethodNote {
    MethodNote {
        title: title.to_owned(),
        text: text.into(),
        verbatim: false,
    }
}

/// What every page ends with.
fn version() -> MethodNote {
    note(
        "Program",
        format!("firedrill {}", env!("CARGO_PKG_VERSION")),
    )
}
