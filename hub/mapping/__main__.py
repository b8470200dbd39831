"""Writes the JSON Schema of the mapping language to `mappings/mapping.schema.json`."""

from pathlib import Path

from hub.mapping.schema import json_schema_text

Path("mappings/mapping.schema.json").write_text(json_schema_text(), encoding="utf-8")
