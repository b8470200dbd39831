"""The mapping engine: YAML in, one plain function per direction out."""
