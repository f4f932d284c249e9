"""What a single message looks like, as it is asked for and as it is taken."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    Discriminator,
    Field,
    JsonValue,
    RootModel,
    StringConstraints,
    Tag,
    model_validator,
)

from functions.api.shapes.fields import Email, Line, SomeId, Subject
from mailtide.domain.content import Template
from mailtide.domain.links import Tracked
from mailtide.domain.preheader import MAX_LENGTH
from mailtide.domain.submission import (
    LEAST_SECONDS,
    MAX_FILES,
    MAX_SUBMISSIONS,
    MAX_TAGS,
    MOST_SECONDS,
    USUAL_SECONDS,
    Draft,
    Given,
    Submission,
)
from mailtide.flows.message_desk import Refusal, Upload
from mailtide.http import Body, example

if TYPE_CHECKING:
    from mailtide.flows.message_rehearsal import Rehearsed  # loads Liquid

ONE, MANY = "one", "many"


def _check_base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is not base64") from None
    return text


MailName = Annotated[str, StringConstraints(max_length=200), Line]
FileName = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\\]+$"), Line
]
ContentType = Annotated[
    str, StringConstraints(max_length=127, pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")
]
Base64 = Annotated[str, AfterValidator(_check_base64)]
TagName = Annotated[str, StringConstraints(max_length=50, pattern=r"^[A-Za-z0-9_-]+$")]
TagText = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Variables = Annotated[dict[str, JsonValue], Field(description="`{{ variables.name }}` in Liquid")]


class ToIn(Body):
    """Whom a message is for."""

    email: Email
    name: MailName = ""


class ContentIn(Body):
    """A message's own content; its parts are Liquid, as a template's are."""

    subject: Subject
    html: str
    text: str | None = Field(None, description="made from the HTML when absent")
    preheader: str | None = Field(None, max_length=MAX_LENGTH)


class AttachmentIn(Body):
    """A file: itself in base64, or the id of an upload."""

    name: FileName
    content_type: ContentType
    content: Base64 | None = Field(None, description="base64")
    upload: SomeId | None = Field(None, description="of `POST /api/messages/uploads`")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.content is None) == (self.upload is None):
            raise ValueError("give either `content` or `upload`")
        return self

    def given(self) -> Given:
        """Return the file as it was given."""
        body = base64.b64decode(self.content or "")
        return Given(self.name, self.content_type, body, self.upload or "")


class MessageIn(Body):
    """One transactional message, by a template or with a content of its own."""

    model_config = example(
        to={"email": "bob@example.com", "name": "Bob"},
        identity_id="identity",
        template_id="template",
        variables={"order": "4711", "total": "12.50"},
        tags={"kind": "receipt"},
    )

    to: ToIn
    identity_id: SomeId
    template_id: SomeId | None = None
    content: ContentIn | None = None
    variables: Variables = Field(default_factory=dict)
    reply_to: Email | None = None
    attachments: Annotated[list[AttachmentIn], Field(max_length=MAX_FILES)] = Field(
        default_factory=list
    )
    track_opens: bool = False
    track_clicks: bool = False
    tags: Annotated[dict[TagName, TagText], Field(max_length=MAX_TAGS)] = Field(
        default_factory=dict, description="kept with the message and shown in its life"
    )
    expires_after_seconds: Annotated[int, Field(ge=LEAST_SECONDS, le=MOST_SECONDS)] = Field(
        USUAL_SECONDS, description="what has not left by then never does"
    )

    @model_validator(mode="after")
    def _has_one_content(self) -> Self:
        if (self.template_id is None) == (self.content is None):
            raise ValueError("give either `template_id` or `content`")
        return self

    def draft(self, org_id: str) -> Draft:
        """Return the message as it was asked for."""
        own = self.content
        content = None if own is None else Template(org_id, "", "", **own.model_dump())
        return Draft(
            email=self.to.email,
            name=self.to.name.strip(),
            identity_id=self.identity_id,
            template_id=self.template_id or "",
            content=content,
            variables=self.variables,
            reply_to=self.reply_to,
            tracked=Tracked(opens=self.track_opens, clicks=self.track_clicks),
            files=tuple(one.given() for one in self.attachments),
            tags=self.tags,
            expires_after=timedelta(seconds=self.expires_after_seconds),
        )


class MessagesIn(Body):
    """Several messages, each of which is taken or refused by itself."""

    messages: Annotated[list[MessageIn], Field(min_length=1, max_length=MAX_SUBMISSIONS)]


def _form(body: Any) -> str:
    if isinstance(body, Mapping):
        return MANY if "messages" in body else ONE
    return MANY if isinstance(body, MessagesIn) else ONE


class SubmitIn(
    RootModel[
        Annotated[
            Annotated[MessageIn, Tag(ONE)] | Annotated[MessagesIn, Tag(MANY)],
            Discriminator(_form),
        ]
    ]
):
    """One message, or up to 500 under `messages`."""

    model_config = MessageIn.model_config | {"extra": None}

    def drafts(self, org_id: str) -> list[Draft]:
        """Return the messages as they were asked for."""
        body = self.root
        given = body.messages if isinstance(body, MessagesIn) else [body]
        return [one.draft(org_id) for one in given]

    @property
    def is_one(self) -> bool:
        """Whether it is one message, whose refusal is the answer."""
        return isinstance(self.root, MessageIn)


class TakenView(BaseModel):
    """One message that was taken; one that was only tried has no id."""

    message_id: str | None
    suppressed: str | None = Field(description="of a dry run: why nothing would leave")


class MessageResult(TakenView):
    """What became of one of several messages; a refused one has a code and its words."""

    index: int
    code: str | None = Field(description="of a problem, such as `invalid_address`")
    detail: str | None
    errors: list[dict[str, str]]


class MessagesView(BaseModel):
    """What became of several messages, in their order."""

    accepted: int
    refused: int
    results: list[MessageResult]


class UploadView(BaseModel):
    """Where to PUT a file, once; attachments name it as `upload`."""

    upload: str
    url: str
    expires_at: datetime


def taken_view(result: "Submission | Rehearsed") -> TakenView:
    """Show one message that was taken, or would be."""
    if isinstance(result, Submission):
        return TakenView(message_id=result.message_id, suppressed=None)
    return TakenView(message_id=None, suppressed=result.suppressed)


def messages_view(results: "Sequence[Submission | Rehearsed | Refusal]") -> MessagesView:
    """Show what became of several messages."""
    shown = [_result(index, result) for index, result in enumerate(results)]
    refused = sum(one.code is not None for one in shown)
    return MessagesView(accepted=len(shown) - refused, refused=refused, results=shown)


def upload_view(upload: Upload) -> UploadView:
    """Show an upload."""
    return UploadView(upload=upload.upload_id, url=upload.url, expires_at=upload.expires_at)


def _result(index: int, result: "Submission | Rehearsed | Refusal") -> MessageResult:
    if not isinstance(result, Refusal):
        taken = taken_view(result).model_dump()
        return MessageResult(index=index, code=None, detail=None, errors=[], **taken)
    return MessageResult(
        index=index,
        message_id=None,
        suppressed=None,
        code=result.code,
        detail=result.detail,
        errors=result.errors,
    )
