"""The TOML file: its schema, its errors."""
