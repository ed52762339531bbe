"""The brains: the built-in one, which needs no key, and any LangChain chat model."""
