"""OpenRouter: many vendors' models behind one key, which goes to the address that the settings name and no other."""

from pydantic_ai.models.openrouter import OpenRouterModel
from pydantic_ai.providers.openrouter import OpenRouterProvider

from agents.conf import conf
from agents.endpoints import STREAMED, key_from, openai_client
from agents.profiles import Profile
from agents.steps import Question

KEY_VARIABLE = "OPENROUTER_API_KEY"


async def model(question: Question, profile: Profile) -> OpenRouterModel:
    """The model of this name (``vendor/model``), asked with the key in ``OPENROUTER_API_KEY`` or another variable."""
    key = key_from(profile.api_key_variable or KEY_VARIABLE)
    client = await openai_client(conf.openrouter_url, key)
    return OpenRouterModel(question.model, provider=OpenRouterProvider(openai_client=client), profile=STREAMED)
