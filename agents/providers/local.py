"""Any server that speaks OpenAI's chat completions: llama.cpp, vLLM, Ollama, LM Studio, a gateway of one's own."""

from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from agents.conf import conf
from agents.endpoints import STREAMED, key_from, openai_client
from agents.profiles import Profile
from agents.steps import Question


async def model(question: Question, profile: Profile) -> OpenAIChatModel:
    """The model at the agent's address, or at the one that the settings name."""
    client = await openai_client(profile.base_url or conf.local_url, key_from(profile.api_key_variable))
    return OpenAIChatModel(
        question.model, provider=OpenAICompatibleProvider("local", openai_client=client), profile=STREAMED
    )
