"""VERP: who may write the address that reports of a message come to, and who reads it."""

import json
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailtide.domain import identifiers, verp
from mailtide.domain.signing import Keyring, Purpose
from mailtide.domain.verp import EnvelopeSender, Seal

BEFORE = Keyring.from_json(json.dumps({"current": "1", "1": "o" * 64}))
RING = Keyring.from_json(json.dumps({"current": "15", "1": "o" * 64, "15": "n" * 64}))
AFTER = Keyring.from_json(json.dumps({"current": "15", "15": "n" * 64}))
SEAL = Seal.of(RING)
DOMAIN = "bounces.example.com"
MESSAGE = identifiers.message_id(b"key", "campaign00", "contact")
OTHER = identifiers.message_id(b"key", "campaign00", "other")
ADDRESS = SEAL.mail_from("a1", MESSAGE, DOMAIN)
MAC = ADDRESS.partition("@")[0][-17:]  # with the key's id

tags = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=16)
messages = st.binary(min_size=16, max_size=16).map(identifiers.unpack_message)


@given(tags, messages)
def test_an_envelope_sender_brings_tag_and_message_back(tag: str, message: str) -> None:
    address = SEAL.mail_from(tag, message, DOMAIN)
    assert verp.read(address) == verp.proven(address, RING) == EnvelopeSender(tag, message)


@given(tags, messages, st.randoms(use_true_random=False))
def test_it_survives_folded_case_and_angle_brackets(tag: str, message: str, chance: Random) -> None:
    address = SEAL.mail_from(tag, message, DOMAIN)
    folded = "".join(chance.choice([char, char.upper()]) for char in address)
    for one in (address, address.upper(), folded):
        assert verp.proven(f" <{one}> ", RING) == EnvelopeSender(tag, message)


def test_it_is_written_in_lower_case_and_fits_into_64_octets_with_the_longest_tag() -> None:
    local = SEAL.mail_from("t" * 16, MESSAGE, DOMAIN).partition("@")[0]
    assert local == local.lower()
    assert len(local.encode()) == 63


def test_the_domain_is_no_part_of_the_proof() -> None:
    assert verp.proven(ADDRESS.replace(DOMAIN, "renamed.example"), RING) is not None


@given(tags, messages, st.data())
def test_one_that_was_changed_anywhere_proves_nothing(
    tag: str, message: str, data: st.DataObject
) -> None:
    local = SEAL.mail_from(tag, message, DOMAIN).partition("@")[0]
    place = data.draw(st.integers(0, len(local) - 1))
    new = data.draw(st.sampled_from("0123456789abcdefghijklmnopqrstuvwxyz-@ \u212a\u017f"))
    assume(new != local[place])
    assert verp.proven(f"{local[:place]}{new}{local[place + 1 :]}@{DOMAIN}", RING) is None


@given(messages, st.text("0123456789abcdef", min_size=17, max_size=17))
def test_a_made_up_mac_proves_nothing(message: str, made_up: str) -> None:
    address = f"b-a1-{message}-{made_up}@{DOMAIN}"
    assert verp.read(address) == EnvelopeSender("a1", message)
    assert verp.proven(address, RING) is None


@pytest.mark.parametrize("length", [*range(17), 18])
def test_a_mac_that_was_cut_or_drawn_out_proves_nothing(length: int) -> None:
    rest = ADDRESS.partition("@")[0].removesuffix(MAC)
    assert verp.proven(f"{rest}{f'{MAC}0'[:length]}@{DOMAIN}", RING) is None


def test_the_mac_of_another_message_or_sending_ip_proves_nothing() -> None:
    for one in (SEAL.mail_from("a1", OTHER, DOMAIN), SEAL.mail_from("a2", MESSAGE, DOMAIN)):
        assert verp.proven(one, RING) is not None
        theirs = one.partition("@")[0][-17:]
        assert verp.proven(ADDRESS.replace(MAC, theirs), RING) is None


def test_what_was_written_before_a_rotation_proves_until_its_root_is_gone() -> None:
    old = Seal.of(BEFORE).mail_from("a1", MESSAGE, DOMAIN)
    assert verp.proven(old, RING) == EnvelopeSender("a1", MESSAGE)
    assert verp.proven(old, AFTER) is None
    assert verp.proven(ADDRESS, AFTER) == EnvelopeSender("a1", MESSAGE)
    assert verp.proven(ADDRESS, BEFORE) is None


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.BOUNCE}))
def test_the_key_of_another_purpose_proves_nothing(purpose: Purpose) -> None:
    theirs = Seal("f", verp.keyed(RING.current_key(purpose)))
    assert verp.proven(theirs.mail_from("a1", MESSAGE, DOMAIN), RING) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "<>",  # the null sender of a bounce
        "ann@example.com",
        ADDRESS.replace(MESSAGE, MESSAGE[1:]),
        ADDRESS.partition("@")[0],
        f"b-a1-{MESSAGE}@{DOMAIN}",
        ADDRESS.replace("b-a1-", "b--"),
        ADDRESS.replace("b-a1-", f"b-{'t' * 17}-"),
        f"x{ADDRESS}",
        ADDRESS.replace(MESSAGE, "\u017f" * 26),  # long s, which folds to s
        ADDRESS.replace("b-a1-", "b-\u212a1-"),  # Kelvin sign, which folds to k
    ],
)
def test_an_address_that_is_not_ours_names_nothing(address: str) -> None:
    assert verp.read(address) is None
    assert verp.proven(address, RING) is None
