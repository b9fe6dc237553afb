//! Which page a shopper asks for after another.
//!
//! In: the page before and how much the shopper wants to buy. Out: the next page, or the end of the
//! visit. Probabilities are assumed so that 3 % of the visits of an ordinary day end in an order and
//! three of four carts are given up; <https://barilliance.com/black-friday-2017-stats> has 2.7 % and 77 %.

use super::endpoint::Endpoint;
use super::random::RandomStream;

/// Pages with their probability; the rest leaves.
type Choices = &'static [(Endpoint, f64)];

const FIRST: Choices = &[
    (Endpoint::Home, 0.42),
    (Endpoint::Product, 0.38),
    (Endpoint::Search, 0.20),
];
const AFTER_HOME: Choices = &[
    (Endpoint::Search, 0.44),
    (Endpoint::Product, 0.28),
    (Endpoint::Home, 0.03),
];
const AFTER_SEARCH: Choices = &[(Endpoint::Product, 0.60), (Endpoint::Search, 0.20)];
const AFTER_PRODUCT: Choices = &[
    (Endpoint::CartAdd, 0.085),
    (Endpoint::Product, 0.29),
    (Endpoint::Search, 0.17),
    (Endpoint::Home, 0.03),
];
const AFTER_CART_ADD: Choices = &[
    (Endpoint::Cart, 0.50),
    (Endpoint::Product, 0.22),
    (Endpoint::Search, 0.08),
];
const AFTER_CART: Choices = &[(Endpoint::Checkout, 0.45), (Endpoint::Product, 0.15)];
const AFTER_CHECKOUT: Choices = &[(Endpoint::Home, 0.08)];

/// The first page of a visit; never a cart.
pub fn first_page(random: &mut RandomStream) -> Endpoint {
    choose(FIRST, 1.0, random).unwrap_or(Endpoint::Home)
}

/// The page after a page that was shown; `None` ends the visit. `intent` multiplies the chances of
/// putting into the cart and of checking out; 1 on an ordinary day, 1.5 at most.
pub fn next_page(shown: Endpoint, intent: f64, random: &mut RandomStream) -> Option<Endpoint> {
    choose(choices_after(shown), intent, random)
}

fn choices_after(shown: Endpoint) -> Choices {
    match shown {
        Endpoint::Home => AFTER_HOME,
        Endpoint::Search => AFTER_SEARCH,
        Endpoint::Product => AFTER_PRODUCT,
        Endpoint::CartAdd => AFTER_CART_ADD,
        Endpoint::Cart => AFTER_CART,
        Endpoint::Checkout => AFTER_CHECKOUT,
        Endpoint::Stock
        | Endpoint::Stylesheet
        | Endpoint::Script
        | Endpoint::Font
        | Endpoint::Image
        | Endpoint::Robots
        | Endpoint::WpLogin
        | Endpoint::DotEnv
        | Endpoint::TlsHello
        | Endpoint::Silence => &[],
    }
}

fn choose(choices: Choices, intent: f64, random: &mut RandomStream) -> Option<Endpoint> {
    let mut point = random.unit();
    for (endpoint, probability) in choices {
        point -= match endpoint {
            Endpoint::CartAdd | Endpoint::Checkout => probability * intent,
            _ => *probability,
        };
        if point < 0.0 {
            return Some(*endpoint);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::random::Purpose;

    #[test]
    fn choices_never_exceed_certainty_even_on_black_friday() {
        for shown in Endpoint::ALL {
            let sum: f64 = choices_after(shown)
                .iter()
                .map(|(endpoint, probability)| match endpoint {
                    Endpoint::CartAdd | Endpoint::Checkout => probability * 1.5,
                    _ => *probability,
                })
                .sum();
            assert!(sum < 1.0, "{shown:?}: {sum}");
        }
    }

    #[test]
    fn three_of_a_hundred_visits_reach_the_checkout_and_more_with_intent() {
        let mut random = RandomStream::new(11, Purpose::Behaviour);
        for (intent, share) in [(1.0, 0.025..0.036), (1.25, 0.040..0.060)] {
            let visits = 100_000;
            let orders = (0..visits)
                .filter(|_| reaches_checkout(intent, &mut random))
                .count();
            let found = f64::from(u32::try_from(orders).unwrap()) / f64::from(visits);
            assert!(share.contains(&found), "intent {intent}: {found}");
        }
    }

    fn reaches_checkout(intent: f64, random: &mut RandomStream) -> bool {
        let mut shown = first_page(random);
        loop {
            match next_page(shown, intent, random) {
                Some(Endpoint::Checkout) => return true,
                Some(next) => shown = next,
                None => return false,
            }
        }
    }
}
