"""Full-text search over messages."""

from django.db import migrations

from conversations import search_schema


class Migration(migrations.Migration):
    dependencies = [("conversations", "0003_seal_the_logs")]
    operations = [migrations.RunPython(search_schema.install, search_schema.remove)]
