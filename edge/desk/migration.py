"""Brings a database that an earlier desk wrote to the tables of this one. The same for SQLite and PostgreSQL.

The version stands in the database. Each step only adds, all of them are taken in one transaction, and a desk of an earlier version that still runs
on the database goes on. Alembic would do the same with a package and a folder of scripts more; it is worth that once a step has to rewrite rows.
"""

import logging
from collections.abc import Callable, Sequence

from sqlalchemy import Boolean, Column, Connection, Engine, Integer, MetaData, Table, delete, false, insert, inspect, select
from sqlalchemy.schema import CreateColumn

from edge.errors import EdgeError
from edge.words import N_

_LOCK = 0x7861_6F61  # of PostgreSQL, named by a number: two desks may start at once

_log = logging.getLogger(__name__)


class NewerStore(EdgeError):
    """The database was written by a later version of the program."""


def _lowered(db: Connection) -> None:
    """Alerts that are raised one step lower. An earlier desk knew none."""
    _add(db, "cases", Column("lowered", Boolean, nullable=False, server_default=false()))


STEPS: Sequence[Callable[[Connection], None]] = (_lowered,)
"""From version 1 to 2, and so on. A step stays as it was written; a table that is new needs none."""
VERSION = 1 + len(STEPS)
"""Of the tables as this program has them."""


def schema_of(metadata: MetaData) -> Table:
    """The table of one row that says the version, among the others."""
    return Table("desk_schema", metadata, Column("version", Integer, primary_key=True, autoincrement=False))


def migrate(engine: Engine, metadata: MetaData, schema: Table) -> None:
    """Make the tables of an empty database, and bring an earlier one here, all or nothing. Raises NewerStore, SQLAlchemyError."""
    with engine.connect() as db:
        if _version(db, schema) == VERSION and metadata.tables.keys() <= set(inspect(db).get_table_names()):
            return  # without a lock: somebody may be writing
    with engine.begin() as db:
        _alone(db)
        found = _version(db, schema)
        # Desks before version 2 kept no version.
        earlier = found or (1 if metadata.tables.keys() & inspect(db).get_table_names() else VERSION)
        metadata.create_all(db)
        for step in STEPS[earlier - 1 :]:
            step(db)
        if found != VERSION:
            db.execute(delete(schema))
            db.execute(insert(schema).values(version=VERSION))
    if earlier < VERSION:
        _log.warning("desk.migrated from=%d to=%d", earlier, VERSION)


def _version(db: Connection, schema: Table) -> int | None:
    """None where there is none yet. Raises NewerStore."""
    if not inspect(db).has_table(schema.name):
        return None
    found: int | None = db.execute(select(schema.c.version)).scalar()
    if found is not None and found > VERSION:
        raise NewerStore(
            N_("the desk's database was written by a newer version of this program (its tables are version {found}, this one knows {known}); "
               "nothing was changed. Update this program, or name another database by `database` in [desk]"),
            found=found, known=VERSION,
        )  # fmt: skip
    return found


def _alone(db: Connection) -> None:
    """Until the transaction ends no other desk migrates, and nothing of it stands if it fails."""
    if db.dialect.name == "sqlite":
        db.exec_driver_sql("BEGIN IMMEDIATE")  # Python's module would begin one for rows alone, not for tables
    elif db.dialect.name == "postgresql":
        db.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _add(db: Connection, table: str, column: Column[bool]) -> None:
    """A column, unless it is there: a desk wrote it before versions were kept, or has just made the table."""
    if column.name not in {known["name"] for known in inspect(db).get_columns(table)}:
        db.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {CreateColumn(column).compile(dialect=db.dialect)}")
