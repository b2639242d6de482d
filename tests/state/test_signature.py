"""A webhook's signature holds for its body, its secret and its time, and for nothing else."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mta_assets.state.signature import TOLERANCE_SECONDS, sign, verify

NOW = 1_770_000_000


def test_the_signature_is_what_a_receiver_computes():
    right = hmac.new(b"whsec_x", b'1770000000.{"a":1}', hashlib.sha256).hexdigest()
    assert sign("whsec_x", NOW, b'{"a":1}') == f"t=1770000000,v1={right}"


@given(secret=st.text(min_size=1), body=st.binary(), other=st.binary())
def test_it_holds_for_its_own_body_and_secret_only(secret, body, other):
    signed = sign(secret, NOW, body)
    assert verify(secret, signed, body, now=NOW)
    assert verify(secret, signed, other, now=NOW) == (other == body)
    assert not verify(secret + "x", signed, body, now=NOW)


@pytest.mark.parametrize(("late", "holds"), [(TOLERANCE_SECONDS, True), (TOLERANCE_SECONDS + 1, False), (-TOLERANCE_SECONDS - 1, False)])
def test_an_old_message_is_refused(late, holds):
    assert verify("s", sign("s", NOW, b"x"), b"x", now=NOW + late) is holds


@given(header=st.text())
def test_what_is_no_signature_is_refused(header):
    assert not verify("s", header, b"x", now=NOW)


def test_a_signature_in_another_form_is_refused():
    signed = sign("s", NOW, b"x")
    for wrong in (signed.upper(), signed + "\n", signed.replace("v1", "v0"), signed.replace("t=", "t= "), signed.replace("t=", "t=٣")):
        assert not verify("s", wrong, b"x", now=NOW)
