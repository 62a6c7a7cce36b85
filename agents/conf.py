"""Settings of this app (see :mod:`participants.settings`)."""

from participants.settings import Setting


class Conf:
    """Models, tools and their servers; and runs. Periods are seconds."""

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
    # Runs. Tokens are of a day; 0 is without a bound.
    runs = Setting("CHAT_AGENT_RUNS", 16, "runs that one process executes at once")
    queued_runs = Setting("CHAT_AGENT_QUEUE", 5, "runs of one agent in one conversation that may wait")
    depth = Setting("CHAT_AGENT_DEPTH", 3, "how far agents answer agents before a person speaks again")
    answer_bytes = Setting("CHAT_AGENT_ANSWER_BYTES", 10 * 1024 * 1024, "largest answer")
    context_characters = Setting("CHAT_AGENT_CONTEXT_CHARACTERS", 60_000, "most text of a conversation in a question")
    lease_seconds = Setting("CHAT_AGENT_LEASE_SECONDS", 10.0, "a worker silent for this long loses its runs to others")
    poll_seconds = Setting("CHAT_AGENT_POLL_SECONDS", 0.25, "how often a worker process looks for work")
    site_tokens = Setting("CHAT_AGENT_TOKENS_SITE", 0, "tokens a day of all agents together")
    conversation_tokens = Setting("CHAT_AGENT_TOKENS_CONVERSATION", 2_000_000, "tokens a day in one conversation")
    participant_tokens = Setting(
        "CHAT_AGENT_TOKENS_PARTICIPANT", 1_000_000, "tokens a day that one participant asks for"
    )


conf = Conf()
