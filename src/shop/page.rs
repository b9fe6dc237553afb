//! The pages a shopper can ask for, and the path template that names each of them.
//!
//! In: nothing. Out: [`Page`], the key by which service times and faults are looked up. It never
//! knows what a page says or how long it takes.

/// One kind of request that a shopper makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
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
}

impl Page {
    /// Every page, in the order of a shopper's journey.
    pub const ALL: [Self; 6] = [
        Self::Home,
        Self::Search,
        Self::Product,
        Self::Cart,
        Self::CartAdd,
        Self::Checkout,
    ];

    /// The path with its variable parts in braces; both cart pages share `/cart`.
    #[must_use]
    pub const fn template(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Search => "/search",
            Self::Product => "/product/{id}",
            Self::Cart | Self::CartAdd => "/cart",
            Self::Checkout => "/checkout",
        }
    }
}
