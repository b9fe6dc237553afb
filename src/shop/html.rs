//! What the pages say: small, real HTML that a person can click through.
//!
//! In: what is to be shown. Out: the whole document, at most 2 KB. Everything that came from a
//! shopper is escaped here and nowhere else.

use super::catalogue::{Cents, ProductId};
use super::service::Order;
use super::stock::CartLine;
use std::fmt::{self, Write};

/// The longest search text that is shown and searched for.
pub const SEARCH_CHARS_MAX: usize = 100;

/// `GET /`: links to the first products.
#[must_use]
pub fn home(products: u32) -> String {
    let mut body = String::from("<p>Today's offers:</p><ul>");
    for id in 1..=products.min(5) {
        product_item(&mut body, ProductId(id));
    }
    document("Welcome", &(body + "</ul>"))
}

/// `GET /search`: what was searched for, and the hits.
#[must_use]
pub fn search(text: &str, hits: &[ProductId]) -> String {
    let mut body = format!("<p>{} hits for “{}”</p><ul>", hits.len(), Escaped(text));
    for hit in hits {
        product_item(&mut body, *hit);
    }
    document("Search", &(body + "</ul>"))
}

/// `GET /product/{id}`: price, stock and the form that adds it to the cart.
#[must_use]
pub fn product(product: ProductId, free_units: u32) -> String {
    let body = format!(
        "<p>Price {}; {} in stock.</p>\
         <form method=\"post\" action=\"/cart\">\
         <input type=\"hidden\" name=\"product\" value=\"{}\">\
         <input type=\"number\" name=\"quantity\" value=\"1\" min=\"1\" max=\"10\">\
         <button>Add to cart</button></form>",
        product.price(),
        free_units,
        product.0
    );
    document(&product.name(), &body)
}

/// `GET /cart` and `POST /cart`: the lines, the total and the button that pays.
#[must_use]
pub fn cart(lines: &[CartLine]) -> String {
    if lines.is_empty() {
        return document("Cart", "<p>Your cart is empty.</p>");
    }
    let mut body = String::from("<ul>");
    for CartLine { product, quantity } in lines {
        let (name, price) = (product.name(), product.price());
        infallible(write!(body, "<li>{quantity} × {name} at {price}</li>"));
    }
    let form = "<form method=\"post\" action=\"/checkout\"><button>Pay</button></form>";
    infallible(write!(body, "</ul><p>Total {}</p>{form}", total(lines)));
    document("Cart", &body)
}

/// `POST /checkout`: the receipt.
#[must_use]
pub fn order(order: &Order) -> String {
    let Order {
        number,
        units,
        total,
    } = order;
    let body = format!(
        "<p>Order {} is paid: {units} units, {total} in total.</p>",
        number.0
    );
    document("Thank you", &body)
}

/// The price of all lines together.
#[must_use]
pub fn total(lines: &[CartLine]) -> Cents {
    let price = |line: &CartLine| line.product.price().0 * u64::from(line.quantity);
    Cents(lines.iter().map(price).sum())
}

/// `title` must need no escaping.
fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} – \
         demo shop</title></head><body><nav><a href=\"/\">Home</a> <a href=\"/cart\">Cart</a> \
         <form action=\"/search\"><input name=\"q\"><button>Search</button></form></nav>\
         <h1>{title}</h1>{body}</body></html>"
    )
}

fn product_item(body: &mut String, product: ProductId) {
    let (id, name, price) = (product.0, product.name(), product.price());
    infallible(write!(
        body,
        "<li><a href=\"/product/{id}\">{name}</a> {price}</li>"
    ));
}

fn infallible(written: fmt::Result) {
    written.expect("writing to a String cannot fail");
}

/// Text of a shopper, cut to its maximum, with every character escaped that HTML gives a meaning.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars().take(SEARCH_CHARS_MAX) {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::SEARCH_HITS_COUNT_MAX;
    use super::super::plan::PRODUCTS_COUNT_MAX;
    use super::super::sessions::{CART_LINES_COUNT_MAX, QUANTITY_MAX};
    use super::*;

    #[test]
    fn a_search_text_cannot_become_markup() {
        let page = search("<script>alert('1&\"2')</script>", &[]);
        assert!(!page.contains("<script"));
        assert!(page.contains("&lt;script&gt;alert(&#39;1&amp;&quot;2&#39;)&lt;/script&gt;"));
    }

    #[test]
    fn a_search_text_is_cut_at_its_maximum() {
        let text = "é".repeat(SEARCH_CHARS_MAX + 1);
        assert_eq!(search(&text, &[]).matches('é').count(), SEARCH_CHARS_MAX);
    }

    #[test]
    fn the_largest_pages_stay_within_2_kb() {
        let last = |index| ProductId(PRODUCTS_COUNT_MAX - index);
        let lines: Vec<_> = (0..20)
            .map(|index| CartLine {
                product: last(index),
                quantity: QUANTITY_MAX,
            })
            .collect();
        assert_eq!(lines.len(), CART_LINES_COUNT_MAX);
        let hits: Vec<_> = (0..10).map(last).collect();
        assert_eq!(hits.len(), SEARCH_HITS_COUNT_MAX);
        let pages = [
            home(1_000),
            product(last(0), u32::MAX),
            cart(&lines),
            search(&"<".repeat(100), &hits),
        ];
        for page in pages {
            assert!(page.len() <= 2_048, "{} bytes: {page}", page.len());
        }
    }

    #[test]
    fn a_cart_shows_its_lines_and_their_total() {
        let lines = [(1, 2), (2, 1)].map(|(id, quantity)| CartLine {
            product: ProductId(id),
            quantity,
        });
        let page = cart(&lines);
        assert!(
            page.contains("<li>2 × Copper Backpack 1 at 41.99</li>"),
            "{page}"
        );
        assert!(page.contains("Total 162.97"), "{page}");
    }
}
