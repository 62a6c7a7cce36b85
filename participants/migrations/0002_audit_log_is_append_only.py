"""The database itself keeps the audit log append-only, whoever asks: Django, a shell, another program.

Opened by participants.audit.retention alone. A later migration that alters the table must make SQLite's triggers anew:
there a table is altered by replacing it, and its triggers go with it.
"""

from django.db import migrations

TABLE = "participants_auditevent"
FLAG = "participants_auditmaintenance"

POSTGRESQL = (
    f"""
    CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('chat.audit_maintenance', true) IS DISTINCT FROM 'on' THEN
            RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    # By statement: TRUNCATE has no rows, and what would touch no row is refused too.
    f"""
    CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()
    """,
)
POSTGRESQL_BACK = (f"DROP TRIGGER {TABLE}_append_only ON {TABLE}", f"DROP FUNCTION {TABLE}_refuse()")

_CLOSED = f"NOT EXISTS (SELECT 1 FROM {FLAG})"  # noqa: S608 - constants
_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
SQLITE = (
    f"CREATE TABLE {FLAG} (allowed INTEGER NOT NULL)",
    f"CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} WHEN {_CLOSED} {_REFUSE}",
    f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} WHEN {_CLOSED} {_REFUSE}",
    # INSERT OR REPLACE deletes what is in its way without asking the trigger above.
    f"""
    CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE}
    WHEN {_CLOSED} AND EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) {_REFUSE}
    """,  # noqa: S608 - constants
)
SQLITE_BACK = (
    *(f"DROP TRIGGER {TABLE}_{name}" for name in ("no_update", "no_delete", "no_replace")),
    f"DROP TABLE {FLAG}",
)


def forwards(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    for statement in SQLITE_BACK if schema_editor.connection.vendor == "sqlite" else POSTGRESQL_BACK:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("participants", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
