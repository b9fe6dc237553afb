//! SLIs that are made of other SLIs of the set.

use super::Resolver;
use crate::declared_files::choices_hint;
use crate::sli::definition::{
    Combination, CompositeDefinition, CompositePart, LevelName, SliDefinition,
    WindowsGoodDefinition,
};
use crate::sli::plan::Level;

impl Resolver<'_> {
    /// Index of the SLI whose windows are looked at, which must have this level; 0 with a problem
    /// where there is none.
    pub(super) fn levelled(
        &mut self,
        windows: &WindowsGoodDefinition,
        level: Level,
        pointer: &str,
    ) -> usize {
        let of = &windows.of;
        let slis = &self.set_definition().slis;
        let Some(index) = slis.iter().position(|sli| sli.name() == of.as_str()) else {
            self.unknown_sli(of, &format!("{pointer}/of"));
            return 0;
        };
        let levels = slis[index].level_names();
        if !levels.contains(&level) {
            let mut names: Vec<String> = levels.iter().map(Level::to_string).collect();
            names.dedup();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let message = format!("`{of}` has no level `{level}`");
            let hint = choices_hint("", &names, &format!("levels of `{of}`"));
            let at = if windows.level.is_some() {
                "level"
            } else {
                "of"
            };
            self.problem(&format!("{pointer}/{at}"), message, Some(hint));
        }
        index
    }

    /// Index and weight of each part of a composite.
    pub(super) fn parts(
        &mut self,
        composite: &CompositeDefinition,
        pointer: &str,
    ) -> Vec<(usize, f64)> {
        let mut parts: Vec<(usize, f64)> = Vec::new();
        for (index, part) in composite.parts.iter().enumerate() {
            let pointer = format!("{pointer}/parts/{index}");
            if part.weight.is_some() && composite.combine == Combination::Minimum {
                let hint = "add `combine: weighted`".to_owned();
                let message = "the worst part counts, whatever its weight";
                self.problem(&format!("{pointer}/weight"), message, Some(hint));
            }
            let Some(found) = self.part(part, &format!("{pointer}/sli")) else {
                continue;
            };
            if parts.iter().any(|(part, _)| *part == found) {
                let message = format!("`{}` is a part already", part.sli);
                self.problem(&format!("{pointer}/sli"), message, None);
            }
            parts.push((found, part.weight.unwrap_or(1.0)));
        }
        let weight: f64 = parts.iter().map(|(_, weight)| weight).sum();
        if composite.parts.is_empty() {
            self.problem(&format!("{pointer}/parts"), "there is no part", None);
        } else if weight <= 0.0 && !parts.is_empty() {
            let message = "the weights add up to nothing";
            self.problem(&format!("{pointer}/parts"), message, None);
        }
        parts
    }

    fn part(&mut self, part: &CompositePart, pointer: &str) -> Option<usize> {
        let slis = &self.set_definition().slis;
        let Some(found) = slis.iter().position(|sli| sli.name() == part.sli) else {
            self.unknown_sli(&part.sli, pointer);
            return None;
        };
        if !slis[found].is_share() {
            let message = format!("the value of `{}` is no share", part.sli);
            let hint = "of a response time take its `latency_cut` or `windows_good`, of a rate its `windows_good`";
            self.problem(pointer, message, Some(hint.to_owned()));
        }
        Some(found)
    }

    /// A problem for every SLI that is made of itself, however far round.
    pub(super) fn check_cycles(&mut self) {
        let slis = &self.set_definition().slis;
        for (index, sli) in slis.iter().enumerate() {
            if let Some(way) = way_back(slis, index) {
                let key = match sli {
                    SliDefinition::WindowsGood(_) => "of",
                    _ => "parts",
                };
                let names: Vec<String> = way
                    .iter()
                    .map(|index| format!("`{}`", slis[*index].name()))
                    .collect();
                let message = format!("`{}` is made of itself", sli.name());
                let hint = format!("the way round: {}", names.join(" → "));
                self.problem(&format!("/slis/{index}/{key}"), message, Some(hint));
            }
        }
    }
}

impl SliDefinition {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            SliDefinition::Rate(sli) => &sli.name,
            SliDefinition::Ratio(sli) => &sli.name,
            SliDefinition::Latency(sli) => &sli.name,
            SliDefinition::LatencyCut(sli) => &sli.name,
            SliDefinition::WindowsGood(sli) => &sli.name,
            SliDefinition::Apdex(sli) => &sli.name,
            SliDefinition::UserUptime(sli) => &sli.name,
            SliDefinition::Funnel(sli) => &sli.name,
            SliDefinition::Composite(sli) => &sli.name,
        }
    }

    fn is_share(&self) -> bool {
        match self {
            SliDefinition::Rate(_) | SliDefinition::Latency(_) => false,
            SliDefinition::Ratio(_)
            | SliDefinition::LatencyCut(_)
            | SliDefinition::WindowsGood(_)
            | SliDefinition::Apdex(_)
            | SliDefinition::UserUptime(_)
            | SliDefinition::Funnel(_)
            | SliDefinition::Composite(_) => true,
        }
    }

    fn level_names(&self) -> Vec<Level> {
        let names: Vec<LevelName> = match self {
            SliDefinition::Rate(sli) => sli.thresholds.iter().map(|it| it.level).collect(),
            SliDefinition::Ratio(sli) => sli.thresholds.iter().map(|it| it.level).collect(),
            SliDefinition::Latency(sli) => sli.thresholds.iter().map(|it| it.level).collect(),
            SliDefinition::LatencyCut(sli) => sli.thresholds.iter().map(|it| it.level).collect(),
            SliDefinition::Apdex(sli) => sli.thresholds.iter().map(|it| it.level).collect(),
            SliDefinition::Composite(sli) => sli.thresholds.iter().map(|it| it.level).collect(),
            SliDefinition::WindowsGood(_)
            | SliDefinition::UserUptime(_)
            | SliDefinition::Funnel(_) => Vec::new(),
        };
        names.into_iter().map(Level::from).collect()
    }

    /// Names of the SLIs that it is made of.
    fn made_of(&self) -> Vec<&str> {
        match self {
            SliDefinition::WindowsGood(sli) => vec![&sli.of],
            SliDefinition::Composite(sli) => {
                sli.parts.iter().map(|part| part.sli.as_str()).collect()
            }
            SliDefinition::Rate(_)
            | SliDefinition::Ratio(_)
            | SliDefinition::Latency(_)
            | SliDefinition::LatencyCut(_)
            | SliDefinition::Apdex(_)
            | SliDefinition::UserUptime(_)
            | SliDefinition::Funnel(_) => Vec::new(),
        }
    }
}

/// The SLIs from `start` over what it is made of back to itself, `start` at both ends; `None`
/// when there is no such way.
fn way_back(slis: &[SliDefinition], start: usize) -> Option<Vec<usize>> {
    let next = |from: usize| -> Vec<usize> {
        let names = slis[from].made_of();
        let found = names
            .into_iter()
            .filter_map(|name| slis.iter().position(|sli| sli.name() == name));
        found.collect()
    };
    // From where each SLI was reached first.
    let mut reached_from: Vec<Option<usize>> = vec![None; slis.len()];
    let mut waiting = vec![start];
    while let Some(from) = waiting.pop() {
        for to in next(from) {
            if reached_from[to].is_none() {
                reached_from[to] = Some(from);
                waiting.push(to);
            }
        }
    }
    let mut way = vec![start];
    let mut at = reached_from[start]?;
    while at != start {
        way.push(at);
        at = reached_from[at]?;
    }
    way.push(start);
    way.reverse();
    Some(way)
}
