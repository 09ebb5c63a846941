//! What this provider of SCIM offers: its features, its types of resources, and their attributes.
//!
//! Invariant: every attribute said here can be read, and changed as far as it is said to be.

use serde_json::{Value as Json, json};

/// The schema of users.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of groups.
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// `ServiceProviderConfig`.
pub(super) fn config(base: &str) -> Json {
    let no = json!({"supported": false});
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": 200},
        "changePassword": no,
        "sort": no,
        "etag": {"supported": true},
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Token",
            "description": "A token of the scope provisioning, of an administrator's account.",
            "primary": true,
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": format!("{base}/scim/v2/ServiceProviderConfig")},
    })
}

/// `ResourceTypes`.
pub(super) fn resource_types(base: &str) -> Vec<Json> {
    let one = |name: &str, plural: &str, schema: &str, description: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name, "name": name, "endpoint": format!("/{plural}"), "description": description,
            "schema": schema, "schemaExtensions": [],
            "meta": {"resourceType": "ResourceType", "location": format!("{base}/scim/v2/ResourceTypes/{name}")},
        })
    };
    vec![
        one("User", "Users", USER, "An account with its person"),
        one("Group", "Groups", GROUP, "A role or a team"),
    ]
}

/// An attribute: name, type, what it is; changed by `more`.
fn attribute(name: &str, kind: &str, description: &str, more: &Json) -> Json {
    let mut found = json!({
        "name": name, "type": kind, "multiValued": false, "description": description, "required": false,
        "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none",
    });
    if let (Json::Object(found), Json::Object(more)) = (&mut found, more) {
        found.extend(more.clone());
    }
    found
}

fn reference(to: &str, mutability: &str) -> Json {
    let more = json!({"referenceTypes": [to], "caseExact": true, "mutability": mutability});
    attribute("$ref", "reference", "Its address.", &more)
}

fn schema(base: &str, id: &str, name: &str, description: &str, attributes: &Json) -> Json {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": id, "name": name, "description": description, "attributes": attributes,
        "meta": {"resourceType": "Schema", "location": format!("{base}/scim/v2/Schemas/{id}")},
    })
}

/// `Schemas`.
pub(super) fn all(base: &str) -> Vec<Json> {
    let fixed = json!({"mutability": "readOnly"});
    let user = json!([
        attribute(
            "userName",
            "string",
            "What is typed at sign-in.",
            &json!({"required": true, "uniqueness": "server"})
        ),
        attribute("displayName", "string", "The person's name.", &json!({"required": true})),
        attribute("active", "boolean", "Whether the account is open.", &json!({"required": true})),
        attribute(
            "emails",
            "complex",
            "The person's address: the first or the primary one is kept.",
            &json!({
                "multiValued": true,
                "subAttributes": [attribute("value", "string", "The address.", &json!({}))],
            })
        ),
        attribute(
            "groups",
            "complex",
            "Roles and team.",
            &json!({
                "multiValued": true, "mutability": "readOnly",
                "subAttributes": [
                    attribute("value", "string", "Id of the group.", &fixed),
                    reference("Group", "readOnly"),
                    attribute("display", "string", "Its name.", &fixed),
                ],
            })
        ),
    ]);
    let group = json!([
        attribute("displayName", "string", "Name of the role or the team.", &json!({"required": true})),
        attribute(
            "members",
            "complex",
            "Accounts.",
            &json!({
                "multiValued": true,
                "subAttributes": [
                    attribute("value", "string", "Id of the account.", &json!({"mutability": "immutable"})),
                    reference("User", "immutable"),
                ],
            })
        ),
    ]);
    vec![
        schema(base, USER, "User", "An account with its person", &user),
        schema(base, GROUP, "Group", "A role or a team", &group),
    ]
}
