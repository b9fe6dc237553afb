//! Units on the shelf, units held for a payment, units sold; none is ever lost.
//!
//! In: the lines of a cart. Out: a [`Hold`], which is either sold or, however it ends, given
//! back. Carts reserve nothing: the hold is taken when a checkout starts to pay.

use super::catalogue::ProductId;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Some units of one product, in a cart or in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartLine {
    /// What.
    pub product: ProductId,
    /// How many units.
    pub quantity: u32,
}

/// The stock of every product.
#[derive(Debug)]
pub struct Stock {
    /// Units free to be sold, by product id minus 1. Read by anyone, written under `ledger`.
    free: Vec<AtomicU32>,
    initial: u64,
    ledger: Mutex<Ledger>,
}

/// The stock at one instant: `initial == left + in_orders`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockCounts {
    /// Units at the start.
    pub initial: u64,
    /// Units that are not sold; those held for a payment are among them.
    pub left: u64,
    /// Units held for payments under way.
    pub held: u64,
    /// Units sold.
    pub in_orders: u64,
    /// Orders placed.
    pub orders: u64,
}

/// A product that has fewer units left than a cart asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is out of stock", .0.name())]
pub struct OutOfStock(pub ProductId);

/// The number of an order, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNumber(pub u64);

#[derive(Debug, Default)]
struct Ledger {
    held: u64,
    in_orders: u64,
    orders: u64,
}

impl Stock {
    /// `units` of each of `products` products.
    #[must_use]
    pub fn new(products: u32, units: u32) -> Self {
        Self {
            free: (0..products).map(|_| AtomicU32::new(units)).collect(),
            initial: u64::from(products) * u64::from(units),
            ledger: Mutex::default(),
        }
    }

    /// How many products there are; their ids are `1..=products`.
    #[must_use]
    pub fn products(&self) -> u32 {
        u32::try_from(self.free.len()).unwrap_or(u32::MAX)
    }

    /// Units of a product that are free to be sold; `None` when there is no such product.
    #[must_use]
    pub fn free(&self, product: ProductId) -> Option<u32> {
        Some(self.shelf(product)?.load(Ordering::Relaxed))
    }

    /// Holds every line, or nothing. A product must not occur in two lines.
    ///
    /// # Errors
    /// The first product of which too few units are free.
    pub fn hold(self: &Arc<Self>, lines: &[CartLine]) -> Result<Hold, OutOfStock> {
        let mut ledger = self.ledger();
        for line in lines {
            if self
                .free(line.product)
                .is_none_or(|free| free < line.quantity)
            {
                return Err(OutOfStock(line.product));
            }
        }
        self.move_units(lines, |shelf, quantity| {
            shelf.fetch_sub(quantity, Ordering::Relaxed)
        });
        ledger.held += units(lines);
        Ok(Hold {
            stock: Arc::clone(self),
            lines: lines.to_vec(),
        })
    }

    /// The stock at this instant. The units left are counted shelf by shelf, not inferred.
    #[must_use]
    pub fn counts(&self) -> StockCounts {
        let ledger = self.ledger();
        let free: u64 = self
            .free
            .iter()
            .map(|free| u64::from(free.load(Ordering::Relaxed)))
            .sum();
        StockCounts {
            initial: self.initial,
            left: free + ledger.held,
            held: ledger.held,
            in_orders: ledger.in_orders,
            orders: ledger.orders,
        }
    }

    fn shelf(&self, product: ProductId) -> Option<&AtomicU32> {
        self.free.get(product.0.checked_sub(1)? as usize)
    }

    fn move_units(&self, lines: &[CartLine], change: impl Fn(&AtomicU32, u32) -> u32) {
        for line in lines {
            if let Some(shelf) = self.shelf(line.product) {
                change(shelf, line.quantity);
            }
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Units set aside for one payment; dropping it gives them back.
#[derive(Debug)]
#[must_use = "dropping a hold gives the units back"]
pub struct Hold {
    stock: Arc<Stock>,
    lines: Vec<CartLine>,
}

impl Hold {
    /// Turns the hold into an order.
    pub fn sell(mut self) -> OrderNumber {
        let lines = std::mem::take(&mut self.lines);
        let mut ledger = self.stock.ledger();
        ledger.held -= units(&lines);
        ledger.in_orders += units(&lines);
        ledger.orders += 1;
        OrderNumber(ledger.orders)
    }
}

impl Drop for Hold {
    /// A hold that was sold has no lines any more.
    fn drop(&mut self) {
        let mut ledger = self.stock.ledger();
        self.stock.move_units(&self.lines, |shelf, quantity| {
            shelf.fetch_add(quantity, Ordering::Relaxed)
        });
        ledger.held -= units(&self.lines);
    }
}

/// The units of all lines together.
#[must_use]
pub fn units(lines: &[CartLine]) -> u64 {
    lines.iter().map(|line| u64::from(line.quantity)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(product: u32, quantity: u32) -> CartLine {
        CartLine {
            product: ProductId(product),
            quantity,
        }
    }

    #[test]
    fn a_sold_hold_becomes_an_order_and_a_dropped_one_is_given_back() {
        let stock = Arc::new(Stock::new(2, 10));
        let sold = stock
            .hold(&[line(1, 3), line(2, 1)])
            .expect("there is enough");
        let dropped = stock.hold(&[line(1, 7)]).expect("there is enough");
        assert_eq!(stock.free(ProductId(1)), Some(0));
        let counts = stock.counts();
        assert_eq!((counts.left, counts.held, counts.in_orders), (20, 11, 0));
        assert_eq!(sold.sell(), OrderNumber(1));
        drop(dropped);
        let counts = stock.counts();
        assert_eq!(
            (counts.left, counts.held, counts.in_orders, counts.orders),
            (16, 0, 4, 1)
        );
        assert_eq!(stock.free(ProductId(1)), Some(7));
    }

    #[test]
    fn a_cart_with_one_line_too_many_holds_nothing() {
        let stock = Arc::new(Stock::new(2, 10));
        assert_eq!(
            stock.hold(&[line(1, 10), line(2, 11)]).err(),
            Some(OutOfStock(ProductId(2)))
        );
        assert_eq!(stock.free(ProductId(1)), Some(10));
        assert_eq!(stock.counts().held, 0);
    }

    #[test]
    fn a_product_that_does_not_exist_has_no_stock() {
        let stock = Arc::new(Stock::new(2, 10));
        assert_eq!(
            [0, 1, 2, 3].map(|id| stock.free(ProductId(id)).is_some()),
            [false, true, true, false]
        );
        assert!(stock.hold(&[line(3, 1)]).is_err());
    }

    #[test]
    fn stock_adds_up_at_every_instant_while_threads_sell_and_give_back() {
        let stock = Arc::new(Stock::new(3, 50));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let stock = &stock;
                scope.spawn(move || {
                    for round in 0..200 {
                        let lines = [line(1 + (thread + round) % 3, 1 + round % 2)];
                        if let Ok(hold) = stock.hold(&lines)
                            && round % 3 == 0
                        {
                            hold.sell();
                        }
                        let counts = stock.counts();
                        assert_eq!(counts.initial, counts.left + counts.in_orders);
                    }
                });
            }
        });
        assert_eq!(stock.counts().held, 0);
    }
}
