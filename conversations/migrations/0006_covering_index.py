from django.conf import settings
from django.db import migrations, models

import conversations.indexes


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0005_agents_in_conversations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="event",
            name="event_said",
        ),
        migrations.AddIndex(
            model_name="event",
            index=conversations.indexes.CoveringIndex(
                condition=models.Q(("message_id__isnull", False)),
                fields=["conversation", "sequence"],
                include=("author", "deleted_at"),
                name="event_said",
            ),
        ),
    ]
