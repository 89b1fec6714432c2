"""Outgoing mail, to a small mail server on loopback."""

import socketserver
from threading import Thread

import pytest

from app.core.mail import Mail, NoMail, RecordedMail, Server, SmtpMail, mailer_of, send_all
from app.core.settings import Settings

BASE = "https://contextmap.example"


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 here")
        letter = None
        while line := self.rfile.readline():
            words = line.decode().rstrip("\r\n")
            if letter is not None:
                if words == ".":
                    self.server.letters.append("\n".join(letter))
                    letter = None
                    self.say("250 kept")
                else:
                    letter.append(words)
            elif words.upper() == "DATA":
                letter = []
                self.say("354 go on")
            elif words.upper() == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("550 no" if self.server.refuses and "RCPT" in words.upper() else "250 yes")

    def say(self, words):
        self.wfile.write(f"{words}\r\n".encode())


class PostOffice(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True


@pytest.fixture
def post_office():
    with PostOffice(("127.0.0.1", 0), Session) as server:
        server.letters, server.refuses = [], False
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def mailer(server, more=""):
    port = server.server_address[1]
    return SmtpMail(Server.of(f"smtp://127.0.0.1:{port}{more}", BASE))


def test_a_letter_arrives_with_its_words(post_office):
    sending = mailer(post_office)

    send_all(sending, [Mail("kim@kingston.example", "Your account", "Open the link.")])
    sending.close()

    (letter,) = post_office.letters
    assert "To: kim@kingston.example" in letter
    assert "Subject: Your account" in letter
    assert "From: contextmap@contextmap.example" in letter
    assert "Auto-Submitted: auto-generated" in letter
    assert "Open the link." in letter


def test_the_sender_can_be_named(post_office):
    sending = mailer(post_office, "?from=service@partnership.example")

    sending.send("kim@kingston.example", "Your account", "Words.")
    sending.close()

    assert "From: service@partnership.example" in post_office.letters[0]


def test_a_refused_letter_is_logged_without_its_words_and_the_next_one_sent(post_office, caplog):
    caplog.set_level("INFO", "contextmap")
    post_office.refuses = True
    sending = mailer(post_office)
    sending.send("kim@kingston.example", "Your account", "The link is secret.")
    sending._sender.submit(lambda: None).result()
    post_office.refuses = False

    sending.send("sam@kingston.example", "Your account", "Words.")
    sending.close()

    said = caplog.text
    assert len(post_office.letters) == 1
    assert "mail.not-sent" in said
    assert "kim@" not in said
    assert "secret" not in said


@pytest.mark.asvs("16.5.2")
def test_a_mail_server_that_is_away_breaks_nothing(caplog):
    caplog.set_level("INFO", "contextmap")
    sending = SmtpMail(Server.of("smtp://127.0.0.1:9", BASE))

    sending.send("kim@kingston.example", "Your account", "Words.")
    sending.close()

    assert "mail.not-sent" in caplog.text


@pytest.mark.asvs("1.3.11")
def test_a_subject_cannot_add_a_line_of_its_own(post_office, caplog):
    caplog.set_level("INFO", "contextmap")
    sending = mailer(post_office)

    sending.send("kim@kingston.example", "Your account\nBcc: all@elsewhere.example", "Words.")
    sending.close()

    assert post_office.letters == []
    assert "mail.not-sent" in caplog.text


@pytest.mark.parametrize(
    ("url", "port", "user", "password"),
    [
        ("smtps://kim:se%40cret@mail.example", 465, "kim", "se@cret"),
        ("smtp+starttls://kim:secret@mail.example:2525", 2525, "kim", "secret"),
        ("smtp://mail.example", 25, None, None),
        ("smtp://kim:secret@localhost", 25, "kim", "secret"),
    ],
)
def test_an_address_of_a_mail_server_is_read(url, port, user, password):
    found = Server.of(url, BASE)

    assert (found.port, found.user, found.password) == (port, user, password)


@pytest.mark.asvs("12.3.1")
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://mail.example", "begins with"),
        ("smtp://", "begins with"),
        ("smtp://kim:secret@mail.example", "in the clear"),
    ],
)
def test_an_address_that_would_not_be_safe_is_refused_in_words(url, words):
    with pytest.raises(ValueError, match=words):
        Server.of(url, BASE)


def test_without_a_mail_server_only_the_event_is_logged(tmp_path, caplog):
    caplog.set_level("INFO", "contextmap")

    found = mailer_of(Settings(data_dir=tmp_path))
    found.send("kim@kingston.example", "Your account", "Words.")

    assert isinstance(found, NoMail)
    assert "mail.not-sent" in caplog.text
    assert "kim" not in caplog.text


def test_tests_can_read_what_was_sent():
    kept = RecordedMail()

    kept.send("kim@kingston.example", "Your account", "Words.")

    assert kept.sent == [Mail("kim@kingston.example", "Your account", "Words.")]
