"""Sign-on at a real issuer on loopback, and every way its answers can be wrong."""

import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts import issuer as network
from app.accounts import oidc
from app.accounts.issuer import SignOnRefusedError, Why, trusted
from app.accounts.oidc import Attempt, Client, Provider
from app.core.settings import Settings
from tests.issuer import CLIENT_ID, CLIENT_SECRET, key, running, unsigned

KEY = b"k" * 32
CALLBACK = "http://127.0.0.1:8000/sign-in/oidc/callback"


@pytest.fixture(scope="module")
def server():
    with running() as found:
        yield found


@pytest.fixture
def issuer(server):
    kept = server.key
    yield server
    server.key = kept
    server.sign, server.answer, server.metadata, server.claims = None, lambda _: False, {}, {}
    server.asked.clear()


@pytest.fixture
def provider(issuer):
    return Provider(Client(issuer.url, CLIENT_ID, CLIENT_SECRET, CALLBACK))


def sent_back(provider, attempt) -> dict[str, str]:
    """What a browser brings back from the issuer."""
    answer = httpx.get(provider.address(attempt), trust_env=False)
    assert answer.status_code == 303
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def signed_on(provider):
    attempt = Attempt.new("/places")
    return provider.proven(sent_back(provider, attempt)["code"], attempt)


def refusal(provider) -> Why:
    with pytest.raises(SignOnRefusedError) as refused:
        signed_on(provider)
    return refused.value.why


def pass_time(monkeypatch, seconds):
    then = time.monotonic() + seconds
    monkeypatch.setattr(network.time, "monotonic", lambda: then)


@pytest.mark.asvs("6.8.1", "10.5.2")
def test_a_person_is_proven_by_issuer_and_subject(provider, issuer):
    proven = signed_on(provider)

    assert (proven.issuer, proven.subject) == (issuer.url, "subject-1")
    assert proven.email == "kim.example@kingston.example"
    assert proven.second_factor is True


@pytest.mark.asvs("10.1.2", "10.2.1")
def test_the_browser_is_sent_with_state_nonce_and_a_hashed_verifier(provider, issuer):
    attempt = Attempt.new("/places")

    address = urlsplit(provider.address(attempt))
    asked = {k: v[0] for k, v in parse_qs(address.query).items()}

    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{issuer.url}/authorize"
    assert (asked["response_type"], asked["scope"]) == ("code", "openid email")
    assert (asked["state"], asked["nonce"]) == (attempt.state, attempt.nonce)
    assert asked["code_challenge_method"] == "S256"
    assert attempt.verifier not in address.query
    assert len({attempt.state, attempt.nonce, attempt.verifier}) == 3


def test_an_authorise_address_with_a_query_of_its_own_keeps_it(provider, issuer):
    issuer.metadata = {"authorization_endpoint": f"{issuer.url}/authorize?tenant=1"}

    assert "/authorize?tenant=1&response_type=code" in provider.address(Attempt.new("/"))


@pytest.mark.asvs("9.2.1", "9.2.2", "9.2.3", "10.5.1", "10.5.4")
@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "of another attempt"}, Why.CLAIMS),
        ({"nonce": None}, Why.CLAIMS),
        ({"aud": "another service"}, Why.CLAIMS),
        ({"aud": None}, Why.CLAIMS),
        ({"iss": "http://127.0.0.1:1"}, Why.CLAIMS),
        ({"iss": None}, Why.CLAIMS),
        ({"exp": int(time.time()) - 120}, Why.CLAIMS),
        ({"exp": None}, Why.CLAIMS),
        ({"iat": int(time.time()) + 3600}, Why.CLAIMS),
        ({"nbf": int(time.time()) + 3600}, Why.CLAIMS),
        ({"sub": None}, Why.CLAIMS),
        ({"sub": ""}, Why.CLAIMS),
        ({"sub": 7}, Why.CLAIMS),
        ({"azp": "another service"}, Why.CLAIMS),
        ({"aud": [CLIENT_ID, "another service"]}, Why.CLAIMS),
    ],
    # Not by value: times differ between the processes that share the tests.
    ids=lambda said: "-".join(said) if isinstance(said, dict) else str(said),
)
def test_a_token_that_is_not_for_this_attempt_is_refused(provider, issuer, claims, why):
    issuer.claims = claims

    assert refusal(provider) is why


@pytest.mark.asvs("9.2.3")
def test_a_token_for_several_services_is_ours_when_it_says_so(provider, issuer):
    issuer.claims = {"aud": [CLIENT_ID, "another service"], "azp": CLIENT_ID}

    assert signed_on(provider).subject == "subject-1"


@pytest.mark.asvs("9.2.1")
def test_a_clock_a_little_behind_is_allowed(provider, issuer):
    issuer.claims = {"exp": int(time.time()) - 20}

    assert signed_on(provider).subject == "subject-1"


@pytest.mark.asvs("6.8.2", "9.1.1", "9.1.2")
@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda issuer: unsigned, id="alg none"),
        pytest.param(lambda issuer: issuer.confused, id="public key as a shared secret"),
        pytest.param(
            lambda issuer: lambda said: issuer.signed(said, by=key("first")), id="key of another"
        ),
        pytest.param(lambda issuer: lambda said: issuer.signed(said)[:-4] + "AAAA", id="changed"),
        pytest.param(lambda issuer: lambda _: "not.a.token", id="not a token"),
    ],
)
def test_a_token_that_the_issuer_did_not_sign_is_refused(provider, issuer, forge):
    issuer.sign = forge(issuer)

    assert refusal(provider) is Why.SIGNATURE


@pytest.mark.asvs("10.5.1")
def test_a_code_counts_once(provider):
    attempt = Attempt.new("/")
    code = sent_back(provider, attempt)["code"]
    provider.proven(code, attempt)

    with pytest.raises(SignOnRefusedError) as refused:
        provider.proven(code, attempt)

    assert refused.value.why is Why.CODE


def test_a_code_of_another_attempt_is_of_no_use(provider):
    stolen = sent_back(provider, Attempt.new("/"))["code"]

    with pytest.raises(SignOnRefusedError) as refused:
        provider.proven(stolen, Attempt.new("/"))

    assert refused.value.why is Why.CODE


@pytest.mark.asvs("9.1.3", "10.5.3")
@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"issuer": "https://elsewhere.example"}, Why.METADATA),
        ({"token_endpoint": "http://elsewhere.example/token"}, Why.UNREACHABLE),
        ({"jwks_uri": "file:///etc/passwd"}, Why.UNREACHABLE),
        ({"token_endpoint": None}, Why.METADATA),
    ],
    ids=str,
)
def test_an_issuer_that_points_elsewhere_is_refused(provider, issuer, metadata, why):
    issuer.metadata = metadata

    assert refusal(provider) is why


@pytest.mark.asvs("15.3.2")
def test_a_redirect_is_not_followed(provider, issuer):
    def elsewhere(handler):
        if handler.path != "/token":
            return False
        handler.send(307, b"", {"Location": f"{issuer.url}/keys"})
        return True

    issuer.answer = elsewhere

    assert refusal(provider) is Why.CODE
    assert "/keys" not in issuer.asked


def test_an_answer_without_end_is_cut_off(provider, issuer):
    def endless(handler):
        if handler.path != "/token":
            return False
        handler.send(200, b" " * (network.LARGEST_ANSWER + 1), {})
        return True

    issuer.answer = endless

    assert refusal(provider) is Why.UNREACHABLE


def test_a_silent_issuer_is_left_alone_for_a_while(provider, issuer, monkeypatch):
    monkeypatch.setattr(network, "TIMEOUT_S", 0.2)
    silent = Provider(Client("http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET, CALLBACK))

    for _ in range(2):
        with pytest.raises(SignOnRefusedError) as refused:
            silent.address(Attempt.new("/"))
        assert refused.value.why is Why.UNREACHABLE

    assert silent.issuer._silent_until > time.monotonic()


def test_metadata_and_keys_are_asked_for_once_an_hour(provider, issuer, monkeypatch):
    for _ in range(3):
        signed_on(provider)
    pass_time(monkeypatch, 3601)
    signed_on(provider)

    assert issuer.asked.count("/.well-known/openid-configuration") == 2
    assert issuer.asked.count("/keys") == 2


@pytest.mark.asvs("9.1.3")
def test_a_new_key_of_the_issuer_is_fetched_and_not_more_than_once_a_minute(
    provider, issuer, monkeypatch
):
    signed_on(provider)
    issuer.key = key("second")

    too_soon = refusal(provider)
    pass_time(monkeypatch, 61)
    later = signed_on(provider)

    assert too_soon is Why.SIGNATURE
    assert later.subject == "subject-1"
    assert issuer.asked.count("/keys") == 2


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email_verified": False}, None),
        ({"email_verified": None}, None),
        ({"email_verified": "true"}, None),
        ({"email_verified": None, "xms_edov": True}, "kim.example@kingston.example"),
        ({"email_verified": None, "xms_edov": ["1"]}, None),
        ({"email": ["a@b.example"]}, None),
    ],
    ids=str,
)
def test_an_address_counts_only_when_the_issuer_has_verified_it(provider, issuer, claims, email):
    issuer.claims = claims

    assert signed_on(provider).email == email


@pytest.mark.asvs("6.8.4")
@pytest.mark.parametrize(
    ("amr", "enough"),
    [(["pwd"], False), (["pwd", "otp"], True), (["hwk"], True), ("mfa", False), (None, False)],
)
def test_a_second_factor_at_the_issuer_is_believed(provider, issuer, amr, enough):
    issuer.claims = {"amr": amr}

    assert signed_on(provider).second_factor is enough


def test_a_service_without_basic_authentication_gets_the_secret_in_the_form(provider, issuer):
    issuer.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    assert signed_on(provider).subject == "subject-1"


def test_a_wrong_secret_is_refused(issuer):
    stranger = Provider(Client(issuer.url, CLIENT_ID, "guessed", CALLBACK))

    assert refusal(stranger) is Why.CODE


def test_an_attempt_comes_back_as_it_was_sealed():
    attempt = Attempt.new("/places")
    kept = attempt.sealed(KEY)

    assert Attempt.opened(KEY, kept, attempt.state) == attempt
    assert attempt.verifier not in kept


@given(kept=st.one_of(st.none(), st.text(), st.binary().map(lambda raw: raw.hex())))
def test_whatever_else_the_browser_brings_is_refused(kept):
    with pytest.raises(SignOnRefusedError) as refused:
        Attempt.opened(KEY, kept, "state")

    assert refused.value.why is Why.STATE


@pytest.mark.asvs("10.2.1")
@pytest.mark.parametrize("state", [None, "", "of another attempt", "ä"])
def test_an_attempt_of_another_state_is_refused(state):
    kept = Attempt.new("/").sealed(KEY)

    with pytest.raises(SignOnRefusedError):
        Attempt.opened(KEY, kept, state)


def test_an_attempt_lasts_ten_minutes(monkeypatch):
    attempt = Attempt.new("/")
    kept = attempt.sealed(KEY)
    monkeypatch.setattr(oidc.time, "time", lambda: attempt.until_s + 1)

    with pytest.raises(SignOnRefusedError):
        Attempt.opened(KEY, kept, attempt.state)


def test_an_attempt_sealed_under_another_key_is_refused():
    attempt = Attempt.new("/")

    with pytest.raises(SignOnRefusedError):
        Attempt.opened(b"o" * 32, attempt.sealed(KEY), attempt.state)


@pytest.mark.asvs("1.3.6", "12.3.1")
@pytest.mark.parametrize(
    ("url", "believed"),
    [
        ("https://login.example/x", True),
        ("http://127.0.0.1:81/x", True),
        ("http://localhost/x", True),
        ("http://login.example/x", False),
        ("http://127.0.0.1.example/x", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_only_tls_or_this_machine_is_asked(url, believed):
    assert trusted(url) is believed


def test_settings_without_an_issuer_mean_no_single_sign_on():
    assert Client.of(Settings()) is None


def test_the_callback_is_at_the_address_people_use():
    set_up = Settings(
        oidc_issuer="https://login.example",
        oidc_client_id="contextmap",
        base_url="https://contextmap.example/",
    )

    client = Client.of(set_up)

    assert client is not None
    assert client.callback == "https://contextmap.example/sign-in/oidc/callback"
    assert client.client_secret is None
