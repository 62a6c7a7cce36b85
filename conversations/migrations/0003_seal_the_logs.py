"""Commitments and digests for the entries of logs from before there were any.

Former texts were not kept then, so each entry is sealed as it is now.
"""

import hashlib
import secrets

import orjson
from django.db import migrations

OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


def seal(apps, schema_editor):
    conversations = apps.get_model("conversations", "Conversation")
    events = apps.get_model("conversations", "Event")
    for conversation in conversations.objects.filter(last_sequence__gt=0).iterator():
        before = ""
        for entry in events.objects.filter(conversation=conversation).order_by("sequence").iterator(chunk_size=500):
            entry.salt = "" if entry.deleted_at else secrets.token_hex(16)
            said = {name: value for name, value in entry.data.items() if name not in {"reactions", "mentions"}}
            entry.commitment = hashlib.sha256(
                entry.salt.encode() + orjson.dumps([entry.content, said], option=OPTIONS)
            ).hexdigest()
            envelope = [
                entry.sequence, entry.pk, entry.type, entry.author_id, entry.subject_id, entry.created_at,
                entry.message_id, entry.reply_to_id, entry.target_id, entry.commitment,
            ]  # fmt: skip
            entry.digest = before = hashlib.sha256(before.encode() + orjson.dumps(envelope, option=OPTIONS)).hexdigest()
            entry.save(update_fields=["salt", "commitment", "digest"])
        conversation.digest = before
        conversation.save(update_fields=["digest"])


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_what_hangs_on_messages")]
    operations = [migrations.RunPython(seal, migrations.RunPython.noop)]
