"""A chat-model server on loopback with scripted answers, in five dialects.

OpenAI chat completions under /v1 and, as Azure has them, under /openai/deployments; Anthropic
messages under /v1/messages, Ollama under /api/chat, Google under /v1beta,
Bedrock under /model.
`ChatModelServer` runs it inside a test; `python -m emulators.chat_model --script FILE` in a process
of its own. What was asked is in the journal.
"""

from .script import Fault, Reply, Request, Rule, Script, load_script
from .server import ChatModelServer

__all__ = ["ChatModelServer", "Fault", "Reply", "Request", "Rule", "Script", "load_script"]
