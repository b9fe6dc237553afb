//! The demo shop as a process of its own: what it sold is what the lake says was bought.

use serde_json::Value;

use super::lake_rows::rows;
use super::program::{command, count, interrupt, start, wait, wait_for_line};
use super::rehearse::{assert_nobody_is_lost, prepared, rehearse};
use super::surge_file::Surge;
use super::temp_folder::TempFolder;

/// `GET /status` of the shop at `base_url`.
fn status(base_url: &str) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the machine has a thread");
    runtime.block_on(async {
        let answer = reqwest::get(format!("{base_url}/status"))
            .await
            .expect("the shop answers");
        let body = answer.text().await.expect("the answer is text");
        serde_json::from_str(&body).expect("the answer is JSON")
    })
}

#[test]
fn every_order_of_the_shop_is_a_good_checkout_in_the_lake_and_every_unit_is_accounted_for() {
    // More checkouts than payments: some are refused, and must leave no trace in the stock.
    let folder = prepared(&Surge {
        target: "{base_url: 'http://127.0.0.1:1'}".to_owned(),
        shoppers_per_s: 20,
        ..Surge::default()
    });
    let mut shop = start(&mut command(&folder, "shop --port 0 --capacity 5 --json"));
    let (said, stderr) = wait_for_line(&mut shop, "the shop is open at");
    let base_url = said
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap();
    let rehearsed = rehearse(&folder, &format!("--host {base_url}")).json();
    assert_nobody_is_lost(&folder, &rehearsed);
    assert_eq!(
        count(&rehearsed, "/cut"),
        0,
        "a shopper who was cut off may have ordered unseen"
    );

    let sold = status(base_url);
    let of = |key: &str| count(&sold, &format!("/{key}"));
    assert_eq!(
        of("stock_initial"),
        of("stock_left") + of("units_in_orders")
    );
    assert_eq!(of("units_held"), 0);
    assert!(of("orders") > 0);
    assert_eq!(
        of("orders"),
        checkouts(&folder, |status| (200..400).contains(&status))
    );
    let refused = of("checkouts_refused") + of("payments_failed");
    assert_eq!(refused, checkouts(&folder, |status| status >= 500));

    interrupt(&shop);
    drop(stderr);
    let last = wait(shop).exits(0).json();
    for key in ["orders", "stock_initial", "stock_left", "units_in_orders"] {
        assert_eq!(last[key], sold[key], "{key}");
    }
}

/// Checkouts in the lake whose status `is_counted`.
fn checkouts(folder: &TempFolder, is_counted: impl Fn(u16) -> bool) -> u64 {
    let all = rows(
        &folder.join("lake/requests"),
        &["method", "route", "status"],
    );
    let checkouts = all
        .iter()
        .filter(|row| row[0] == "POST" && row[1] == "/checkout");
    checkouts
        .filter(|row| row[2].parse().is_ok_and(&is_counted))
        .count() as u64
}

#[test]
fn a_shop_on_a_port_that_is_taken_or_with_a_fault_that_is_none_does_not_open() {
    let folder = TempFolder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let refused = super::program::run(&folder, &format!("shop --port {port}")).refuses(4);
    assert!(refused.err.contains(&port.to_string()), "{}", refused.err);
    super::program::run(&folder, "shop --port 0 --fault fire:/checkout").refuses(2);
    super::program::run(&folder, "shop --port 0 --capacity 0").refuses(2);
}
