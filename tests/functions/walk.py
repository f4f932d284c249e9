"""The operations of the API as its description tells them, and how to call each for real."""

import re
from collections.abc import Iterator, Mapping
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
    def body_schema(self) -> Mapping[str, Any]:
        """What its body may be; empty when it takes none."""
        content = self.described.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        return _schema(schema["$ref"]) if schema else {}

    @property
    def body_examples(self) -> list[Any]:
        """The examples of its body; only None when it takes none."""
        return list(self.body_schema.get("examples", [None]))

    def bodies(self, ids: Mapping[str, str]) -> list[Any]:
        """Return the examples of its body over these ids."""
        return [over(example, ids) for example in self.body_examples]

    def named(self, ids: Mapping[str, str]) -> str:
        """Return its path with these ids."""
        return self.path.format(**ids)

    def call(self, client: Client, ids: Mapping[str, str]) -> Answer:
        """Send it as its first example says."""
        return self.send(client, ids, self.bodies(ids)[0])

    def send(self, client: Client, ids: Mapping[str, str], body: Any) -> Answer:
        """Send it with a body."""
        return client.call(self.method, self.named(ids), body, query=self.query or None)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def named_in(schema: Mapping[str, Any]) -> set[str]:
    """Return the fields at any depth of a body that hold ids."""
    if "$ref" in schema:
        return named_in(_schema(schema["$ref"]))
    fields = schema.get("properties", {})
    inner = [*fields.values(), *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    inner += [schema["items"]] if "items" in schema else []
    own = {name for name in fields if name.endswith(("_id", "_ids"))}
    return own.union(*map(named_in, inner))


def with_anothers(
    example: Any, mine: Mapping[str, str], theirs: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    """Yield an example over my ids again and again, each time with another's in one field."""
    body, foreign = over(example, mine), over(example, theirs)
    for name in body or ():
        if name.endswith(("_id", "_ids")) and body[name] != foreign[name]:
            yield name, body | {name: foreign[name]}


def _schema(reference: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = DESCRIPTION["components"]["schemas"][reference.split("/")[-1]]
    return found


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
    if "schema" not in content[kind]:
        return []
    schema = {**content[kind]["schema"], "components": DESCRIPTION["components"]}
    validator = Draft202012Validator(schema, validate_formats=True)
    return [
        f"{error.instance_path}: {error.message}" for error in validator.iter_errors(answer.json)
    ]


EVERYTHING = [
    Operation(method.upper(), path, described)
    for path, operations in DESCRIPTION["paths"].items()
    for method, described in operations.items()
]
OPERATIONS = [one for one in EVERYTHING if one.path.startswith("/api/")]
EDGES = [one for one in EVERYTHING if one not in OPERATIONS]  # they need no API key
NAMES = sorted({name for operation in OPERATIONS for name in operation.names})
