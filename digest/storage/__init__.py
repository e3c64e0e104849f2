"""Everything that is kept: one module a noun, one code path for SQLite and PostgreSQL."""
