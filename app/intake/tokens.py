"""The token in each page of the form: of this form and no other, and not older than two hours."""

import hashlib
import hmac

LASTS_S = 2 * 3600


def issue(key: bytes, draft_id: bytes, now_s: float) -> str:
    return f"{int(now_s)}.{_mark(key, draft_id, int(now_s))}"


def is_good(key: bytes, draft_id: bytes, token: str, now_s: float) -> bool:
    issued, _, mark = token.partition(".")
    if not (issued.isascii() and issued.isdigit() and len(issued) < 15):
        return False
    right = hmac.compare_digest(mark.encode(), _mark(key, draft_id, int(issued)).encode())
    return right and 0 <= now_s - int(issued) <= LASTS_S


def _mark(key: bytes, draft_id: bytes, issued_s: int) -> str:
    return hmac.new(key, draft_id + issued_s.to_bytes(8), hashlib.sha256).hexdigest()
