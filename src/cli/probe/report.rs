//! `probe report`: whether partners kept their SLA, as a summary that can be sent to them.

use std::path::Path;

use super::page_rows::{excluded_rows, facts, incident_row, promise_row, strip, totals};
use super::recorder::Since;
use super::{rows, sentences};
use crate::cli::arguments::{GlobalArguments, ProbeReportArguments};
use crate::cli::contacts::while_down;
use crate::cli::csv;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::report::{check_kind, write_text};
use crate::cli::terminal::Terminal;
use crate::declared_files::choices_hint;
use crate::lake::Lake;
use crate::probe::{
    Attempt, Evidence, NetworkWatch, PartnerOutcome, PartnerPlan, ProbePlan, first_needed_us,
    judge, own_network,
};
use crate::report::{
    Fact, PartnerPart, PartnersPage, PromiseRow, State, Verdict, text, write_partners_html,
    write_partners_markdown,
};
use crate::time_window::{TimeWindow, now_us, parse_time, parse_week, rfc3339};

/// Probes before the range that may tell of its beginning, µs: an incident that goes on, a long interval.
const BEFORE_US: i64 = 86_400_000_000;

/// Runs the verb.
pub fn run(
    arguments: &ProbeReportArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(path) = &arguments.output {
        check_kind(path)?;
    }
    let plan = super::plan(&arguments.file)?;
    let chosen = chosen(&plan, &arguments.partner)?;
    let lake = Lake::open(&global.lake)?;
    let reader = lake.reader()?;
    let since = rows::since(&reader);
    let firsts = chosen
        .iter()
        .filter_map(|index| since.get(&plan.partners[*index].probed.name));
    let Some(first_us) = firsts.min().copied() else {
        let message = "the lake has no probes of these partners";
        let hint = "`firedrill probe FILE` makes them; name the lake with --lake";
        return Err(Failure::new(
            ExitCode::Input,
            format!("{message} (hint: {hint})"),
        ));
    };
    let now_us = now_us();
    let range = range(arguments, &plan, first_us, now_us)?;
    let needed = chosen.iter().map(|index| {
        let partner = &plan.partners[*index];
        first_needed_us(partner, range, &plan.time_zone) - partner.stands_for_us_max()
    });
    let read = TimeWindow {
        start_us: needed.min().unwrap_or(range.start_us) - BEFORE_US,
        end_us: range.end_us,
    };
    let attempts = rows::attempts(&reader, &plan, read)?;
    let own = own_network(&plan, &attempts);
    let judged = Judged {
        plan: &plan,
        range,
        attempts,
        own,
        since,
    };
    let mut page = judged.page(&chosen, now_us)?;
    if let Some(path) = &arguments.thresholds {
        add_contacts(&mut page, arguments.defs.as_deref(), path, &lake)?;
    }
    print(&page, arguments, terminal)?;
    Ok(match page.verdict {
        Verdict::Fail => ExitCode::Missed,
        Verdict::Pass | Verdict::Invalid | Verdict::Stopped | Verdict::NotEnoughData => {
            ExitCode::Ok
        }
    })
}

/// How often customers will have called while each partner was down.
fn add_contacts(
    page: &mut PartnersPage,
    defs: Option<&Path>,
    thresholds: &Path,
    lake: &Lake,
) -> Result<(), Failure> {
    let range = TimeWindow {
        start_us: page.from_us,
        end_us: page.to_us,
    };
    let stretches = page.partners.iter().map(|partner| {
        let incidents = partner.incidents.iter().map(|incident| TimeWindow {
            start_us: incident.from_us,
            end_us: incident.to_us,
        });
        incidents.collect()
    });
    let stretches: Vec<Vec<TimeWindow>> = stretches.collect();
    let found = while_down(range, &stretches, defs, thresholds, lake)?;
    for (partner, contacts) in page.partners.iter_mut().zip(found) {
        partner.predicted_contacts = Some(contacts);
    }
    Ok(())
}

/// Indices of the partners that were named, or of all.
fn chosen(plan: &ProbePlan, names: &[String]) -> Result<Vec<usize>, Failure> {
    if names.is_empty() {
        return Ok((0..plan.partners.len()).collect());
    }
    let known: Vec<&str> = plan
        .partners
        .iter()
        .map(|partner| partner.probed.name.as_str())
        .collect();
    let indices = names.iter().map(|name| {
        let index = known.iter().position(|known| known == name);
        index.ok_or_else(|| {
            let hint = choices_hint(name, &known, "partners of this file");
            Failure::usage(format!("unknown partner `{name}` (hint: {hint})"))
        })
    });
    indices.collect()
}

/// What is judged; never the future.
fn range(
    arguments: &ProbeReportArguments,
    plan: &ProbePlan,
    first_us: i64,
    now_us: i64,
) -> Result<TimeWindow, Failure> {
    let zone = &plan.time_zone;
    let asked = if let Some(week) = &arguments.week {
        parse_week(week, zone)?
    } else if let Some(month) = &arguments.month {
        month_window(month, plan)?
    } else {
        let bound = |text: &Option<String>, default_us: i64| match text {
            Some(text) => parse_time(text, zone, now_us),
            None => Ok(default_us),
        };
        let start_us = bound(&arguments.from, first_us)?;
        TimeWindow::new(start_us, bound(&arguments.to, now_us)?)?
    };
    if asked.start_us >= now_us {
        return Err(Failure::usage("the range is in the future"));
    }
    Ok(TimeWindow {
        start_us: asked.start_us,
        end_us: asked.end_us.min(now_us),
    })
}

fn month_window(text: &str, plan: &ProbePlan) -> Result<TimeWindow, Failure> {
    let wrong = || Failure::usage(format!("`{text}` is not a month (hint: write `2026-11`)"));
    let first: jiff::civil::Date = format!("{text}-01").parse().map_err(|_| wrong())?;
    let next = first.last_of_month().tomorrow().map_err(|_| wrong())?;
    let midnight_us = |date: jiff::civil::Date| {
        let zoned = date.to_zoned(plan.time_zone.clone()).map_err(|_| wrong())?;
        Ok::<_, Failure>(zoned.timestamp().as_microsecond())
    };
    Ok(TimeWindow::new(midnight_us(first)?, midnight_us(next)?)?)
}

fn print(
    page: &PartnersPage,
    arguments: &ProbeReportArguments,
    terminal: &Terminal,
) -> Result<(), Failure> {
    if let Some(path) = &arguments.output {
        write_text(path, &as_file(page, path)?)?;
        terminal.note(&format!("report  {}", path.display()));
    }
    if terminal.is_json {
        return terminal.json(page);
    }
    match &arguments.output {
        None => terminal.result(write_partners_markdown(page).trim_end()),
        Some(_) if terminal.is_quiet => Ok(()),
        Some(_) => terminal.result(&page.sentence),
    }
}

/// The page as the ending of the file says.
fn as_file(page: &PartnersPage, path: &Path) -> Result<String, Failure> {
    Ok(
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => serde_json::to_string_pretty(page)?,
            Some("md") => write_partners_markdown(page),
            Some("csv") => incidents_csv(page),
            _ => write_partners_html(page),
        },
    )
}

/// One line per incident.
fn incidents_csv(page: &PartnersPage) -> String {
    let mut lines = vec!["partner,from,to,end,length_s,counted_s,failed_probes,why".to_owned()];
    for partner in &page.partners {
        for incident in &partner.incidents {
            lines.push(format!(
                "{},{},{},{},{},{},{},{}",
                csv::field(&partner.name),
                rfc3339(incident.from_us),
                rfc3339(incident.to_us),
                incident.end,
                incident.length_s,
                incident.counted_s,
                incident.probes,
                csv::field(&incident.kinds.join("; "))
            ));
        }
    }
    lines.join("\n") + "\n"
}

/// Everything that is known.
struct Judged<'a> {
    plan: &'a ProbePlan,
    range: TimeWindow,
    attempts: Vec<Attempt>,
    own: Vec<bool>,
    since: Since,
}

impl Judged<'_> {
    fn page(&self, chosen: &[usize], now_us: i64) -> Result<PartnersPage, Failure> {
        let parts = chosen.iter().map(|index| self.part(*index));
        let partners = parts.collect::<Result<Vec<_>, _>>()?;
        let verdict = verdict(&partners);
        let names: Vec<&str> = partners.iter().map(|part| part.name.as_str()).collect();
        let fact = |name: &str, value: String| Fact {
            name: name.to_owned(),
            value,
        };
        Ok(PartnersPage {
            title: format!("SLA of {}", names.join(", ")),
            sentence: sentence(&partners, verdict),
            verdict,
            from_us: self.range.start_us,
            to_us: self.range.end_us,
            zone: self.plan.zone_name.clone(),
            facts: vec![
                fact(
                    "Range",
                    format!(
                        "{} to {} ({})",
                        self.moment(self.range.start_us),
                        self.moment(self.range.end_us),
                        self.plan.zone_name
                    ),
                ),
                fact("Made", self.moment(now_us)),
                fact(
                    "Promises",
                    format!(
                        "file {}, SHA-256 {}",
                        self.plan.name,
                        &self.plan.sha256[..12]
                    ),
                ),
            ],
            partners,
            method: sentences::method(),
        })
    }

    fn moment(&self, us: i64) -> String {
        text::date(us.div_euclid(1_000_000) * 1_000_000, &self.plan.time_zone)
    }

    fn part(&self, index: usize) -> Result<PartnerPart, Failure> {
        let partner = &self.plan.partners[index];
        let known = self.attempts.iter().zip(&self.own);
        let known = known.filter(|(attempt, _)| attempt.probed == index);
        let (attempts, own): (Vec<Attempt>, Vec<bool>) =
            known.map(|(attempt, own)| (*attempt, *own)).unzip();
        let first_us = attempts.first().map(|first| first.start_us);
        let since_us = self.since.get(&partner.probed.name).copied();
        let evidence = Evidence {
            attempts: &attempts,
            own: &own,
            since_us: since_us.or(first_us).unwrap_or(self.range.end_us),
            range: self.range,
        };
        let outcome = judge(partner, evidence, &self.plan.time_zone)?;
        Ok(self.shown(partner, &outcome))
    }

    fn shown(&self, partner: &PartnerPlan, outcome: &PartnerOutcome) -> PartnerPart {
        let objectives: Vec<PromiseRow> = outcome
            .objectives
            .iter()
            .flat_map(|objective| {
                let windows = objective.windows.iter();
                windows.map(|window| {
                    promise_row(
                        partner,
                        objective.promise,
                        objective.target,
                        &objective.over,
                        window,
                    )
                })
            })
            .collect();
        let can_tell = NetworkWatch::new(self.plan).can_tell();
        PartnerPart {
            name: partner.probed.name.clone(),
            base_url: partner.probed.base_url.to_string(),
            contract: partner.sla.contract.clone(),
            state: objectives.iter().map(|row| row.state).min(),
            sentence: sentences::partner(outcome, !objectives.is_empty()),
            facts: facts(partner, outcome),
            objectives,
            incidents: outcome.incidents.iter().map(incident_row).collect(),
            predicted_contacts: None,
            excluded: excluded_rows(outcome),
            strip: strip(outcome, self.range),
            unknowns: sentences::unknowns(&outcome.totals, can_tell),
            totals: totals(outcome),
        }
    }
}

fn verdict(partners: &[PartnerPart]) -> Verdict {
    let states = || partners.iter().filter_map(|part| part.state);
    if states().any(|state| state == State::Missed) {
        Verdict::Fail
    } else if states().next().is_some() && states().all(|state| state == State::Met) {
        Verdict::Pass
    } else {
        Verdict::NotEnoughData
    }
}

fn sentence(partners: &[PartnerPart], verdict: Verdict) -> String {
    let in_state = |state: State| {
        let parts = partners.iter().filter(|part| part.state == Some(state));
        let names: Vec<&str> = parts.map(|part| part.name.as_str()).collect();
        names.join(", ")
    };
    match verdict {
        Verdict::Fail => {
            let missed = partners.iter().flat_map(|part| &part.objectives);
            let missed = missed.filter(|row| row.state == State::Missed).count();
            let promises = if missed == 1 {
                "one promise"
            } else {
                "promises"
            };
            let count = if missed == 1 {
                String::new()
            } else {
                format!("{missed} ")
            };
            format!("{} missed {count}{promises}.", in_state(State::Missed))
        }
        Verdict::Pass => "Every promise was kept, as far as the range goes.".to_owned(),
        Verdict::Invalid | Verdict::Stopped | Verdict::NotEnoughData => {
            "No promise was missed, but there is not enough data to call every one of them kept."
                .to_owned()
        }
    }
}
