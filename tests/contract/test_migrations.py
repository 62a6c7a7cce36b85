"""Migrations say what the models say, and can be undone."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

OURS = [name for name in ("participants", "conversations", "realtime", "agents") if apps.is_installed(name)]


def test_every_change_of_a_model_has_its_migration(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_every_migration_can_be_undone_and_done_again():
    executor = MigrationExecutor(connection)
    labels = sorted({label for label, _ in executor.loader.graph.leaf_nodes() if label in OURS})
    assert {"participants", "conversations"} <= set(labels)
    try:
        for label in labels:
            call_command("migrate", label, "zero", interactive=False, verbosity=0)
        left = set(connection.introspection.table_names())
        assert (
            not {model._meta.db_table for label in labels for model in apps.get_app_config(label).get_models()} & left
        )
    finally:
        call_command("migrate", interactive=False, verbosity=0)
    made = set(connection.introspection.table_names())
    assert {model._meta.db_table for model in apps.get_models()} <= made
