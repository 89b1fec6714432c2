"""Hashes, sealed secrets and codes, without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pyotp
import pytest

from app.accounts.secrets import (
    RECOVERY_CODES,
    STRONG,
    Factors,
    new_token,
    new_totp_secret,
    plain_code,
    totp_address,
    totp_step,
)
from tests.entry import CHEAP

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
KIM, SAM = UUID(int=1), UUID(int=2)
AT = datetime(2026, 6, 1, 12, 0, 10, tzinfo=UTC)
STEP = int(AT.timestamp()) // 30


@pytest.fixture
def factors():
    return Factors(b"s" * 32, b"r" * 32, b"f" * 32, hasher=CHEAP)


@pytest.mark.asvs("11.4.2")
def test_the_hash_is_as_strong_as_was_decided():
    assert (STRONG.memory_cost, STRONG.time_cost, STRONG.type.name) == (64 * 1024, 3, "ID")


@pytest.mark.asvs("6.2.8")
def test_a_password_matches_its_hash_and_no_other(factors):
    stored = factors.hashed("otter lantern gravel")

    assert factors.password_matches(stored, "otter lantern gravel")
    assert not factors.password_matches(stored, "otter lantern gravel ")
    assert not factors.password_matches(None, "otter lantern gravel")
    assert not factors.password_matches("not a hash", "otter lantern gravel")


@pytest.mark.asvs("6.2.8")
def test_a_password_is_the_same_however_a_keyboard_composed_it(factors):
    assert factors.password_matches(factors.hashed("caf\u00e9 lantern"), "cafe\u0301 lantern")


def test_two_hashes_of_a_password_differ(factors):
    assert factors.hashed("otter lantern gravel") != factors.hashed("otter lantern gravel")


@pytest.mark.asvs("11.3.3")
def test_a_sealed_secret_opens_for_its_owner_and_key_only(factors):
    sealed = factors.seal("SECRET", KIM)
    other = Factors(b"S" * 32, b"r" * 32, b"f" * 32, hasher=CHEAP)

    assert factors.unseal(sealed, KIM) == "SECRET"
    assert factors.unseal(sealed, SAM) is None
    assert other.unseal(sealed, KIM) is None
    assert factors.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), KIM) is None
    assert b"SECRET" not in sealed
    assert factors.seal("SECRET", KIM) != sealed


@pytest.mark.parametrize("either_side", [-1, 0, 1])
def test_a_code_of_now_or_one_step_either_side_is_right(either_side):
    secret = new_totp_secret()
    code = pyotp.TOTP(secret).at((STEP + either_side) * 30)

    assert totp_step(secret, code, AT, after=0) == STEP + either_side
    assert totp_step(secret, f" {code[:3]} {code[3:]} ", AT, after=0) == STEP + either_side


@pytest.mark.parametrize("either_side", [-2, 2])
def test_a_code_of_another_time_is_wrong(either_side):
    secret = SECRET

    assert totp_step(secret, pyotp.TOTP(secret).at((STEP + either_side) * 30), AT, after=0) is None


@pytest.mark.asvs("6.5.1")
def test_a_code_and_those_before_it_count_once():
    secret = new_totp_secret()
    totp = pyotp.TOTP(secret)

    assert totp_step(secret, totp.at(STEP * 30), AT, after=STEP) is None
    assert totp_step(secret, totp.at((STEP - 1) * 30), AT, after=STEP) is None
    assert totp_step(secret, totp.at((STEP + 1) * 30), AT, after=STEP) == STEP + 1
    assert totp_step(secret, totp.at(STEP * 30), AT + timedelta(minutes=5), after=0) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\uff11\uff12\uff13456"])
def test_what_is_no_code_is_wrong(code):
    assert totp_step(SECRET, code, AT, after=0) is None


@pytest.mark.asvs("6.5.3", "6.5.4")
def test_recovery_codes_differ_and_come_again_for_their_token_only(factors):
    codes = factors.recovery_codes("token")

    assert len(set(codes)) == RECOVERY_CODES
    assert codes == factors.recovery_codes("token")
    assert not set(codes) & set(factors.recovery_codes("another"))
    assert all(len(plain_code(code)) == 12 for code in codes)


def test_a_recovery_code_is_the_same_however_it_is_typed_and_for_one_person(factors):
    assert factors.recovery_hash("0K1A-BCDE-FGH2", KIM) == factors.recovery_hash(
        " okia bcde fgh2", KIM
    )
    assert factors.recovery_hash("0K1A-BCDE-FGH2", KIM) != factors.recovery_hash(
        "0K1A-BCDE-FGH2", SAM
    )


def test_failures_are_counted_by_hashes_that_do_not_say_of_whom(factors):
    account, source = factors.failure_keys("kim", "198.51.100.7")

    assert account != source
    assert factors.failure_keys("kim", "203.0.113.9")[0] == account
    assert factors.failure_keys("sam", "198.51.100.7")[1] == source
    assert b"kim" not in account


@pytest.mark.asvs("7.2.3", "11.5.1")
def test_tokens_have_256_random_bits():
    made = {new_token() for _ in range(100)}

    assert len(made) == 100
    assert all(len(token) == 43 for token in made)


def test_an_app_is_told_whose_account_it_is_and_of_what():
    address = totp_address(SECRET, "kim.example")

    said = f"secret={SECRET}&issuer=Contextmap"
    assert address == f"otpauth://totp/Contextmap:kim.example?{said}"
