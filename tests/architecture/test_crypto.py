"""The inventory of cryptography is that of the code, and what it uses is strong."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/operator/cryptography.md"
CODE = [*ROOT.glob("app/**/*.py"), *ROOT.glob("geo/**/*.py")]
TEXTS = {path: path.read_text() for path in CODE}

# How each algorithm is spelt in code.
SPELT = {
    "AES-256-GCM": r"\bAESGCM\(",
    "ChaCha20-Poly1305": r"\bChaCha20Poly1305\(",
    "HPKE": r"\bhpke\.Suite\(",
    "X25519": r"\bX25519P\w+Key\b",
    "Ed25519": r"\bEd25519P\w+Key\b",
    "HKDF": r"\bHKDF\(",
    "HMAC": r"\bhmac\.new\(",
    "SHA-256": r"\bsha256\b|\bSHA256\b",
    "SHA-512": r"\bsha512\b",
    "BLAKE2b": r"\bblake2b\b",
    "Argon2id": r"\bPasswordHasher\(",
    "TOTP": r"\bpyotp\.TOTP\(",
    "WebAuthn": r"\bwebauthn\.",
    "JOSE": r"\bjoserfc\b",
    "age": r"\bpyrage\b",
}
# Whatever else these libraries offer would be a new decision.
LIBRARIES = re.compile(
    r"^(?:from|import) (cryptography|argon2|joserfc|jwt|nacl|Crypto|OpenSSL|bcrypt|passlib|ssl)\b",
    re.MULTILINE,
)
USED = frozenset({"cryptography", "argon2", "joserfc", "ssl"})  # ssl: its default context alone
FINGERPRINT = frozenset({"SHA-256", "BLAKE2b"})


def plain(text: str) -> str:
    """Code without its remarks and longer texts, which may speak of algorithms."""
    without = re.sub(r'"""[\s\S]*?"""', "", text)
    return re.sub(r"(?m)(^|\s)#.*$", "", without)


def uses(text: str) -> set[str]:
    if not any(re.search(found, text) for found in SPELT.values()):
        return set()
    return {name for name, found in SPELT.items() if re.search(found, plain(text))}


def inventory() -> dict[str, set[str]]:
    """The algorithms that the document gives each module."""
    found = defaultdict(set)
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[1] != "algorithms":
            for path in re.findall(r"`((?:app|geo)/[\w/]+\.py)`", cells[3]):
                found[path] |= {name.strip() for name in cells[1].split(",")}
    return dict(found)


@pytest.mark.asvs("11.1.2", "11.2.1", "11.3.1", "11.3.2", "11.4.1", "11.4.3", "11.6.1")
def test_the_inventory_names_every_use():
    found = {str(p.relative_to(ROOT)): uses(TEXTS[p]) for p in CODE}
    used = {name: algorithms for name, algorithms in found.items() if algorithms}
    told = inventory()

    # A fingerprint guards nothing: its module need not be named one by one.
    assert {n: a for n, a in used.items() if n not in told and not a <= FINGERPRINT} == {}
    assert {n: (a, used.get(n, set())) for n, a in told.items() if a != used.get(n, set())} == {}


def test_no_other_library_and_no_raw_cipher_is_used():
    libraries = {name for path in CODE for name in LIBRARIES.findall(TEXTS[path])}
    parts = {
        node.module
        for path in CODE
        if "cryptography" in TEXTS[path]
        for node in ast.walk(ast.parse(TEXTS[path]))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cryptography")
    }
    primitives = "cryptography.hazmat.primitives"
    known = {f"{primitives}.{name}" for name in KNOWN} | {primitives, "cryptography.exceptions"}

    assert libraries == USED
    assert parts <= known


KNOWN = (
    "ciphers.aead",
    "asymmetric.ed25519",
    "asymmetric.x25519",
    "hashes",
    "kdf.hkdf",
    "serialization",
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("box = AESGCM(key)", {"AES-256-GCM"}),
        ("a = hashlib.sha256(b); c = hmac.new(d, e, 'sha512')", {"SHA-256", "HMAC", "SHA-512"}),
        ('"""Not AESGCM(key)."""\n# nor hmac.new(key)', set()),
    ],
)
def test_a_use_would_be_found(text, found):
    assert uses(text) == found


def calls(text: str, name: str) -> list[ast.Call]:
    nodes = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call))
    return [node for node in nodes if ast.unparse(node.func) == name]


def given(text: str, name: str) -> list[str]:
    return [ast.unparse(call.args[0]) if call.args else "" for call in calls(text, name)]


@pytest.mark.asvs("11.2.3")
def test_keys_are_long_enough():
    """Keys of boxes have 256 bits, tokens at least 128; a code of fewer is kept under a key."""
    texts = [text for text in TEXTS.values() if "secrets." in text or "generate_key" in text]
    sizes = {size for text in texts for size in given(text, "AESGCM.generate_key")}
    tokens = [size for text in texts for size in given(text, "secrets.token_urlsafe")]

    assert sizes == {"256"}
    assert tokens
    assert [size for size in tokens if int(size) < 16] == []


SEALS = re.compile(r"(?:AESGCM|ChaCha20Poly1305)\([\w.]+\)\.encrypt\((\w+),")
FRESH = r"secrets\.token_bytes\((?:NONCE_BYTES|NONCE|12)\)"


def sealing(text: str) -> list[tuple[str, bool]]:
    """Each function that seals, and whether it makes 96 random bits for that one box."""
    functions = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef))
    found = []
    for function in functions:
        code = ast.unparse(function)
        names = SEALS.findall(code)
        fresh = all(re.search(rf"\b{name}\)? = .*{FRESH}", code) for name in names)
        once = len(names) == 1 and not re.search(r"\.encrypt\([^\n]*\bfor\b", code)
        found += [(function.name, fresh and once)] if names else []
    return found


@pytest.mark.asvs("11.3.4")
def test_a_nonce_is_never_used_again():
    texts = {str(path): TEXTS[path] for path in CODE if ".encrypt(" in TEXTS[path]}
    found = {name: sealing(text) for name, text in texts.items()}

    assert sum(map(len, found.values())) >= 8
    assert {n: of for n, of in found.items() if not all(fresh for _, fresh in of)} == {}


@pytest.mark.parametrize(
    "text",
    [
        "def f(key, nonce):\n    return AESGCM(key).encrypt(nonce, b'', b'')",
        "def f(key):\n    nonce = bytes(12)\n    return AESGCM(key).encrypt(nonce, b'', b'')",
        "def f(a):\n n = secrets.token_bytes(12)\n return [AESGCM(a).encrypt(n, x, b) for x in y]",
    ],
)
def test_a_nonce_that_is_used_again_would_be_found(text):
    assert sealing(text) == [("f", False)]


@pytest.mark.asvs("6.5.3", "11.5.1")
def test_what_must_not_be_guessed_comes_from_the_secure_generator():
    """numpy's generators make results repeatable; none is near a key, a code or a reference."""
    guarded = [p for p in CODE if re.search(r"\bsecrets\.|AESGCM|hmac\.new", TEXTS[p])]
    loose = re.compile(
        r"np\.random|default_rng|\brandom\.(random|choice|randint|getrandbits)|uuid1\("
    )

    assert len(guarded) > 15
    assert [str(p) for p in guarded if loose.search(plain(TEXTS[p]))] == []
