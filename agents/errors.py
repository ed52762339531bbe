"""What can go wrong in the agent.

AgentError
├── ModelUnavailable       the chat model cannot be reached or refuses us
├── MalformedModelOutput   the chat model's output cannot be used, even after a repair
├── BudgetExceeded         a run used up its steps, tokens or seconds
└── UnknownModel           the setting names a model that cannot be loaded
An error's docstring is its default text.
"""


class AgentError(Exception):
    """The agent failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class ModelUnavailable(AgentError):
    """The answer model is unavailable."""


class MalformedModelOutput(AgentError):
    """The answer model's output could not be used."""


class BudgetExceeded(AgentError):
    """The question used up its budget."""


class UnknownModel(AgentError):
    """The chat model named in the settings cannot be loaded."""
