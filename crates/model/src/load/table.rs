//! Value tables: a choice computed from two other choices.

use indexmap::IndexMap;

use crate::field::{Computed, Field, Kind};
use crate::load::text::{Book, Word, hint};
use crate::load::tree::FieldTree;

/// A value table: every option of the first field has a row, with one result for each option of the second.
pub(crate) fn tables(written: &FieldTree, fields: &mut IndexMap<String, Field>, book: &mut Book<'_>) {
    let Some(table) = &written.table else { return };
    let parts = table.split();
    let [row_field, column_field] = parts.as_slice() else {
        return book.mistake(table.spot, "a table names two choice fields, such as table=\"impact urgency\"");
    };
    let mut sides: Vec<Vec<String>> = Vec::new();
    for side in [row_field, column_field] {
        match fields.get(&side.text).map(|f| &f.kind) {
            Some(Kind::Choice(options)) => sides.push(options.iter().map(|o| o.name.clone()).collect()),
            Some(_) => book.mistake(side.spot, format!("`{}` is not a choice", side.text)),
            None => {
                let hint = hint(&side.text, fields.keys().map(String::as_str));
                book.mistake(side.spot, format!("there is no field `{}`{hint}", side.text));
            }
        }
    }
    let [row_options, column_options] = sides.as_slice() else { return };
    let Some(results) = fields.get(&written.name.text).map(|f| f.options().to_vec()) else { return };
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for cells in &written.rows {
        let Some((head, cells)) = cells.split_first() else { continue };
        if !row_options.contains(&head.text) {
            let hint = hint(&head.text, row_options.iter().map(String::as_str));
            book.mistake(
                head.spot,
                format!("`{}` is not an option of `{}`{hint}", head.text, row_field.text),
            );
        } else if rows.iter().any(|(name, _)| *name == head.text) {
            book.mistake(head.spot, format!("the row `{}` is given twice", head.text));
        }
        if cells.len() != column_options.len() {
            let message = format!(
                "the row `{}` needs {} results, one for each of {}; it has {}",
                head.text,
                column_options.len(),
                column_options.join(", "),
                cells.len()
            );
            book.mistake(head.spot, message);
        }
        for cell in cells {
            if !results.iter().any(|o| o.name == cell.text) {
                let hint = hint(&cell.text, results.iter().map(|o| o.name.as_str()));
                let message = format!("`{}` is not an option of `{}`{hint}", cell.text, written.name.text);
                book.mistake(cell.spot, message);
            }
        }
        rows.push((head.text.clone(), cells.iter().map(|c| c.text.clone()).collect()));
    }
    for option in row_options.iter().filter(|o| !rows.iter().any(|(name, _)| name == *o)) {
        book.mistake(table.spot, format!("the table has no row for `{option}` of `{}`", row_field.text));
    }
    let reason = written.override_reason.as_ref();
    if let Some(reason) = reason {
        override_field(reason, fields, book);
    }
    let computed = Computed::Table {
        row_field: row_field.text.clone(),
        column_field: column_field.text.clone(),
        rows,
        override_reason: reason.map(|r| r.text.clone()),
    };
    if let Some(field) = fields.get_mut(&written.name.text) {
        field.computed = Some(computed);
    }
}

fn override_field(reason: &Word, fields: &IndexMap<String, Field>, book: &mut Book<'_>) {
    match fields.get(&reason.text).map(|f| &f.kind) {
        Some(Kind::Text { .. } | Kind::Markdown) => {}
        Some(_) => {
            book.mistake(reason.spot, format!("the reason `{}` must be text or markdown", reason.text))
        }
        None => {
            let hint = hint(&reason.text, fields.keys().map(String::as_str));
            book.mistake(reason.spot, format!("there is no field `{}`{hint}", reason.text));
        }
    }
}
