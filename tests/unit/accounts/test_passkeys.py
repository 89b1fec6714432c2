"""What an authenticator may answer, and what is refused."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts import passkeys
from app.accounts.passkeys import Key, Party, PasskeyRefusedError, Use
from app.core import clock
from app.core.settings import Settings
from tests.authenticator import PRESENT, SecurityKey

PARTY = Party("contextmap.example", "https://contextmap.example")
KIM = UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def device():
    return SecurityKey(PARTY.origin)


@pytest.fixture
def key(device) -> Key:
    return add(device)


def add(device, party=PARTY) -> Key:
    challenge = passkeys.new_challenge(Use.ADD, clock.now())
    options = passkeys.to_add(PARTY, challenge, user_id=KIM, username="test-kim", known=[])
    return passkeys.added(party, device.added(options), challenge)


def show(device, key, party=PARTY) -> int:
    challenge = passkeys.new_challenge(Use.SHOW, clock.now())
    options = passkeys.to_show(PARTY, challenge, [key.credential_id])
    return passkeys.shown(party, device.shown(options), challenge, key)


def test_a_passkey_is_added_and_then_shown(device, key):
    assert key.credential_id == device.id
    assert show(device, key) == 1


def test_the_browser_is_told_which_passkeys_there_are(device, key):
    adding = passkeys.to_add(PARTY, b"c", user_id=KIM, username="test-kim", known=[device.id])
    showing = passkeys.to_show(PARTY, b"c", [device.id])

    assert len(json.loads(adding)["excludeCredentials"]) == 1
    assert len(json.loads(showing)["allowCredentials"]) == 1
    assert json.loads(showing)["userVerification"] == "preferred"


def test_a_passkey_of_a_page_elsewhere_is_refused(key, device):
    device.origin = "https://contextmap.example.evil.example"

    with pytest.raises(PasskeyRefusedError):
        show(device, key)
    with pytest.raises(PasskeyRefusedError):
        add(device)


def test_a_passkey_for_another_site_is_refused(key, device):
    other = Party("other.example", PARTY.origin)

    with pytest.raises(PasskeyRefusedError):
        show(device, key, other)
    with pytest.raises(PasskeyRefusedError):
        add(device, other)


def test_an_answer_counts_for_its_own_challenge_only(device, key):
    first, second = (passkeys.new_challenge(Use.SHOW, clock.now()) for _ in range(2))
    answer = device.shown(passkeys.to_show(PARTY, first, [device.id]))

    with pytest.raises(PasskeyRefusedError):
        passkeys.shown(PARTY, answer, second, key)


def test_a_copied_key_is_found_by_its_count(device, key):
    device.count = 4
    count = show(device, key)
    used = Key(key.credential_id, key.public_key, count)
    device.count = 2

    with pytest.raises(PasskeyRefusedError):
        show(device, used)


def test_nobody_touching_the_key_is_refused(device, key):
    device.flags &= ~PRESENT

    with pytest.raises(PasskeyRefusedError):
        show(device, key)


def test_a_key_without_a_pin_is_enough_beside_a_password(device, key):
    device.flags = PRESENT

    assert show(device, key) == 1


def test_the_signature_of_another_key_is_refused(device, key):
    impostor = SecurityKey(PARTY.origin, id=device.id)

    with pytest.raises(PasskeyRefusedError):
        show(impostor, key)


def test_an_answer_says_which_passkey_it_is_of(device):
    answer = device.shown(passkeys.to_show(PARTY, b"c", [device.id]))

    assert passkeys.named_in(answer) == device.id


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
shaped = st.fixed_dictionaries(
    {
        "id": anything,
        "rawId": anything,
        "type": st.just("public-key"),
        "response": st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("clientDataJSON", "authenticatorData", "signature", "attestationObject"), anything
            ),
        ),
    }
)


@given(said=st.one_of(st.text(), anything.map(json.dumps), shaped.map(json.dumps)))
def test_whatever_else_is_sent_is_refused_and_never_an_error(said):
    key = Key(b"i", b"k", 0)

    with pytest.raises(PasskeyRefusedError):
        passkeys.shown(PARTY, said, b"challenge", key)
    with pytest.raises(PasskeyRefusedError):
        passkeys.added(PARTY, said, b"challenge")


@pytest.mark.parametrize("said", ["", "[]", "{", '{"id": "ä"}', "[" * 30_000, '"x"'])
def test_an_answer_that_names_no_passkey_is_refused(said):
    with pytest.raises(PasskeyRefusedError):
        passkeys.named_in(said)


def test_a_challenge_lasts_five_minutes_and_for_one_use():
    now = clock.now()
    challenge = passkeys.new_challenge(Use.ADD, now)

    assert passkeys.is_fresh(challenge, Use.ADD, now)
    assert passkeys.is_fresh(challenge, Use.ADD, now + timedelta(seconds=299))
    assert not passkeys.is_fresh(challenge, Use.ADD, now + timedelta(seconds=302))
    assert not passkeys.is_fresh(challenge, Use.ADD, now - timedelta(seconds=2))
    assert not passkeys.is_fresh(challenge, Use.SHOW, now)
    assert not passkeys.is_fresh(None, Use.ADD, now)


def test_challenges_are_never_the_same():
    now = clock.now()

    assert len({passkeys.new_challenge(Use.ADD, now) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("base_url", "party"),
    [
        ("https://contextmap.example", PARTY),
        ("https://contextmap.example/", PARTY),
        ("http://localhost:8000", Party("localhost", "http://localhost:8000")),
        ("http://127.0.0.1:8000", None),
        ("https://[::1]:8000", None),
        ("http://contextmap.example", None),
        ("", None),
    ],
)
def test_passkeys_are_offered_where_browsers_know_them(base_url, party):
    assert Party.of(Settings(base_url=base_url)) == party
