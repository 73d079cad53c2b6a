//! The application's own OpenAPI document: what goes in and comes out. Who may call is not said here: the router writes
//! that into it, out of the rules, with the answers of the guard, and would also add a route that is missing.

use serde_json::{Value, json};

const DESCRIPTION: &str = "Items for sale, and those who sell them.\n\n**To try it here:** press *Authorize* and log in \
                           with a name and a password; leave the client and the scopes empty.";

/// Any library may make such a document, as utoipa does out of types. It only has to serialise to OpenAPI 3.1.
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Items", "version": "1.0", "description": DESCRIPTION },
        "tags": [
            { "name": "anybody", "description": "Without a token too." },
            { "name": "items", "description": "Of one's own; of everybody for clerks." },
            { "name": "desk", "description": "For clerks." },
            { "name": "stock", "description": "For the warehouse's program." },
        ],
        "paths": {
            "/ping": { "get": { "tags": ["anybody"], "summary": "Is it there?" } },
            "/hello": { "get": { "tags": ["anybody"], "summary": "Greets whoever calls" } },
            "/items/": {
                "get": {
                    "tags": ["items"],
                    "summary": "Your items, or everybody's",
                    "responses": { "200": answer("The items.", json!({ "type": "array", "items": the("Item") })) },
                },
                "post": {
                    "tags": ["items"],
                    "summary": "Offer an item",
                    "requestBody": body("Named"),
                    "responses": { "201": answer("The item, which is yours.", the("Item")), "4XX": not_as_described() },
                },
            },
            "/items/{id}": {
                "parameters": [id()],
                "get": {
                    "tags": ["items"],
                    "summary": "One item",
                    "responses": {
                        "200": answer("The item.", the("Item")), "404": no_such_item(), "4XX": not_as_described(),
                    },
                },
                "patch": {
                    "tags": ["items"],
                    "summary": "Rename an item",
                    "requestBody": body("Named"),
                    "responses": {
                        "200": answer("The item.", the("Item")), "404": no_such_item(), "4XX": not_as_described(),
                    },
                },
                "delete": {
                    "tags": ["items"],
                    "summary": "Take an item out of the sale",
                    "responses": {
                        "204": { "description": "It is gone." }, "404": no_such_item(), "4XX": not_as_described(),
                    },
                },
            },
            "/changes": {
                "get": {
                    "tags": ["items"],
                    "summary": "Follow changes over a WebSocket",
                    "responses": { "101": { "description": "Then a message, an item, for each change." } },
                },
            },
            "/count": {
                "get": {
                    "tags": ["desk"],
                    "summary": "How many items there are",
                    "responses": { "200": answer("The number.", json!({ "type": "integer" })) },
                },
            },
            "/stock/sync": {
                "post": {
                    "tags": ["stock"],
                    "summary": "All that is for sale",
                    "responses": { "200": answer("The items, and who asked.", the("Stock")) },
                },
            },
            "/desk/owners": {
                "get": {
                    "tags": ["desk"],
                    "summary": "How many items each owner has",
                    "responses": { "200": answer("By the owner's id.", counts()) },
                },
            },
            "/desk/items/{id}/owner": {
                "parameters": [id()],
                "put": {
                    "tags": ["desk"],
                    "summary": "Give an item to another owner",
                    "requestBody": body("Owner"),
                    "responses": {
                        "200": answer("The item.", the("Item")), "404": no_such_item(), "4XX": not_as_described(),
                    },
                },
            },
        },
        "components": {
            "schemas": {
                "Item": {
                    "type": "object",
                    "required": ["id", "name", "owner"],
                    "properties": {
                        "id": { "type": "integer" },
                        "name": { "type": "string" },
                        "owner": { "type": "string", "description": "The id of an account." },
                    },
                },
                "Stock": {
                    "type": "object",
                    "required": ["asked_by", "items"],
                    "properties": {
                        "asked_by": { "type": "string", "description": "The id of the client." },
                        "items": { "type": "array", "items": the("Item") },
                    },
                },
                "Named": {
                    "type": "object",
                    "required": ["name"],
                    "additionalProperties": false,
                    "properties": { "name": { "type": "string", "examples": ["a lamp"] } },
                },
                "Owner": {
                    "type": "object",
                    "required": ["owner"],
                    "additionalProperties": false,
                    "properties": { "owner": { "type": "string", "description": "The id of an account." } },
                },
            },
        },
    })
}

fn the(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn body(schema: &str) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": the(schema) } } })
}

fn answer(description: &str, schema: Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

fn counts() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "integer" } })
}

fn id() -> Value {
    json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "integer", "minimum": 0 } })
}

fn no_such_item() -> Value {
    json!({ "description": "There is no such item, or it is somebody else's: nobody learns which." })
}

fn not_as_described() -> Value {
    json!({ "description": "What was sent is not as described here." })
}
