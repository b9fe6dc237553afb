//! The shop as its customers see it: over HTTP, on loopback.

use super::test_shopper::{Shopper, send};
use super::{Fault, ServiceTimes, Shop, ShopCounts, ShopError, ShopPlan};
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

/// A shop without waiting, but for payments of 5 ms.
fn quick_plan() -> ShopPlan {
    let none = Duration::ZERO;
    ShopPlan {
        checkouts_per_s: 2_000.0,
        payment_time: Duration::from_millis(5),
        service_times: ServiceTimes {
            home: none,
            search: none,
            product: none,
            cart: none,
            cart_add: none,
            checkout: none,
        },
        ..ShopPlan::default()
    }
}

fn open(plan: &ShopPlan) -> Shop {
    Shop::start(plan).expect("a free port can be had")
}

fn assert_adds_up(counts: &ShopCounts) {
    assert_eq!(
        counts.stock_initial,
        counts.stock_left + counts.units_in_orders,
        "{counts:?}"
    );
}

#[test]
fn a_shopper_can_browse_search_fill_the_cart_and_pay() {
    let shop = open(&quick_plan());
    let mut shopper = Shopper::of(&shop);
    assert!(shopper.get("/").body.contains("Copper Backpack 1"));
    assert!(shopper.get("/search?q=kett").body.contains("Kettle"));
    assert!(shopper.get("/product/7").body.contains("name=\"quantity\""));
    assert_eq!(shopper.post("/cart", "product=7&quantity=2").status, 200);
    assert!(shopper.get("/cart").body.contains("2 × Quiet Backpack 7"));
    let paid = shopper.post("/checkout", "");
    assert!(
        paid.body.contains("Order 1 is paid: 2 units"),
        "{}",
        paid.body
    );
    assert!(shopper.get("/cart").body.contains("Your cart is empty"));
    let counts = shop.stop();
    assert_eq!(
        (counts.orders, counts.units_in_orders, counts.sessions),
        (1, 2, 1)
    );
    assert_adds_up(&counts);
}

#[test]
fn the_session_cookie_is_set_once_and_keeps_carts_apart() {
    let shop = open(&quick_plan());
    let (mut one, mut other) = (Shopper::of(&shop), Shopper::of(&shop));
    let first = one.post("/cart", "product=1&quantity=1");
    assert!(first.head.contains("; Path=/; HttpOnly"), "{}", first.head);
    assert!(!one.get("/cart").head.contains("set-cookie"));
    assert!(other.get("/cart").body.contains("Your cart is empty"));
    assert!(one.get("/cart").body.contains("1 × "));
    assert_ne!(one.cookie, other.cookie);
    assert_eq!(shop.counts().sessions, 2);
}

#[test]
fn a_wrong_request_gets_its_status_and_a_clear_text() {
    let shop = open(&ShopPlan {
        stock_per_product: 3,
        products: 9,
        ..quick_plan()
    });
    let mut shopper = Shopper::of(&shop);
    let table = [
        ("GET", "/product/10", "", 404, "no such product `10`"),
        ("GET", "/product/0", "", 404, "no such product `0`"),
        (
            "GET",
            "/product/kettle",
            "",
            404,
            "no such product `kettle`",
        ),
        ("GET", "/nowhere", "", 404, ""),
        ("GET", "/checkout", "", 405, ""),
        (
            "POST",
            "/cart",
            "product=10&quantity=1",
            404,
            "no such product `10`",
        ),
        (
            "POST",
            "/cart",
            "product=1&quantity=11",
            422,
            "with a quantity from 1 to 10",
        ),
        (
            "POST",
            "/cart",
            "product=1&quantity=0",
            422,
            "with a quantity from 1 to 10",
        ),
        ("POST", "/cart", "product=1", 422, "`product=1&quantity=1`"),
        (
            "POST",
            "/cart",
            "product=x&quantity=1",
            422,
            "`product=1&quantity=1`",
        ),
        ("POST", "/checkout", "", 409, "the cart is empty"),
        ("POST", "/cart", "product=1&quantity=4", 200, ""),
        (
            "POST",
            "/cart",
            "product=1&quantity=7",
            409,
            "10 of a product at most",
        ),
        (
            "POST",
            "/checkout",
            "",
            409,
            "`Copper Backpack 1` is out of stock",
        ),
        (
            "PUT",
            "/admin/faults/frezee",
            "",
            400,
            "did you mean `freeze`?",
        ),
    ];
    for (method, path, form, status, text) in table {
        let answer = shopper.ask(method, path, form);
        assert_eq!(
            answer.status, status,
            "{method} {path} {form}: {}",
            answer.body
        );
        assert!(
            answer.body.contains(text),
            "{method} {path} {form}: {}",
            answer.body
        );
    }
}

#[test]
fn a_form_of_the_largest_size_is_read_and_one_byte_more_is_refused() {
    let shop = open(&quick_plan());
    let form = "product=1&quantity=1&padding=";
    let largest = form.to_owned() + &"x".repeat(super::pages::FORM_BYTES_MAX - form.len());
    assert_eq!(Shopper::of(&shop).post("/cart", &largest).status, 200);
    assert_eq!(
        Shopper::of(&shop).post("/cart", &(largest + "x")).status,
        413
    );
}

#[test]
fn the_search_page_shows_the_text_escaped() {
    let shop = open(&quick_plan());
    let page = Shopper::of(&shop).get("/search?q=%3Cscript%3E%22").body;
    assert!(
        page.contains("“&lt;script&gt;&quot;”") && !page.contains("<script"),
        "{page}"
    );
}

#[test]
fn full_queues_refuse_with_503_and_when_to_try_again() {
    let no_web = ShopPlan {
        web_workers: 1,
        web_queue: 0,
        ..ShopPlan::default()
    };
    let shop = open(&no_web);
    shop.faults()
        .switch_on(fault("latency:*:60s"))
        .expect("the board has room");
    let _waiting = send(&shop, "GET", "/", "", "");
    while shop.counts().web_busy == 0 {
        std::thread::yield_now();
    }
    let answer = Shopper::of(&shop).get("/");
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    assert_eq!(Shopper::of(&shop).get("/healthz").status, 200);
    assert_eq!(shop.stop().pages_refused, 1);
}

#[test]
fn a_slow_payment_fills_its_queue_but_browsing_stays_fine() {
    let plan = ShopPlan {
        checkouts_per_s: 1.0,
        payment_queue: 1,
        web_workers: 1,
        ..quick_plan()
    };
    let shop = open(&ShopPlan {
        faults: vec![fault("payment-slow:60s")],
        ..plan
    });
    let mut shoppers = [(); 3].map(|()| Shopper::of(&shop));
    for shopper in &mut shoppers {
        assert_eq!(shopper.post("/cart", "product=1&quantity=1").status, 200);
    }
    let [one, two, three] = &mut shoppers;
    let _paying = send(&shop, "POST", "/checkout", &one.cookie_line(), "");
    let _queued = send(&shop, "POST", "/checkout", &two.cookie_line(), "");
    while shop.counts().payment_waiting == 0 {
        std::thread::yield_now();
    }
    assert_eq!(three.post("/checkout", "").status, 503);
    assert_eq!(three.get("/product/1").status, 200);
    assert!(three.get("/cart").body.contains("1 × "));
    let counts = shop.counts();
    assert_eq!(
        (
            counts.units_held,
            counts.checkouts_refused,
            counts.payment_busy
        ),
        (2, 1, 1)
    );
    let last = shop.stop();
    assert_eq!((last.units_held, last.orders), (0, 0));
    assert_adds_up(&last);
}

#[test]
fn stock_adds_up_under_200_concurrent_checkouts_with_a_payment_outage_between() {
    let shop = open(&ShopPlan {
        products: 2,
        stock_per_product: 150,
        ..quick_plan()
    });
    let outcomes: Vec<[u16; 2]> = std::thread::scope(|scope| {
        let shoppers = (0..200_u32).map(|index| {
            let shop = &shop;
            scope.spawn(move || buy_twice(shop, index))
        });
        let shoppers: Vec<_> = shoppers.collect();
        for _ in 0..20 {
            toggle(&shop, Fault::PaymentOutage);
            assert_adds_up(&shop.counts());
        }
        shoppers
            .into_iter()
            .map(|shopper| shopper.join().expect("no panic"))
            .collect()
    });
    let count = |status| {
        outcomes
            .iter()
            .flatten()
            .filter(|other| **other == status)
            .count() as u64
    };
    let counts = shop.stop();
    assert_adds_up(&counts);
    assert_eq!(count(200) + count(409) + count(502), 400);
    assert_eq!(
        (counts.orders, counts.payments_failed),
        (count(200), count(502))
    );
    assert_eq!(counts.units_in_orders, counts.orders);
    assert_eq!((counts.units_held, counts.checkouts_refused), (0, 0));
    assert!(counts.orders <= 300);
}

/// One unit each time; a payment that failed leaves the cart as it was.
fn buy_twice(shop: &Shop, index: u32) -> [u16; 2] {
    let mut shopper = Shopper::of(shop);
    [(); 2].map(|()| {
        if shopper.get("/cart").body.contains("is empty") {
            let form = format!("product={}&quantity=1", 1 + index % 2);
            assert_eq!(shopper.post("/cart", &form).status, 200);
        }
        shopper.post("/checkout", "").status
    })
}

/// On and off again, once the shop has seen some payments fail in between.
fn toggle(shop: &Shop, fault: Fault) {
    let failed_before = shop.counts().payments_failed;
    shop.faults().switch_on(fault).expect("the board has room");
    for _ in 0..10_000 {
        if shop.counts().payments_failed > failed_before {
            break;
        }
        std::thread::yield_now();
    }
    shop.faults().switch_off(fault);
}

#[test]
fn an_outage_answers_502_and_the_same_cart_can_be_paid_after_it() {
    let shop = open(&ShopPlan {
        faults: vec![Fault::PaymentOutage],
        ..quick_plan()
    });
    let mut shopper = Shopper::of(&shop);
    shopper.post("/cart", "product=1&quantity=3");
    assert_eq!(shopper.post("/checkout", "").status, 502);
    assert_eq!(shopper.ask("DELETE", "/admin/faults", "").body, "[]\n");
    assert_eq!(shopper.post("/checkout", "").status, 200);
    assert_eq!(shop.counts().units_in_orders, 3);
}

#[test]
fn an_error_share_answers_500_to_its_route_and_changes_nothing() {
    let shop = open(&quick_plan());
    let mut shopper = Shopper::of(&shop);
    let on = shopper.ask("PUT", "/admin/faults/errors:/cart:0.5", "");
    assert_eq!(on.body, "[\"errors:/cart:0.5\"]\n");
    let statuses = [(); 4].map(|()| shopper.post("/cart", "product=1&quantity=1").status);
    assert_eq!(statuses, [200, 500, 200, 500]);
    assert_eq!(shopper.get("/").status, 200);
    assert_eq!(shop.counts().units_in_carts, 2);
}

#[test]
fn a_fault_on_the_product_page_can_be_switched_with_its_braces_raw_or_encoded() {
    let shop = open(&quick_plan());
    let mut shopper = Shopper::of(&shop);
    let spec = "/admin/faults/latency:/product/{id}:5ms";
    assert_eq!(
        shopper.ask("PUT", spec, "").body,
        "[\"latency:/product/{id}:5ms\"]\n"
    );
    let encoded = "/admin/faults/latency:%2Fproduct%2F%7Bid%7D:5ms";
    assert_eq!(shopper.ask("DELETE", encoded, "").body, "[]\n");
}

#[test]
fn a_frozen_shop_answers_its_status_only_and_resumes_when_thawed() {
    let shop = open(&ShopPlan {
        faults: vec![Fault::Freeze],
        ..quick_plan()
    });
    let mut held = ["/", "/healthz"].map(|path| send(&shop, "GET", path, "", ""));
    let mut operator = Shopper::of(&shop);
    // Asked often enough that a request that was let in would have been greeted by now.
    for _ in 0..20 {
        let status = operator.get("/status").body;
        assert!(status.contains("\"sessions\":0"), "{status}");
    }
    for stream in &mut held {
        stream
            .set_nonblocking(true)
            .expect("a stream can be made non-blocking");
        let silence = stream.read(&mut [0]).expect_err("there is no answer");
        assert_eq!(silence.kind(), std::io::ErrorKind::WouldBlock);
    }
    operator.ask("DELETE", "/admin/faults/freeze", "");
    for stream in &mut held {
        stream
            .set_nonblocking(false)
            .expect("a stream can be made blocking");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("the shop answers");
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    }
}

#[test]
fn a_checkout_is_carried_out_even_when_the_shopper_hangs_up() {
    let shop = open(&quick_plan());
    let mut shopper = Shopper::of(&shop);
    shop.faults()
        .switch_on(fault("payment-slow:100ms"))
        .expect("the board has room");
    shopper.post("/cart", "product=1&quantity=1");
    let checkout = send(&shop, "POST", "/checkout", &shopper.cookie_line(), "");
    while shop.counts().payment_busy == 0 {
        std::thread::yield_now();
    }
    drop(checkout);
    while shop.counts().payment_busy > 0 {
        std::thread::yield_now();
    }
    assert!(shopper.get("/cart").body.contains("is empty"));
    assert_eq!(shop.stop().orders, 1);
}

#[test]
fn a_stop_does_not_wait_for_idle_connections_or_for_frozen_requests() {
    let shop = open(&ShopPlan {
        faults: vec![Fault::Freeze],
        ..quick_plan()
    });
    let mut idle = TcpStream::connect(shop.address()).expect("the shop listens");
    let mut frozen = send(&shop, "GET", "/", "", "");
    Shopper::of(&shop).get("/status");
    // Nobody will ever thaw it, so a stop that waits would never come back.
    drop(shop);
    for stream in [&mut idle, &mut frozen] {
        let mut text = Vec::new();
        // Closed or reset, but not open.
        let _ = stream.read_to_end(&mut text);
        assert!(text.is_empty());
    }
}

#[test]
fn a_port_in_use_is_named_with_the_cure_and_is_free_again_after_the_stop() {
    let first = open(&quick_plan());
    let plan = ShopPlan {
        port: first.address().port(),
        ..quick_plan()
    };
    let error = Shop::start(&plan).expect_err("the port is in use");
    assert!(matches!(error, ShopError::PortInUse { port } if port == plan.port));
    let text = error.to_string();
    assert!(
        text.contains(&format!("port {} ", plan.port)) && text.contains("hint"),
        "{text}"
    );
    Shopper::of(&first).get("/");
    first.stop();
    assert_eq!(Shopper::of(&open(&plan)).get("/").status, 200);
}

#[test]
fn a_plan_out_of_range_opens_no_shop() {
    let plan = ShopPlan {
        products: 0,
        ..quick_plan()
    };
    assert!(matches!(Shop::start(&plan), Err(ShopError::Plan(_))));
}

#[tokio::test]
async fn a_shop_can_be_opened_and_closed_inside_another_runtime() {
    let shop = open(&quick_plan());
    let plan = ShopPlan {
        port: shop.address().port(),
        ..quick_plan()
    };
    assert!(Shop::start(&plan).is_err());
    assert_eq!(shop.base_url(), format!("http://127.0.0.1:{}", plan.port));
    shop.stop();
}

fn fault(spec: &str) -> Fault {
    spec.parse().expect("the spec is valid")
}
