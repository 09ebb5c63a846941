//! The paths of one record type.

use proofdesk_model::{RecordType, Registry};
use proofdesk_report::export::Form;
use serde_json::{Map, Value as Json, json};

use super::operation::{Operation, parameter, schema};
use super::schemas::{self, name, pattern};

/// Adds the paths of a type.
pub fn add(registry: &Registry, of: &RecordType, all: &mut Map<String, Json>) {
    let base = format!("/api/v1/{}", of.name);
    let reference = json!({
        "name": "reference",
        "in": "path",
        "required": true,
        "description": format!("The record, as people name it: {}.", of.reference(1)),
        "schema": {"type": "string", "pattern": pattern(&of.prefix)},
        "example": of.reference(1),
    });
    let mut put = |path: String, mut item: Json, on_record: bool| {
        if on_record {
            let mut whole = json!({"parameters": [reference]});
            if let (Some(whole), Json::Object(item)) = (whole.as_object_mut(), item.take()) {
                whole.extend(item);
            }
            item = whole;
        }
        all.insert(path, item);
    };
    put(base.clone(), json!({"get": list(of), "post": create(registry, of)}), false);
    for form in [Form::Csv, Form::Xlsx] {
        put(format!("{base}/export.{}", form.name()), json!({"get": export(of, form)}), false);
    }
    let one = format!("{base}/{{reference}}");
    put(one.clone(), json!({"get": show(of), "patch": update(of)}), true);
    if !of.transitions.is_empty() {
        put(format!("{one}/transitions/{{transition}}"), json!({"post": step(of)}), true);
    }
    put(format!("{one}/history"), json!({"get": history(of)}), true);
    put(format!("{one}/comments"), json!({"get": comments(of), "post": comment(of)}), true);
    put(format!("{one}/attachments"), json!({"get": files(of), "post": attach(of)}), true);
    put(format!("{one}/attachments/{{id}}"), json!({"get": file(of)}), true);
    if !relations(of).is_empty() {
        put(format!("{one}/links/{{relation}}"), json!({"get": related(of), "post": link(of)}), true);
        put(format!("{one}/links/{{relation}}/{{other}}"), json!({"delete": unlink(of)}), true);
    }
    put(
        format!("{one}/watch"),
        json!({"get": watchers(of), "put": watch(of, true), "delete": watch(of, false)}),
        true,
    );
    put(format!("{one}/owes"), json!({"get": owes(of)}), true);
    for (part, item) in super::documents::of_type(registry, of) {
        put(format!("{one}/{part}"), item, true);
    }
}

/// Names of the relations of a type, from either side.
fn relations(of: &RecordType) -> Vec<String> {
    let own = crate::api::json::shown(of).filter(|f| f.target().is_some()).map(|f| f.name.clone());
    own.chain(of.inverses.keys().cloned()).collect()
}

fn one(of: &RecordType) -> String {
    let label = of.label.to_lowercase();
    let article = if label.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {label}")
}

fn list(of: &RecordType) -> Json {
    let plural = of.plural.to_lowercase();
    let page = json!({"application/json": {"schema": schema(&format!("{}Page", name(of)))}});
    let mut content = page.as_object().cloned().unwrap_or_default();
    content.extend(file_content(Form::Csv));
    content.extend(file_content(Form::Xlsx));
    Operation::read(format!("list_{}", of.name), &of.plural, format!("List {plural}"))
        .says(format!(
            "Lists {plural} page by page. `q` searches for words, best first; a filter then looks at the 2,500 best, and there is no other order and one page. Asked for `text/csv` or a spreadsheet, the answer is the whole list, as at `export.csv`; `q`, `limit` and `after` are refused then."
        ))
        .with(filter(of))
        .with(sort(of))
        .with(parameter("Order"))
        .with(parameter("Limit"))
        .with(parameter("After"))
        .with(parameter("Fields"))
        .with(parameter("Words"))
        .error("413", "TooLarge")
        .error("422", "Invalid")
        .raw_answer(
            "200",
            json!({
                "description": "A page of the list.",
                "headers": {"Link": {"$ref": "#/components/headers/Link"}},
                "content": content,
            }),
        )
        .build()
}

fn file_content(form: Form) -> Map<String, Json> {
    let media = form.media_type().split(';').next().unwrap_or_default().to_owned();
    let schema = match form {
        Form::Csv => json!({"type": "string"}),
        Form::Xlsx => json!({"type": "string", "contentMediaType": media.clone()}),
    };
    Map::from_iter([(media, json!({"schema": schema}))])
}

fn export(of: &RecordType, form: Form) -> Json {
    let plural = of.plural.to_lowercase();
    let (what, says) = match form {
        Form::Csv => (
            "CSV",
            "RFC 4180 in UTF-8 without a byte order mark: instants by RFC 3339 in UTC, days as YYYY-MM-DD, durations in seconds. A text that a spreadsheet would take for a formula begins with an apostrophe.",
        ),
        Form::Xlsx => (
            "a spreadsheet",
            "XLSX: numbers, days, instants (in the zone of the desk), durations and amounts keep their types. At most 1,048,575 records; a text longer than 32,767 characters is cut and ends in an ellipsis.",
        ),
    };
    Operation::read(
        format!("export_{}_{}", form.name(), of.name),
        &of.plural,
        format!("Export {plural} as {what}"),
    )
    .says(format!(
        "The whole list in one file, with the names of members as headings; of a link also the title of what it leads to. Without `fields`, all that the caller sees, but no lists of links. {says}"
    ))
    .with(filter(of))
    .with(sort(of))
    .with(parameter("Order"))
    .with(parameter("Fields"))
    .error("413", "TooLarge")
    .error("422", "Invalid")
    .raw_answer("200", json!({"description": "The file.", "content": file_content(form)}))
    .build()
}

fn filter(of: &RecordType) -> Json {
    let view = of.views.iter().find_map(|v| v.condition.as_ref()).map(|c| c.source().to_owned());
    json!({
        "name": "filter", "in": "query", "required": false,
        "description": "A condition over the type; mistakes are said with their position.",
        "schema": {"type": "string", "maxLength": 2000, "pattern": "^[^\\u0000]*$"},
        "example": view.unwrap_or_else(|| "version > 1".to_owned()),
    })
}

fn sort(of: &RecordType) -> Json {
    let columns: Vec<String> = crate::api::json::members(of, false)
        .into_iter()
        .filter(|n| n != "reference" && n != "record_type")
        .collect();
    json!({
        "name": "sort", "in": "query", "required": false,
        "description": "Column to sort by; the number where nothing is said.",
        "schema": {"type": "string", "enum": columns},
    })
}

fn create(registry: &Registry, of: &RecordType) -> Json {
    Operation::write(format!("create_{}", of.name), &of.plural, format!("Create {}", one(of)))
        .says(format!("Creates {}. All problems are said at once; nothing is written then.", one(of)))
        .with(parameter("Once"))
        .body(schema(&format!("New{}", name(of))), true, schemas::examples(registry, of))
        .answer("201", "It is created, durable and logged.", schema(&name(of)), &["ETag", "Location"])
        .build()
}

fn show(of: &RecordType) -> Json {
    Operation::read(format!("get_{}", of.name), &of.plural, format!("Read {}", one(of)))
        .with(parameter("IfNoneMatch"))
        .answer("200", "The record.", schema(&name(of)), &["ETag"])
        .answer("304", "It has not changed.", Json::Null, &["ETag"])
        .build()
}

fn update(of: &RecordType) -> Json {
    let change = schema(&format!("{}Change", name(of)));
    Operation::write(format!("update_{}", of.name), &of.plural, format!("Change {}", one(of)))
        .says("Changes the members that are sent. With `If-Match`, only where nobody else changed it meanwhile.")
        .with(parameter("IfMatch"))
        .content(
            json!({
                "application/json": {"schema": change},
                "application/merge-patch+json": {"schema": change},
            }),
            true,
        )
        .error("412", "Stale")
        .answer("200", "The record as it is now.", schema(&name(of)), &["ETag"])
        .build()
}

fn step(of: &RecordType) -> Json {
    let names: Vec<&str> = of.transitions.iter().map(|t| t.name.as_str()).collect();
    let mut text = "Takes a transition, with the values that it needs:\n".to_owned();
    for step in &of.transitions {
        let mut needs = step.requires.clone();
        needs.extend(of.state(&step.to).map(|s| s.requires.clone()).unwrap_or_default());
        needs.dedup();
        let needs = if needs.is_empty() { String::new() } else { format!(" needs `{}`", needs.join("`, `")) };
        text.push_str(&format!("\n- `{}` from {} to {}{needs}", step.name, step.from.join(", "), step.to));
    }
    Operation::write(
        format!("transition_{}", of.name),
        &of.plural,
        format!("Take a transition of {}", one(of)),
    )
    .says(text)
    .with(json!({
        "name": "transition", "in": "path", "required": true, "description": "Name of the transition.",
        "schema": {"type": "string", "enum": names},
    }))
    .with(parameter("IfMatch"))
    .with(parameter("Once"))
    .body(schema(&schemas::step_body(of)), false, Map::new())
    .error("412", "Stale")
    .answer("200", "The record as it is now.", schema(&name(of)), &["ETag"])
    .build()
}

fn history(of: &RecordType) -> Json {
    Operation::read(format!("history_{}", of.name), &of.plural, format!("History of {}", one(of)))
        .says("The entries of the log about this record, newest first, each with its place and hash.")
        .with(parameter("Limit"))
        .query(
            "before",
            json!({"type": "integer", "minimum": 1, "maximum": i64::MAX}),
            false,
            "Goes on before this entry: `next` of an earlier page.",
        )
        .answer("200", "Entries, newest first.", schema("History"), &[])
        .build()
}

fn comments(of: &RecordType) -> Json {
    Operation::read(format!("comments_{}", of.name), &of.plural, format!("Comments on {}", one(of)))
        .says("The comments that the caller may see, oldest first, at most 1,000.")
        .answer("200", "Comments, oldest first.", schema("Comments"), &[])
        .build()
}

fn comment(of: &RecordType) -> Json {
    Operation::write(format!("comment_{}", of.name), &of.plural, format!("Comment on {}", one(of)))
        .with(parameter("Once"))
        .body(schema("NewComment"), true, Map::new())
        .answer("201", "It is written, durable and logged.", schema("Comment"), &["Location"])
        .build()
}

fn files(of: &RecordType) -> Json {
    Operation::read(format!("attachments_{}", of.name), &of.plural, format!("Files of {}", one(of)))
        .answer("200", "Files, oldest first.", schema("Attachments"), &[])
        .build()
}

fn attach(of: &RecordType) -> Json {
    Operation::write(format!("attach_{}", of.name), &of.plural, format!("Add a file to {}", one(of)))
        .says("Takes one file in a part named `file`. Its type is taken from its bytes.")
        .with(parameter("Once"))
        .query(
            "audience",
            json!({"type": "string", "enum": ["customer", "staff"]}),
            false,
            "Who may see it; the customer where nothing is said.",
        )
        .content(
            json!({"multipart/form-data": {
                "schema": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["file"],
                    "properties": {"file": {
                        "type": "string",
                        "contentMediaType": "application/octet-stream",
                        "description": "The file, with its name, not empty.",
                    }},
                },
            }}),
            true,
        )
        .answer("201", "It is kept, durable and logged.", schema("Attachment"), &["Location"])
        .build()
}

fn file(of: &RecordType) -> Json {
    Operation::read(format!("attachment_{}", of.name), &of.plural, format!("Fetch a file of {}", one(of)))
        .with(parameter("Id"))
        .raw_answer(
            "200",
            json!({
                "description": "The bytes of the file, with the type that they show.",
                "content": {"*/*": {"schema": {}}},
            }),
        )
        .build()
}

fn relation(of: &RecordType) -> Json {
    json!({
        "name": "relation", "in": "path", "required": true,
        "description": "A link of the type, or the name of a link of others to it.",
        "schema": {"type": "string", "enum": relations(of)},
    })
}

fn related(of: &RecordType) -> Json {
    Operation::read(format!("links_{}", of.name), &of.plural, format!("Records related to {}", one(of)))
        .with(relation(of))
        .with(parameter("Limit"))
        .with(parameter("After"))
        .error("422", "Invalid")
        .answer("200", "The other records.", schema("Lines"), &[])
        .build()
}

fn link(of: &RecordType) -> Json {
    Operation::write(format!("link_{}", of.name), &of.plural, format!("Link {} to another record", one(of)))
        .with(relation(of))
        .with(parameter("Once"))
        .body(schema("NewLink"), true, Map::new())
        .answer("200", "The record as it is now.", schema(&name(of)), &["ETag"])
        .build()
}

fn unlink(of: &RecordType) -> Json {
    Operation::write(
        format!("unlink_{}", of.name),
        &of.plural,
        format!("Unlink {} from another record", one(of)),
    )
    .with(relation(of))
    .with(parameter("Other"))
    .answer("204", "They are no longer linked.", Json::Null, &[])
    .build()
}

fn watchers(of: &RecordType) -> Json {
    Operation::read(format!("watchers_{}", of.name), &of.plural, format!("Who watches {}", one(of)))
        .answer("200", "The people who watch it.", schema("Watchers"), &[])
        .build()
}

fn watch(of: &RecordType, begin: bool) -> Json {
    let (id, what) = if begin { ("watch", "Watch") } else { ("unwatch", "Stop watching") };
    Operation::write(format!("{id}_{}", of.name), &of.plural, format!("{what} {}", one(of)))
        .answer("204", "Done; also where it was so before.", Json::Null, &[])
        .build()
}

fn owes(of: &RecordType) -> Json {
    Operation::read(format!("owes_{}", of.name), &of.plural, format!("What {} still owes", one(of)))
        .says("For each transition that the caller may take now: what stands in its way, with the clause that asks for it.")
        .answer("200", "Transitions with their problems.", schema("Owes"), &[])
        .build()
}
