//! What happens at a time: labels of the curve, and how every entry of the drill timeline stands.
//!
//! In: the plan, and what those who work the timeline off say. Out: the [`Event`]s of a look, and whom the
//! terminal asks for a confirmation. A clock that has passed ticks off labels of the curve only.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::report::text;
use crate::time_window::seconds;

/// Events that are shown.
const EVENTS_SHOWN: usize = 12;

/// Something that happens at a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Seconds since the start.
    pub at_s: f64,
    pub label: String,
    pub is_past: bool,
    pub state: EventState,
    /// The state in words, where the state alone says too little.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// Its time has not come.
    Planned,
    /// A label of the curve whose time has come: nothing is done there.
    Past,
    /// It was announced and is not confirmed yet.
    Waiting,
    /// It was announced and was not confirmed in time.
    Late,
    /// Somebody confirmed it.
    Confirmed,
    /// Nobody confirmed it, and the run is over.
    NotConfirmed,
    /// It is being done, or it lasts.
    Running,
    /// It was done.
    Done,
    /// It was done and undone.
    Undone,
    /// It was tried, and failed.
    Failed,
    /// Undoing it failed.
    NotUndone,
}

impl EventState {
    /// What comes first where there is little room, however long ago it began: what went wrong, then what is
    /// open, then the rest.
    fn rank(self) -> u8 {
        match self {
            EventState::Late | EventState::Failed | EventState::NotUndone => 0,
            EventState::Waiting | EventState::Running => 1,
            EventState::Planned
            | EventState::Past
            | EventState::Confirmed
            | EventState::NotConfirmed
            | EventState::Done
            | EventState::Undone => 2,
        }
    }
}

/// What is known of an entry; times are µs since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is done here: a label of the curve, or the work of another shard.
    Label,
    Planned,
    Waiting {
        id: String,
        /// How to confirm it, in words.
        how: String,
        /// Whether anybody can.
        can_be_confirmed: bool,
        until_us: Option<i64>,
    },
    Confirmed {
        after_us: i64,
        within_us: Option<i64>,
    },
    NotConfirmed,
    Running {
        since_us: i64,
        until_us: Option<i64>,
    },
    Done,
    Undone {
        at_us: i64,
    },
    Failed {
        problem: String,
        is_undone: bool,
    },
    NotUndone {
        problem: String,
    },
}

#[derive(Debug)]
struct Entry {
    at_us: i64,
    label: String,
    standing: Standing,
    /// Its place in the timeline; `None` for a label of the curve.
    index: Option<usize>,
}

/// Everything that happens at a time, by time; shared by who does it and who shows it.
#[derive(Debug)]
pub struct LiveEvents(Mutex<Vec<Entry>>);

impl LiveEvents {
    /// Labels of the curve and entries of the timeline, `(µs since the start, words)`; of the entries
    /// only the time is known where another process works them off.
    pub fn new(labels: &[(i64, String)], entries: Vec<(i64, String)>, is_worked_off: bool) -> Self {
        let labels = labels.iter().map(|(at_us, label)| Entry {
            at_us: *at_us,
            label: label.clone(),
            standing: Standing::Label,
            index: None,
        });
        let planned = match is_worked_off {
            true => Standing::Planned,
            false => Standing::Label,
        };
        let entries = (0..).zip(entries).map(|(index, (at_us, label))| Entry {
            at_us,
            label,
            standing: planned.clone(),
            index: Some(index),
        });
        let mut all: Vec<Entry> = labels.chain(entries).collect();
        all.sort_by_key(|entry| entry.at_us);
        Self(Mutex::new(all))
    }

    /// Says how the entry at `index` of the timeline stands.
    pub fn set(&self, index: usize, standing: Standing) {
        let mut entries = self.entries();
        let mut entries = entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.index == Some(index)) {
            entry.standing = standing;
        }
    }

    /// The events around a moment, by time, with all that are open.
    pub fn around(&self, now_us: i64) -> Vec<Event> {
        let entries = self.entries();
        let events: Vec<Event> = entries.iter().map(|entry| entry.event(now_us)).collect();
        let chosen = chosen(&events, EVENTS_SHOWN);
        chosen.into_iter().cloned().collect()
    }

    /// What the operator is asked to confirm: the oldest, and the names of others.
    pub fn prompt(&self) -> Option<String> {
        let entries = self.entries();
        let mut waiting = entries.iter().filter_map(|entry| {
            let Standing::Waiting {
                id,
                how,
                can_be_confirmed: true,
                until_us,
            } = &entry.standing
            else {
                return None;
            };
            Some((id, how, until_us, &entry.label))
        });
        let (id, how, until_us, label) = waiting.next()?;
        let until = until_words(*until_us);
        let others: Vec<&str> = waiting.map(|(id, ..)| id.as_str()).collect();
        let others = match others.is_empty() {
            true => String::new(),
            false => format!("; by its name: {}", others.join(", ")),
        };
        Some(format!("CONFIRM {id} ({how}{until}): {label}{others}"))
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn event(&self, now_us: i64) -> Event {
        let is_past = self.at_us <= now_us;
        let (state, detail) = self.state(is_past, now_us);
        Event {
            at_s: seconds(self.at_us),
            label: self.label.clone(),
            is_past,
            state,
            detail,
        }
    }

    fn state(&self, is_past: bool, now_us: i64) -> (EventState, Option<String>) {
        let length = |us: i64| text::duration(seconds(us));
        match &self.standing {
            Standing::Label if is_past => (EventState::Past, None),
            Standing::Label | Standing::Planned => (EventState::Planned, None),
            Standing::Waiting {
                id, how, until_us, ..
            } => match until_us {
                Some(until_us) if *until_us <= now_us => {
                    let until = text::offset(*until_us, 0);
                    let words = format!("NOT confirmed by {until}; {id}: {how}");
                    (EventState::Late, Some(words))
                }
                until_us => {
                    let until = until_words(*until_us);
                    let words = format!("waits for {id}: {how}{until}");
                    (EventState::Waiting, Some(words))
                }
            },
            Standing::Confirmed {
                after_us,
                within_us,
            } => {
                let late = within_us.filter(|within_us| after_us > within_us);
                let late = late.map_or_else(String::new, |within_us| {
                    format!(", NOT within {}", length(within_us))
                });
                let words = format!("confirmed after {}{late}", length(*after_us));
                (EventState::Confirmed, Some(words))
            }
            Standing::NotConfirmed => {
                let words = "nobody confirmed it".to_owned();
                (EventState::NotConfirmed, Some(words))
            }
            Standing::Running { since_us, until_us } => {
                let since = text::offset(*since_us, 0);
                let words = format!("on since {since}{}", until_words(*until_us));
                (EventState::Running, Some(words))
            }
            Standing::Done => (EventState::Done, Some("done".to_owned())),
            Standing::Undone { at_us } => {
                let words = format!("undone at {}", text::offset(*at_us, 0));
                (EventState::Undone, Some(words))
            }
            Standing::Failed { problem, is_undone } => {
                let undone = if *is_undone { ", and undone" } else { "" };
                let words = format!("FAILED{undone}: {problem}");
                (EventState::Failed, Some(words))
            }
            Standing::NotUndone { problem } => (
                EventState::NotUndone,
                Some(format!("NOT UNDONE: {problem}")),
            ),
        }
    }
}

fn until_words(until_us: Option<i64>) -> String {
    until_us.map_or_else(String::new, |until_us| {
        format!(", until {}", text::offset(until_us, 0))
    })
}

/// The `room` events that matter most, by time: by their rank, then the last ones and the next ones.
pub fn chosen(events: &[Event], room: usize) -> Vec<&Event> {
    let past = events.iter().filter(|event| event.is_past).count();
    let distance = |index: usize| match index < past {
        true => 2 * (past - 1 - index),
        false => 2 * (index - past) + 1,
    };
    let mut indices: Vec<usize> = (0..events.len()).collect();
    indices.sort_by_key(|index| (events[*index].state.rank(), distance(*index)));
    indices.truncate(room);
    indices.sort_unstable();
    indices.into_iter().map(|index| &events[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(count: i64) -> Vec<(i64, String)> {
        (0..count)
            .map(|at| (at * 1_000_000, at.to_string()))
            .collect()
    }

    #[test]
    fn the_events_around_a_moment_are_shown() {
        let all = LiveEvents::new(&labels(30), Vec::new(), true);
        let shown = |now_us: i64| {
            let events = all.around(now_us);
            let past = events.iter().filter(|event| event.is_past).count();
            (events[0].label.clone(), events.len(), past)
        };
        assert_eq!(shown(0), ("0".to_owned(), 12, 1));
        assert_eq!(shown(15_500_000), ("10".to_owned(), 12, 6));
        assert_eq!(shown(99_000_000), ("18".to_owned(), 12, 12));
        let none = LiveEvents::new(&[], Vec::new(), true);
        assert!(none.around(1).is_empty());
    }

    #[test]
    fn what_is_open_stays_in_sight_however_long_ago_it_began() {
        let entries = vec![(0, "broken".to_owned()), (1, "page".to_owned())];
        let all = LiveEvents::new(&labels(30), entries, true);
        let first = |all: &LiveEvents| all.around(25_000_000)[0].label.clone();
        assert_eq!(first(&all), "18");
        all.set(
            0,
            Standing::Running {
                since_us: 0,
                until_us: None,
            },
        );
        assert_eq!(first(&all), "broken");
        all.set(0, Standing::Undone { at_us: 5 });
        assert_eq!(first(&all), "18");
    }

    #[test]
    fn an_entry_is_what_was_said_of_it_and_not_what_the_clock_says() {
        let waiting = |until_us: Option<i64>| Standing::Waiting {
            id: "page".to_owned(),
            how: "make told/page".to_owned(),
            can_be_confirmed: true,
            until_us,
        };
        let problem = || "it answered 500".to_owned();
        use EventState as State;
        for (standing, state, detail) in [
            (Standing::Label, State::Past, ""),
            (Standing::Planned, State::Planned, ""),
            (
                waiting(None),
                State::Waiting,
                "waits for page: make told/page",
            ),
            (
                waiting(Some(120_000_000)),
                State::Waiting,
                "waits for page: make told/page, until 02:00",
            ),
            (
                waiting(Some(60_000_000)),
                State::Late,
                "NOT confirmed by 01:00; page: make told/page",
            ),
            (
                Standing::Confirmed {
                    after_us: 8_600_000,
                    within_us: Some(10_000_000),
                },
                State::Confirmed,
                "confirmed after 8.6 s",
            ),
            (
                Standing::Confirmed {
                    after_us: 8_600_000,
                    within_us: Some(5_000_000),
                },
                State::Confirmed,
                "confirmed after 8.6 s, NOT within 5 s",
            ),
            (
                Standing::NotConfirmed,
                State::NotConfirmed,
                "nobody confirmed it",
            ),
            (
                Standing::Running {
                    since_us: 1_000_000,
                    until_us: Some(90_000_000),
                },
                State::Running,
                "on since 00:01, until 01:30",
            ),
            (Standing::Done, State::Done, "done"),
            (
                Standing::Undone { at_us: 30_000_000 },
                State::Undone,
                "undone at 00:30",
            ),
            (
                Standing::Failed {
                    problem: problem(),
                    is_undone: true,
                },
                State::Failed,
                "FAILED, and undone: it answered 500",
            ),
            (
                Standing::NotUndone { problem: problem() },
                State::NotUndone,
                "NOT UNDONE: it answered 500",
            ),
        ] {
            let all = LiveEvents::new(&[], vec![(0, "x".to_owned())], true);
            all.set(0, standing.clone());
            let event = all.around(60_000_000).remove(0);
            let found = (event.state, event.detail.unwrap_or_default());
            assert_eq!(found, (state, detail.to_owned()), "{standing:?}");
        }
    }

    #[test]
    fn the_prompt_is_for_the_oldest_and_names_the_others() {
        let entries = ["Page", "Desk", "Board"].map(|label| (0, label.to_owned()));
        let all = LiveEvents::new(&[], entries.to_vec(), true);
        assert_eq!(all.prompt(), None);
        for (index, id) in ["page", "desk", "board"].iter().enumerate() {
            all.set(
                index,
                Standing::Waiting {
                    id: (*id).to_owned(),
                    how: "press Enter".to_owned(),
                    can_be_confirmed: *id != "board",
                    until_us: None,
                },
            );
        }
        let prompt = all.prompt();
        assert_eq!(
            prompt.as_deref(),
            Some("CONFIRM page (press Enter): Page; by its name: desk")
        );
    }
}
