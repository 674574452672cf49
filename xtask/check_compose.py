"""Checks a Compose file against the schema of the specification, and that what it names is declared in it."""

import json
import re
import sys
from pathlib import Path

import jsonschema
import yaml

text = Path(sys.argv[1]).read_text()
# As Compose does with variables that are set.
text = re.sub(r"\$\{\w+(:?[-?][^}]*)?\}", "value", text)
compose = yaml.safe_load(text)
schema = json.loads(next(Path(sys.argv[2]).rglob("lib/compose-spec/schema/compose-spec.json")).read_text())
# Newer than the schema that can be had.
assert re.fullmatch("[a-z0-9_-]+", compose.pop("name"))
error = jsonschema.exceptions.best_match(jsonschema.validators.validator_for(schema)(schema).iter_errors(compose))
if error:
    sys.exit(f"{error.json_path}: {error.message}")

services = compose["services"]
for name, service in services.items():
    volumes = [volume.split(":")[0] for volume in service.get("volumes", [])]
    assert all(volume in compose["volumes"] for volume in volumes), f"{name}: {volumes}"
    for other in service.get("depends_on", {}):
        assert other in services, f"{name} depends on {other}"
        assert set(services[other].get("profiles", [])) <= set(service.get("profiles", [])), f"{other} may not run"
        assert "healthcheck" in services[other], f"{other} never becomes healthy"
print(f"{len(services)} services")
