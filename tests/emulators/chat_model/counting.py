"""Tokens, where a script does not say how many."""

from .script import Reply, Request


def count_tokens(text: str) -> int:
    """A stand-in for a tokenizer: four characters a token, as a rule of thumb."""
    return max(1, len(text) // 4)


def count_usage(request: Request, reply: Reply) -> tuple[int, int]:
    """Tokens read and written."""
    given = count_tokens(request.text) if reply.input_tokens is None else reply.input_tokens
    made = count_tokens(reply.content) if reply.output_tokens is None else reply.output_tokens
    return given, made
