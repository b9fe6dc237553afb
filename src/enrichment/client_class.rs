//! Who sent a request, by its user agent: a person, a bot with its name, or a monitor.
//!
//! In: user agents. Out: a class, and the name of what is no person. Whoever leaves bots out of an SLI relies on it, so a wrong
//! `bot` hides real shoppers: only what is on a list is a bot, and an empty user agent is a person
//! (apps send none, and many logs have no such column). The lists are in `agent_list`.

use std::sync::Arc;

use super::agent_list::AgentList;

/// Bytes of a user agent that are looked at.
const AGENT_BYTES_MAX: usize = 512;

/// Who sent a request. Stored as text, see [`ClientClass::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClientClass {
    /// A person, or whatever is on no list.
    Human,
    /// A crawler, scraper, previewer or plain HTTP library.
    Bot,
    /// A health check or uptime monitor.
    Monitor,
}

impl ClientClass {
    /// Every class, persons first.
    pub const ALL: [Self; 3] = [Self::Human, Self::Bot, Self::Monitor];

    /// The name that is stored: `human`, `bot` or `monitor`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Bot => "bot",
            Self::Monitor => "monitor",
        }
    }

    /// The class that is stored as `name`, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

/// What a user agent says about its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Person, bot or monitor.
    pub class: ClientClass,
    /// Name of the bot or monitor, e.g. `Googlebot`; None for persons.
    pub name: Option<Arc<str>>,
}

/// Who sent a request with this user agent. The first 512 bytes count. Takes about a microsecond:
/// callers remember the answer.
///
/// ```
/// use firedrill::enrichment::{ClientClass, client_of};
/// let client = client_of(b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)");
/// assert_eq!(client.class, ClientClass::Bot);
/// assert_eq!(client.name.as_deref(), Some("Googlebot"));
/// assert_eq!(client_of(b"").class, ClientClass::Human);
/// ```
#[must_use]
pub fn client_of(user_agent: &[u8]) -> Client {
    let agent = &user_agent[..user_agent.len().min(AGENT_BYTES_MAX)];
    match AgentList::get().find(agent) {
        // A text of its own for each thread: a shared one would be a shared counter.
        Some(entry) => Client {
            class: entry.class,
            name: Some(entry.name.as_str().into()),
        },
        None => Client {
            class: ClientClass::Human,
            name: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn class_and_name(agent: &str) -> (ClientClass, String) {
        let client = client_of(agent.as_bytes());
        (
            client.class,
            client.name.as_deref().unwrap_or("").to_owned(),
        )
    }

    #[test]
    fn bots_and_monitors_have_their_names() {
        for (agent, class, name) in [
            (
                "Mozilla/5.0 (compatible; bingbot/2.0)",
                ClientClass::Bot,
                "bingbot",
            ),
            ("Googlebot-Image/1.0", ClientClass::Bot, "Googlebot-Image"),
            (
                "Mozilla/5.0 (compatible; AhrefsBot/6.1)",
                ClientClass::Bot,
                "AhrefsBot",
            ),
            ("curl/8.5.0", ClientClass::Bot, "curl"),
            ("Wget/1.21", ClientClass::Bot, "wget"),
            ("python-requests/2.31", ClientClass::Bot, "python-requests"),
            ("php sentry/1.0", ClientClass::Bot, "sentry"),
            (
                "AdsBot-Google (+http://www.google.com/adsbot.html)",
                ClientClass::Bot,
                "AdsBot-Google",
            ),
            ("Sogou web spider/4.0", ClientClass::Bot, "Sogou web spider"),
            ("Sistrix crawler", ClientClass::Human, ""),
            (
                "ELB-HealthChecker/2.0",
                ClientClass::Monitor,
                "ELB-HealthChecker",
            ),
            ("kube-probe/1.29", ClientClass::Monitor, "kube-probe"),
            ("GoogleHC/1.0", ClientClass::Monitor, "GoogleHC"),
            (
                "Pingdom.com_bot_version_1.4",
                ClientClass::Monitor,
                "Pingdom",
            ),
            (
                "Amazon-Route53-Health-Check-Service (ref 1)",
                ClientClass::Monitor,
                "Route 53",
            ),
            (
                "check_http/v2.3 (monitoring-plugins 2.3)",
                ClientClass::Monitor,
                "check_http",
            ),
        ] {
            assert_eq!(class_and_name(agent), (class, name.to_owned()), "{agent}");
        }
    }

    #[test]
    fn whoever_is_on_no_list_is_a_person() {
        for agent in [
            "",
            "-",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 10; CUBOT X19) AppleWebKit/537.36 Chrome/119.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 13; wv) Chrome/119.0.0.0 Mobile Safari/537.36 MetaIAB Facebook",
            "Mozilla/5.0 (Linux; Android 9) SogouMSE,SogouMobileBrowser/5.22",
            "Mozilla/5.0 (iPhone) Mobile/15E148 [FBAN/FBIOS;FBAV/440.0;FBDV/iPhone14,5]",
            "SAMSUNG-GT-I9008/I9008XXJE1",
            "okhttp/4.12.0",
            "Amazon CloudFront",
            "ShopExample/7.1 CFNetwork/1410 Darwin/22.6.0",
        ] {
            assert_eq!(
                class_and_name(agent),
                (ClientClass::Human, String::new()),
                "{agent}"
            );
        }
    }

    #[test]
    fn only_the_first_bytes_of_a_long_user_agent_count() {
        let at = |index: usize| format!("{} Googlebot/2.1", "x".repeat(index));
        assert_eq!(
            class_and_name(&at(AGENT_BYTES_MAX - 11)).0,
            ClientClass::Bot
        );
        assert_eq!(
            class_and_name(&at(AGENT_BYTES_MAX - 10)).0,
            ClientClass::Human
        );
    }

    #[test]
    fn class_names_are_read_as_they_are_written() {
        for class in ClientClass::ALL {
            assert_eq!(ClientClass::from_name(class.as_str()), Some(class));
        }
        assert_eq!(ClientClass::from_name("robot"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_have_the_same_class_the_second_time(
            agent in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            let first = client_of(&agent);
            prop_assert_eq!(client_of(&agent), first.clone());
            prop_assert_eq!(first.name.is_none(), first.class == ClientClass::Human);
        }
    }
}
