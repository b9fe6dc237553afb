//! Kinds of shoppers and channels.

use super::super::definition::{
    PatienceDefinition, ReloadDefinition, RetryAfterName, RetryDefinition, StretchDefinition,
};
use super::super::duration_draw::DurationDraw;
use super::super::plan::{
    ChannelPlan, JourneyPlan, PatiencePlan, ReloadPlan, RetryPlan, ShopperKind,
};
use super::{Resolver, normalised, us};
use crate::declared_files::choices_hint;
use crate::status_pattern::StatusPattern;

impl Resolver<'_> {
    pub(super) fn kinds(&mut self, journeys: &[JourneyPlan]) -> Vec<ShopperKind> {
        let shoppers = &self.declared.value.shoppers;
        let Some(shares) = normalised(shoppers.iter().map(|shopper| shopper.share)) else {
            self.problem("/shoppers", "no shopper has a share above 0", None);
            return Vec::new();
        };
        let mut kinds = Vec::new();
        for (index, (shopper, share)) in shoppers.iter().zip(shares).enumerate() {
            let pointer = format!("/shoppers/{index}");
            let Some(journey) = self.journey(&shopper.journey, journeys, &pointer) else {
                continue;
            };
            kinds.push(ShopperKind {
                name: shopper.name.clone(),
                share,
                journey,
                patience: self.patience(shopper.patience.as_ref(), &pointer),
                retries: shopper
                    .retries
                    .as_ref()
                    .map(|retries| self.retries(retries, &pointer)),
                reload: shopper
                    .reload
                    .as_ref()
                    .map(|reload| self.reload(reload, &pointer)),
            });
        }
        kinds
    }

    fn journey(&mut self, name: &str, journeys: &[JourneyPlan], pointer: &str) -> Option<usize> {
        let found = journeys.iter().position(|journey| journey.name == name);
        if found.is_none() {
            let names: Vec<&str> = journeys
                .iter()
                .map(|journey| journey.name.as_str())
                .collect();
            let hint = choices_hint(name, &names, "journeys defined here");
            let message = format!("unknown journey `{name}`");
            self.problem(&format!("{pointer}/journey"), message, Some(&hint));
        }
        found
    }

    fn patience(&mut self, patience: Option<&PatienceDefinition>, pointer: &str) -> PatiencePlan {
        let Some(patience) = patience else {
            return PatiencePlan::default();
        };
        let pointer = format!("{pointer}/patience");
        if patience.answer.is_none() && patience.session.is_none() {
            let hint = "write `answer: {fixed: 8s}`, `session: {mean: 10m}`, or both";
            self.problem(&pointer, "patience with what?", Some(hint));
        }
        PatiencePlan {
            answer: patience
                .answer
                .as_ref()
                .map(|answer| self.draw(answer, &format!("{pointer}/answer"))),
            session: patience
                .session
                .as_ref()
                .map(|session| self.draw(session, &format!("{pointer}/session"))),
        }
    }

    fn retries(&mut self, retries: &RetryDefinition, pointer: &str) -> RetryPlan {
        let wait = retries.wait.as_ref();
        RetryPlan {
            on: retries.on.iter().map(StatusPattern::from_text).collect(),
            times: retries.times,
            wait: wait.map_or(DurationDraw::NONE, |wait| {
                self.draw(wait, &format!("{pointer}/retries/wait"))
            }),
            backoff: retries.backoff.unwrap_or(1.0),
            honours_retry_after: match retries.retry_after {
                RetryAfterName::Ignore => false,
                RetryAfterName::Honour => true,
            },
        }
    }

    fn reload(&mut self, reload: &ReloadDefinition, pointer: &str) -> ReloadPlan {
        ReloadPlan {
            after: self.draw(&reload.after, &format!("{pointer}/reload/after")),
            times: reload.times,
        }
    }

    pub(super) fn channels(&mut self) -> Vec<ChannelPlan> {
        let channels = &self.declared.value.channels;
        if channels.is_empty() {
            return Vec::new();
        }
        let Some(shares) = normalised(channels.iter().map(|channel| channel.share)) else {
            self.problem("/channels", "no channel has a share above 0", None);
            return Vec::new();
        };
        let mut plans = Vec::new();
        for (index, (channel, share)) in channels.iter().zip(shares).enumerate() {
            if channels[..index]
                .iter()
                .any(|other| other.name == channel.name)
            {
                let message = format!("channel `{}` is there already", channel.name);
                self.problem(&format!("/channels/{index}/name"), message, None);
            }
            plans.push(ChannelPlan {
                name: channel.name.as_str().into(),
                share,
                query: channel.query.clone(),
                referrer: channel.referrer.clone(),
                off: self.stretches(&channel.off, &format!("/channels/{index}/off")),
            });
        }
        plans
    }

    fn stretches(&mut self, stretches: &[StretchDefinition], pointer: &str) -> Vec<(i64, i64)> {
        let mut found = Vec::new();
        for (index, stretch) in stretches.iter().enumerate() {
            let from_us = us(stretch.from);
            let to_us = stretch.to.map_or(i64::MAX, us);
            if to_us <= from_us {
                let message = "it ends before it begins";
                self.problem(&format!("{pointer}/{index}"), message, None);
            }
            found.push((from_us, to_us));
        }
        found
    }
}
