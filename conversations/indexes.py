"""Indexes that the models need beside Django's own."""

from typing import Any

from django.db import models


class CoveringIndex(models.Index):
    """An index that holds further columns (``include``), so that reads of these never look at the rows.

    PostgreSQL keeps them beside the key. SQLite has no such place, so there they are the end of the key.
    """

    def create_sql(self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        """The statement that makes it."""
        if schema_editor.connection.features.supports_covering_indexes:
            return super().create_sql(model, schema_editor, using, **kwargs)
        columns = [*self.fields, *self.include]
        whole = models.Index(fields=columns, condition=self.condition, name=self.name)
        return whole.create_sql(model, schema_editor, using, **kwargs)
