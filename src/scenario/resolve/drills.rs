//! The drill timeline: one action per entry, hooks only where they are allowed, no two of a name.

use std::path::Path;

use url::Url;

use super::super::definition::{
    DrillEntryDefinition, ExecHookDefinition, ExpectDefinition, HookMethodName, HttpHookDefinition,
    UndoDefinition,
};
use super::super::plan::{
    ChannelPlan, DrillAction, DrillEntryPlan, DrillExpectation, DrillTimeline, ExecHookPlan,
    HookPlan, HttpHookPlan, MarkKind, TrafficPlan, is_loopback,
};
use super::{Resolver, us};
use crate::declared_files::choices_hint;
use crate::shop::Fault;
use crate::status_pattern::StatusPattern;
use crate::time_window::seconds;

/// The longest name of an entry: it becomes the name of a file.
const ID_BYTES_MAX: usize = 60;
const HTTP_TIMEOUT_US_DEFAULT: i64 = 10_000_000;
const EXEC_TIMEOUT_US_DEFAULT: i64 = 30_000_000;
/// The longest that a hook may take, µs.
const TIMEOUT_US_MAX: i64 = 3_600_000_000;

impl Resolver<'_> {
    /// The timeline; channels that it turns off are off for the arrivals, too.
    pub(super) fn drills(
        &mut self,
        traffic: &TrafficPlan,
        channels: &mut [ChannelPlan],
    ) -> DrillTimeline {
        let definitions = &self.declared.value.drills;
        let mut entries: Vec<DrillEntryPlan> = Vec::new();
        for (index, definition) in definitions.iter().enumerate() {
            let pointer = format!("/drills/{index}");
            self.check_id(definition, index, &pointer);
            let until_us = self.times(definition, traffic, &pointer);
            let Some(action) = self.action(definition, traffic, channels, &pointer) else {
                continue;
            };
            let at_us = us(definition.at);
            if let DrillAction::ChannelOff(channel) = &action {
                let off = (at_us, until_us.unwrap_or(i64::MAX));
                channels[*channel].off.push(off);
            }
            let mut entry = DrillEntryPlan {
                index,
                id: definition.id.clone(),
                title: String::new(),
                at_us,
                until_us,
                action,
                expect: None,
            };
            entry.title = title(definition, &entry);
            entry.expect = self.expectation(definition.expect.as_ref(), &entry, traffic, &pointer);
            entries.push(entry);
        }
        self.check_overlaps(&entries);
        entries.sort_by_key(|entry| entry.at_us);
        DrillTimeline {
            entries,
            redactor: self.declared.redactor(),
        }
    }

    fn check_id(&mut self, definition: &DrillEntryDefinition, index: usize, pointer: &str) {
        let pointer = format!("{pointer}/id");
        let id = definition.id.as_str();
        let is_plain = id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if id.is_empty() || id.len() > ID_BYTES_MAX || !is_plain {
            let hint = format!("up to {ID_BYTES_MAX} letters, digits, `-` and `_`");
            self.problem(&pointer, format!("`{id}` is not a name"), Some(&hint));
        }
        let before = &self.declared.value.drills[..index];
        if before.iter().any(|other| other.id == id) {
            self.problem(&pointer, format!("entry `{id}` is there already"), None);
        }
    }

    /// The end, µs since the start.
    fn times(
        &mut self,
        definition: &DrillEntryDefinition,
        traffic: &TrafficPlan,
        pointer: &str,
    ) -> Option<i64> {
        let (at_us, length_s) = (us(definition.at), traffic.curve.length_s());
        if seconds(at_us) >= length_s {
            let message = format!(
                "it would begin at {} after the last shopper came at {length_s} s",
                definition.at
            );
            let hint = "begin it while shoppers arrive";
            self.problem(&format!("{pointer}/at"), message, Some(hint));
        }
        let length = definition.length?;
        if definition.announce.is_some() {
            let hint = "how soon it must be confirmed is `expect: {confirmed_within: 60s}`";
            self.problem(
                &format!("{pointer}/for"),
                "an announcement has no length",
                Some(hint),
            );
        }
        if us(length) == 0 {
            let hint = "leave `for` out, or give it a length";
            self.problem(
                &format!("{pointer}/for"),
                "it would last no time",
                Some(hint),
            );
        }
        Some(at_us.saturating_add(us(length)))
    }

    fn action(
        &mut self,
        definition: &DrillEntryDefinition,
        traffic: &TrafficPlan,
        channels: &[ChannelPlan],
        pointer: &str,
    ) -> Option<DrillAction> {
        let named = [
            ("fault", &definition.fault),
            ("channel_off", &definition.channel_off),
            ("config_push", &definition.config_push),
            ("deploy", &definition.deploy),
            ("freeze", &definition.freeze),
            ("announce", &definition.announce),
        ];
        let mut named = named
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let (action, other) = (named.next(), named.next());
        let hooks = (definition.http.as_ref(), definition.exec.as_ref());
        let is_alone = action.is_none() && hooks.0.is_none() && hooks.1.is_none();
        if other.is_some() || is_alone || (hooks.0.is_some() && hooks.1.is_some()) {
            let message = "an entry does exactly one thing";
            let hint = "one of `fault`, `channel_off`, `config_push`, `deploy`, `freeze` and `announce`, \
                        or an `http` or `exec` hook";
            self.problem(pointer, message, Some(hint));
            return None;
        }
        let kind = match action {
            None if definition.http.is_some() => MarkKind::Http,
            None => MarkKind::Exec,
            Some(("config_push", _)) => MarkKind::ConfigPush,
            Some(("deploy", _)) => MarkKind::Deploy,
            Some(("freeze", _)) => MarkKind::Freeze,
            Some((key, value)) => {
                self.refuse_hooks(definition, key, pointer);
                return self.plain_action(key, value, traffic, channels, pointer);
            }
        };
        let hook = self.hook(hooks.0, hooks.1, pointer);
        let undo = definition.undo.as_ref();
        let undo = undo.and_then(|undo| self.undo(undo, &format!("{pointer}/undo")));
        Some(DrillAction::Marked {
            kind,
            what: action.map(|(_, what)| what.clone()).unwrap_or_default(),
            hook: hook.map(Box::new),
            undo: undo.map(Box::new),
        })
    }

    /// What does and undoes itself takes no hooks.
    fn refuse_hooks(&mut self, definition: &DrillEntryDefinition, key: &str, pointer: &str) {
        let hooks = [
            ("http", definition.http.is_some()),
            ("exec", definition.exec.is_some()),
            ("undo", definition.undo.is_some()),
        ];
        for (hook, is_there) in hooks {
            if is_there {
                let message = format!("`{key}` takes no `{hook}`");
                let hint = "make it an entry of its own";
                self.problem(&format!("{pointer}/{hook}"), message, Some(hint));
            }
        }
    }

    fn plain_action(
        &mut self,
        key: &str,
        value: &str,
        traffic: &TrafficPlan,
        channels: &[ChannelPlan],
        pointer: &str,
    ) -> Option<DrillAction> {
        let value_pointer = format!("{pointer}/{key}");
        match key {
            "fault" => match value.parse::<Fault>() {
                Ok(fault) => Some(DrillAction::Fault(fault)),
                Err(error) => {
                    let text = error.to_string();
                    let (message, hint) = match text.split_once(" (hint: ") {
                        Some((message, hint)) => (message, Some(hint.trim_end_matches(')'))),
                        None => (text.as_str(), None),
                    };
                    self.problem(&value_pointer, message, hint);
                    None
                }
            },
            "channel_off" => self.channel_off(value, traffic, channels, &value_pointer),
            _ => Some(DrillAction::Announce(value.to_owned())),
        }
    }

    fn channel_off(
        &mut self,
        name: &str,
        traffic: &TrafficPlan,
        channels: &[ChannelPlan],
        pointer: &str,
    ) -> Option<DrillAction> {
        if traffic.closed.is_some() {
            let message =
                "in a closed model nobody comes through a channel that could be turned off";
            self.problem(pointer, message, Some("use `curve` or `phases`"));
            return None;
        }
        let found = channels.iter().position(|channel| &*channel.name == name);
        if found.is_none() {
            let names: Vec<&str> = channels.iter().map(|channel| &*channel.name).collect();
            let hint = match names.is_empty() {
                true => "the scenario has no `channels`".to_owned(),
                false => choices_hint(name, &names, "channels"),
            };
            self.problem(pointer, format!("unknown channel `{name}`"), Some(&hint));
        }
        found.map(DrillAction::ChannelOff)
    }

    fn undo(&mut self, undo: &UndoDefinition, pointer: &str) -> Option<HookPlan> {
        if undo.http.is_some() == undo.exec.is_some() {
            let message = "it is exactly one of `http` and `exec`";
            self.problem(pointer, message, None);
            return None;
        }
        self.hook(undo.http.as_ref(), undo.exec.as_ref(), pointer)
    }

    fn hook(
        &mut self,
        http: Option<&HttpHookDefinition>,
        exec: Option<&ExecHookDefinition>,
        pointer: &str,
    ) -> Option<HookPlan> {
        if let Some(http) = http {
            return self.http_hook(http, &format!("{pointer}/http"));
        }
        exec.and_then(|exec| self.exec_hook(exec, &format!("{pointer}/exec")))
    }

    fn http_hook(&mut self, http: &HttpHookDefinition, pointer: &str) -> Option<HookPlan> {
        for (name, value) in &http.headers {
            let is_legal = hyper::header::HeaderName::from_bytes(name.as_bytes()).is_ok()
                && hyper::header::HeaderValue::from_str(value).is_ok();
            if !is_legal {
                let message = format!("`{name}` is no legal header");
                self.problem(&format!("{pointer}/headers"), message, None);
            }
        }
        let url = self.hook_url(&http.url, &format!("{pointer}/url"))?;
        let status: Vec<StatusPattern> = http.status.iter().map(StatusPattern::from_text).collect();
        Some(HookPlan::Http(HttpHookPlan {
            method: match http.method {
                HookMethodName::Get => "GET",
                HookMethodName::Post => "POST",
                HookMethodName::Put => "PUT",
                HookMethodName::Patch => "PATCH",
                HookMethodName::Delete => "DELETE",
            },
            url,
            headers: http.headers.clone().into_iter().collect(),
            body: http.body.clone().unwrap_or_default(),
            status: match status.is_empty() {
                true => vec![StatusPattern::Class(2)],
                false => status,
            },
            timeout_us: self.timeout(http.timeout.map_or(HTTP_TIMEOUT_US_DEFAULT, us), pointer),
        }))
    }

    fn hook_url(&mut self, text: &str, pointer: &str) -> Option<Url> {
        let url = match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
            _ => {
                let hint = "write `http://127.0.0.1:8474/proxies`";
                let message = "the URL of the hook is not an http or https URL";
                self.problem(pointer, message, Some(hint));
                return None;
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            let hint = "send an `authorization` header with a value from `${env:NAME}`";
            self.problem(
                pointer,
                "a URL with a password is shown to everybody",
                Some(hint),
            );
        }
        let host = url.host_str().unwrap_or_default();
        let mut allowed = self.declared.value.target.hosts_allowed.iter();
        if !is_loopback(host) && !allowed.any(|allowed| allowed == host) {
            let message = format!("host `{host}` is not in `hosts_allowed`");
            let hint =
                format!("if you may break things there, add `{host}` to `target.hosts_allowed`");
            self.problem(pointer, message, Some(&hint));
        }
        Some(url)
    }

    fn exec_hook(&mut self, exec: &ExecHookDefinition, pointer: &str) -> Option<HookPlan> {
        if !self.declared.value.exec_allowed {
            let message = "the scenario does not say that it runs commands";
            let hint = "add `exec_allowed: true` at its top; the user agrees with `--allow-exec`";
            self.problem(pointer, message, Some(hint));
        }
        let program = exec.argv.first().map(String::as_str).unwrap_or_default();
        if program.is_empty() {
            let hint = "write `argv: [kubectl, delete, pod, checkout-0]`";
            self.problem(
                &format!("{pointer}/argv"),
                "no program is named",
                Some(hint),
            );
            return None;
        }
        if program.contains(' ') && !Path::new(program).exists() {
            let hint = "every argument is an item of its own: `argv: [kubectl, get, pods]`; for a shell, name it";
            let message = format!("`{program}` is one word to the system: there is no shell");
            self.problem(&format!("{pointer}/argv/0"), message, Some(hint));
        }
        Some(HookPlan::Exec(ExecHookPlan {
            argv: exec.argv.clone(),
            timeout_us: self.timeout(exec.timeout.map_or(EXEC_TIMEOUT_US_DEFAULT, us), pointer),
        }))
    }

    fn timeout(&mut self, timeout_us: i64, pointer: &str) -> i64 {
        if !(1..=TIMEOUT_US_MAX).contains(&timeout_us) {
            let hint = "above 0s, up to 1h";
            self.problem(
                &format!("{pointer}/timeout"),
                "a hook cannot take so long",
                Some(hint),
            );
        }
        timeout_us
    }

    fn expectation(
        &mut self,
        expect: Option<&ExpectDefinition>,
        entry: &DrillEntryPlan,
        traffic: &TrafficPlan,
        pointer: &str,
    ) -> Option<DrillExpectation> {
        let expect = expect?;
        let pointer = format!("{pointer}/expect");
        let of_slis = [
            ("seen_by", expect.seen_by.is_some()),
            ("within", expect.within.is_some()),
            ("recovers_within", expect.recovers_within.is_some()),
        ];
        let of_people = [("confirmed_within", expect.confirmed_within.is_some())];
        let is_announcement = matches!(entry.action, DrillAction::Announce(_));
        let (wanted, unwanted) = match is_announcement {
            true => (&of_people[..], &of_slis[..]),
            false => (&of_slis[..], &of_people[..]),
        };
        for (key, _) in unwanted.iter().filter(|(_, is_there)| *is_there) {
            let hint = match is_announcement {
                true => "an announcement is confirmed: `confirmed_within: 60s`",
                false => "only announcements are confirmed",
            };
            let message = format!("`{key}` means nothing here");
            self.problem(&format!("{pointer}/{key}"), message, Some(hint));
        }
        if !wanted.iter().any(|(_, is_there)| *is_there) {
            let hint = "write `seen_by: checkout_p95`, `within: 30s`, `recovers_within: 60s`, or for an \
                        announcement `confirmed_within: 60s`";
            self.problem(&pointer, "nothing is expected", Some(hint));
        }
        let ends_us = entry.until_us.unwrap_or(i64::MAX);
        if expect.recovers_within.is_some()
            && entry.lasts()
            && seconds(ends_us) >= traffic.curve.length_s()
        {
            let message = "it is not undone before the last shopper came, so nothing can recover";
            let hint = "give it a `for` that ends earlier";
            self.problem(&format!("{pointer}/recovers_within"), message, Some(hint));
        }
        Some(DrillExpectation {
            seen_by: expect.seen_by.clone(),
            within_us: expect.within.map(us),
            recovers_within_us: expect.recovers_within.map(us),
            confirmed_within_us: expect.confirmed_within.map(us),
        })
    }

    fn check_overlaps(&mut self, entries: &[DrillEntryPlan]) {
        for (at, later) in entries.iter().enumerate() {
            for earlier in &entries[..at] {
                if let Some((_, other)) = later.collides_with(earlier) {
                    let message = format!("`{other}` of `{}` is still on then", earlier.id);
                    let hint =
                        "the later of two such faults replaces the earlier; let one end first";
                    let pointer = format!("/drills/{}/fault", later.index);
                    self.problem(&pointer, message, Some(hint));
                }
            }
        }
    }
}

/// What the entry is called where the file has no title for it.
fn title(definition: &DrillEntryDefinition, entry: &DrillEntryPlan) -> String {
    if let Some(title) = &definition.title {
        return title.clone();
    }
    match &entry.action {
        DrillAction::Fault(fault) => format!("fault {fault}"),
        DrillAction::ChannelOff(_) => format!(
            "{} turned off",
            definition.channel_off.as_deref().unwrap_or_default()
        ),
        DrillAction::Marked { kind, what, .. } => match kind {
            MarkKind::Http | MarkKind::Exec => entry.id.clone(),
            MarkKind::ConfigPush => format!("config push {what}"),
            MarkKind::Deploy => format!("deploy {what}"),
            MarkKind::Freeze => format!("freeze {what}"),
        },
        DrillAction::Announce(what) => what.clone(),
    }
}
