"""What search needs of the database beside Django's tables. Migrations put it there; compacting builds it anew.

PostgreSQL: a generated column of lexemes, as they stand and as English words, with a GIN index. SQLite: an FTS5 index
that triggers keep with the messages; it stores no text, only where which words are. Its documents have numbers of
their own, as the rowids behind our ids may change. A later migration that makes SQLite build the table of events anew
must install this again: there a table's triggers go with it.
"""

from typing import Any

EVENT = "conversations_event"
INDEX = "conversations_search"
DOCUMENT = "conversations_searchdocument"
SOURCE = "conversations_searchsource"

# A tsvector takes 1 MB: 100,000 characters of any script, twice, are below that.
_TEXT = "left(content, 100000)"
_HEAD = "substr({}, 1, 100000)"  # the same bound: an index of an answer of megabytes takes seconds to write
# A place that no word has: the last word and the first of the second half are no neighbours in a phrase.
_SEAM = "$$' ':1$$::tsvector"
POSTGRESQL = (
    f"""
    ALTER TABLE {EVENT} ADD COLUMN search tsvector GENERATED ALWAYS AS (
        CASE WHEN message_id IS NOT NULL
        THEN to_tsvector('simple', {_TEXT}) || {_SEAM} || to_tsvector('english', {_TEXT}) END
    ) STORED
    """,
    f"CREATE INDEX event_search ON {EVENT} USING gin (search)",
)
POSTGRESQL_BACK = (f"ALTER TABLE {EVENT} DROP COLUMN search",)

_FORGET = f"""
    INSERT INTO {INDEX} ({INDEX}, rowid, content)
        SELECT 'delete', id, {_HEAD.format("OLD.content")} FROM {DOCUMENT} WHERE event = OLD.id AND OLD.content <> '';
    DELETE FROM {DOCUMENT} WHERE event = OLD.id;
"""  # noqa: S608 - constants, here and below
_LEARN = f"""
    INSERT INTO {DOCUMENT} (event) SELECT NEW.id WHERE NEW.content <> '';
    INSERT INTO {INDEX} (rowid, content) SELECT id, {_HEAD.format("NEW.content")} FROM {DOCUMENT} WHERE event = NEW.id;
"""  # noqa: S608
SQLITE_TRIGGERS = (
    f"CREATE TRIGGER {INDEX}_insert AFTER INSERT ON {EVENT} WHEN NEW.message_id IS NOT NULL BEGIN {_LEARN} END",
    f"""
    CREATE TRIGGER {INDEX}_update AFTER UPDATE OF content ON {EVENT}
    WHEN NEW.message_id IS NOT NULL AND NEW.content <> OLD.content BEGIN {_FORGET} {_LEARN} END
    """,
    f"CREATE TRIGGER {INDEX}_delete AFTER DELETE ON {EVENT} WHEN OLD.message_id IS NOT NULL BEGIN {_FORGET} END",
)
SQLITE = (
    f"CREATE TABLE {DOCUMENT} (id INTEGER PRIMARY KEY, event char(32) NOT NULL UNIQUE)",
    f"""
    CREATE VIEW {SOURCE} AS
    SELECT document.id AS id, {_HEAD.format("entry.content")} AS content FROM {DOCUMENT} document JOIN {EVENT} entry
    ON entry.id = document.event
    """,  # noqa: S608
    f"""
    CREATE VIRTUAL TABLE {INDEX} USING fts5(
        content, content = '{SOURCE}', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
    )
    """,
    *SQLITE_TRIGGERS,
    f"INSERT INTO {DOCUMENT} (event) SELECT id FROM {EVENT} WHERE message_id IS NOT NULL AND content <> ''",  # noqa: S608
    f"INSERT INTO {INDEX} ({INDEX}) VALUES ('rebuild')",  # noqa: S608
)
SQLITE_BACK = (
    *(f"DROP TRIGGER IF EXISTS {INDEX}_{name}" for name in ("insert", "update", "delete")),
    f"DROP TABLE {INDEX}",
    f"DROP VIEW {SOURCE}",
    f"DROP TABLE {DOCUMENT}",
)


def install(apps: Any, schema_editor: Any) -> None:
    """Make it, for the messages that there are too."""
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def remove(apps: Any, schema_editor: Any) -> None:
    """Take it away."""
    for statement in SQLITE_BACK if schema_editor.connection.vendor == "sqlite" else POSTGRESQL_BACK:
        schema_editor.execute(statement)
