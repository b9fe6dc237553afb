//! Data files, and the names that stand in braces.

use super::super::definition::{DataDefinition, PickName};
use super::super::plan::{DataTable, Pick, TrafficPlan};
use super::super::text_template::Variable;
use super::Resolver;
use crate::declared_files::pointer_step;

/// Columns and rows of texts.
type Rows = (Vec<String>, Vec<Vec<Box<str>>>);

impl Resolver<'_> {
    pub(super) fn data(&mut self) -> Vec<DataTable> {
        let mut tables = Vec::new();
        for (name, data) in &self.declared.value.data {
            let pointer = format!("/data/{}", pointer_step(name));
            tables.push(self.table(data, &pointer));
        }
        tables
    }

    fn table(&mut self, data: &DataDefinition, pointer: &str) -> DataTable {
        let empty = || DataTable::sequence(1, 1);
        let rows = match (&data.csv, &data.json_lines, &data.sequence) {
            (Some(path), None, None) => self.csv(path, &format!("{pointer}/csv")),
            (None, Some(path), None) => self.json_lines(path, &format!("{pointer}/json_lines")),
            (None, None, Some(sequence)) => {
                return DataTable::sequence(sequence.from.unwrap_or(1), sequence.step.unwrap_or(1));
            }
            _ => {
                let message = "data comes from exactly one of `csv`, `json_lines` and `sequence`";
                self.problem(pointer, message, None);
                return empty();
            }
        };
        let Some((columns, rows)) = rows else {
            return empty();
        };
        if rows.is_empty() {
            self.problem(pointer, "there is not one row in it", None);
            return empty();
        }
        let pick = match data.pick {
            PickName::Sequential => Pick::Sequential,
            PickName::Random => Pick::Random,
            PickName::Unique => Pick::Unique,
        };
        DataTable::rows(pick, columns, rows)
    }

    fn csv(&mut self, path: &str, pointer: &str) -> Option<Rows> {
        let bytes = self.file(path, pointer)?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let read = (|| -> csv::Result<Rows> {
            let columns = reader.headers()?.iter().map(ToOwned::to_owned).collect();
            let rows = reader
                .records()
                .map(|row| Ok(row?.iter().map(Box::from).collect()));
            Ok((columns, rows.collect::<csv::Result<_>>()?))
        })();
        match read {
            Ok(rows) => Some(rows),
            Err(error) => {
                self.problem(pointer, format!("`{path}`: {error}"), None);
                None
            }
        }
    }

    fn json_lines(&mut self, path: &str, pointer: &str) -> Option<Rows> {
        let bytes = self.file(path, pointer)?;
        let mut columns: Vec<String> = Vec::new();
        let mut rows = Vec::new();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let object: serde_json::Map<String, serde_json::Value> =
                match serde_json::from_slice(line) {
                    Ok(object) => object,
                    Err(error) => {
                        let message = format!("line {} of `{path}`: {error}", index + 1);
                        let hint = "every line is a JSON object with the same keys";
                        self.problem(pointer, message, Some(hint));
                        return None;
                    }
                };
            if rows.is_empty() {
                columns = object.keys().cloned().collect();
            }
            let value = |column: &String| match object.get(column) {
                None => "".into(),
                Some(serde_json::Value::String(text)) => text.as_str().into(),
                Some(other) => other.to_string().into(),
            };
            rows.push(columns.iter().map(value).collect());
        }
        Some((columns, rows))
    }

    /// Everything that may stand in braces, but for what journeys take from answers.
    pub(super) fn declare_names(&mut self, tables: &[DataTable]) {
        self.names.insert("product".to_owned(), Variable::Product);
        let next = Variable::NextProduct;
        self.names.insert("next_product".to_owned(), next);
        self.names.insert("shopper".to_owned(), Variable::Shopper);
        for (table, (name, data)) in self.declared.value.data.keys().zip(tables).enumerate() {
            if data.columns().is_empty() {
                let variable = Variable::Data { table, column: 0 };
                self.names.insert(name.clone(), variable);
            }
            for (column, title) in data.columns().iter().enumerate() {
                let variable = Variable::Data { table, column };
                self.names.insert(format!("{name}.{title}"), variable);
            }
        }
    }

    /// A row for each shopper, where each wants its own.
    pub(super) fn check_data_suffices(&mut self, tables: &[DataTable], traffic: &TrafficPlan) {
        let expected = traffic.curve.arrivals();
        // Five standard deviations of a Poisson count: hardly ever are there more.
        let most = expected + 5.0 * expected.sqrt();
        for (name, table) in self.declared.value.data.keys().zip(tables) {
            let Some(rows) = table.shoppers_max() else {
                continue;
            };
            #[expect(clippy::cast_precision_loss, reason = "rows are in memory")]
            let is_enough = rows as f64 >= most;
            if !is_enough {
                let message = format!(
                    "{rows} rows are too few for about {expected:.0} shoppers who each want their own"
                );
                let hint = "add rows, or write `pick: sequential`";
                let pointer = format!("/data/{}", pointer_step(name));
                self.problem(&pointer, message, Some(hint));
            }
        }
    }
}
