"""The old mailbox, brought in: nothing lost, nothing twice, whatever strangers wrote. Synthetic."""

import base64
import csv
import json
import time
from email.message import EmailMessage

import pytest

from app.cli import main
from app.core.errors import InvalidError
from app.imports import mailbox, mbox
from app.imports.mbox import UnusableMailError
from app.imports.service import Options
from app.reports.sealing import Keys, opened
from tests.reports import rows

WORDS = "Synthetic: people wait behind the station after school."


def mail(text=WORDS, subject="Station, synthetic", *, number=1, html=None, **headers):
    made = EmailMessage()
    made["From"] = headers.pop("sender", "Kim Example <kim@example.org>")
    made["Subject"] = subject
    made["Date"] = "Tue, 03 Nov 2026 21:14:00 +0000"
    made["Message-ID"] = f"<synthetic-{number}@example.org>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    if text is not None:
        made.set_content(text)
    if html is not None:
        made.add_alternative(html, subtype="html")
    return made.as_bytes()


def boxed(path, *mails):
    parts = (b"From synthetic@example.org Tue Nov  3 21:14:00 2026\n" + raw for raw in mails)
    path.write_bytes(b"\n\n".join(parts) + b"\n")
    return path


@pytest.fixture
def bring(db, settings, tmp_path):
    def brought(*mails, dry_run=False, errors=None):
        path = boxed(tmp_path / "old.mbox", *mails)
        options = Options(dry_run, {}, errors)
        _, tally = mailbox.bring_in(db, Keys.of(settings), path, options, lambda *_: None)
        assert tally.rows == tally.imported + tally.already_known + tally.rejected
        return tally

    return brought


def said(db, settings):
    """Words and contact of the one report that there is."""
    ((report, sealed, contact),) = rows(
        db,
        "select o.report_id, o.sealed, c.sealed from app.report_original o "
        "left join app.report_contact c using (report_id)",
    )
    keys = Keys.of(settings)
    words = opened(sealed, keys.triage, report=report, use="words")
    reach = contact and opened(contact, keys.contact, report=report, use="contact")
    return words, reach


def test_a_mail_is_a_report_that_only_the_lead_reads(db, settings, bring):
    tally = bring(mail())

    assert tally.imported == 1
    words, reach = said(db, settings)
    assert words == {
        "where_text": "Station, synthetic",
        "notice_text": WORDS,
        "mail_sent": "2026-11-03 21:14",
    }
    assert reach == {"name": "Kim Example", "email": "kim@example.org"}
    ((channel, where, ticks, danger, state),) = rows(
        db, "select channel, where_kind, what_ticks, danger_answer, state from app.report"
    )
    assert (channel, where, ticks) == ("EMAIL_IMPORT", "DESCRIBED", ["OTHER"])
    assert (danger, state) == ("NOT_SURE", "RECEIVED")
    whole = str(rows(db, "select r::text, b::text from app.report r, app.import_batch b"))
    assert "Kim" not in whole
    assert "station" not in whole.lower().replace("e-mail", "")


def test_an_address_that_a_form_would_refuse_is_kept_as_it_came(db, settings, bring):
    assert bring(mail(sender="kim@localhost")).imported == 1

    assert said(db, settings)[1] == {"email": "kim@localhost"}


def test_a_second_import_adds_nothing(db, bring):
    mails = [mail(number=n, text=f"{WORDS} {n}") for n in range(5)]

    assert bring(*mails).imported == 5
    again = bring(*mails, mail(number=9))

    assert (again.already_known, again.imported) == (5, 1)
    assert rows(db, "select count(*) from app.report") == [(6,)]


def test_two_mails_of_one_id_are_two_reports(db, bring):
    tally = bring(mail(), mail(text="Other synthetic words"), mail())

    assert (tally.imported, tally.already_known) == (2, 1)


def test_a_dry_run_counts_and_keeps_nothing(db, bring):
    tally = bring(mail(), mail(), mail(number=2), dry_run=True)

    assert (tally.imported, tally.already_known) == (2, 1)
    assert rows(db, "select count(*) from app.report") == [(0,)]
    assert rows(db, "select count(*) from app.import_batch") == [(0,)]


def test_long_words_and_subjects_are_kept_whole(db, settings, bring):
    bring(mail(text=WORDS * 200, subject="Synthetic " * 40))

    words, _ = said(db, settings)
    assert words["mail_text"] == WORDS * 200
    assert words["mail_subject"] == ("Synthetic " * 40).strip()
    assert "notice_text" not in words


def test_attachments_are_counted_and_left(db, settings, bring):
    made = EmailMessage()
    made["From"] = "kim@example.org"
    made["Message-ID"] = "<a@example.org>"
    made.set_content(WORDS)
    made.add_attachment(
        b"\x89PNG synthetic" * 50, maintype="image", subtype="png", filename="a.png"
    )
    made.add_attachment("text of a file", filename="b.txt")

    bring(made.as_bytes())

    words, _ = said(db, settings)
    assert words["mail_attachments"] == "2 files were attached and not taken over. See the mailbox."
    assert "text of a file" not in str(words)


def test_html_alone_becomes_its_words(db, settings, bring):
    made = EmailMessage()
    made["Message-ID"] = "<h@example.org>"
    made.set_content(
        "<html><head><title>t</title><style>p {color: red}</style></head><body><p>Behind the "
        "<b>shelter</b> &amp; bins</p><script>alert(1)</script><img src='https://x.example/p.png'>",
        subtype="html",
    )

    bring(made.as_bytes())

    words, reach = said(db, settings)
    assert words["notice_text"] == "Behind the shelter & bins"
    assert reach is None


def deep(levels):
    head = b"Message-ID: <deep@example.org>\n"
    body = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(levels)
    )
    return head + body + b"Content-Type: text/plain\n\nSynthetic\n"


HOSTILE = {
    "broken multipart": b'Content-Type: multipart/mixed; boundary="x"\n\n--x\n\nSynthetic words\n',
    "no boundary": b"Content-Type: multipart/mixed\n\nSynthetic words\n",
    "unknown charset": b"Content-Type: text/plain; charset=klingon\n\nSynthetic \xe4 words\n",
    "wrong charset": b"Content-Type: text/plain; charset=utf-8\n\nSynthetic \xe4\xff words\n",
    "utf-16 without end": b"Content-Type: text/plain; charset=utf-16\n\nS\x00y\x00n",
    "broken base64": b"Content-Transfer-Encoding: base64\n\nU3ludGhldGljIHdvcmRz!!\n",
    "broken quoted": b"Content-Transfer-Encoding: quoted-printable\n\nSynthetic =ZZ=4 words\n",
    "no headers": b"\nSynthetic words\n",
    "only a subject": b"Subject: Synthetic\n\n",
    "odd subject": b"Subject: =?utf-8?b?!!!?= =?x?q?a?= \x00\xff\n\nSynthetic words\n",
    "odd sender": b'From: "a" <b@c@d>, <<>>, =?utf-8?q?=00?= <x@\x00y>\n\nSynthetic words\n',
    "odd date": b"Date: Thu, 99 Foo 99999 99:99:99 +9999\n\nSynthetic words\n",
    "odd type": b"Content-Type: ;;;=\n\nSynthetic words\n",
    "controls": b"Subject: Synthetic\n\nwords \x00\x01\x1b[31m\x7f\xc2\x85 end\n",
    "html bombs": b"Content-Type: text/html\n\n" + b"<!-- <![if <a b='" * 2000 + b"Synthetic",
    "message in message": b"Content-Type: message/rfc822\n\nSubject: x\n\nSynthetic words\n",
    "a hundred files": b'Content-Type: multipart/mixed; boundary="x"\n\n'
    + b'--x\nContent-Disposition: attachment; filename="f"\n\nx\n' * 100
    + b"--x\n\nSynthetic words\n--x--\n",
}
UNUSABLE = {
    "nested": deep(300),
    "huge headers": b"X-A: " + b"a" * 300_000 + b"\n\nSynthetic\n",
    "binary": bytes(range(256)) * 10 + b"\n",
    "empty": b"",
    "no words": b"Subject:\n\n   \n",
    "too long": b"\n" + b"Synthetic words. " * 20_000,
    "too many parts": b'Content-Type: multipart/mixed; boundary="x"\n\n' + b"--x\n\ny\n" * 300,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_strangers_write_is_taken_as_far_as_it_can_be_read(what):
    found = mbox.read(HOSTILE[what])

    assert "Synthetic" in found.text + found.subject or what == "utf-16 without end"
    assert not [c for c in found.text + found.subject if c < " " and c not in "\n\t"]
    mailbox.report_of(found)


@pytest.mark.parametrize("what", [name for name in UNUSABLE if name != "binary"])
def test_what_cannot_be_read_is_refused_in_words(what):
    began = time.monotonic()

    with pytest.raises(UnusableMailError) as refused:
        mbox.read(UNUSABLE[what])

    assert "Synthetic" not in str(refused.value)
    assert time.monotonic() - began < 2


def test_every_message_of_a_hostile_file_is_accounted_for(db, bring, tmp_path):
    errors = tmp_path / "errors.csv"
    mails = [*HOSTILE.values(), *UNUSABLE.values()]

    tally = bring(*mails, errors=errors)

    assert tally.rows == len(mails)
    assert tally.imported >= len(HOSTILE)
    with errors.open(newline="") as lines:
        told = list(csv.DictReader(lines))
    assert len(told) == tally.rejected
    assert all(row["reason"] and "Synthetic" not in str(row) for row in told)


def test_from_inside_a_mail_begins_no_other(db, settings, bring):
    tally = bring(mail(text="Synthetic\n>From here on\nFrom there on\n"))

    assert tally.rows == 1
    words, _ = said(db, settings)
    assert words["notice_text"] == "Synthetic\nFrom here on\nFrom there on"


def test_a_file_that_is_no_mailbox_is_refused(db, settings, tmp_path):
    path = tmp_path / "x.mbox"
    path.write_bytes(b"ref,place\n1,2\n")

    with pytest.raises(InvalidError, match=r"not an \.mbox file"):
        mailbox.bring_in(db, Keys.of(settings), path, Options(), lambda *_: None)


def test_ten_thousand_mails_are_read_fast(tmp_path):
    body = base64.encodebytes(b"synthetic" * 2000)
    attached = (
        b'Message-ID: <%d@example.org>\nContent-Type: multipart/mixed; boundary="x"\n\n--x\n\n'
        b"Synthetic words %d\n--x\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
    )
    mails = [attached % (n, n) + body + b"--x--\n" for n in range(10_000)]
    path = boxed(tmp_path / "many.mbox", *mails)
    began = time.monotonic()

    found = [mbox.read(raw) for raw in mbox.messages(path)]

    seconds = time.monotonic() - began
    print(f"{len(found):,} mails, {path.stat().st_size / 1e6:.0f} MB, {seconds:.1f} s")
    assert len({each.key for each in found}) == 10_000
    assert seconds < 60


def test_the_command_tells_the_tallies(db, settings, tmp_path, monkeypatch, capsys):
    path = boxed(tmp_path / "old.mbox", mail(), mail(number=2))
    monkeypatch.setattr("app.core.command.Context.db", property(lambda _: db))

    assert main(["--json", "import", "mailbox", str(path), "--dry-run"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == told["imported"] + told["already_known"] + told["rejected"] == 2
    assert told["dry_run"] is True
