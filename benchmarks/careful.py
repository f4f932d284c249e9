"""Careful: a sender as a good engineer writes it on libraries: few and large calls, nothing naive.

Claims by transactions of 100, results by batches of 25, a template compiled once, the library's
MIME, one connection that is kept. It does less than the product's sender: no quota, no doubts, no
suppression that is read anew. It is what the product's cost is held against.
"""

import smtplib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import boto3
from boto3.dynamodb.types import TypeSerializer
from jinja2.sandbox import SandboxedEnvironment

from local import newsletter
from local.stage import PREFIX
from mailtide.domain.contact import Contact

TABLE = f"{PREFIX}-careful"
CLAIMS, RESULTS = 100, 25
LETTER = SandboxedEnvironment(autoescape=True).from_string(newsletter.newsletter())
SUBJECT = SandboxedEnvironment().from_string("{{ contact.first_name }}, the catalogue is here")


def make_table() -> None:
    """Create the one table that it needs."""
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )


def send(people: Sequence[Contact], port: int) -> None:
    """Claim, render, hand over and record everybody."""
    dynamodb = boto3.client("dynamodb")
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for start in range(0, len(people), CLAIMS):
            block = people[start : start + CLAIMS]
            dynamodb.transact_write_items(TransactItems=[_claim(one) for one in block])
            for one in block:
                smtp.sendmail("bounces@shop.example", [one.email], _render(one))
            for first in range(0, len(block), RESULTS):
                results = [_result(one) for one in block[first : first + RESULTS]]
                dynamodb.batch_write_item(RequestItems={TABLE: results})


def _claim(one: Contact) -> dict[str, Any]:
    item = {"id": {"S": one.contact_id}, "state": {"S": "claimed"}}
    condition = "attribute_not_exists(id)"
    return {"Put": {"TableName": TABLE, "Item": item, "ConditionExpression": condition}}


def _result(one: Contact) -> dict[str, Any]:
    to_item = TypeSerializer().serialize
    row = {
        "id": one.contact_id,
        "state": "sent",
        "email": one.email,
        "provider": one.provider,
        "campaign": newsletter.CAMPAIGN,
        "at": datetime.now(UTC).isoformat(),
    }
    return {"PutRequest": {"Item": {name: to_item(value) for name, value in row.items()}}}


def _render(one: Contact) -> bytes:
    data = {"contact": {**one.attributes, "email": one.email}, "unsubscribe_url": "https://t/u"}
    message = EmailMessage(policy=SMTP)
    message["From"] = "The Winter Shop <news@shop.example>"
    message["To"] = one.email
    message["Subject"] = SUBJECT.render(data)
    message["List-Unsubscribe"] = "<https://t.example.com/u/token>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content("The text part.")
    message.add_alternative(LETTER.render(data), subtype="html")
    return message.as_bytes()
