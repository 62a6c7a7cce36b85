"""Whether a conversation has agents; and the search of SQLite indexes the head of a text, as that of PostgreSQL does."""

from typing import Any

from django.db import migrations, models

from conversations import search_schema


def mark(apps: Any, schema_editor: Any) -> None:
    """Those that have one now."""
    membership = apps.get_model("conversations", "Membership")
    rows = membership.objects.filter(participant__kind="agent").order_by().values("conversation")
    apps.get_model("conversations", "Conversation").objects.filter(pk__in=rows).update(has_agents=True)


def renew_search(apps: Any, schema_editor: Any) -> None:
    """Make triggers and view anew; nothing that is indexed by now is longer than the bound."""
    if schema_editor.connection.vendor != "sqlite":
        return
    for name in ("insert", "update", "delete"):
        schema_editor.execute(f"DROP TRIGGER {search_schema.INDEX}_{name}")
    schema_editor.execute(f"DROP VIEW {search_schema.SOURCE}")
    schema_editor.execute(search_schema.SQLITE[1])
    for statement in search_schema.SQLITE_TRIGGERS:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("conversations", "0004_search")]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="has_agents",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
        migrations.RunPython(renew_search, migrations.RunPython.noop),
    ]
