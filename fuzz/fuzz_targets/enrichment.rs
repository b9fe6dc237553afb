//! Any bytes as what a line says about its sender: user agent, referrer, cookie, session, query and
//! host, each on a line of its own.
#![no_main]

use std::sync::LazyLock;

use firedrill_fuzz::enrichment::{
    Agents, CHANNEL_BYTES_MAX, Channels, ClientClass, KEPT_BYTES_MAX, KeptQuery, ShopperKeys,
    client_of, own_site,
};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<ShopperKeys> =
    LazyLock::new(|| ShopperKeys::new(&[7; 32], vec!["basket".to_owned(), "shop*".to_owned()]));
static KEPT: LazyLock<KeptQuery> =
    LazyLock::new(|| KeptQuery::new(vec!["page".to_owned(), "sort".to_owned()]));

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (agent, referrer, cookie, session) = (next(), next(), next(), next());
    let (query, host) = (
        String::from_utf8_lossy(next()),
        String::from_utf8_lossy(next()),
    );
    check_agent(agent);
    check_channel(&query, referrer, &host);
    check_kept(&query);
    check_shopper(agent, cookie, session);
    if let Some(site) = own_site(bytes.split(|byte| *byte == b'\n')) {
        assert!(!site.is_empty());
    }
});

fn check_agent(agent: &[u8]) {
    let client = client_of(agent);
    assert_eq!(client.class == ClientClass::Human, client.name.is_none());
    assert!(client.name.as_deref().is_none_or(|name| !name.is_empty()));
    let mut agents = Agents::default();
    for _ in 0..2 {
        let known = agents.agent(agent, &KEYS);
        assert_eq!(known.client, client);
        assert_eq!(known.hash, KEYS.agent_hash(agent));
    }
}

fn check_channel(query: &str, referrer: &[u8], host: &str) {
    let mut channels = Channels::new(vec!["shop.example".to_owned(), host.to_owned()]);
    let channel = channels.channel(query, referrer, host).cloned();
    assert_eq!(channels.channel(query, referrer, host), channel.as_ref());
    if let Some(channel) = channel {
        assert!(
            !channel.is_empty() && channel.len() <= CHANNEL_BYTES_MAX,
            "{channel:?}"
        );
        let is_clean = |letter: char| !letter.is_control() && !letter.is_whitespace();
        assert!(channel.chars().all(is_clean), "{channel:?}");
    }
}

fn check_kept(query: &str) {
    let Some(kept) = KEPT.kept(query) else {
        return;
    };
    assert!(!kept.is_empty() && kept.len() <= KEPT_BYTES_MAX, "{kept:?}");
    assert!(kept.bytes().all(|byte| byte.is_ascii_graphic()), "{kept:?}");
    for parameter in kept.split('&') {
        let name = parameter.split('=').next().unwrap_or_default();
        assert!(matches!(name, "page" | "sort"), "{kept:?}");
    }
    assert_eq!(KEPT.kept(&kept).as_deref(), Some(&*kept));
}

fn check_shopper(agent: &[u8], cookie: &[u8], session: &[u8]) {
    let agent_hash = KEYS.agent_hash(agent);
    let by_address = KEYS.shopper(b"203.0.113.9", agent_hash, cookie, session);
    assert!(by_address.is_some());
    let without_address = KEYS.shopper(b"-", agent_hash, cookie, session);
    assert!(without_address.is_none() || without_address == by_address);
    let is_session = !matches!(session, b"" | b"-");
    assert!(!is_session || without_address.is_some());
    assert_eq!(KEYS.row_key(session).is_some(), is_session);
}
