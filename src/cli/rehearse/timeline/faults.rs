//! The fault switches of the demo shop: of the one inside this process, or of another over HTTP.

use std::time::Duration;

use url::Url;

use crate::drill::Call;
use crate::scenario::TransportPlan;
use crate::shop::{Fault, Shop};

/// How long a shop may take to switch.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// Where faults are switched.
#[derive(Debug, Clone, Copy)]
pub enum FaultSwitch<'a> {
    /// In the shop inside this process.
    Inside(&'a Shop),
    /// In a `firedrill shop` at this URL.
    Outside(&'a Url),
}

impl FaultSwitch<'_> {
    /// Switches a fault on.
    pub async fn switch_on(self, fault: Fault, transport: &TransportPlan) -> Result<(), String> {
        match self {
            FaultSwitch::Inside(shop) => shop
                .faults()
                .switch_on(fault)
                .map_err(|error| error.to_string()),
            FaultSwitch::Outside(url) => switch("PUT", url, fault, transport).await,
        }
    }

    /// Switches it off again.
    pub async fn switch_off(self, fault: Fault, transport: &TransportPlan) -> Result<(), String> {
        match self {
            FaultSwitch::Inside(shop) => {
                shop.faults().switch_off(fault);
                Ok(())
            }
            FaultSwitch::Outside(url) => switch("DELETE", url, fault, transport).await,
        }
    }

    /// The request that switches it off; `None` where the fault ends with this process.
    pub fn off_words(self, fault: Fault) -> Option<String> {
        match self {
            FaultSwitch::Inside(_) => None,
            FaultSwitch::Outside(url) => Some(format!("DELETE {}", admin_url(url, Some(fault)))),
        }
    }

    /// Whether there is a shop with switches at all.
    pub async fn check(self, transport: &TransportPlan) -> Result<(), String> {
        match self {
            FaultSwitch::Inside(_) => Ok(()),
            FaultSwitch::Outside(url) => {
                let body = ask("GET", &admin_url(url, None), transport).await?;
                serde_json::from_slice::<Vec<String>>(&body)
                    .map(|_| ())
                    .map_err(|_| "what it answers is no list of faults".to_owned())
            }
        }
    }
}

async fn switch(
    method: &str,
    url: &Url,
    fault: Fault,
    transport: &TransportPlan,
) -> Result<(), String> {
    let url = admin_url(url, Some(fault));
    ask(method, &url, transport).await.map(|_| ())
}

async fn ask(method: &str, url: &Url, transport: &TransportPlan) -> Result<Vec<u8>, String> {
    let call = Call {
        method,
        url,
        headers: &[],
        body: "",
        timeout: TIMEOUT,
    };
    let answer = call
        .send(transport)
        .await
        .map_err(|error| error.to_string())?;
    match (answer.status, answer.error) {
        (200, None) => Ok(answer.body),
        (_, Some(error)) => Err(format!("{method} {url}: no answer: {error}")),
        (status, None) => Err(format!("{method} {url} answered {status}")),
    }
}

/// `/admin/faults`, or the switch of one fault; whatever else its URL has is not the shop's.
fn admin_url(base: &Url, fault: Option<Fault>) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&match fault {
        None => "/admin/faults".to_owned(),
        Some(fault) => format!("/admin/faults/{fault}"),
    });
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_of_a_fault_is_a_path_that_can_be_sent() {
        let base: Url = "http://127.0.0.1:8080/shop?x=1".parse().unwrap();
        for (fault, expected) in [
            ("freeze", "/admin/faults/freeze"),
            (
                "latency:/product/{id}:500ms",
                "/admin/faults/latency:/product/%7Bid%7D:500ms",
            ),
            ("errors:*:0.05", "/admin/faults/errors:*:0.05"),
        ] {
            let url = admin_url(&base, Some(fault.parse().unwrap()));
            assert_eq!((url.path(), url.query()), (expected, None));
        }
    }
}
