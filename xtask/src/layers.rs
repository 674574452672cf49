//! Imports run downwards only: a room may import the rooms named here and nothing else of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

/// Each room with the rooms below it, as ARCHITECTURE.md draws them.
const ROOMS: &[(&str, &[&str])] = &[
    ("cognate-model", &[]),
    ("cognate-crypto", &[]),
    ("cognate-domain", &["cognate-crypto", "cognate-model"]),
    ("cognate-store", &["cognate-domain", "cognate-model"]),
    ("cognate-outbound", &["cognate-crypto"]),
    ("cognate-triggers", &["cognate-crypto", "cognate-outbound"]),
    ("cognate-delivery", &["cognate-domain", "cognate-model", "cognate-outbound"]),
    (
        "cognate-operations",
        &[
            "cognate-crypto",
            "cognate-delivery",
            "cognate-domain",
            "cognate-model",
            "cognate-outbound",
            "cognate-store",
            "cognate-triggers",
        ],
    ),
    ("cognate-protocol", &["cognate-crypto", "cognate-domain", "cognate-model", "cognate-operations", "cognate-store"]),
    ("cognate-hosted", &["cognate-domain", "cognate-model", "cognate-operations"]),
    (
        "cognate",
        &[
            "cognate-crypto",
            "cognate-delivery",
            "cognate-domain",
            "cognate-hosted",
            "cognate-model",
            "cognate-operations",
            "cognate-outbound",
            "cognate-protocol",
            "cognate-store",
            "cognate-triggers",
        ],
    ),
    ("cognate-testkit", &["cognate"]),
];

/// The only room that may hold SQL.
const SQL_ROOM: &str = "store";

#[derive(Deserialize)]
struct Manifest {
    package: Package,
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

pub fn check(root: &Path) -> Result<String, String> {
    let rooms: BTreeMap<&str, BTreeSet<&str>> =
        ROOMS.iter().map(|(name, below)| (*name, below.iter().copied().collect())).collect();
    let mut faults = Vec::new();
    let mut checked = 0;
    let folder = root.join("crates");
    for entry in std::fs::read_dir(&folder).map_err(|e| e.to_string())?.flatten() {
        let path = entry.path();
        let text = std::fs::read_to_string(path.join("Cargo.toml")).map_err(|e| format!("{}: {e}", path.display()))?;
        let manifest: Manifest = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = manifest.package.name;
        let Some(below) = rooms.get(name.as_str()) else {
            faults.push(format!("{name} is not a room that xtask/src/layers.rs knows"));
            continue;
        };
        for import in manifest.dependencies.keys().filter(|import| import.starts_with("cognate")) {
            if !below.contains(import.as_str()) {
                faults.push(format!("{name} may not import {import}"));
            }
        }
        if !path.ends_with(SQL_ROOM) {
            for needle in ["rusqlite", "tokio-postgres"] {
                if manifest.dependencies.contains_key(needle) {
                    faults.push(format!("{name} may not use {needle}: SQL lives in crates/store"));
                }
            }
        }
        checked += 1;
    }
    if faults.is_empty() { Ok(format!("{checked} rooms import downwards only")) } else { Err(faults.join("\n")) }
}
