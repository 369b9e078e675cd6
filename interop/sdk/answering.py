"""A library in its own process: one JSON question a line comes in, one JSON answer a line leaves.

Libraries are slow to start, so each is started once and asked many times. A question names what
to do and has the arguments beside it; an answer is what the library returned, or `error` with
what it raised. `both` asks two questions at once.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor


def answer_questions(operations, error_of):
    """Answers until the input ends. `operations(as_whom)` has a method for each thing to do;
    `error_of` reads what the library raises into plain fields."""

    def answer(question):
        arguments = dict(question)
        do = arguments.pop("do")
        if do == "both":
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(answer, arguments["questions"]))
        whom = arguments.pop("as")
        try:
            return getattr(operations(whom), do)(**arguments)
        except Exception as error:
            return {"error": {"kind": type(error).__name__, **error_of(error)}}

    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line)), default=str), flush=True)
