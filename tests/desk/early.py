"""A database as the first desk made it: no table `heard`, no column `lowered`, no version."""

from sqlalchemy import create_engine

from tests.desk.say import ID, NOON_MS, PLACE

TABLES = """
CREATE TABLE cases (terminal VARCHAR(64) NOT NULL, id VARCHAR(64) NOT NULL, label VARCHAR(40), state VARCHAR(20), place VARCHAR(200), first_ms BIGINT,
  period VARCHAR(40), seq BIGINT, score FLOAT, level_dba FLOAT, phrase VARCHAR(200), onset_ms BIGINT, raised_ms BIGINT, said_ms BIGINT, repeat BIGINT,
  count BIGINT, drill BOOLEAN, verdict VARCHAR(10), "by" VARCHAR(200), trace TEXT, model VARCHAR(64), profile VARCHAR(64), acknowledged_ms BIGINT,
  arrived_ms BIGINT, closed_ms BIGINT, word VARCHAR(500), PRIMARY KEY (terminal, id));
CREATE INDEX ix_cases_first_ms ON cases (first_ms);
CREATE TABLE deeds ({number}, at_ms BIGINT, who VARCHAR(80), verb VARCHAR(20), terminal VARCHAR(64), about VARCHAR(200), outcome VARCHAR(200),
  PRIMARY KEY (number));
CREATE INDEX ix_deeds_at_ms ON deeds (at_ms);
CREATE TABLE sessions (hash VARCHAR(64) NOT NULL, name VARCHAR(80), csrf VARCHAR(64), until_ms BIGINT, PRIMARY KEY (hash));
CREATE TABLE terminals (name VARCHAR(64) NOT NULL, place VARCHAR(200), condition VARCHAR(20), since_ms BIGINT, told_ms BIGINT, heard_ms BIGINT,
  online BOOLEAN, "plan" VARCHAR(80), x FLOAT, y FLOAT, PRIMARY KEY (name));
CREATE TABLE users (name VARCHAR(80) NOT NULL, role VARCHAR(20), hash VARCHAR(300), PRIMARY KEY (name));
"""
AN_ALERT = f"""
INSERT INTO cases (terminal, id, label, state, place, first_ms, period, seq, score, repeat, count, drill, trace, model, profile, word)
VALUES ('t1', '{ID}', 'shouting', 'raised', '{PLACE}', {NOON_MS}, 'break', 1, 0.9, 0, 1, false, '[[0.0, 0.9, null]]', '', '', '');
"""  # noqa: S608 - of the test's own constants
ROWS = f"""
{AN_ALERT}
INSERT INTO deeds (at_ms, who, verb, terminal, about, outcome) VALUES (1, '李老师', 'acknowledge', 't1', '{ID}', 'sent');
INSERT INTO sessions (hash, name, csrf, until_ms) VALUES ('h', '李老师', 'c', {NOON_MS});
INSERT INTO terminals (name, place, condition, since_ms, online, "plan", x, y) VALUES ('t1', '{PLACE}', 'fine', 1, true, '二楼', 0.25, 0.5);
INSERT INTO users (name, role, hash) VALUES ('李老师', 'duty', 'x');
"""  # noqa: S608 - as above


def run(url: str, *statements: str) -> None:
    """SQL as it stands."""
    engine = create_engine(url)
    number = "number SERIAL" if engine.dialect.name == "postgresql" else "number INTEGER NOT NULL"
    with engine.begin() as db:
        for statement in filter(str.strip, ";".join(statements).format(number=number).split(";")):
            db.exec_driver_sql(statement)
    engine.dispose()
