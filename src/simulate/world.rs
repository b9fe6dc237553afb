//! Everything that sessions share: the traffic, the incidents, the products and the dice.

use super::catalogue::Catalogue;
use super::incident::Incident;
use super::random::RandomStream;
use super::traffic::Traffic;

/// What visitors meet.
#[derive(Debug)]
pub struct World {
    /// How many come when.
    pub traffic: Traffic,
    /// What goes wrong, in order of time, without overlap.
    pub incidents: Vec<Incident>,
    /// What is for sale.
    pub catalogue: Catalogue,
    /// The dice for what visitors do and how the shop answers.
    pub random: RandomStream,
}
