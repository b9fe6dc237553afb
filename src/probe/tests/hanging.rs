//! A simulated partner that hangs: whatever the interval and the time limit, it is down from its first failed
//! probe to its first good one, and nobody looked away meanwhile.

use super::*;

/// How long a good answer takes, µs.
const WELL_US: i64 = 1_000;

/// A partner that hangs for a while, and how it is probed; times in ms.
#[derive(Debug, Clone, Copy)]
struct Hanging {
    every_ms: i64,
    jitter_ms: i64,
    timeout_ms: i64,
    /// How long a reference may take; 0 for none.
    reference_ms: i64,
    seed: u64,
    hangs_from_ms: i64,
    hangs_for_ms: i64,
    length_ms: i64,
}

impl Hanging {
    fn plan(self) -> ProbePlan {
        let references = match self.reference_ms {
            0 => String::new(),
            ms => format!(
                "references:\n  - {{name: r, base_url: 'http://127.0.0.2:3', timeout: {ms}ms}}\n"
            ),
        };
        understood(&format!(
            "name: p\nseed: {}\n{references}partners:\n  - {{name: a, base_url: 'http://127.0.0.1:1', every: {}ms, jitter: {}ms, timeout: {}ms}}\n",
            self.seed, self.every_ms, self.jitter_ms, self.timeout_ms
        ))
        .unwrap()
    }

    /// What the prober does: a probe, the references where it was not reached, the next turn that is not over.
    fn attempts(self, plan: &ProbePlan) -> Vec<Attempt> {
        let probed = &plan.partners[0].probed;
        let hangs = TimeWindow {
            start_us: self.hangs_from_ms * 1_000,
            end_us: (self.hangs_from_ms + self.hangs_for_ms) * 1_000,
        };
        let mut attempts = Vec::new();
        let mut number = 0;
        loop {
            let start_us = due_us(probed, plan.seed, 0, number);
            if start_us >= self.length_ms * 1_000 {
                return attempts;
            }
            let failure = hangs.contains(start_us).then_some(FailureKind::Timeout);
            let took_us = failure.map_or(WELL_US, |_| probed.timeout_us);
            let end_us = start_us + took_us;
            attempts.push(Attempt {
                probed: 0,
                prober: 0,
                start_us,
                end_us,
                took_us: took_us.unsigned_abs(),
                failure,
            });
            let asked_us = failure.map_or(0, |_| self.reference_ms * 1_000);
            number = next_number(probed, plan.seed, 0, number, end_us + asked_us);
        }
    }

    /// One incident from the first failed probe to the first good one after it, if two failed in a row, and
    /// no moment in which nobody looked.
    fn check(self) {
        let plan = self.plan();
        let attempts = self.attempts(&plan);
        let range = TimeWindow {
            start_us: 0,
            end_us: self.length_ms * 1_000,
        };
        let evidence = Evidence {
            attempts: &attempts,
            own: &vec![false; attempts.len()],
            since_us: 0,
            range,
        };
        let outcome = judge(&plan.partners[0], evidence, &plan.time_zone).unwrap();
        assert_eq!(outcome.missing, [], "{self:?}");
        let has_failed = |attempt: &&Attempt| attempt.failure.is_some();
        let failed = attempts.iter().filter(has_failed).count();
        let found: Vec<(i64, i64, usize)> = outcome
            .incidents
            .iter()
            .map(|incident| (incident.start_us, incident.end_us, incident.probes))
            .collect();
        if failed < 2 {
            assert_eq!(found, [], "{self:?}");
            return;
        }
        let first = attempts.iter().position(|attempt| has_failed(&attempt));
        let first = first.unwrap();
        let back = attempts.get(first + failed);
        let back_us = back.map_or(range.end_us, |attempt| attempt.start_us);
        assert_eq!(
            found,
            [(attempts[first].start_us, back_us, failed)],
            "{self:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn a_hang_is_one_incident_from_its_first_failed_probe_to_the_first_good_one(
        every_ms in 100_i64..20_000,
        jitter_share in 0_i64..100,
        timeout_ms in 10_i64..30_000,
        reference_ms in prop::sample::select(vec![0_i64, 200, 5_000]),
        seed in 0_u64..1_000_000,
        hangs_from_share in 0_i64..100,
        hangs_for_share in 1_i64..80,
    ) {
        let length_ms = 40 * (every_ms + timeout_ms);
        Hanging {
            every_ms,
            jitter_ms: (every_ms - 1) * jitter_share / 100,
            timeout_ms,
            reference_ms,
            seed,
            hangs_from_ms: length_ms * hangs_from_share / 100,
            hangs_for_ms: length_ms * hangs_for_share / 100,
            length_ms,
        }
        .check();
    }
}

#[test]
fn a_time_limit_above_the_interval_hides_no_hang() {
    for (every_ms, timeout_ms, hangs_for_ms) in [
        (700, 1_000, 35_000),
        (1_000, 3_000, 20_000),
        (200, 500, 1_760),
        // The time limit where none is named.
        (7_000, 10_000, 60_000),
        (60_000, 10_000, 600_000),
    ] {
        Hanging {
            every_ms,
            jitter_ms: every_ms / 10,
            timeout_ms,
            reference_ms: 0,
            seed: 3,
            hangs_from_ms: 5 * every_ms + 50,
            hangs_for_ms,
            length_ms: 100 * every_ms,
        }
        .check();
    }
}
