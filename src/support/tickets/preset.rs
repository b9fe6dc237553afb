//! The headings of the exports of well-known ticket systems.
//!
//! In: a header. Out: whose export it is, and which column is what. Headings are compared without
//! regard to case and `_`, without the kind that Zendesk puts behind its own fields (`Order ID [txt]`),
//! the words that Jira puts around them (`Custom field (Order ID)`), and the zone that Intercom names
//! (`Conversation started at (Europe/Berlin)`).

use super::columns::TicketColumn;

/// Whose export it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Reports → Export → CSV of Zendesk Support.
    Zendesk,
    /// A report on conversations of Intercom, as CSV.
    Intercom,
    /// Tickets → Export of Freshdesk.
    Freshdesk,
    /// Export → CSV of Jira and Jira Service Management.
    Jira,
    /// Plain words: `created_at`, `ticket_id`, `reason`, `order_id`, `user_id`, `session_id`, `channel`.
    Plain,
}

impl Preset {
    /// All, the most telling first.
    pub const ALL: [Self; 5] = [
        Self::Zendesk,
        Self::Intercom,
        Self::Freshdesk,
        Self::Jira,
        Self::Plain,
    ];

    /// As `--preset` and mapping files write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zendesk => "zendesk",
            Self::Intercom => "intercom",
            Self::Freshdesk => "freshdesk",
            Self::Jira => "jira",
            Self::Plain => "plain",
        }
    }

    /// The first whose own headings are all there; else the plain one.
    pub(super) fn of_header(header: &[String]) -> Self {
        let names: Vec<String> = header.iter().map(|heading| normal(heading).name).collect();
        let has = |name: &&str| names.iter().any(|found| found == name);
        let is_telling = |preset: &Self| preset.signatures().iter().any(|all| all.iter().all(has));
        Self::ALL
            .into_iter()
            .find(is_telling)
            .unwrap_or(Self::Plain)
    }

    /// Whether the ticket's id is always a number.
    pub(super) fn is_id_number(self) -> bool {
        match self {
            Self::Zendesk | Self::Intercom | Self::Freshdesk => true,
            Self::Jira | Self::Plain => false,
        }
    }

    /// Where the column stands, if it is there; the most telling heading first.
    pub(super) fn place(self, header: &[String], column: TicketColumn) -> Option<usize> {
        let names: Vec<String> = header.iter().map(|heading| normal(heading).name).collect();
        let place = |wanted: &&str| names.iter().position(|found| found == wanted);
        self.headings(column).iter().find_map(place)
    }

    /// Sets of headings of which one tells the preset.
    fn signatures(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Zendesk => &[
                &["created at", "requester id"],
                &["created at", "requester", "ticket type"],
                &["created at", "summation column"],
            ],
            Self::Intercom => &[
                &["conversation id", "conversation started at"],
                &["conversation id", "conversation created at"],
            ],
            Self::Freshdesk => &[&["ticket id", "created time"]],
            Self::Jira => &[&["issue key", "created"]],
            Self::Plain => &[],
        }
    }

    fn headings(self, column: TicketColumn) -> &'static [&'static str] {
        match column {
            TicketColumn::Created => self.created(),
            TicketColumn::Id => self.id(),
            TicketColumn::Reason => self.reason(),
            TicketColumn::Order => &[
                "order id",
                "order number",
                "order no",
                "order no.",
                "order #",
                "order",
                "order reference",
            ],
            TicketColumn::User => self.user(),
            TicketColumn::Session => &["session id", "session", "sid", "web session"],
            TicketColumn::Channel => self.channel(),
        }
    }

    fn created(self) -> &'static [&'static str] {
        match self {
            Self::Zendesk => &["created at"],
            Self::Intercom => &["conversation started at", "conversation created at"],
            Self::Freshdesk => &["created time"],
            Self::Jira => &["created"],
            Self::Plain => &[
                "created at",
                "created",
                "created time",
                "opened at",
                "contacted at",
            ],
        }
    }

    fn id(self) -> &'static [&'static str] {
        match self {
            Self::Zendesk => &["id", "ticket id"],
            Self::Intercom => &["conversation id"],
            Self::Freshdesk => &["ticket id"],
            Self::Jira => &["issue key"],
            Self::Plain => &["ticket id", "id"],
        }
    }

    fn reason(self) -> &'static [&'static str] {
        match self {
            Self::Zendesk => &[
                "contact reason",
                "reason",
                "ticket category",
                "category",
                "ticket type",
            ],
            Self::Intercom => &[
                "contact reason",
                "reason",
                "topics",
                "conversation topics",
                "conversation tags",
            ],
            Self::Freshdesk => &["contact reason", "reason", "type"],
            Self::Jira => &[
                "contact reason",
                "reason",
                "request type",
                "customer request type",
                "issue type",
            ],
            Self::Plain => &["reason", "contact reason", "category", "topic"],
        }
    }

    fn user(self) -> &'static [&'static str] {
        match self {
            Self::Zendesk => &["requester external id", "requester id"],
            Self::Intercom => &["user external id", "user id", "external id", "user email"],
            Self::Freshdesk => &[
                "unique external id",
                "contact id",
                "requester email",
                "email",
            ],
            Self::Jira => &["customer id", "reporter id", "reporter"],
            Self::Plain => &["user id", "customer id", "shopper id"],
        }
    }

    fn channel(self) -> &'static [&'static str] {
        match self {
            Self::Zendesk => &["via", "channel"],
            Self::Intercom => &["channel", "conversation channel", "conversation source"],
            Self::Freshdesk => &["source", "channel"],
            Self::Jira => &["channel", "request channel type"],
            Self::Plain => &["channel", "source", "via"],
        }
    }
}

/// A heading without what systems put around it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) name: String,
    pub(super) zone: Option<String>,
}

/// The heading, and the zone that it names in parentheses.
pub(super) fn normal(heading: &str) -> Heading {
    const KINDS: [&str; 8] = ["txt", "list", "int", "dec", "flg", "date", "drop", "multi"];
    let mut name = heading.trim();
    let mut zone = None;
    if let Some(inside) = strip_prefix_ignoring_case(name, "custom field (")
        && let Some(inside) = inside.strip_suffix(')')
    {
        name = inside.trim();
    } else if let Some((before, inside)) = name
        .strip_suffix(')')
        .and_then(|name| name.rsplit_once('('))
    {
        // Areas of the time zone database, and `UTC`; other words in parentheses are part of the name.
        if inside.contains('/') || inside.eq_ignore_ascii_case("utc") {
            zone = Some(inside.trim().to_owned());
            name = before.trim();
        }
    }
    if let Some((before, kind)) = name
        .strip_suffix(']')
        .and_then(|name| name.rsplit_once('['))
        && KINDS.contains(&kind.trim())
    {
        name = before.trim();
    }
    let name = name.to_lowercase().replace('_', " ");
    Heading {
        name: name.split_whitespace().collect::<Vec<_>>().join(" "),
        zone,
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZENDESK: &str = "Summation column|Id|Requester|Requester id|Requester external id|Requester email|Subject|Tags|Status|Via|Ticket type|Created at|Updated at|Ticket Category [list]|Order ID [txt]";
    const INTERCOM: &str = "Conversation ID|Conversation started at (Europe/Berlin)|Started by|Conversation source|Title|User email|Current conversation state";
    const FRESHDESK: &str = "Ticket ID|Subject|Status|Priority|Source|Type|Agent|Created time|Due by Time|Contact ID|Order number";
    const JIRA: &str = "Summary|Issue key|Issue id|Issue Type|Status|Reporter|Reporter Id|Created|Labels|Labels|Custom field (Order ID)|Custom field (Request Type)|Comment|Comment";
    const PLAIN: &str = "ticket_id|created_at|reason|order_id|session_id|channel";

    #[test]
    fn the_header_tells_whose_export_it_is_and_which_column_is_what() {
        use TicketColumn::{Channel, Created, Id, Order, Reason, Session, User};
        for (preset, header, places) in [
            (
                Preset::Zendesk,
                ZENDESK,
                [
                    Some(11),
                    Some(1),
                    Some(13),
                    Some(14),
                    Some(4),
                    None,
                    Some(9),
                ],
            ),
            (
                Preset::Intercom,
                INTERCOM,
                [Some(1), Some(0), None, None, Some(5), None, Some(3)],
            ),
            (
                Preset::Freshdesk,
                FRESHDESK,
                [Some(7), Some(0), Some(5), Some(10), Some(9), None, Some(4)],
            ),
            (
                Preset::Jira,
                JIRA,
                [Some(7), Some(1), Some(11), Some(10), Some(6), None, None],
            ),
            (
                Preset::Plain,
                PLAIN,
                [Some(1), Some(0), Some(2), Some(3), None, Some(4), Some(5)],
            ),
        ] {
            let header: Vec<String> = header.split('|').map(str::to_owned).collect();
            assert_eq!(Preset::of_header(&header), preset);
            let columns = [Created, Id, Reason, Order, User, Session, Channel];
            let found = columns.map(|column| preset.place(&header, column));
            assert_eq!(found, places, "{}", preset.name());
        }
    }

    #[test]
    fn a_heading_loses_what_systems_put_around_it() {
        for (heading, name, zone) in [
            (" Created_At ", "created at", None),
            ("Order ID [txt]", "order id", None),
            ("Custom field (Order ID)", "order id", None),
            (
                "Conversation started at (America/Argentina/Buenos_Aires)",
                "conversation started at",
                Some("America/Argentina/Buenos_Aires"),
            ),
            ("Created (UTC)", "created", Some("UTC")),
            (
                "First response time (in hrs)",
                "first response time (in hrs)",
                None,
            ),
            ("Notes [draft]", "notes [draft]", None),
        ] {
            let expected = Heading {
                name: name.to_owned(),
                zone: zone.map(str::to_owned),
            };
            assert_eq!(normal(heading), expected);
        }
    }
}
