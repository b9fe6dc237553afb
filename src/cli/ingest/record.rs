//! A log line becomes a record of the lake: route, client class, channel, shopper.

use std::sync::Arc;

use super::learn::Learned;
use crate::access_log::LogLine;
use crate::enrichment::{Agents, Channels, KeptQuery, ShopperKeys};
use crate::lake::{LakeError, PartWriter};
use crate::request_record::{Origin, RequestRecord, Text};
use crate::route::Router;

/// What lines are enriched with. Each thread has its own clone, which remembers what it has seen.
#[derive(Debug, Clone)]
pub struct Enrichment {
    pub router: Router,
    pub agents: Agents,
    pub channels: Channels,
    pub shopper_keys: ShopperKeys,
    pub kept_query: KeptQuery,
    /// Hosts of the shop itself that were learned.
    pub sites: Vec<String>,
    /// The service of lines that name none.
    pub service: Arc<str>,
}

impl Enrichment {
    /// Everything that was told apart so far, by this one and its clones.
    pub fn learned(&self) -> Learned {
        Learned {
            routes: self.router.learned(),
            sites: self.sites.clone(),
            channels: self.channels.known(),
        }
    }

    /// Adds `line` to a part.
    pub fn write(
        &mut self,
        line: &LogLine<'_>,
        row_key: Option<i64>,
        position: u64,
        writer: &mut PartWriter,
    ) -> Result<(), LakeError> {
        let (route, query) = self.router.route_and_query(&line.target);
        let query = if line.query.is_empty() {
            query
        } else {
            &line.query
        };
        let agent = self.agents.agent(&line.user_agent, &self.shopper_keys);
        let channel = self.channels.channel(query, &line.referrer, &line.host);
        let kept_query = self.kept_query.kept(query);
        let shopper =
            self.shopper_keys
                .shopper(&line.client, agent.hash, &line.cookie, &line.session);
        writer.push(&RequestRecord {
            ts_us: line.ts_us,
            origin: Origin::Customer,
            run_id: None,
            service: if line.service.is_empty() {
                Text::Shared(&self.service)
            } else {
                Text::Passing(&line.service)
            },
            method: method(&line.method),
            route: Text::Shared(route),
            status: line.status,
            latency_us: line.latency_us,
            service_us: None,
            first_byte_us: None,
            bytes_in: line.bytes_in,
            bytes_out: line.bytes_out,
            shopper,
            error: None,
            position,
            client_class: Some(Text::Fixed(agent.client.class.as_str())),
            client_name: agent.client.name.as_ref().map(Text::Shared),
            channel: channel.map(Text::Shared),
            query: kept_query.as_deref().map(Text::Passing),
            upstream_tries: line.upstream_tries,
            weight: line.weight,
            row_key,
        })
    }
}

/// The method; the usual ones are known by their address.
fn method(text: &str) -> Text<'_> {
    match text {
        "GET" => Text::Fixed("GET"),
        "POST" => Text::Fixed("POST"),
        "HEAD" => Text::Fixed("HEAD"),
        "PUT" => Text::Fixed("PUT"),
        other => Text::Passing(other),
    }
}
