//! An OpenAPI 3.1 document, read as far as rules are written into it; the rest is carried along as it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value, json};

use super::NotOpenApi;

/// The methods that an OpenAPI document can describe.
pub(super) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The document.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Document {
    #[serde(default = "this_version")]
    openapi: String,
    #[serde(default)]
    info: Map<String, Value>,
    #[serde(default, deserialize_with = "read_paths")]
    pub(super) paths: BTreeMap<String, PathItem>,
    #[serde(default)]
    pub(super) components: Components,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// What one path answers.
#[derive(Clone, Default, Serialize)]
#[serde(into = "Map<String, Value>")]
pub(super) struct PathItem {
    pub(super) operations: BTreeMap<&'static str, Operation>,
    pub(super) rest: Map<String, Value>,
}

/// One method of one path.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(super) struct Operation {
    #[serde(rename = "operationId", skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parameters: Vec<Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) responses: BTreeMap<String, Response>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) security: Option<Value>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// What one status says, or where that is written.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(super) struct Response {
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) headers: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) content: Map<String, Value>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// What several places refer to.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(super) struct Components {
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) schemas: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) responses: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) parameters: Map<String, Value>,
    #[serde(default, rename = "securitySchemes", skip_serializing_if = "Map::is_empty")]
    pub(super) schemes: Map<String, Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Document {
    pub(crate) fn read(base: impl Serialize) -> Result<Self, NotOpenApi> {
        let unreadable = |error: serde_json::Error| NotOpenApi(error.to_string());
        let base = serde_json::to_value(base).map_err(unreadable)?;
        if !base.is_object() {
            return Err(NotOpenApi("it is no JSON object".into()));
        }
        if base.get("swagger").is_some() {
            return Err(NotOpenApi("it is of version 2, `swagger`".into()));
        }
        let mut document: Document = serde_json::from_value(base).map_err(unreadable)?;
        // 3.2 only adds to it.
        if !["3.1.", "3.2."].iter().any(|version| document.openapi.starts_with(version)) {
            return Err(NotOpenApi(format!("it is of version `{}`", document.openapi)));
        }
        // Both are required (4.8.2).
        document.info.entry("title").or_insert_with(|| json!("API"));
        document.info.entry("version").or_insert_with(|| json!("0.0.0"));
        Ok(document)
    }

    /// Who else is called by a page that tries this document's calls: other servers, and where one logs in.
    #[cfg(feature = "docs")]
    pub(crate) fn origins(&self) -> std::collections::BTreeSet<String> {
        let servers = self.rest.get("servers").and_then(Value::as_array).into_iter().flatten();
        let servers = servers.filter_map(|server| server["url"].as_str());
        let flows = self.components.schemes.values().filter_map(|scheme| scheme["flows"].as_object());
        let log_ins = flows.flat_map(Map::values).filter_map(|flow| flow["tokenUrl"].as_str());
        servers.chain(log_ins).filter_map(origin).collect()
    }

    pub(super) fn into_json(self) -> Value {
        // Maps of texts: nothing in them can fail to be JSON.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Scheme, host and port of an absolute address.
#[cfg(feature = "docs")]
fn origin(address: &str) -> Option<String> {
    let address: http::Uri = address.parse().ok()?;
    Some(format!("{}://{}", address.scheme_str()?, address.authority()?))
}

fn this_version() -> String {
    "3.1.0".into()
}

/// Says of each operation where it stands, so that a mistake in it is found.
fn read_paths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, PathItem>, D::Error> {
    let mut paths = BTreeMap::new();
    for (path, mut rest) in BTreeMap::<String, Map<String, Value>>::deserialize(deserializer)? {
        let mut operations = BTreeMap::new();
        for method in METHODS {
            let Some(operation) = rest.remove(method) else { continue };
            let wrong = |error| D::Error::custom(format!("`{method}` of `{path}`: {error}"));
            operations.insert(method, serde_json::from_value(operation).map_err(wrong)?);
        }
        paths.insert(path, PathItem { operations, rest });
    }
    Ok(paths)
}

impl From<PathItem> for Map<String, Value> {
    fn from(item: PathItem) -> Self {
        let operations = item.operations.into_iter();
        let operations =
            operations.map(|(method, operation)| (method.into(), serde_json::to_value(operation).unwrap_or_default()));
        item.rest.into_iter().chain(operations).collect()
    }
}
