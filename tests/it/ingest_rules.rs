//! What becomes of a line: one that was written twice, what is kept of it, and its time.

use super::access_lines::{line, plain_lines};
use super::ingest::{assert_conserved, assert_sound, info, ingest};
use super::lake_rows::rows;
use super::program::{command, count, run, start, wait};
use super::temp_folder::TempFolder;

/// A line of a Google load balancer, `second` seconds after 08:00, that was written as `insert_id`.
fn google_line(insert_id: &str, second: u32) -> String {
    let (minutes, seconds) = (second / 60, second % 60);
    format!(
        "{{\"httpRequest\":{{\"latency\":\"0.1s\",\"remoteIp\":\"203.0.113.7\",\"requestMethod\":\"GET\",\"requestUrl\":\"https://shop.example/cart\",\"status\":200}},\"insertId\":\"{insert_id}\",\"resource\":{{\"labels\":{{}},\"type\":\"http_load_balancer\"}},\"timestamp\":\"2026-11-27T08:{minutes:02}:{seconds:02}Z\"}}\n"
    )
}

fn google_lines(range: std::ops::Range<u32>) -> String {
    let lines = range.map(|index| google_line(&format!("id{index}"), index));
    lines.collect()
}

#[test]
fn a_line_that_was_exported_twice_counts_once_where_rows_are_unique() {
    let folder = TempFolder::new();
    folder.write("first.json", google_lines(0..40));
    folder.write("second.json", google_lines(30..60));
    let options = "--unique-rows";
    let first = ingest(&folder, &format!("first.json {options}"));
    assert_eq!(count(&first, "/totals/records"), 40);
    let second = ingest(&folder, &format!("second.json {options}"));
    assert_eq!(count(&second, "/totals/records"), 20);
    assert_eq!(count(&second, "/totals/already_ingested_lines"), 10);
    let before = info(&folder);
    let again = ingest(&folder, &format!("first.json second.json {options}"));
    assert_eq!(count(&again, "/totals/already_ingested_lines"), 70);
    assert_eq!(info(&folder), before);
    assert_sound(&folder);
    let words = "ingest second.json first.json --unique-rows --lake at-once --json";
    let at_once = run(&folder, words).exits(0).json();
    assert_conserved(&at_once);
    assert_eq!(count(&at_once, "/totals/records"), 60);
    let words = "ingest first.json second.json --lake all --json";
    let all = run(&folder, words).exits(0).json();
    assert_eq!(count(&all, "/totals/records"), 70);
}

/// A log of CloudFront with requests of these numbers.
fn cloudfront_lines(range: std::ops::Range<u32>) -> String {
    let header = "#Fields: date time c-ip cs-method cs(Host) cs-uri-stem sc-status x-edge-request-id time-taken\n";
    let lines = range.map(|index| {
        let (minute, second) = (index / 60, index % 60);
        let cells = [
            "2026-11-27",
            &format!("08:{minute:02}:{second:02}"),
            "203.0.113.9",
            "GET",
            "shop.example",
            "/cart",
            "200",
            &format!("Req{index}=="),
            "0.1",
        ];
        cells.join("\t") + "\n"
    });
    header.to_owned() + &lines.collect::<String>()
}

#[test]
fn sources_of_one_command_that_repeat_each_other_count_each_row_once() {
    let folder = TempFolder::new();
    let logs = |kind: &str, lines: fn(std::ops::Range<u32>) -> String| {
        let ranges = [0..3_000, 1..3_000, 1_500..3_500, 3_400..3_401];
        for (index, range) in ranges.into_iter().enumerate() {
            folder.write(&format!("{kind}/{index}.log"), lines(range));
        }
    };
    logs("google", google_lines);
    logs("cloudfront", cloudfront_lines);
    for kind in ["google", "cloudfront"] {
        let words = format!("ingest {kind} --unique-rows --lake {kind}-lake --json");
        let ingested = run(&folder, &words).exits(0).json();
        assert_conserved(&ingested);
        assert_eq!(count(&ingested, "/totals/records"), 3_500, "{kind}");
        let lines = 3_000 + 2_999 + 2_000 + 1;
        let repeated = count(&ingested, "/totals/already_ingested_lines");
        assert_eq!(repeated, lines - 3_500, "{kind}");
        let lake = folder.join(&format!("{kind}-lake/requests"));
        let mut keys = rows(&lake, &["row_key"]);
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 3_500, "{kind}");
    }
}

#[test]
fn a_source_that_is_refused_takes_no_row_from_the_others() {
    let folder = TempFolder::new();
    // Half of its lines are not understood, so nothing of it is kept.
    let refused = google_lines(0..200) + &"{}\n".repeat(200);
    folder.write("a.json", refused);
    folder.write("b.json", google_lines(50..150));
    let words = "ingest a.json b.json --unique-rows --lake lake --json";
    let ran = run(&folder, words).exits(4);
    assert!(ran.err.contains("a.json"), "{}", ran.err);
    assert_eq!(count(&info(&folder), "/records"), 100);
    assert_sound(&folder);
}

#[test]
fn a_repeated_line_within_a_growing_file_counts_once_where_rows_are_unique() {
    let folder = TempFolder::new();
    folder.write("a.json", google_lines(0..20));
    ingest(&folder, "a.json --unique-rows");
    folder.write("a.json", google_lines(0..20) + &google_lines(15..25));
    let grown = ingest(&folder, "a.json --unique-rows");
    assert_eq!(count(&grown, "/totals/records"), 5);
    assert_eq!(count(&grown, "/totals/already_ingested_lines"), 25);
    assert_sound(&folder);
}

#[test]
fn two_processes_that_read_repeated_lines_at_once_add_each_once() {
    let folder = TempFolder::new();
    folder.write("a.json", google_lines(0..400));
    folder.write("b.json", google_lines(200..600));
    folder.write("other.log", plain_lines(5));
    ingest(&folder, "other.log");
    let running = ["a.json", "b.json"].map(|name| {
        let words = format!("ingest {name} --unique-rows --lake lake --json");
        start(&mut command(&folder, &words))
    });
    let added = running.map(|child| {
        let ingested = wait(child).exits(0).json();
        assert_conserved(&ingested);
        count(&ingested, "/totals/records")
    });
    assert_eq!(added.iter().sum::<u64>(), 600, "{added:?}");
    assert_eq!(count(&info(&folder), "/records"), 605);
    // Who was later may leave a file that no commit names.
    run(&folder, "lake verify --lake lake").exits(0);
}

/// An nginx line of a request for `target` that came from `referrer` with `agent`.
fn visit(target: &str, referrer: &str, agent: &str) -> String {
    let line = line(1, &format!("GET {target}"), 200, 0.1);
    line.replace("\"-\"", &format!("\"{referrer}\""))
        .replace("Mozilla/5.0", agent)
}

/// Target, referrer and agent of a visit; class, name, channel and query that are kept of it.
const VISITS: [([&str; 3], [&str; 4]); 9] = [
    (
        [
            "/?utm_source=Google&utm_medium=cpc&mail=a%40b.example",
            "https://www.google.com/",
            "Mozilla/5.0",
        ],
        ["human", "", "utm:google/cpc", ""],
    ),
    (
        [
            "/cart?gclid=abc&page=2",
            "-",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ],
        ["bot", "Googlebot", "ads:google", "page=2"],
    ),
    (
        [
            "/cart",
            "https://www.shop.example/x",
            "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        ],
        ["monitor", "UptimeRobot", "", ""],
    ),
    (
        [
            "/cart?sort=up&token=7&page=3",
            "https://partner.example/x?y=z",
            "-",
        ],
        ["human", "", "referral:partner.example", "page=3&sort=up"],
    ),
    (
        ["/cart", "https://www.google.com/", "curl/8.5"],
        ["bot", "curl", "search:google", ""],
    ),
    (
        ["/cart", "https://www.facebook.com/", "Mozilla/5.0"],
        ["human", "", "social:facebook", ""],
    ),
    (
        [
            "/cart?utm_medium=mail",
            "https://www.facebook.com/",
            "Mozilla/5.0",
        ],
        ["human", "", "utm:unnamed/mail", ""],
    ),
    (
        [
            "/cart?pages=9&page=",
            "https://shop.example/?utm_source=no",
            "Mozilla/5.0",
        ],
        ["human", "", "", "page="],
    ),
    (
        [
            "/cart?page=1&page=2#top",
            "https://notshop.example/",
            "Mozilla/5.0",
        ],
        ["human", "", "referral:notshop.example", "page=1&page=2"],
    ),
];

#[test]
fn class_channel_and_allowed_parameters_are_kept_and_nothing_else() {
    let folder = TempFolder::new();
    let lines = VISITS.map(|([target, referrer, agent], _)| visit(target, referrer, agent));
    folder.write("access.log", lines.concat());
    ingest(
        &folder,
        "access.log --keep-query page,sort --site shop.example",
    );
    let columns = [
        "position",
        "client_class",
        "client_name",
        "channel",
        "query",
    ];
    let mut kept = rows(&folder.join("lake/requests"), &columns);
    kept.sort_by_key(|row| row[0].parse::<u64>().unwrap());
    assert_eq!(kept.len(), VISITS.len());
    for (row, (visit, expected)) in kept.iter().zip(VISITS) {
        assert_eq!(row[1..], expected, "{visit:?}");
    }
    assert_sound(&folder);
    let plain = "ingest access.log --lake plain --site https://shop.example/";
    run(&folder, plain).exits(0);
    let queries = rows(&folder.join("plain/requests"), &["query"]);
    assert!(queries.iter().all(|row| row[0].is_empty()), "{queries:?}");
}

#[test]
fn a_session_cookie_tells_shoppers_apart_better_than_addresses_do() {
    let folder = TempFolder::new();
    let visits = [
        ("203.0.113.1", "theme=dark; basket=k1"),
        ("203.0.113.2", "basket=k1"),
        ("203.0.113.2", "basket=k2"),
        ("203.0.113.2", "-"),
        ("203.0.113.2", "sessionid=s1; basket=k2"),
    ];
    let lines = visits.iter().enumerate().map(|(second, (client, cookie))| {
        format!("{{\"time_iso8601\":\"2026-11-27T08:00:0{second}+00:00\",\"remote_addr\":\"{client}\",\"request_method\":\"GET\",\"request_uri\":\"/cart\",\"status\":\"200\",\"request_time\":\"0.120\",\"http_user_agent\":\"x\",\"http_cookie\":\"{cookie}\"}}\n")
    });
    folder.write("access.json", lines.collect::<String>());
    for (options, expected) in [
        ("", [0, 1, 1, 1, 4]),
        ("--session-cookie basket", [0, 0, 2, 3, 2]),
        ("--session-cookie none,basket", [0, 0, 2, 3, 2]),
    ] {
        let lake = format!("lake{}", options.len());
        run(
            &folder,
            &format!("ingest access.json --lake {lake} {options}"),
        )
        .exits(0);
        let mut kept = rows(&folder.join(&lake).join("requests"), &["ts", "shopper"]);
        kept.sort();
        let first = |row: &Vec<String>| kept.iter().position(|other| other[1] == row[1]);
        let shoppers: Vec<usize> = kept.iter().filter_map(first).collect();
        assert_eq!(shoppers, expected, "{options}");
    }
}

#[test]
fn times_are_read_in_the_zone_of_the_log_on_every_night_of_the_year() {
    for (written, zone, start) in [
        (
            "27/Nov/2026:08:00:01",
            "Europe/Berlin",
            "2026-11-27T07:00:01.140Z",
        ),
        ("27/Nov/2026:08:00:01", "UTC", "2026-11-27T08:00:01.140Z"),
        (
            "27/Nov/2026:20:00:01",
            "America/New_York",
            "2026-11-28T01:00:01.140Z",
        ),
        // The hour that comes twice is the first; what is skipped is an hour later.
        (
            "25/Oct/2026:01:59:59",
            "Europe/Berlin",
            "2026-10-24T23:59:59.140Z",
        ),
        (
            "25/Oct/2026:02:30:00",
            "Europe/Berlin",
            "2026-10-25T00:30:00.140Z",
        ),
        (
            "25/Oct/2026:03:00:00",
            "Europe/Berlin",
            "2026-10-25T02:00:00.140Z",
        ),
        (
            "29/Mar/2026:02:30:00",
            "Europe/Berlin",
            "2026-03-29T01:30:00.140Z",
        ),
        (
            "29/Mar/2026:03:30:00",
            "Europe/Berlin",
            "2026-03-29T01:30:00.140Z",
        ),
        // A leap second is the second after it.
        ("30/Jun/2026:23:59:60", "UTC", "2026-07-01T00:00:00.140Z"),
        (
            "31/Dec/2026:23:59:60",
            "Europe/Berlin",
            "2026-12-31T23:00:00.140Z",
        ),
    ] {
        let folder = TempFolder::new();
        let line = format!(
            "203.0.113.9:40123 [{written}.140] https~ cart/web_2 1/1/2/7/11 200 841 - - --NN 1/2/3/4/0 0/0 \"GET /cart HTTP/1.1\"\n"
        );
        folder.write("haproxy.log", line);
        ingest(&folder, &format!("haproxy.log --zone {zone}"));
        let read = rows(&folder.join("lake/requests"), &["ts"]);
        assert_eq!(read, [[start.to_owned()]], "{written} {zone}");
    }
    let folder = TempFolder::new();
    folder.write("a.log", plain_lines(5));
    run(&folder, "ingest a.log --zone Europe/Berln --lake lake").exits(2);
}

#[test]
fn an_offset_in_the_line_counts_more_than_the_zone() {
    let folder = TempFolder::new();
    let written = line(0, "GET /", 200, 0.0) + &line(0, "GET /cart", 200, 0.0);
    folder.write(
        "a.log",
        written.replacen("08:00:00 +0000", "13:30:00 +0530", 1),
    );
    ingest(&folder, "a.log --zone America/New_York");
    let read = rows(&folder.join("lake/requests"), &["ts"]);
    assert_eq!(read, [["2026-11-27T08:00:00Z"], ["2026-11-27T08:00:00Z"]]);
}
