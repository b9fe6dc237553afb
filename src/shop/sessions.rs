//! Shoppers and their carts, bounded in number and kept in memory only.
//!
//! In: session ids and what is put in a cart. Out: the cart lines. The map is cut into shards,
//! each with its own lock, so shoppers do not wait for each other. When a shard is full, the
//! shopper who has been away longest (by second chance, an approximation of LRU) is forgotten.

use super::catalogue::ProductId;
use super::stock::{CartLine, units};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most shoppers that are remembered.
pub const SESSIONS_COUNT_MAX: usize = 262_144;
/// The most different products in one cart.
pub const CART_LINES_COUNT_MAX: usize = 20;
/// The most units of one product in one cart.
pub const QUANTITY_MAX: u32 = 10;

const SHARDS_COUNT: usize = 64;

/// A shopper, as the `sid` cookie names them: 32 hex digits that cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(u128);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for SessionId {
    type Err = NotASession;

    fn from_str(text: &str) -> Result<Self, NotASession> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| digits);
        number.map(Self).ok_or(NotASession)
    }
}

/// The text is not a session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session id")]
pub struct NotASession;

/// Why something cannot be put in a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CartError {
    /// The cart has no room for one more product.
    #[error("the cart is full (hint: {CART_LINES_COUNT_MAX} products at most)")]
    TooManyLines,
    /// The cart has no room for as many units.
    #[error("too many units (hint: {QUANTITY_MAX} of a product at most)")]
    TooManyUnits,
}

/// Who came, and whether they must be told their id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// A shopper who is remembered.
    Known(SessionId),
    /// A new shopper, or one who was forgotten.
    New(SessionId),
}

impl Visit {
    /// The id, however it came about.
    #[must_use]
    pub const fn id(self) -> SessionId {
        match self {
            Self::Known(id) | Self::New(id) => id,
        }
    }
}

/// All shoppers.
#[derive(Debug)]
pub struct Sessions {
    shards: Vec<Mutex<Shard>>,
    shard_room: usize,
    issued: AtomicU64,
    /// Two keys from the system's randomness, each for one half of every id.
    secrets: [RandomState; 2],
}

impl Sessions {
    /// Nobody yet; room for `sessions`, rounded up to a multiple of 64.
    #[must_use]
    pub fn new(sessions: usize) -> Self {
        Self {
            shards: (0..SHARDS_COUNT).map(|_| Mutex::default()).collect(),
            shard_room: sessions.div_ceil(SHARDS_COUNT),
            issued: AtomicU64::new(0),
            secrets: [RandomState::new(), RandomState::new()],
        }
    }

    /// Greets a shopper. An id that was not issued here, or is forgotten, is not taken over.
    pub fn visit(&self, claimed: Option<SessionId>) -> Visit {
        if let Some(id) = claimed
            && self.shard(id).touch(id)
        {
            return Visit::Known(id);
        }
        let id = self.issue();
        self.shard(id).admit(id, self.shard_room);
        Visit::New(id)
    }

    /// The lines of a cart, in the order in which they were added.
    #[must_use]
    pub fn cart(&self, id: SessionId) -> Vec<CartLine> {
        self.shard(id)
            .sessions
            .get(&id)
            .map(|session| session.cart.clone())
            .unwrap_or_default()
    }

    /// Adds to a cart; units of the same product share a line.
    ///
    /// # Errors
    /// The limit of the cart that would be passed; the cart is then as before.
    pub fn add(&self, id: SessionId, line: CartLine) -> Result<(), CartError> {
        self.shard(id)
            .change_cart(id, |cart| add_line(cart, line))
            .unwrap_or(Ok(()))
    }

    /// Empties a cart and returns what was in it, so that only one checkout can pay for it.
    #[must_use]
    pub fn take_cart(&self, id: SessionId) -> Vec<CartLine> {
        self.shard(id)
            .change_cart(id, std::mem::take)
            .unwrap_or_default()
    }

    /// Puts back what was taken, before what was added since. Beyond the limits of a cart it is
    /// dropped.
    pub fn give_back(&self, id: SessionId, lines: Vec<CartLine>) {
        self.shard(id).change_cart(id, |cart| {
            let added = std::mem::replace(cart, lines);
            for line in added {
                let _ = add_line(cart, line);
            }
        });
    }

    /// How many shoppers are remembered.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| lock(shard).sessions.len())
            .sum()
    }

    /// How many units are in all carts together.
    #[must_use]
    pub fn units_in_carts(&self) -> u64 {
        self.shards.iter().map(|shard| lock(shard).units).sum()
    }

    /// The keyed hash of a counter: every id is new, and none tells another.
    fn issue(&self) -> SessionId {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let [high, low] = [0, 1].map(|half| u128::from(self.secrets[half].hash_one(number)));
        SessionId(high << 64 | low)
    }

    fn shard(&self, id: SessionId) -> MutexGuard<'_, Shard> {
        lock(&self.shards[(id.0 % SHARDS_COUNT as u128) as usize])
    }
}

#[derive(Debug, Default)]
struct Shard {
    sessions: HashMap<SessionId, Session>,
    /// Every session once; the front is the next to be asked whether it was seen.
    order: VecDeque<SessionId>,
    /// The units in the carts of this shard.
    units: u64,
}

#[derive(Debug, Default)]
struct Session {
    cart: Vec<CartLine>,
    /// Seen since it was last asked.
    seen: bool,
}

impl Shard {
    fn touch(&mut self, id: SessionId) -> bool {
        let session = self.sessions.get_mut(&id);
        session.map(|session| session.seen = true).is_some()
    }

    fn admit(&mut self, id: SessionId, room: usize) {
        while self.sessions.len() >= room && self.forget_one() {}
        self.sessions.insert(id, Session::default());
        self.order.push_back(id);
    }

    /// Forgets the first who was not seen since they were last asked. Ends within one round,
    /// because asking clears the mark.
    fn forget_one(&mut self) -> bool {
        while let Some(id) = self.order.pop_front() {
            match self.sessions.get_mut(&id) {
                Some(session) if session.seen => {
                    session.seen = false;
                    self.order.push_back(id);
                }
                _ => {
                    let forgotten = self.sessions.remove(&id);
                    self.units -= forgotten.map_or(0, |session| units(&session.cart));
                    return true;
                }
            }
        }
        false
    }

    /// `None` when the shopper is forgotten.
    fn change_cart<T>(
        &mut self,
        id: SessionId,
        change: impl FnOnce(&mut Vec<CartLine>) -> T,
    ) -> Option<T> {
        let cart = &mut self.sessions.get_mut(&id)?.cart;
        self.units -= units(cart);
        let answer = change(cart);
        self.units += units(cart);
        Some(answer)
    }
}

fn add_line(cart: &mut Vec<CartLine>, line: CartLine) -> Result<(), CartError> {
    let same = |product: ProductId| cart.iter().position(|other| other.product == product);
    match same(line.product) {
        Some(index) if cart[index].quantity + line.quantity > QUANTITY_MAX => {
            Err(CartError::TooManyUnits)
        }
        Some(index) => {
            cart[index].quantity += line.quantity;
            Ok(())
        }
        None if line.quantity > QUANTITY_MAX => Err(CartError::TooManyUnits),
        None if cart.len() >= CART_LINES_COUNT_MAX => Err(CartError::TooManyLines),
        None => {
            cart.push(line);
            Ok(())
        }
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn line(product: u32, quantity: u32) -> CartLine {
        CartLine {
            product: ProductId(product),
            quantity,
        }
    }

    #[test]
    fn ids_are_all_different_and_read_back() {
        let sessions = Sessions::new(SESSIONS_COUNT_MAX);
        let ids: HashSet<_> = (0..10_000).map(|_| sessions.visit(None).id()).collect();
        assert_eq!((ids.len(), sessions.count()), (10_000, 10_000));
        assert!(ids.iter().all(|id| id.to_string().parse() == Ok(*id)));
    }

    #[test]
    fn a_text_that_is_not_32_hex_digits_is_not_an_id() {
        for text in [
            "",
            "0",
            "+0000000000000000000000000000000",
            &"g".repeat(32),
            &"0".repeat(33),
        ] {
            assert_eq!(text.parse::<SessionId>(), Err(NotASession), "{text}");
        }
    }

    #[test]
    fn an_id_that_was_not_issued_here_is_replaced() {
        let sessions = Sessions::new(64);
        let foreign = SessionId(7);
        let Visit::New(own) = sessions.visit(Some(foreign)) else {
            panic!("the id was taken over");
        };
        assert_ne!(own, foreign);
        assert_eq!(sessions.visit(Some(own)), Visit::Known(own));
    }

    #[test]
    fn units_of_the_same_product_share_a_line_up_to_the_maximum() {
        let sessions = Sessions::new(64);
        let id = sessions.visit(None).id();
        assert_eq!(sessions.add(id, line(1, 4)), Ok(()));
        assert_eq!(sessions.add(id, line(2, 1)), Ok(()));
        assert_eq!(sessions.add(id, line(1, 6)), Ok(()));
        assert_eq!(sessions.add(id, line(1, 1)), Err(CartError::TooManyUnits));
        assert_eq!(sessions.add(id, line(3, 11)), Err(CartError::TooManyUnits));
        assert_eq!(sessions.cart(id), [line(1, 10), line(2, 1)]);
        assert_eq!(sessions.units_in_carts(), 11);
    }

    #[test]
    fn a_cart_holds_its_maximum_of_products_and_not_one_more() {
        let sessions = Sessions::new(64);
        let id = sessions.visit(None).id();
        for product in 1..=20 {
            assert_eq!(sessions.add(id, line(product, 1)), Ok(()));
        }
        assert_eq!(sessions.add(id, line(21, 1)), Err(CartError::TooManyLines));
        assert_eq!(sessions.cart(id).len(), CART_LINES_COUNT_MAX);
    }

    #[test]
    fn a_cart_can_be_taken_once_and_is_given_back_before_what_was_added_since() {
        let sessions = Sessions::new(64);
        let id = sessions.visit(None).id();
        sessions.add(id, line(1, 2)).expect("there is room");
        let taken = sessions.take_cart(id);
        assert_eq!(
            (taken.as_slice(), sessions.take_cart(id).len()),
            (&[line(1, 2)][..], 0)
        );
        sessions.add(id, line(2, 3)).expect("there is room");
        sessions.give_back(id, taken);
        assert_eq!(sessions.cart(id), [line(1, 2), line(2, 3)]);
        assert_eq!(sessions.units_in_carts(), 5);
    }

    #[test]
    fn a_full_shard_forgets_a_shopper_who_was_not_seen_again() {
        let mut shard = Shard::default();
        for id in 0..3 {
            shard.admit(SessionId(id), 3);
            shard.change_cart(SessionId(id), |cart| cart.push(line(1, 1)));
        }
        assert!(shard.touch(SessionId(0)));
        shard.admit(SessionId(3), 3);
        let left: Vec<_> = (0..4).filter(|id| shard.touch(SessionId(*id))).collect();
        assert_eq!((left, shard.units), (vec![0, 2, 3], 2));
        shard.admit(SessionId(4), 3);
        assert_eq!((shard.sessions.len(), shard.order.len()), (3, 3));
    }
}
