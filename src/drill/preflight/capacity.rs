//! Whether this machine has what a plan asks for, by arithmetic.
//!
//! In: a plan, the addresses of its target, and what the machine has. Out: the first limit that is too
//! low, or warnings. It asks the system nothing.

use std::net::SocketAddr;

use super::PreflightError;
use crate::drill::health::{Machine, PortReuse};
use crate::scenario::{ConnectionPolicy, DrillPlan, Forecast, forecast};

/// Response time that is assumed, seconds.
const ASSUMED_RESPONSE_S: f64 = 0.2;
/// File descriptors that are needed besides one per connection.
const DESCRIPTORS_BESIDES: u64 = 256;
/// How long a closed connection holds its port (TIME_WAIT of Linux), and how long where the system may
/// use it again, seconds.
const PORT_HELD_S: f64 = 60.0;
const PORT_HELD_WITH_REUSE_S: f64 = 1.0;
/// What a shopper who thinks takes, with some cookies, and an open connection with its buffers, bytes.
const SHOPPER_BYTES: f64 = 1_000.0;
const CONNECTION_BYTES: f64 = 24_000.0;
/// CPU that one request takes, µs, with everything recorded, and the share of the cores up to which a
/// schedule is kept: benches/README.md.
const REQUEST_CPU_US: f64 = 40.0;
const CPU_SHARE_GOOD: f64 = 0.8;
/// Moments of the curve that are looked at, at most.
const MOMENTS_MAX: u32 = 20_000;

/// Refuses a plan that this machine cannot drive; says what it may be too small for.
pub fn check(
    plan: &DrillPlan,
    target: &[SocketAddr],
    machine: &Machine,
) -> Result<Vec<String>, PreflightError> {
    let forecast = forecast(plan, ASSUMED_RESPONSE_S);
    check_descriptors(plan, &forecast, machine)?;
    check_ports(plan, &forecast, target, machine)?;
    check_memory(plan, &forecast, machine)?;
    let cores = forecast.peak_requests_per_s * REQUEST_CPU_US / 1e6;
    let mut warnings = Vec::new();
    if cores > number(machine.cores as u64) * CPU_SHARE_GOOD {
        warnings.push(format!(
            "warning: {:.0} requests per second at the peak take about {cores:.1} cores, this machine has {}; if it does not keep the schedule, the run is invalid",
            forecast.peak_requests_per_s, machine.cores
        ));
    }
    Ok(warnings)
}

fn check_descriptors(
    plan: &DrillPlan,
    forecast: &Forecast,
    machine: &Machine,
) -> Result<(), PreflightError> {
    let wanted = match plan.transport.connections {
        ConnectionPolicy::Pooled => plan.limits.in_flight as u64,
        ConnectionPolicy::PerShopper => {
            (plan.limits.in_flight as u64).max(whole(forecast.peak_shoppers_at_once))
        }
    };
    let needed = wanted + DESCRIPTORS_BESIDES;
    if machine.descriptors < needed {
        return Err(PreflightError::Descriptors {
            wanted,
            limit: machine.descriptors,
            needed,
        });
    }
    Ok(())
}

fn check_ports(
    plan: &DrillPlan,
    forecast: &Forecast,
    target: &[SocketAddr],
    machine: &Machine,
) -> Result<(), PreflightError> {
    let Some(ports) = machine.ports else {
        return Ok(());
    };
    let is_here = target.iter().all(|address| address.ip().is_loopback());
    let held_s = match machine.port_reuse {
        PortReuse::Always => PORT_HELD_WITH_REUSE_S,
        PortReuse::Loopback if is_here => PORT_HELD_WITH_REUSE_S,
        PortReuse::Loopback | PortReuse::Never => PORT_HELD_S,
    };
    let per_arrival = requests_per_arrival(forecast) * plan.transport.new_connections;
    let (per_arrival, open) = match plan.transport.connections {
        ConnectionPolicy::Pooled => (per_arrival, forecast.connections_at_peak),
        ConnectionPolicy::PerShopper => (per_arrival + 1.0, forecast.peak_shoppers_at_once),
    };
    let wanted = whole(most_arrivals_within(plan, forecast, held_s) * per_arrival + open);
    // A port may be used once per pair of addresses.
    let pairs = plan.transport.source_addresses.len().max(1) * target.len().max(1);
    let limit = ports.saturating_mul(pairs as u64);
    if wanted > limit {
        return Err(PreflightError::Ports {
            wanted,
            held_s: whole(held_s),
            limit,
        });
    }
    Ok(())
}

fn check_memory(
    plan: &DrillPlan,
    forecast: &Forecast,
    machine: &Machine,
) -> Result<(), PreflightError> {
    let shoppers = forecast.peak_shoppers_at_once;
    let connections = match plan.transport.connections {
        ConnectionPolicy::Pooled => forecast.connections_at_peak,
        ConnectionPolicy::PerShopper => shoppers,
    };
    let needed = whole(shoppers * SHOPPER_BYTES + connections * CONNECTION_BYTES);
    match machine.memory_bytes {
        Some(available) if needed > available => Err(PreflightError::Memory {
            shoppers: whole(shoppers),
            needed_mb: needed / 1_000_000,
            available_mb: available / 1_000_000,
        }),
        Some(_) | None => Ok(()),
    }
}

fn requests_per_arrival(forecast: &Forecast) -> f64 {
    if forecast.peak_shoppers_per_s > 0.0 {
        forecast.peak_requests_per_s / forecast.peak_shoppers_per_s
    } else {
        0.0
    }
}

/// The most shoppers who arrive within `span_s` seconds anywhere on the curve.
fn most_arrivals_within(plan: &DrillPlan, forecast: &Forecast, span_s: f64) -> f64 {
    let returning = forecast.peak_returning_per_s * span_s.min(forecast.length_s);
    let curve = &plan.traffic.curve;
    let step_s = (forecast.length_s / f64::from(MOMENTS_MAX)).max(0.1);
    let moments = (0..=MOMENTS_MAX).map(|index| f64::from(index) * step_s);
    moments
        .take_while(|at_s| *at_s <= forecast.length_s + step_s)
        .map(|at_s| curve.arrivals_before(at_s) - curve.arrivals_before((at_s - span_s).max(0.0)))
        .fold(0.0, f64::max)
        * plan.shard.fraction()
        + returning
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and none of these is negative"
)]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "a number of cores")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declared_files::parse;
    use crate::scenario::{ScenarioDefinition, resolve};
    use std::path::Path;

    /// 100 shoppers per second for 100 s, each with ten requests and nine seconds of thinking.
    fn plan(http: &str) -> DrillPlan {
        let text = format!(
            "name: a\ntarget: {{base_url: 'http://127.0.0.1:9', http: {http}}}\n\
             traffic: {{phases: [{{name: all, for: 100s, shoppers_per_s: 100}}]}}\n\
             shoppers: [{{name: one, share: 1, journey: look}}]\n\
             journeys: {{look: [{{get: /}}, {{get: /a, think: {{fixed: 1s}}, repeat: {{from: 9, to: 9}}}}]}}\n\
             limits: {{in_flight: 1000}}\n"
        );
        let declared =
            parse::<ScenarioDefinition>(Path::new("a.yaml"), text.as_bytes(), &|_| None).unwrap();
        resolve(&declared).unwrap()
    }

    fn machine() -> Machine {
        Machine {
            descriptors: 1_000_000,
            ports: Some(28_232),
            port_reuse: PortReuse::Never,
            memory_bytes: Some(8_000_000_000),
            cores: 2,
        }
    }

    fn checked(http: &str, machine: &Machine) -> Result<Vec<String>, String> {
        let target = "192.0.2.1:80".parse().unwrap();
        check(&plan(http), &[target], machine).map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_machine_lacks_is_named_with_the_limit_to_raise() {
        let few = |change: &dyn Fn(&mut Machine)| {
            let mut machine = machine();
            change(&mut machine);
            machine
        };
        for (http, machine, expected) in [
            ("{}", machine(), ""),
            ("{}", few(&|it| it.descriptors = 1_255), "ulimit -n 1256"),
            ("{}", few(&|it| it.descriptors = 1_256), ""),
            ("{connections: per_shopper}", machine(), ""),
            // 100 per second for 60 s, and 1,100 open ones.
            (
                "{connections: per_shopper}",
                few(&|it| it.ports = Some(7_000)),
                "about 7100 connections hold a port",
            ),
            (
                "{connections: per_shopper}",
                few(&|it| {
                    it.ports = Some(1_200);
                    it.port_reuse = PortReuse::Always;
                }),
                "",
            ),
            // Towards another machine the ports are not free so soon.
            (
                "{connections: per_shopper}",
                few(&|it| {
                    it.ports = Some(1_200);
                    it.port_reuse = PortReuse::Loopback;
                }),
                "ip_local_port_range",
            ),
            // Ten requests of each, half of them on a connection of their own.
            (
                "{new_connections: 0.5}",
                machine(),
                "about 30200 connections hold a port",
            ),
            (
                "{connections: per_shopper}",
                few(&|it| it.memory_bytes = Some(20_000_000)),
                "about 1100 shoppers at once need 27 MB",
            ),
            ("{}", few(&|it| it.memory_bytes = None), ""),
            ("{new_connections: 1}", few(&|it| it.ports = None), ""),
        ] {
            let said = checked(http, &machine).err().unwrap_or_default();
            assert_eq!(said.is_empty(), expected.is_empty(), "{http}: {said}");
            assert!(said.contains(expected), "{http}: {said}");
        }
    }

    #[test]
    fn too_few_cores_are_only_a_warning() {
        let mut machine = machine();
        assert_eq!(checked("{}", &machine), Ok(Vec::new()));
        machine.cores = 0;
        let warned = checked("{}", &machine).unwrap();
        assert!(warned[0].contains("1000 requests per second"), "{warned:?}");
    }
}
