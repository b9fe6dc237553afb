//! What the simulated shop can be asked for, and how fast and how large its answers usually are.
//!
//! In: nothing. Out: method, path template and profile of every endpoint. The pages are those of
//! the demo shop; the files and the stock call are what a shop front loads beside them.

/// One kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /`.
    Home,
    /// `GET /search?q=`.
    Search,
    /// `GET /product/{id}`.
    Product,
    /// `GET /cart`.
    Cart,
    /// `POST /cart`.
    CartAdd,
    /// `POST /checkout`.
    Checkout,
    /// `GET /api/stock/{id}`, called by the product page.
    Stock,
    /// `GET /static/app.….css`.
    Stylesheet,
    /// `GET /static/app.….js`.
    Script,
    /// `GET /static/inter.….woff2`.
    Font,
    /// `GET /static/p….webp`.
    Image,
    /// `GET /robots.txt`.
    Robots,
    /// `GET /wp-login.php`, which the shop does not have.
    WpLogin,
    /// `GET /.env`, which the shop does not have.
    DotEnv,
    /// A TLS handshake sent to the port for plain text.
    TlsHello,
    /// A connection on which nothing is asked.
    Silence,
}

/// How many endpoints there are.
pub const ENDPOINTS_COUNT: usize = 16;

/// Names and usual behaviour of an endpoint. Sizes and times are assumed, in the proportions of a
/// shop whose payment provider is its slowest part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Method in capitals; `-` where the request line is none.
    pub method: &'static str,
    /// Path with its variable parts in braces, as the reader of the log folds it.
    pub template: &'static str,
    /// Median latency of an idle shop, in ms.
    pub latency_median_ms: f64,
    /// Standard deviation of the logarithm of the latency.
    pub latency_spread: f64,
    /// How much of the latency grows with the load: 0 none, 1 all.
    pub load_share: f64,
    /// Median bytes of a successful answer.
    pub body_median_bytes: f64,
    /// Standard deviation of the logarithm of the bytes; 0 for a file of one size.
    pub body_spread: f64,
}

impl Endpoint {
    /// Every endpoint, in the order of the declaration.
    pub const ALL: [Self; ENDPOINTS_COUNT] = [
        Self::Home,
        Self::Search,
        Self::Product,
        Self::Cart,
        Self::CartAdd,
        Self::Checkout,
        Self::Stock,
        Self::Stylesheet,
        Self::Script,
        Self::Font,
        Self::Image,
        Self::Robots,
        Self::WpLogin,
        Self::DotEnv,
        Self::TlsHello,
        Self::Silence,
    ];

    /// Its position in [`Endpoint::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether the shop itself answers, rather than the web server in front of it.
    pub const fn is_dynamic(self) -> bool {
        match self {
            Self::Home
            | Self::Search
            | Self::Product
            | Self::Cart
            | Self::CartAdd
            | Self::Checkout
            | Self::Stock => true,
            Self::Stylesheet
            | Self::Script
            | Self::Font
            | Self::Image
            | Self::Robots
            | Self::WpLogin
            | Self::DotEnv
            | Self::TlsHello
            | Self::Silence => false,
        }
    }

    /// Whether it is a file that a browser keeps and asks for again.
    pub const fn is_file(self) -> bool {
        matches!(
            self,
            Self::Stylesheet | Self::Script | Self::Font | Self::Image
        )
    }

    /// Whether it is no HTTP request at all.
    pub const fn is_malformed(self) -> bool {
        matches!(self, Self::TlsHello | Self::Silence)
    }

    /// Its names and usual behaviour.
    pub const fn profile(self) -> Profile {
        match self {
            Self::Home => page("GET", "/", 45.0, 0.50).sized(14_000.0, 0.15),
            Self::Search => page("GET", "/search", 110.0, 0.60).sized(22_000.0, 0.25),
            Self::Product => page("GET", "/product/{id}", 65.0, 0.55).sized(18_000.0, 0.20),
            Self::Cart => page("GET", "/cart", 55.0, 0.50).sized(7_000.0, 0.30),
            Self::CartAdd => page("POST", "/cart", 85.0, 0.50).sized(7_200.0, 0.30),
            Self::Checkout => page("POST", "/checkout", 300.0, 0.45).sized(3_900.0, 0.10),
            Self::Stock => page("GET", "/api/stock/{id}", 14.0, 0.50).sized(74.0, 0.03),
            Self::Stylesheet => file("/static/{file}.css").sized(38_412.0, 0.0),
            Self::Script => file("/static/{file}.js").sized(184_907.0, 0.0),
            Self::Font => file("/static/{font}").sized(61_248.0, 0.0),
            Self::Image => file("/static/{image}").sized(24_000.0, 0.60),
            Self::Robots => file("/robots.txt").sized(112.0, 0.0),
            Self::WpLogin => file("/wp-login.php").sized(555.0, 0.0),
            Self::DotEnv => file("/.env").sized(555.0, 0.0),
            Self::TlsHello | Self::Silence => NO_REQUEST,
        }
    }
}

/// How the reader of the log names what is no request.
const NO_REQUEST: Profile = Profile {
    method: "-",
    template: "/{malformed}",
    ..file("")
};

const fn page(
    method: &'static str,
    template: &'static str,
    latency_median_ms: f64,
    latency_spread: f64,
) -> Profile {
    Profile {
        method,
        latency_median_ms,
        latency_spread,
        load_share: 0.5,
        ..file(template)
    }
}

/// What the web server answers by itself, in a millisecond or two.
const fn file(template: &'static str) -> Profile {
    Profile {
        method: "GET",
        template,
        latency_median_ms: 1.2,
        latency_spread: 0.80,
        load_share: 0.05,
        body_median_bytes: 0.0,
        body_spread: 0.0,
    }
}

impl Profile {
    const fn sized(self, body_median_bytes: f64, body_spread: f64) -> Self {
        Self {
            body_median_bytes,
            body_spread,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_stands_at_its_index() {
        for (index, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            assert_eq!(endpoint.index(), index);
        }
    }

    #[test]
    fn only_the_two_requests_that_are_none_share_their_names() {
        let mut names: Vec<_> = Endpoint::ALL
            .map(Endpoint::profile)
            .map(|profile| (profile.method, profile.template))
            .into();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ENDPOINTS_COUNT - 1);
    }
}
