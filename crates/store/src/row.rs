//! A row that a query gave, with getters by position.

/// One field of a row as the database gave it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row of an answer. A getter gives zero, empty or none where the field is null or of another type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row(pub(crate) Vec<Cell>);

impl Row {
    /// Takes a cell out without a copy.
    pub(crate) fn take(&mut self, at: usize) -> Cell {
        self.0.get_mut(at).map_or(Cell::Null, |cell| std::mem::replace(cell, Cell::Null))
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A whole number, none when null.
    pub fn opt_int(&self, at: usize) -> Option<i64> {
        match self.0.get(at) {
            Some(Cell::Int(n)) => Some(*n),
            Some(Cell::Bool(b)) => Some(i64::from(*b)),
            _ => None,
        }
    }

    /// A whole number, 0 when null.
    pub fn int(&self, at: usize) -> i64 {
        self.opt_int(at).unwrap_or_default()
    }

    /// A number with a fraction, none when null.
    pub fn opt_float(&self, at: usize) -> Option<f64> {
        match self.0.get(at) {
            Some(Cell::Float(f)) => Some(*f),
            Some(Cell::Int(n)) => Some(*n as f64),
            _ => None,
        }
    }

    /// A text, none when null.
    pub fn opt_text(&self, at: usize) -> Option<&str> {
        match self.0.get(at) {
            Some(Cell::Text(t)) => Some(t),
            _ => None,
        }
    }

    /// A text, empty when null.
    pub fn text(&self, at: usize) -> &str {
        self.opt_text(at).unwrap_or_default()
    }

    /// Bytes, none when null.
    pub fn opt_bytes(&self, at: usize) -> Option<&[u8]> {
        match self.0.get(at) {
            Some(Cell::Bytes(b)) => Some(b),
            _ => None,
        }
    }

    /// Bytes, empty when null.
    pub fn bytes(&self, at: usize) -> &[u8] {
        self.opt_bytes(at).unwrap_or_default()
    }

    /// Yes or no, none when null. SQLite keeps it as 1 and 0.
    pub fn opt_bool(&self, at: usize) -> Option<bool> {
        match self.0.get(at) {
            Some(Cell::Bool(b)) => Some(*b),
            Some(Cell::Int(n)) => Some(*n != 0),
            _ => None,
        }
    }

    /// Yes or no, no when null.
    pub fn bool(&self, at: usize) -> bool {
        self.opt_bool(at).unwrap_or_default()
    }

    /// Whether the field is null.
    pub fn is_null(&self, at: usize) -> bool {
        matches!(self.0.get(at), None | Some(Cell::Null))
    }
}
