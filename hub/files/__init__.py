"""YAML files that people write: read safely, checked against a schema, faults told with file and line."""
