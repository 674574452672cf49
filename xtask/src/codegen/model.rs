//! The interface model as read from `api/`, with the overrides applied.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
struct ModelFile {
    operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
    paginators: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
pub struct Operation {
    pub input: String,
    pub output: Option<String>,
    pub errors: Vec<String>,
    #[serde(rename = "authClass")]
    pub auth_class: String,
}

#[derive(Deserialize, Clone)]
pub struct Shape {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub required: Vec<String>,
    #[serde(default)]
    members: Members,
    pub member: Option<Reference>,
    pub key: Option<Reference>,
    pub value: Option<Reference>,
    pub min: Option<u64>,
    pub max: Option<u64>,
    pub pattern: Option<String>,
    #[serde(rename = "enum", default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub exception: bool,
    #[serde(default)]
    pub document: bool,
    #[serde(rename = "httpStatus")]
    pub http_status: Option<u16>,
}

#[derive(Deserialize, Clone)]
pub struct Reference {
    pub shape: String,
}

/// Members in the order of the file, which the generated structures and the messages keep.
#[derive(Default, Clone)]
struct Members(Vec<(String, Reference)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a map of members")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    members.push(entry);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Shape {
    /// Members in the model's order, as (name, shape).
    pub fn members(&self) -> Vec<(&str, &str)> {
        self.members.0.iter().map(|(name, member)| (name.as_str(), member.shape.as_str())).collect()
    }

    pub fn requires(&self, member: &str) -> bool {
        self.required.iter().any(|name| name == member)
    }
}

#[derive(Deserialize)]
struct Overrides {
    paths: BTreeMap<String, String>,
    defaults: BTreeMap<String, i64>,
    patterns: BTreeMap<String, String>,
    authorization: BTreeMap<String, String>,
    secrets: Secrets,
}

#[derive(Deserialize)]
struct Secrets {
    shapes: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Handlers {
    built: BTreeMap<String, Vec<String>>,
}

pub struct Api {
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, Shape>,
    pub paginated: BTreeSet<String>,
    /// `Structure.Member` to the name that validation messages use.
    pub paths: BTreeMap<String, String>,
    /// `Structure.Member` to the value of an absent primitive.
    pub defaults: BTreeMap<String, i64>,
    pub secrets: BTreeSet<String>,
    /// Operation to the module of `crates/operations` that handles it.
    pub handlers: BTreeMap<String, String>,
}

impl Api {
    pub fn read(root: &Path) -> Result<Self, String> {
        let text = |name: &str| {
            let path = root.join("api").join(name);
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
        };
        let mut model: ModelFile =
            serde_json::from_str(&text("cognito-idp.json")?).map_err(|e| format!("cognito-idp.json: {e}"))?;
        let overrides: Overrides =
            toml::from_str(&text("overrides.toml")?).map_err(|e| format!("overrides.toml: {e}"))?;
        let built: Handlers = toml::from_str(&text("handlers.toml")?).map_err(|e| format!("handlers.toml: {e}"))?;
        let mut shapes = model.shapes;
        for (name, pattern) in overrides.patterns {
            let shape = shapes.get_mut(&name).ok_or(format!("overrides.toml: no shape {name}"))?;
            shape.pattern = Some(pattern);
        }
        for (name, class) in overrides.authorization {
            let operation = model.operations.get_mut(&name).ok_or(format!("overrides.toml: no operation {name}"))?;
            operation.auth_class = class;
        }
        let mut handlers = BTreeMap::new();
        for (module, names) in built.built {
            for name in names {
                if !model.operations.contains_key(&name) {
                    return Err(format!("handlers.toml: no operation {name}"));
                }
                handlers.insert(name, module.clone());
            }
        }
        let unbuilt: BTreeSet<String> = text("not_built.txt")?
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(str::to_owned)
            .collect();
        for name in model.operations.keys() {
            if handlers.contains_key(name) == unbuilt.contains(name) {
                return Err(format!("{name} must stand in exactly one of api/handlers.toml and api/not_built.txt"));
            }
        }
        Ok(Self {
            operations: model.operations,
            shapes,
            paginated: model.paginators.into_keys().collect(),
            paths: overrides.paths,
            defaults: overrides.defaults,
            secrets: overrides.secrets.shapes,
            handlers,
        })
    }

    pub fn shape(&self, name: &str) -> &Shape {
        &self.shapes[name]
    }
}
