"""Late routes: modules of the API that are loaded when a path first names their resource.

One function answers for some twenty resources, and their bodies, checks and libraries together take
three times as long to load as everything that all of them need. What stands first behind `/api/`
says which are asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter


class LateRoutes:
    """Modules that have a `resource`, each loaded at most once.

    Args:
        modules: their full names, by the part of a path behind `/api/`.
    """

    def __init__(self, modules: Mapping[str, Sequence[str]]) -> None:
        self._modules = modules
        self._loaded: set[str] = set()

    def behind(self, path: str) -> Iterator[APIGatewayHttpRouter]:
        """Yield the routers that a path asks for and nobody has asked for before."""
        part = path.removeprefix("/api/").partition("/")[0]
        yield from self._load(self._modules.get(part, ()))

    def all(self) -> Iterator[APIGatewayHttpRouter]:
        """Yield the routers that nobody has asked for."""
        for names in self._modules.values():
            yield from self._load(names)

    def _load(self, names: Sequence[str]) -> Iterator[APIGatewayHttpRouter]:
        for name in names:
            if name not in self._loaded:
                yield import_module(name).resource.router
                self._loaded.add(name)
