"""HTTP: what all functions of the API share: keys, scopes, problems, bodies and pages.

A request is admitted before its route is looked at: key, then size and form of the body. So nobody
without a key learns what a route wants. Scopes are named at each route (`scoped`).
Source: docs/api.md.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Generic, NoReturn, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, BaseRouter
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as UnknownRouteError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from mailtide import problems
from mailtide.domain.organisation import KEY_PREFIX, ApiKey, Scope, allows, key_hash
from mailtide.domain.page import Page, read_cursor, write_cursor
from mailtide.errors import (
    ForbiddenError,
    InvalidInputError,
    MailtideError,
    TooLargeError,
    UnauthenticatedError,
)
from mailtide.observability import logger
from mailtide.problems import Problem

BODY_LIMIT = 1_000_000  # bytes; Lambda's own limit is 6 MB, larger things go by presigned upload
KEY_CACHE_TTL = timedelta(seconds=10)  # how long a revoked key may still work in a warm function
KEY_CACHE_SIZE = 1000

FindKey = Callable[[str], ApiKey | None]
Clock = Callable[[], datetime]
Shown = TypeVar("Shown")
Item = TypeVar("Item")

Id = Annotated[str, Path(max_length=64)]
Limit = Annotated[int, Query(ge=1, le=100, description="how many to return at most")]
After = Annotated[str | None, Query(max_length=500, description="`next` of the page before")]


class Body(BaseModel):
    """Base of what a request may bring: a field that we do not know is an error."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def example(**fields: Any) -> ConfigDict:
    """Return the `model_config` of a body that shows what one looks like.

    A field named `…_id` or `…_ids` holds any id: the tests put one in that is there.
    """
    return ConfigDict(json_schema_extra={"examples": [fields]})


class Listing(BaseModel, Generic[Shown]):
    """One page of a listing."""

    data: list[Shown]
    has_more: bool
    next: str | None


class Keys:
    """API keys by hash, each remembered for 10 seconds; unknown ones are asked for each time."""

    def __init__(self, find: FindKey, now: Clock) -> None:
        self._find = find
        self._now = now
        self._known: dict[str, tuple[ApiKey, datetime]] = {}

    def get(self, hashed: str) -> ApiKey | None:
        """Return the key, revoked or not."""
        found = self._known.get(hashed)
        if found and found[1] > self._now():
            return found[0]
        key = self._find(hashed)
        if key is not None:
            if len(self._known) >= KEY_CACHE_SIZE:
                self._known.clear()
            self._known[hashed] = (key, self._now() + KEY_CACHE_TTL)
        return key


class Api(APIGatewayHttpResolver):
    """A resolver that admits callers with a key and answers problems."""

    def __init__(self, find_key: FindKey, now: Clock, public: frozenset[str]) -> None:
        super().__init__(
            enable_validation=True,
            response_validation_error_http_code=500,
            json_body_deserializer=read_json,
        )
        self._keys = Keys(find_key, now)
        self._public = public
        self.exception_handler(MailtideError)(lambda e: self._answer(problems.of_error(e)))
        self.exception_handler(UnknownRouteError)(lambda _: self._answer(problems.UNKNOWN_ROUTE))
        self.exception_handler(RequestValidationError)(
            lambda e: self._answer(problems.of_validation(e.errors()))
        )
        self.exception_handler([Exception, ResponseValidationError])(self._unexpected)

    def resolve(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer one request of the HTTP API (payload 2.0)."""
        try:
            self._admit(event)
            answer = super().resolve(event, context)
        except MailtideError as error:
            answer = _reply(problems.of_error(error), context.aws_request_id)
        except Exception as error:
            logger.exception("unexpected error", exc_info=error)
            answer = _reply(problems.UNEXPECTED, context.aws_request_id)
        http = event["requestContext"]["http"]
        logger.info("answered", extra={"method": http["method"], "status": answer["statusCode"]})
        return answer

    def _admit(self, event: Mapping[str, Any]) -> None:
        if event["rawPath"] in self._public:
            return
        headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        key = self._authenticate(headers.get("authorization", ""))
        logger.append_keys(org_id=key.org_id, key_id=key.key_id)
        _check_body(event, headers.get("content-type", "application/json"))
        self.context["caller"] = key

    def _authenticate(self, authorization: str) -> ApiKey:
        kind, _, token = authorization.strip().partition(" ")
        if kind.lower() != "bearer" or not token.strip().startswith(KEY_PREFIX):
            raise UnauthenticatedError("Send an API key: `Authorization: Bearer mt_...`.")
        key = self._keys.get(key_hash(token.strip()))
        if key is None or key.revoked_at is not None:
            raise UnauthenticatedError("This API key is unknown or was revoked.")
        return key

    def _unexpected(self, error: Exception) -> Response[str]:
        logger.exception("unexpected error", exc_info=error)
        return self._answer(problems.UNEXPECTED)

    def _answer(self, problem: Problem) -> Response[str]:
        return Response(
            status_code=problem.status.value,
            content_type=problems.CONTENT_TYPE,
            body=json.dumps(problem.body(self.lambda_context.aws_request_id)),
            headers=problem.headers,
        )


def build_resolver(find_key: FindKey, now: Clock, public: frozenset[str] = frozenset()) -> Api:
    """Build the resolver of one function.

    Args:
        find_key: looks a key up by the SHA-256 of its text (hex).
        now: the clock, for the key cache.
        public: paths that need no key.
    """
    return Api(find_key, now, public)


def scoped(needed: Scope) -> dict[str, Any]:
    """Return the options of a route that only keys with a scope may call.

    Used as `@router.get("/api/things", **scoped(Scope.READ))`.
    """

    def check(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response[Any]:
        if not allows(caller(app).scopes, needed):
            raise ForbiddenError(f"This needs a key with the scope `{needed.value}`.")
        return next_middleware(app)

    return {"middlewares": [check], "security": [{"key": [needed.value]}]}


def caller(router: BaseRouter) -> ApiKey:
    """Return the key that the request came with; its `org_id` bounds all that it may touch."""
    key: ApiKey = router.context["caller"]
    return key


def position(listing_name: str, after: str | None) -> str | None:
    """Return where a listing goes on.

    Raises:
        InvalidInputError: `invalid_cursor`, when `after` is not a `next` of this listing.
    """
    if after is None:
        return None
    try:
        return read_cursor(listing_name, after)
    except ValueError as error:
        raise InvalidInputError(
            "`after` is not the `next` of a page of this listing.", code="invalid_cursor"
        ) from error


def listing(listing_name: str, page: Page[Item], show: Callable[[Item], Shown]) -> Listing[Shown]:
    """Return the page as the caller sees it."""
    following = None if page.after is None else write_cursor(listing_name, page.after)
    return Listing(
        data=[show(item) for item in page.items], has_more=following is not None, next=following
    )


def no_content() -> Response[None]:
    """Return the answer to something that is done and leaves nothing to show."""
    return Response(status_code=204)


def read_json(text: str) -> dict[str, Any]:
    """Read a body: one JSON object, without the NaN and Infinity that Python would let pass.

    Raises:
        InvalidInputError: `invalid_json`.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair cannot be stored
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"The body is not JSON: {error}.", code="invalid_json") from error
    if not isinstance(value, dict):
        raise InvalidInputError("The body must be a JSON object.", code="invalid_json")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _check_body(event: Mapping[str, Any], content_type: str) -> None:
    body = event.get("body")
    if not body:
        return
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    if len(raw) > BODY_LIMIT:
        raise TooLargeError(f"The body has {len(raw)} bytes; the limit is {BODY_LIMIT}.")
    if content_type.split(";")[0].strip().lower() != "application/json":
        raise InvalidInputError("Send the body as `Content-Type: application/json`.")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError("The body is not UTF-8.", code="invalid_json") from error


def _reply(problem: Problem, request_id: str) -> dict[str, Any]:
    return {
        "statusCode": problem.status.value,
        "headers": {"Content-Type": problems.CONTENT_TYPE, **problem.headers},
        "body": json.dumps(problem.body(request_id)),
        "isBase64Encoded": False,
    }
