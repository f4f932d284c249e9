"""HTTP: what all functions of the API share: keys, scopes, problems, bodies and pages.

A request is admitted before its route is looked at: key, then rate limit, then size and form of the
body. So nobody without a key learns what a route wants. Scopes are named at each route (`scoped`);
a call that may be made is made once for each `Idempotency-Key`.
Source: docs/api.md.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, cast

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
from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.config import JsonDict

from mailtide import idempotency, problems
from mailtide.bodies import check_body, raw_body, read_json
from mailtide.domain.organisation import ApiKey, Scope, allows
from mailtide.domain.page import Page, read_cursor, write_cursor
from mailtide.domain.rate_limit import Allowance
from mailtide.errors import ForbiddenError, InvalidInputError, MailtideError, RateLimitedError
from mailtide.key_memory import Clock, FindKey, Keys
from mailtide.late_routes import LateRoutes
from mailtide.observability import logger
from mailtide.problems import Problem

if TYPE_CHECKING:
    from mailtide.flows.repeats import Repeats
    from mailtide.limiter import Limiter

Shown = TypeVar("Shown")
Item = TypeVar("Item")

Id = Annotated[str, Path(max_length=64)]
Limit = Annotated[int, Query(ge=1, le=100, description="how many to return at most")]
DryRun = Annotated[bool, Query(description="count and check, and change nothing")]
After = Annotated[str | None, Query(max_length=500, description="`next` of the page before")]


class Body(BaseModel):
    """Base of what a request may bring: a field that we do not know is an error."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def example(*others: JsonDict, **fields: JsonValue) -> ConfigDict:
    """Return the `model_config` of a body that shows what one looks like, or several.

    A field named `…_id` or `…_ids` holds any id: the tests put one in that is there. Each of a
    body's ids stands in an example: tests put another organisation's there, too.
    """
    return ConfigDict(json_schema_extra={"examples": [fields, *others]})


class Listing(BaseModel, Generic[Shown]):
    """One page of a listing."""

    data: list[Shown]
    has_more: bool
    next: str | None


class Api(APIGatewayHttpResolver):
    """A resolver that admits callers with a key and answers problems."""

    def __init__(
        self,
        find_key: FindKey,
        now: Clock,
        limiter: "Callable[[], Limiter]",
        repeats: "Callable[[], Repeats]",
        public: frozenset[str],
        late: LateRoutes,
    ) -> None:
        super().__init__(
            enable_validation=True,
            response_validation_error_http_code=500,
            json_body_deserializer=read_json,
        )
        self._keys = Keys(find_key, now)
        self._now = now
        self._limiter = limiter
        self._repeats = repeats
        self._public = public
        self._late = late
        self.exception_handler(MailtideError)(lambda e: self.answer(problems.of_error(e)))
        self.exception_handler(UnknownRouteError)(lambda _: self.answer(problems.UNKNOWN_ROUTE))
        self.exception_handler(RequestValidationError)(
            lambda e: self.answer(problems.of_validation(e.errors()))
        )
        self.exception_handler([Exception, ResponseValidationError])(self._unexpected)

    def resolve(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer one request of the HTTP API (payload 2.0)."""
        try:
            is_public = event["rawPath"] in self._public
            answer = self._dispatch(event, context) if is_public else self._admit(event, context)
        except MailtideError as error:
            answer = _reply(problems.of_error(error), context.aws_request_id)
        except Exception as error:
            logger.exception("unexpected error", exc_info=error)
            answer = _reply(problems.UNEXPECTED, context.aws_request_id)
        http = event["requestContext"]["http"]
        logger.info("answered", extra={"method": http["method"], "status": answer["statusCode"]})
        return answer

    def _admit(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer a request whose key is known, and say what is left of its organisation's limit."""
        headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        key = self._keys.authenticate(headers.get("authorization", ""))
        logger.append_keys(org_id=key.org_id, key_id=key.key_id)
        left = self._limiter().spend(key.org_id, self._now())
        try:
            if left is not None and left.is_over:
                raise _rate_limited(left)
            raw = raw_body(event)
            check_body(raw, headers.get("content-type", "application/json"), event["rawPath"])
            self.context["caller"] = key
            self.context["call"] = idempotency.call_of(event, headers, raw, key.org_id)
            answer = self._dispatch(event, context)
        except MailtideError as error:
            answer = _reply(problems.of_error(error), context.aws_request_id)
        answer["headers"] = {**answer["headers"], **(left.headers if left else {})}
        return answer

    def load_all(self) -> None:
        """Load every route, as one has to who describes them."""
        for router in self._late.all():
            self.include_router(router)

    def _dispatch(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        for router in self._late.behind(event["rawPath"]):
            self.include_router(router)
        answer: dict[str, Any] = super().resolve(event, context)
        return {**answer, "body": answer["body"] or ""}  # the gateway's body is text, if only empty

    def once(self, proceed: Callable[[], Response[Any]]) -> Response[Any]:
        """Carry out the current call, or answer as it was answered before."""
        call = self.context["call"]
        if call is None:
            return proceed()
        return idempotency.once(self._repeats(), call, self._now, proceed, self.answer)

    def answer(self, problem: Problem) -> Response[str]:
        """Return a problem as the answer to the current request."""
        return Response(
            status_code=problem.status.value,
            content_type=problems.CONTENT_TYPE,
            body=json.dumps(problem.body(self.lambda_context.aws_request_id)),
            headers=problem.headers,
        )

    def _unexpected(self, error: Exception) -> Response[str]:
        logger.exception("unexpected error", exc_info=error)
        return self.answer(problems.UNEXPECTED)


def build_resolver(
    find_key: FindKey,
    now: Clock,
    *,
    limiter: "Callable[[], Limiter]",
    repeats: "Callable[[], Repeats]",
    public: frozenset[str] = frozenset(),
    modules: Mapping[str, Sequence[str]] | None = None,
) -> Api:
    """Build the resolver of one function.

    Args:
        find_key: looks a key up by the SHA-256 of its text (hex).
        now: the clock.
        limiter: makes what counts requests; called when there is one.
        repeats: makes what knows idempotency keys; called when a request names one.
        public: paths that need no key.
        modules: names of the modules whose routes are loaded late (`LateRoutes`).
    """
    return Api(find_key, now, limiter, repeats, public, LateRoutes(modules or {}))


def scoped(needed: Scope) -> dict[str, Any]:
    """Return the options of a route that only keys with a scope may call.

    Used as `@router.get("/api/things", **scoped(Scope.READ))`.
    """

    def check(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response[Any]:
        if not allows(caller(app).scopes, needed):
            raise ForbiddenError(f"This needs a key with the scope `{needed.value}`.")
        _check_query(app)
        return cast(Api, app).once(lambda: next_middleware(app))

    return {"middlewares": [check], "security": [{"key": [needed.value]}]}


def _check_query(app: ApiGatewayResolver) -> None:
    """Refuse parameters that the route does not know: a misspelt `dry_run` must start nothing."""
    known = {parameter.alias for parameter in app.context["_route"].dependant.query_params}
    errors = [
        {"at": f"query.{name}"[: problems.PLACE_LIMIT], "detail": "There is no such parameter."}
        for name in app.current_event.query_string_parameters
        if name not in known
    ]
    if errors:
        words = f"{errors[0]['at']}: {errors[0]['detail']}"
        raise InvalidInputError(words, errors=errors[: problems.MAX_PLACES])


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


def _rate_limited(left: Allowance) -> RateLimitedError:
    return RateLimitedError(
        f"Your organisation may make {left.limit} requests a minute; "
        f"the next minute begins in {left.reset_seconds} s.",
        retry_after_seconds=left.reset_seconds,
    )


def _reply(problem: Problem, request_id: str) -> dict[str, Any]:
    return {
        "statusCode": problem.status.value,
        "headers": {"Content-Type": problems.CONTENT_TYPE, **problem.headers},
        "body": json.dumps(problem.body(request_id)),
        "isBase64Encoded": False,
    }
