"""Migrations of the database, by Alembic: each is tested up and down on SQLite and PostgreSQL."""
