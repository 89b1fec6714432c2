import hashlib
import json

from app.core.actor import job_actor
from app.core.claims import claims_json, signature
from app.core.migrate import pads


def test_the_pads_give_the_same_signature_as_hmac():
    claims = claims_json(job_actor("x:y"), backend_pid=7, expires_at_s=1.5)
    key = b"0123456789abcdef"
    inner, outer = pads(key)

    by_pads = hashlib.sha256(outer + hashlib.sha256(inner + claims.encode()).digest()).hexdigest()

    assert by_pads == signature(claims, key)


def test_a_long_key_is_hashed_first_as_hmac_does():
    key = b"k" * 100
    inner, outer = pads(key)

    by_pads = hashlib.sha256(outer + hashlib.sha256(inner + b"words").digest()).hexdigest()

    assert by_pads == signature("words", key)


def test_claims_name_backend_and_expiry():
    claims = json.loads(claims_json(job_actor("x:y"), backend_pid=7, expires_at_s=1.5))

    assert (claims["pid"], claims["exp"], claims["job"]) == (7, 1.5, "x:y")
