"""How an answer can fail: stable codes, each with a sentence for people. What a provider said is for the logs alone.

The library's exceptions are told apart here and nowhere else. No Django.
"""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import ValidationError
from pydantic_ai import exceptions

from agents.steps import AnswerFailed
from participants.errors import ChatError


class Code(StrEnum):
    """The codes of ``agent_failed`` that come from models, functions and their tools."""

    NOT_CONFIGURED = "provider_not_configured"
    UNAVAILABLE = "provider_unavailable"
    REJECTED_KEY = "provider_rejected_key"
    RATE_LIMITED = "provider_rate_limited"
    QUOTA_EXCEEDED = "provider_quota_exceeded"
    REJECTED = "provider_rejected_request"
    ERROR = "provider_error"
    TIMEOUT = "provider_timeout"
    UNKNOWN_MODEL = "unknown_model"
    CONTEXT_TOO_LONG = "context_too_long"
    INTERRUPTED = "answer_interrupted"
    MALFORMED = "malformed_answer"
    TOO_LONG = "answer_too_long"
    TOO_MANY_STEPS = "too_many_steps"
    DECLINED = "declined"
    FUNCTION_FAILED = "function_failed"
    UNAVAILABLE_HERE = "unavailable"


_DETAILS = {
    Code.NOT_CONFIGURED: "This agent is not set up completely. An administrator has to look at it.",
    Code.UNAVAILABLE: "The agent's model cannot be reached right now.",
    Code.REJECTED_KEY: "The agent's model does not accept its key. An administrator has to look at it.",
    Code.RATE_LIMITED: "The agent's model has too much to do right now.",
    Code.QUOTA_EXCEEDED: "What the agent's model may cost is used up. An administrator has to look at it.",
    Code.REJECTED: "The agent's model refused the request.",
    Code.ERROR: "The agent's model failed.",
    Code.TIMEOUT: "The agent's model did not answer in time.",
    Code.UNKNOWN_MODEL: "The agent's model does not exist there. An administrator has to look at it.",
    Code.CONTEXT_TOO_LONG: "There was more to read than the agent's model can take.",
    Code.INTERRUPTED: "The answer broke off before its end.",
    Code.MALFORMED: "The agent's model gave an answer that cannot be read.",
    Code.TOO_LONG: "The answer did not fit into what the model may write at once.",
    Code.TOO_MANY_STEPS: "The agent took too many steps without coming to an end.",
    Code.DECLINED: "The agent declined to answer.",
    Code.FUNCTION_FAILED: "The agent's function failed.",
    Code.UNAVAILABLE_HERE: "The server has too much to do right now.",
}


@dataclass(frozen=True, slots=True)
class _Case:
    """What an exception means; ``blames`` the provider for the breaker, ``passes`` if a second try may do better."""

    code: Code
    blames: bool = False
    passes: bool = False


# The first line whose class fits: subclasses stand above what they are derived from.
_CASES: list[tuple[type[BaseException], _Case]] = [
    (exceptions.ModelRateLimitError, _Case(Code.RATE_LIMITED, blames=True, passes=True)),
    (exceptions.ModelQuotaExceededError, _Case(Code.QUOTA_EXCEEDED)),
    (exceptions.ModelAuthenticationError, _Case(Code.REJECTED_KEY)),
    (exceptions.ModelNotFoundError, _Case(Code.UNKNOWN_MODEL)),
    (exceptions.ModelContextWindowExceededError, _Case(Code.CONTEXT_TOO_LONG)),
    (exceptions.ModelRequestRejectedError, _Case(Code.REJECTED)),
    (exceptions.ModelTimeoutError, _Case(Code.TIMEOUT, blames=True, passes=True)),
    (exceptions.ModelRequestTimeout, _Case(Code.TIMEOUT, blames=True, passes=True)),
    (exceptions.ModelConnectionError, _Case(Code.UNAVAILABLE, blames=True, passes=True)),
    (exceptions.ModelUnavailableError, _Case(Code.UNAVAILABLE, blames=True, passes=True)),
    (exceptions.ModelAPIError, _Case(Code.ERROR, blames=True, passes=True)),
    (ChatError, _Case(Code.UNAVAILABLE_HERE, passes=True)),
    (exceptions.UsageLimitExceeded, _Case(Code.TOO_MANY_STEPS)),
    (exceptions.ContentFilterError, _Case(Code.DECLINED)),
    (exceptions.OutputTokenLimitExceeded, _Case(Code.TOO_LONG)),
    (exceptions.UnexpectedModelBehavior, _Case(Code.MALFORMED, passes=True)),
    (exceptions.UserError, _Case(Code.NOT_CONFIGURED)),
    (exceptions.AgentRunError, _Case(Code.ERROR, blames=True)),
    (ValidationError, _Case(Code.MALFORMED, passes=True)),
    (TimeoutError, _Case(Code.TIMEOUT, blames=True, passes=True)),
    (OSError, _Case(Code.UNAVAILABLE, blames=True, passes=True)),
]
_UNREADABLE = _Case(Code.MALFORMED, passes=True)  # bytes that are no JSON, or no UTF-8
_TOO_MUCH = _Case(Code.CONTEXT_TOO_LONG)
_BROKEN_OFF = _Case(Code.INTERRUPTED, blames=True, passes=True)
_UNKNOWN = _Case(Code.ERROR)


def failure(code: Code, *, is_safe_to_retry: bool = False) -> AnswerFailed:
    """The failure with this code and its sentence."""
    return AnswerFailed(str(code), _DETAILS[code], is_safe_to_retry=is_safe_to_retry)


def _names_the_context(error: exceptions.ModelAPIError) -> bool:
    """The library knows how hosted providers say it; llama.cpp says ``exceed_context_size_error``."""
    return "context" in f"{error.provider_error_type} {error.provider_error_code}"


def _case_of(error: BaseException) -> _Case:
    if isinstance(error, BaseExceptionGroup) and error.exceptions:
        return _case_of(error.exceptions[0])
    if isinstance(error, exceptions.ModelRequestRejectedError) and _names_the_context(error):
        return _TOO_MUCH
    if type(error) is exceptions.ModelAPIError and error.body is None:
        return _UNREADABLE if isinstance(error.__cause__, ValueError) else _BROKEN_OFF
    return next((case for kind, case in _CASES if isinstance(error, kind)), _UNKNOWN)


def failure_of(error: Exception, *, has_acted: bool) -> AnswerFailed:
    """What clients are told of ``error``; a second attempt is safe if nothing was done and may make a difference."""
    case = _case_of(error)
    if has_acted and case.code is Code.UNAVAILABLE:
        case = _BROKEN_OFF
    return failure(case.code, is_safe_to_retry=case.passes and not has_acted)


def blames_provider(error: Exception) -> bool:
    """Whether ``error`` says that the provider is not well, so that others had better leave it alone."""
    return _case_of(error).blames


def is_known(error: Exception) -> bool:
    """Whether ``error`` is one that happens: to be logged in a line, not with a traceback."""
    return _case_of(error) is not _UNKNOWN
