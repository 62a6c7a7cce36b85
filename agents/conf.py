"""Settings of this app (see :mod:`participants.settings`)."""

from participants.settings import Setting


class Conf:
    """Models, tools and their servers. Periods are seconds."""

    local_url = Setting(
        "CHAT_LOCAL_URL", "http://127.0.0.1:11434/v1", "OpenAI-compatible server of agents that name no other"
    )
    openrouter_url = Setting("CHAT_OPENROUTER_URL", "https://openrouter.ai/api/v1", "where OpenRouter is reached")
    functions = Setting(
        "CHAT_AGENT_FUNCTIONS", "", "dotted paths, comma-separated, that function agents may name; all below `path.*`"
    )
    function_threads = Setting("CHAT_FUNCTION_THREADS", 4, "threads for function agents that are not async")
    model_connections = Setting("CHAT_MODEL_CONNECTIONS", 20, "connections of one process to the servers of models")
    model_connect_seconds = Setting("CHAT_MODEL_CONNECT_SECONDS", 5.0, "longest a connection to a model's server takes")
    model_silence_seconds = Setting("CHAT_MODEL_SILENCE_SECONDS", 60.0, "longest a model may send nothing")
    breaker_failures = Setting("CHAT_BREAKER_FAILURES", 5, "failures of a provider after which it is left alone")
    breaker_window_seconds = Setting("CHAT_BREAKER_WINDOW_SECONDS", 60.0, "they count if they are in this time")
    breaker_pause_seconds = Setting("CHAT_BREAKER_PAUSE_SECONDS", 30.0, "how long it is left alone, then tried by one")
    tool_characters = Setting("CHAT_TOOL_CHARACTERS", 8_000, "longest result of a tool; the rest is cut")
    mcp_programs = Setting(
        "CHAT_MCP_PROGRAMS", "", "programs, comma-separated, that MCP servers of the admin may start; none if empty"
    )
    mcp_connect_seconds = Setting("CHAT_MCP_CONNECT_SECONDS", 5.0, "longest a server of tools may take to be ready")
    builtin_pause_seconds = Setting("CHAT_BUILTIN_PAUSE_SECONDS", 0.02, "pause of the built-in model between words")


conf = Conf()
