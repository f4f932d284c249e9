"""The functions that answer the API, behind one front as the gateway routes to them."""

import re
from functools import cache
from typing import Any

from local import openapi

RESOLVERS = openapi.resolvers()  # by function


def front(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Hand a request to the function that answers it."""
    method = event["requestContext"]["http"]["method"]
    function = function_of(event["rawPath"]) if method == "GET" else "api"  # as in the stack
    answer: dict[str, Any] = RESOLVERS[function].resolve(event, context)
    return answer


@cache
def function_of(path: str) -> str:
    """Return the function that has this path; what none of the others has is the API's."""
    for name, patterns in _patterns().items():
        if name != "api" and any(pattern.fullmatch(path) for pattern in patterns):
            return name
    return "api"


@cache
def _patterns() -> dict[str, list[re.Pattern[str]]]:
    return {
        name: [
            re.compile(re.sub(r"{\w+}", "[^/]+", path))
            for path in openapi.described(resolver)["paths"]
        ]
        for name, resolver in RESOLVERS.items()
    }
