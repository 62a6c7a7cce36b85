"""Why a run ends without an answer, or is no longer one's own. Pure.

Codes of a run's error are for clients and stay as they are; what a provider said is only in the logs.
"""

CANCELLED = ("cancelled", "Stopped.")
BUSY = ("agent_busy", "The agent has too many questions waiting here. Ask again when it has answered some.")
BUDGET = ("budget_exceeded", "The tokens of today are used up. Ask again tomorrow, or ask an admin for more.")
TIMEOUT = ("run_timeout", "The answer took too long.")
TOO_MANY_STEPS = ("too_many_steps", "The agent used its tools too often without coming to an answer.")
TOO_LARGE = ("answer_too_large", "The answer is larger than a message may be.")
EMPTY = ("declined", "The agent had nothing to say to this.")
LOST = ("worker_lost", "What worked on the answer ended several times. Ask again.")
NOTHING = ("nothing_to_answer", "What the agent was asked is no longer there.")
HIDDEN = ("context_hidden", "Somebody came who may not read what the answer was made from. Ask again.")
REMOVED = ("agent_removed", "The agent may no longer write here.")
INTERNAL = ("internal_error", "Something went wrong here. Ask again.")


class RunLost(Exception):
    """The run has ended, or is another worker's by now: whoever still works on it stops, and writes nothing."""
