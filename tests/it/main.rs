//! The integration tests: one target, so that everything is linked once.
//!
//! They drive the real binary, each in a folder of its own, and read what it leaves behind. First
//! the modules that tests are made of, then the tests.

mod temp_folder;

mod program;

mod access_lines;

mod hand_made_log;

mod lake_rows;

mod lake_fill;
mod load_log;

mod surge_file;

mod target_server;

mod rust_source;

mod scripted_server;

mod partner_file;

mod shard_runs;

mod tidy;

mod tidy_documents;

mod declared;

mod fuzz_seeds;

mod ingest;

mod ingest_follow;

mod ingest_formats;

mod ingest_growth;

mod ingest_inputs;

#[cfg(unix)]
mod ingest_odd;

mod ingest_order;

mod ingest_rejects;

mod ingest_rules;

mod lake;

mod lake_upkeep;

mod lake_damage;

mod lake_older;

mod sli;

mod learned_levels;

mod contacts;
mod contacts_of_what;

mod judging;

mod judging_own;
mod judging_parts;
mod judging_rules;

mod rollups;

mod report;

mod week;

mod week_problems;

mod exchange_verbs;

mod engines;

mod export_sql;

mod import_har;
mod import_har_values;

mod calibrate;
mod calibrate_input;

mod learn;

mod replay;

mod rehearse;

mod rehearse_refusals;

mod rehearse_report;

mod rehearse_shoppers;

mod probe;

mod probe_report;

mod rehearse_thresholds;

mod drill_reports;

mod drill_timeline;

mod drill_operator;

mod rehearse_live;

#[cfg(target_os = "linux")]
mod live_terminal;

mod rehearse_conditions;

mod rehearse_limits;

mod capacity;
mod headroom;
mod scalability;

mod several;

mod fan_out;

mod fan_out_refusals;

mod deploy;

mod shop;

mod terminal;
