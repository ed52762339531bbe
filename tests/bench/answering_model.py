"""A chat model that answers at once, in a process of its own: prints its address, ends with stdin.

It plans two searches from the words of the question, finds the passages enough, and answers with
sentences of the first two.
"""

import asyncio
import re
import sys

from retrieval.sentences import split_sentences
from tests.emulators.chat_model import ChatModelServer, Reply, Request, Rule, Script

_MESSAGE = re.compile(r"<<\w+ (?:message|question)>>\n(.*?)\n<<", re.DOTALL)
_PASSAGE = re.compile(r"<<\w+ passage \[(\d+)\]>>\n[^\n]*\n(.*?)\n<<", re.DOTALL)


def plan(request: Request) -> Reply:
    """Two searches: the question, and its second half."""
    words = find_question(request).split()
    queries = [" ".join(words), " ".join(words[len(words) // 2 :])]
    return Reply(
        data={"decision": "search", "reason": "a question", "reply": "", "queries": queries}
    )


def answer(request: Request) -> Reply:
    """Two sentences of the first passage and one of the second, cited."""
    cited = []
    for number, text in _PASSAGE.findall(request.last)[:2]:
        spans = split_sentences(text)[: 2 if number == "1" else 1]
        cited += [f"{text[span.start : span.end].strip()} [{number}]" for span in spans]
    return Reply(" ".join(cited))


def find_question(request: Request) -> str:
    match = _MESSAGE.search(request.last)
    return match.group(1) if match else request.last


ENOUGH = {"verdict": "enough", "reason": "it is there", "queries": []}
SCRIPT = [
    Rule(schema="PlanOutput", reply=plan),
    Rule(schema="JudgeOutput", reply=Reply(data=ENOUGH)),
    Rule(schema="", reply=answer),
]


async def main() -> None:
    async with ChatModelServer(Script(SCRIPT)) as server:
        print(server.openai_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
