//! `ingest --follow`: a log that grows and is rotated while it is read, each line once.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use super::access_lines::line;
use super::ingest::{assert_sound, info, ingest};
use super::lake_rows::rows;
use super::program::{command, count, interrupt, run, start, wait, wait_for_line};
use super::temp_folder::TempFolder;

/// How long a slow machine may take to see what was written.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that follows, ended with the test whatever happens.
struct Follower<'a> {
    folder: &'a TempFolder,
    child: Option<Child>,
}

impl<'a> Follower<'a> {
    /// Follows `paths`, and waits until it does.
    fn start(folder: &'a TempFolder, paths: &str) -> Self {
        let words = format!("ingest --follow {paths} --every 200ms --lake lake");
        let mut child = start(&mut command(folder, &words));
        let (_, reader) = wait_for_line(&mut child, "following");
        // Whoever writes to a closed pipe ends.
        thread::spawn(move || std::io::copy(&mut { reader }, &mut std::io::sink()));
        Self {
            folder,
            child: Some(child),
        }
    }

    /// Waits until the lake has so many records.
    #[track_caller]
    fn wait_for_records(&mut self, expected: u64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = count(&info(self.folder), "/records");
            if found == expected {
                return;
            }
            let child = self.child.as_mut().expect("it runs until it is ended");
            let ended = child.try_wait().expect("it can be asked");
            assert_eq!(ended, None, "it ended with {found} records, not {expected}");
            assert!(
                found < expected && Instant::now() < deadline,
                "{found} records, not {expected}"
            );
        }
    }

    /// Sends what Ctrl-C sends, and waits for a good end.
    #[track_caller]
    fn end(mut self) {
        let child = self.child.take().expect("it is ended once");
        interrupt(&child);
        wait(child).exits(0);
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A test that failed: it may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The lines of the seconds `range` after 08:00.
fn lines(range: std::ops::Range<u32>) -> String {
    range
        .map(|second| line(second, "GET /cart", 200, 0.0))
        .collect()
}

fn append(folder: &TempFolder, name: &str, text: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join(name))
        .expect("the log can be written");
    file.write_all(text.as_bytes())
        .expect("the log can be written");
}

/// Fails unless the lake has each of the first `seconds` seconds once.
#[track_caller]
fn assert_each_second_once(folder: &TempFolder, seconds: usize) {
    let mut starts = rows(&folder.join("lake/requests"), &["ts"]);
    starts.sort();
    let found = starts.len();
    starts.dedup();
    assert_eq!((found, starts.len()), (seconds, seconds));
    assert_sound(folder);
}

/// Fails unless a plain ingest of every log finds nothing new.
#[track_caller]
fn assert_nothing_is_left(folder: &TempFolder, paths: &str) {
    let before = info(folder);
    let again = ingest(folder, paths);
    assert_eq!(count(&again, "/totals/records"), 0);
    assert_eq!(count(&info(folder), "/records"), count(&before, "/records"));
}

#[test]
fn a_log_that_grows_and_is_rotated_is_followed_and_each_line_counts_once() {
    let folder = TempFolder::new();
    folder.write("access.log", lines(0..10));
    let mut follower = Follower::start(&folder, "access.log");
    follower.wait_for_records(10);
    append(&folder, "access.log", &lines(10..25));
    follower.wait_for_records(25);
    // Rotation by a new name; the last lines come just before it.
    append(&folder, "access.log", &lines(25..40));
    std::fs::rename(folder.join("access.log"), folder.join("access.log.1")).unwrap();
    folder.write("access.log", lines(40..50));
    follower.wait_for_records(50);
    append(&folder, "access.log", &lines(50..60));
    follower.wait_for_records(60);
    // Rotation by a copy, after which other lines begin in the same file.
    std::fs::copy(folder.join("access.log"), folder.join("access.log.0")).unwrap();
    truncate(&folder, "access.log");
    append(&folder, "access.log", &lines(60..65));
    follower.wait_for_records(65);
    follower.end();
    assert_each_second_once(&folder, 65);
    assert_nothing_is_left(&folder, "access.log access.log.0 access.log.1");
}

fn truncate(folder: &TempFolder, name: &str) {
    File::create(folder.join(name)).expect("the log can be truncated");
}

#[test]
fn half_a_line_is_left_until_it_is_whole() {
    let folder = TempFolder::new();
    let whole = lines(0..12);
    let cut = whole.len() - 30;
    folder.write("access.log", &whole[..cut]);
    let mut follower = Follower::start(&folder, "access.log");
    follower.wait_for_records(11);
    append(&folder, "access.log", &whole[cut..]);
    follower.wait_for_records(12);
    follower.end();
    assert_each_second_once(&folder, 12);
    assert_nothing_is_left(&folder, "access.log");
}

#[test]
fn a_file_that_appears_in_a_followed_folder_is_followed() {
    let folder = TempFolder::new();
    folder.write("logs/a.log", lines(0..5));
    let mut follower = Follower::start(&folder, "logs");
    follower.wait_for_records(5);
    folder.write("logs/deep/b.log", lines(5..9));
    follower.wait_for_records(9);
    append(&folder, "logs/a.log", &lines(9..12));
    append(&folder, "logs/deep/b.log", &lines(12..15));
    follower.wait_for_records(15);
    // In a folder the rotated file is found under its new name, too.
    append(&folder, "logs/a.log", &lines(15..18));
    std::fs::rename(folder.join("logs/a.log"), folder.join("logs/a.log.1")).unwrap();
    folder.write("logs/a.log", lines(18..20));
    follower.wait_for_records(20);
    follower.end();
    assert_each_second_once(&folder, 20);
    assert_nothing_is_left(&folder, "logs");
}

#[test]
fn what_is_written_while_nobody_follows_is_read_the_next_time() {
    let folder = TempFolder::new();
    folder.write("access.log", lines(0..300));
    let mut follower = Follower::start(&folder, "access.log");
    follower.wait_for_records(300);
    follower.end();
    append(&folder, "access.log", &lines(300..320));
    std::fs::rename(folder.join("access.log"), folder.join("access.log.1")).unwrap();
    folder.write("access.log", lines(320..330));
    let mut follower = Follower::start(&folder, "access.log.1 access.log");
    follower.wait_for_records(330);
    follower.end();
    assert_each_second_once(&folder, 330);
    assert_nothing_is_left(&folder, "access.log access.log.1");
}

#[test]
fn two_followers_of_one_log_add_each_line_once() {
    let folder = TempFolder::new();
    folder.write("access.log", lines(0..10));
    let mut followers = [(); 2].map(|()| Follower::start(&folder, "access.log"));
    for end in [30, 50] {
        append(&folder, "access.log", &lines(end - 20..end));
        followers[0].wait_for_records(u64::from(end));
    }
    for follower in followers {
        follower.end();
    }
    assert_each_second_once(&folder, 50);
    assert_nothing_is_left(&folder, "access.log");
}

#[test]
fn bad_news_of_a_followed_log_is_the_exit_code_and_ends_nothing() {
    let folder = TempFolder::new();
    folder.write("logs/a.log", lines(0..5));
    let mut follower = Follower::start(&folder, "logs/a.log");
    follower.wait_for_records(5);
    // More than a hundredth is nonsense: refused now, and read when enough follows.
    append(&folder, "logs/a.log", "nonsense\n");
    append(&folder, "logs/a.log", &lines(5..300));
    follower.wait_for_records(300);
    let child = follower.child.take().unwrap();
    interrupt(&child);
    let ended = wait(child);
    assert!([0, 4].contains(&ended.code), "{}", ended.err);
    assert_eq!(count(&info(&folder), "/rejected"), 1);
    assert_each_second_once(&folder, 300);
    run(&folder, "ingest --follow nowhere.log --lake lake").refuses(4);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_that_is_followed_is_not_waited_for() {
    let folder = TempFolder::new();
    folder.write("logs/access.log", lines(0..5));
    let made = std::process::Command::new("mkfifo")
        .arg(folder.join("logs/a-pipe"))
        .status();
    assert!(made.is_ok_and(|status| status.success()));
    let mut follower = Follower::start(&folder, "logs");
    follower.wait_for_records(5);
    append(&folder, "logs/access.log", &lines(5..9));
    follower.wait_for_records(9);
    follower.end();
}
