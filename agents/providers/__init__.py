"""Where answers come from: a file for each provider, named like it; adding one is adding a file.

A provider of models has ``async model(question, profile)``, which returns a pydantic-ai model; ``function``, which asks
none, has ``steps``.
"""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from agents.profiles import Profile
    from agents.steps import Question

NAMES = tuple(sorted(found.name for found in pkgutil.iter_modules(__path__)))


async def model_of(question: "Question", profile: "Profile") -> "Model[Any]":
    """The model that answers. Raises AnswerFailed ``provider_not_configured``."""
    from agents.failures import Code, failure

    if question.provider not in NAMES:
        raise failure(Code.NOT_CONFIGURED)
    model: Model[Any] = await import_module(f"{__name__}.{question.provider}").model(question, profile)
    return model
