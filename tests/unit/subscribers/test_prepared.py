"""Prepared statements: on SQLite a query's rows come as one value, and nobody can tell."""

import pytest
from sqlalchemy import Connection, Integer, bindparam, create_engine, literal_column, select, text

from subscribers.prepared import Prepared, PreparedQuery

ROWS = [
    (1, "priya@example.org", None),
    (2, 'a "quoted" name, [1, 2]\n\u2028', "2026-11-21 10:30:00.000000"),
    (3, "\0 and 用户 and 🙂", None),
    (2**62, "", "x"),
]
QUERY = (
    select(literal_column("n"), literal_column("words"), literal_column("at"))
    .select_from(text("given"))
    .where(literal_column("n") >= bindparam("least", type_=Integer))
    .order_by(literal_column("n").desc())
)


@pytest.fixture
def connection() -> Connection:
    """To a database with these rows."""
    connection = create_engine("sqlite://").connect()
    connection.exec_driver_sql("CREATE TABLE given (n INTEGER, words TEXT, at TEXT)")
    connection.exec_driver_sql("INSERT INTO given VALUES (?, ?, ?)", ROWS)
    return connection


@pytest.mark.parametrize("least", [0, 2, 2**62, 2**62 + 1])
def test_rows_that_come_as_one_value_are_the_same_rows(connection: Connection, least: int) -> None:
    """In their order; and none where there are none."""
    found = PreparedQuery(QUERY).run(connection, least=least)

    assert found == Prepared(QUERY).run(connection, least=least)
    assert found == sorted((row for row in ROWS if row[0] >= least), reverse=True)
