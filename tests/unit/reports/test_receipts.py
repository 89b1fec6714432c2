"""The code that a reporter keeps."""

import secrets

from app.core.ids import ALPHABET
from app.reports import receipts


def codes(n):
    return [receipts.receipt_of(b"key of the tests", secrets.token_bytes(16)) for _ in range(n)]


def test_a_code_has_24_characters_and_is_whole():
    for code in codes(200):
        assert len(code) == 24
        assert receipts.is_whole(code)
        assert receipts.folded(receipts.spelled(code).lower().replace("0", "o")) == code


def test_no_single_slip_and_no_swap_of_neighbours_passes():
    for code in codes(5):
        for at in range(24):
            for other in set(ALPHABET) - {code[at]}:
                assert not receipts.is_whole(code[:at] + other + code[at + 1 :])
        for at in range(23):
            swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
            assert swapped == code or not receipts.is_whole(swapped)


def test_the_same_sending_has_the_same_code_and_another_key_another():
    assert receipts.receipt_of(b"a", b"sending") == receipts.receipt_of(b"a", b"sending")
    assert receipts.receipt_of(b"a", b"sending") != receipts.receipt_of(b"b", b"sending")
    assert receipts.receipt_of(b"a", b"sending") != receipts.receipt_of(b"a", b"another")


def test_each_symbol_of_a_code_is_as_likely_as_another():
    counted = dict.fromkeys(ALPHABET, 0)
    for code in codes(2000):
        for symbol in code[:23]:
            counted[symbol] += 1
    expected = 2000 * 23 / 31

    assert all(0.8 * expected < n < 1.2 * expected for n in counted.values())


def test_a_code_is_not_guessed_in_a_year():
    """Goal G15: against ten thousand live reports, by five tries a second that nobody stops."""
    tries, live = 5 * 86_400 * 365, 10_000

    assert tries * live / len(ALPHABET) ** 23 < 1e-12


def test_nor_by_a_thousand_connections_at_the_limit_of_each():
    tries, live = 1_000 * 10 * 24 * 365, 10_000

    assert tries * live / len(ALPHABET) ** 23 < 1e-12
