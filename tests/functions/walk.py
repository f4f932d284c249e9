"""The operations of the API as its description tells them, and how to call each for real."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from jsonschema_rs import Draft202012Validator

from local import openapi
from mailtide import app
from mailtide.domain.organisation import Scope
from tests.http import Answer, Client

BELOW = {Scope.READ: None, Scope.SEND: Scope.READ, Scope.ADMIN: Scope.SEND}
DESCRIPTION = openapi.description()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the description."""

    method: str
    path: str
    described: Mapping[str, Any]

    @property
    def scope(self) -> Scope:
        """The scope that it needs."""
        return Scope(self.described["security"][0]["key"][0])

    @property
    def status(self) -> int:
        """The status of its success."""
        return min(int(status) for status in self.described["responses"])

    @property
    def names(self) -> list[str]:
        """The ids in its path."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def takes_anything(self) -> bool:
        """Whether there is anything about a request to it that could be wrong."""
        return bool(self.described.get("parameters") or "requestBody" in self.described)

    @property
    def query(self) -> dict[str, str]:
        """An example of what it needs in its query."""
        parameters = self.described.get("parameters", ())
        needed = [one for one in parameters if one.get("in") == "query" and one["required"]]
        return {one["name"]: one["schema"]["examples"][0] for one in needed}

    @property
    def body_example(self) -> Any:
        """The example of its body; None when it takes none."""
        content = self.described.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("example")

    def body(self, ids: Mapping[str, str]) -> Any:
        """Return the example of its body over these ids."""
        return over(self.body_example, ids)

    def named(self, ids: Mapping[str, str]) -> str:
        """Return its path with these ids."""
        return self.path.format(**ids)

    def call(self, client: Client, ids: Mapping[str, str]) -> Answer:
        """Send it as the example says."""
        return client.call(self.method, self.named(ids), self.body(ids), query=self.query or None)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def over(example: Any, ids: Mapping[str, str]) -> Any:
    """Put ids that are there, and instants to come, in the place of an example's."""
    if isinstance(example, list):
        return [over(one, ids) for one in example]
    if not isinstance(example, dict):
        return example
    return {name: _field(name, value, ids) for name, value in example.items()}


def _field(name: str, value: Any, ids: Mapping[str, str]) -> Any:
    if name == "send_at":  # an example's own instant passes
        return (app.now() + timedelta(days=1)).isoformat()
    singular = name.removeprefix("excluded_").removesuffix("s")
    if singular.endswith("_id") and isinstance(value, str):
        return ids.get(singular, value)
    if singular.endswith("_id") and isinstance(value, list):
        return [ids[singular]] if value and singular in ids else value
    return over(value, ids)


def misfits(operation: Operation, answer: Answer) -> list[str]:
    """Say where an answer is not what the description says of it."""
    described = operation.described["responses"].get(str(answer.status))
    if described is None:
        return [f"status {answer.status} is not described: {answer.text}"]
    if "$ref" in described:
        described = DESCRIPTION["components"]["responses"][described["$ref"].split("/")[-1]]
    content = described.get("content", {})
    if not content:
        return [f"a body where none is described: {answer.text}"] if answer.text else []
    kind = answer.headers["Content-Type"]
    if kind not in content:
        return [f"{kind} is not described"]
    schema = {**content[kind]["schema"], "components": DESCRIPTION["components"]}
    validator = Draft202012Validator(schema, validate_formats=True)
    return [
        f"{error.instance_path}: {error.message}" for error in validator.iter_errors(answer.json)
    ]


OPERATIONS = [
    Operation(method.upper(), path, described)
    for path, operations in DESCRIPTION["paths"].items()
    for method, described in operations.items()
]
NAMES = sorted({name for operation in OPERATIONS for name in operation.names})
