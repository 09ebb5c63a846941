//! All routes, read from where they are declared, and the requests that try them.

use std::fmt;
use std::path::Path;

use proofdesk_engine::{Action, Reference};
use serde_json::Value as Json;

/// A route as declared.
#[derive(Debug, Clone)]
pub struct Route {
    /// Method and pattern: `GET /{slug}/{reference}`.
    pub name: String,
    pub method: String,
    pub pattern: String,
    /// It is of the interface, not a page.
    pub is_api: bool,
}

/// A request that tries a route.
#[derive(Debug, Clone)]
pub struct Call {
    /// The route's name.
    pub route: String,
    pub method: String,
    pub path: String,
    pub body: Option<(&'static str, String)>,
    pub headers: Vec<(&'static str, String)>,
    /// What it is about, and what it would do there.
    pub record: Option<Reference>,
    pub action: Option<Action>,
    /// Its address names a record.
    pub is_of_record: bool,
}

impl Call {
    pub fn get(path: &str) -> Self {
        Self {
            route: String::new(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            body: None,
            headers: Vec::new(),
            record: None,
            action: None,
            is_of_record: false,
        }
    }

    /// Whether it may end somebody's session: such calls come after all others, or what follows them would be asked
    /// by nobody.
    pub fn ends_sessions(&self) -> bool {
        let path = self.path.strip_prefix("/api/v1").unwrap_or(&self.path);
        self.method != "GET" && ["/account", "/sign-", "/me/"].iter().any(|part| path.starts_with(part))
    }

    pub fn with_path(&self, path: String) -> Self {
        Self { path, ..self.clone() }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The routes of the pages, from the sources; those of the interface, from its description, once for all types.
pub fn all(description: &Json, types: &[String]) -> Vec<Route> {
    let mut found = Vec::new();
    sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
    for (path, operations) in description["paths"].as_object().unwrap() {
        let mut parts: Vec<&str> = path.split('/').collect();
        if parts.len() > 3 && types.iter().any(|t| t == parts[3]) {
            parts[3] = "{type}";
        }
        for method in
            ["get", "post", "patch", "put", "delete"].iter().filter(|m| operations.get(**m).is_some())
        {
            add(&mut found, method, &parts.join("/"), true);
        }
    }
    found
}

fn add(found: &mut Vec<Route>, method: &str, pattern: &str, is_api: bool) {
    let method = method.to_uppercase();
    let name = format!("{method} {pattern}");
    if !found.iter().any(|r| r.name == name) {
        found.push(Route { name, method, pattern: pattern.to_owned(), is_api });
    }
}

/// Reads `.route("…", get(…).post(…))` in all files below a folder, but of the interface.
fn sources(folder: &Path, found: &mut Vec<Route>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for piece in text.split(".route(").skip(1) {
            let Some((_, rest)) = piece.split_once('"') else { continue };
            let Some((pattern, rest)) = rest.split_once('"') else { continue };
            if !pattern.starts_with('/') || pattern.starts_with("/api") {
                continue;
            }
            let end = rest.find(".route(").unwrap_or(rest.len()).min(160);
            let handlers = rest.get(..end).unwrap_or(rest);
            let handlers = handlers.split(".merge(").next().unwrap_or(handlers);
            for method in ["get", "post", "put", "patch", "delete"] {
                if handlers.contains(&format!("{method}(")) {
                    add(found, method, pattern, false);
                }
            }
        }
    }
}
