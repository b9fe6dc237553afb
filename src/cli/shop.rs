//! `shop`: the built-in demo shop alone, until Ctrl-C.

use std::sync::mpsc::channel;

use super::arguments::ShopArguments;
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;
use crate::shop::{Fault, Shop, ShopPlan};

/// Runs the verb.
pub fn run(arguments: &ShopArguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let faults = arguments.fault.iter().map(|text| {
        let fault: Result<Fault, _> = text.parse();
        fault.map_err(|error| Failure::usage(format!("--fault: {error}")))
    });
    let plan = ShopPlan {
        port: arguments.port,
        checkouts_per_s: arguments.capacity,
        faults: faults.collect::<Result<_, _>>()?,
        ..ShopPlan::default()
    };
    let (stop, stopped) = channel();
    ctrlc::set_handler(move || {
        // The second Ctrl-C finds nobody listening, and nothing is lost.
        let _ = stop.send(());
    })
    .map_err(|error| {
        Failure::new(
            ExitCode::Internal,
            format!("cannot listen for Ctrl-C: {error}"),
        )
    })?;
    let shop = Shop::start(&plan)?;
    terminal.note(&format!(
        "the shop is open at {} ({} checkouts per second); Ctrl-C closes it",
        shop.base_url(),
        plan.checkouts_per_s
    ));
    // An error would mean that the handler is gone, and then nothing can stop us but a signal.
    let _ = stopped.recv();
    let counts = shop.stop();
    if terminal.is_json {
        terminal.json(&counts)?;
    } else {
        terminal.note(&format!(
            "closed: {} orders, {} checkouts refused, {} of {} units left",
            counts.orders, counts.checkouts_refused, counts.stock_left, counts.stock_initial
        ));
    }
    Ok(ExitCode::Ok)
}
