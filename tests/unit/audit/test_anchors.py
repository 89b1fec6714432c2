import base64
import json
import random
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit import anchors
from app.audit.chain import Verdict
from app.audit.rules import Seal
from app.core.errors import InvalidError

SEAL = Seal(3, 1, 0, 90, 5, b"r" * 32, b"p" * 32, b"h" * 32)
NAME = "Test partnership"


@pytest.fixture
def key(tmp_path):
    return anchors.private_key(tmp_path)


@pytest.fixture
def file(tmp_path, key):
    path = tmp_path / "anchors.jsonl"
    anchors.append(path, anchors.signed_line(SEAL, partnership=NAME, key=key))
    return path


def read(file, key, *, name=NAME):
    verdict = Verdict()
    return anchors.read(file, [key.public_key()], partnership=name, verdict=verdict), verdict


@pytest.mark.asvs("13.3.2")
def test_the_private_key_is_made_once_and_open_to_its_user_only(tmp_path, key):
    again = anchors.private_key(tmp_path)

    path = tmp_path / anchors.PRIVATE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert again.private_bytes_raw() == key.private_bytes_raw()


def test_the_public_key_stands_beside_it_for_copies_elsewhere(tmp_path, key):
    public = anchors.public_key(tmp_path / anchors.PUBLIC)

    assert anchors.key_id(public) == anchors.key_id(key.public_key())
    assert "PRIVATE" not in (tmp_path / anchors.PUBLIC).read_text()


def test_a_line_is_read_back_as_it_was_signed(file, key):
    (anchor,), verdict = read(file, key)

    assert (anchor.era, anchor.n, anchor.seal) == (1, 3, SEAL.hash)
    assert verdict.holds


def test_lines_are_added_and_none_is_replaced(file, key):
    anchors.append(file, anchors.signed_line(SEAL._replace(n=4), partnership=NAME, key=key))

    assert [anchor.n for anchor in read(file, key)[0]] == [3, 4]


@pytest.mark.parametrize("field", ["era", "n", "seal", "at", "partnership", "begins"])
def test_a_line_that_was_changed_is_no_anchor(file, key, field):
    line = json.loads(file.read_text())
    line[field] = line[field] + 1 if isinstance(line.get(field), int) else "00" * 32
    file.write_text(json.dumps(line))

    found, verdict = read(file, key)

    assert found == []
    assert "was changed after it was signed" in verdict.problems[0].words


def test_a_line_of_another_key_is_no_anchor(file):
    found, verdict = read(file, Ed25519PrivateKey.generate())

    assert found == []
    assert "a key that was not given" in verdict.problems[0].words


def test_a_line_of_another_partnership_is_no_anchor(file, key):
    found, verdict = read(file, key, name="Elsewhere")

    assert found == []
    assert "of another partnership" in verdict.problems[0].words


@pytest.mark.parametrize("text", ["nonsense\n", "[]\n", "{}\n", '{"signature": 5}\n', "\xff\n"])
def test_a_line_that_is_no_anchor_is_told(file, key, text):
    file.write_bytes(file.read_bytes() + text.encode("latin-1"))

    found, verdict = read(file, key)

    assert len(found) == 1
    assert verdict.problems[0].words == "Line 2 of the anchors cannot be read."


def test_an_empty_file_proves_nothing(tmp_path, key):
    path = tmp_path / "empty"
    path.touch()

    _, verdict = read(path, key)

    assert not verdict.holds


def test_an_anchor_agrees_with_the_seal_that_stands(file, key):
    verdict = Verdict(last=SEAL)

    anchors.compare(verdict, read(file, key)[0], {3: (1, SEAL.hash)})

    assert verdict.holds


def test_a_cut_tail_is_found(file, key):
    verdict = Verdict(last=SEAL._replace(n=2))

    anchors.compare(verdict, read(file, key)[0], {})

    assert [(p.code, p.seal) for p in verdict.problems] == [("tail-cut", 3)]


def test_an_emptied_audit_is_found(file, key):
    verdict = Verdict()

    anchors.compare(verdict, read(file, key)[0], {})

    assert [(p.code, p.seal) for p in verdict.problems] == [("tail-cut", 1)]


@pytest.mark.parametrize("standing", [{3: (1, b"x" * 32)}, {3: (2, SEAL.hash)}, {}])
def test_a_chain_that_was_sealed_anew_is_found(file, key, standing):
    verdict = Verdict(last=SEAL._replace(n=5))

    anchors.compare(verdict, read(file, key)[0], standing)

    assert [(p.code, p.seal) for p in verdict.problems] == [("sealed-anew", 3)]


def test_what_a_restore_lost_is_told_and_is_no_change(tmp_path, key):
    """Seal 9 stood when a backup of seal 5 was restored; the next life made its own 6 to 9."""
    path = tmp_path / "anchors"
    kept, gone, new = (SEAL._replace(n=n, hash=bytes([n]) * 32) for n in (5, 9, 12))
    life_before = anchors.signed_line(kept, partnership=NAME, key=key, begins=2)
    path.write_bytes(b"".join([*signed(key, kept, gone), life_before, *signed(key, new)]))
    standing = {5: (1, kept.hash), 9: (2, b"x" * 32), 12: (1, new.hash)}

    verdict, cut = Verdict(last=new), Verdict(last=kept)
    anchors.compare(verdict, read(path, key)[0], standing)
    anchors.compare(cut, read(path, key)[0], {5: (1, kept.hash)})

    assert verdict.holds
    assert [words.split(" of ")[0] for words in verdict.lost] == ["Seal 9"]
    assert [(p.code, p.seal) for p in cut.problems] == [("tail-cut", 6)], "12 was after it"


def test_without_the_word_of_a_restore_it_is_a_change(tmp_path, key):
    """Nor by a word that was there before, or that is of a later seal."""
    path = tmp_path / "anchors"
    kept, gone = SEAL._replace(n=5), SEAL._replace(n=9)
    early = anchors.signed_line(kept, partnership=NAME, key=key, begins=2)
    late = anchors.signed_line(SEAL._replace(n=9, hash=b"y" * 32), partnership=NAME, key=key)
    path.write_bytes(b"".join([early, *signed(key, gone), late]))
    verdict = Verdict(last=kept)

    anchors.compare(verdict, read(path, key)[0], {5: (1, kept.hash)})

    assert [(p.code, p.seal) for p in verdict.problems] == [("tail-cut", 6)] * 2
    assert verdict.lost == []


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_a_file_that_is_no_public_key_is_refused_in_words(tmp_path, content):
    path = tmp_path / "key"
    path.write_bytes(content)

    with pytest.raises(InvalidError, match="no public key"):
        anchors.public_key(path)


def signed(key, *seals, name=NAME):
    return [anchors.signed_line(seal, partnership=name, key=key) for seal in seals]


def one_byte(lines, draw, _):
    number = draw.randrange(len(lines))
    line = bytearray(lines[number])
    at = draw.randrange(len(line) - 1)
    line[at] ^= draw.randrange(1, 128)
    return [*lines[:number], bytes(line), *lines[number + 1 :]]


def another_hash(lines, draw, seals):
    """Rewritten for another chain, under the old signature."""
    number = draw.randrange(len(lines))
    said = json.loads(lines[number])
    said["seal"] = draw.randbytes(32).hex()
    return [*lines[:number], json.dumps(said).encode() + b"\n", *lines[number + 1 :]]


def another_key(lines, draw, seals):
    forged = [seal._replace(hash=draw.randbytes(32)) for seal in seals]
    return signed(Ed25519PrivateKey.generate(), *forged)


def nonsense(lines, draw, seals):
    number = draw.randrange(len(lines))
    return [*lines[:number], f'{{"of": {number}}}\n'.encode(), *lines[number + 1 :]]


def shortened(lines, draw, _):
    return [*lines[:-1], lines[-1][: draw.randrange(1, len(lines[-1]) - 2)]]


def emptied(lines, draw, _):
    return []


KINDS = (one_byte, another_hash, another_key, nonsense, shortened, emptied)


def test_three_hundred_of_three_hundred_changes_of_the_anchor_file_are_found(tmp_path, key):
    draw, path = random.Random(2), tmp_path / "anchors"
    seals = [SEAL._replace(n=n, hash=draw.randbytes(32)) for n in range(1, 9)]
    standing = {seal.n: (seal.era, seal.hash) for seal in seals}
    lines = signed(key, *seals)

    def holds(content):
        path.write_bytes(b"".join(content))
        found, verdict = read(path, key)
        verdict.last = seals[-1]
        anchors.compare(verdict, found, standing)
        return verdict.holds

    assert holds(lines)
    unseen = []
    for number in range(300):
        kind = KINDS[number % len(KINDS)]
        changed = kind(lines, draw, seals)
        if holds(changed) and meanings(changed) != meanings(lines):
            unseen.append((kind.__name__, number))
    assert unseen == []


def meanings(lines):
    """What is said and signed: base64 has digits of which the last bits mean nothing."""
    found = []
    for line in b"".join(lines).splitlines():
        said = json.loads(line)
        said["signature"] = base64.b64decode(said["signature"])
        found.append(said)
    return found
