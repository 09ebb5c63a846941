//! One operation of the description, built part by part.

use serde_json::{Map, Value as Json, json};

/// A reference to a schema.
pub fn schema(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A reference to a parameter.
pub fn parameter(name: &str) -> Json {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

/// An operation under construction.
pub struct Operation {
    id: String,
    tag: String,
    summary: String,
    description: String,
    parameters: Vec<Json>,
    body: Option<Json>,
    answers: Map<String, Json>,
    errors: Vec<(&'static str, &'static str)>,
}

impl Operation {
    /// A reading operation.
    pub fn read(id: impl Into<String>, tag: &str, summary: impl Into<String>) -> Self {
        let summary = summary.into();
        Self {
            id: id.into(),
            tag: tag.to_owned(),
            description: format!("{summary}."),
            summary,
            parameters: Vec::new(),
            body: None,
            answers: Map::new(),
            errors: vec![
                ("400", "Unreadable"),
                ("401", "Unauthorized"),
                ("404", "NotFound"),
                ("406", "NotAcceptable"),
                ("429", "TooOften"),
            ],
        }
    }

    /// A writing operation.
    pub fn write(id: impl Into<String>, tag: &str, summary: impl Into<String>) -> Self {
        let mut operation = Self::read(id, tag, summary);
        operation.errors.extend([("403", "Forbidden"), ("409", "Conflict"), ("422", "Invalid")]);
        operation
    }

    /// More than the summary says.
    pub fn says(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// A parameter.
    pub fn with(mut self, parameter: Json) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// A value of the query.
    pub fn query(self, name: &str, schema: Json, required: bool, description: &str) -> Self {
        self.with(json!({
            "name": name, "in": "query", "required": required, "description": description, "schema": schema,
        }))
    }

    /// A further error.
    pub fn error(mut self, status: &'static str, name: &'static str) -> Self {
        self.errors.push((status, name));
        self
    }

    /// A JSON body.
    pub fn body(self, schema: Json, required: bool, examples: Map<String, Json>) -> Self {
        let mut content = json!({"schema": schema});
        if !examples.is_empty() {
            content["examples"] = Json::Object(examples);
        }
        self.content(json!({"application/json": content}), required)
    }

    /// A body of other media types.
    pub fn content(mut self, content: Json, required: bool) -> Self {
        self.body = Some(json!({"required": required, "content": content}));
        self.error("413", "TooLarge").error("415", "UnsupportedMediaType")
    }

    /// A JSON answer. `headers` are names of the described ones.
    pub fn answer(mut self, status: &str, description: &str, schema: Json, headers: &[&str]) -> Self {
        let mut answer = json!({"description": description});
        if !headers.is_empty() {
            let all = headers
                .iter()
                .map(|n| ((*n).to_owned(), json!({"$ref": format!("#/components/headers/{n}")})));
            answer["headers"] = Json::Object(all.collect());
        }
        if !schema.is_null() {
            answer["content"] = json!({"application/json": {"schema": schema}});
        }
        self.answers.insert(status.to_owned(), answer);
        self
    }

    /// An answer as it stands.
    pub fn raw_answer(mut self, status: &str, answer: Json) -> Self {
        self.answers.insert(status.to_owned(), answer);
        self
    }

    /// The operation as JSON.
    pub fn build(mut self) -> Json {
        self.errors.sort_unstable();
        self.errors.dedup();
        for (status, name) in &self.errors {
            self.answers
                .insert((*status).to_owned(), json!({"$ref": format!("#/components/responses/{name}")}));
        }
        self.answers.insert("default".to_owned(), json!({"$ref": "#/components/responses/Other"}));
        let mut built = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
        });
        if !self.parameters.is_empty() {
            built["parameters"] = Json::Array(self.parameters);
        }
        if let Some(body) = self.body {
            built["requestBody"] = body;
        }
        built["responses"] = Json::Object(self.answers);
        built
    }
}
