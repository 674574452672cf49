"""Checks rendered manifests against the schemas of the oldest and the newest Kubernetes that the chart is for."""

import sys

import kubernetes_validate
import yaml

VERSIONS = ("1.30", "1.34")
# Defined by the Prometheus Operator, whose schemas Kubernetes does not have.
FOREIGN = {"PodMonitor"}

checked = 0
for manifest in filter(None, yaml.safe_load_all(open(sys.argv[1]))):
    if manifest["kind"] in FOREIGN:
        continue
    for version in VERSIONS:
        kubernetes_validate.validate(manifest, version, strict=True)
        checked += 1
assert checked > 0, "there was nothing to check"
print(f"{checked} checks")
