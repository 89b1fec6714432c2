"""A mail server on loopback that keeps every letter, to find the ones that came twice."""

import socketserver
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string
from threading import Thread


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 here")
        letter: list[str] | None = None
        while line := self.rfile.readline():
            words = line.decode().rstrip("\r\n")
            if letter is not None:
                if words == ".":
                    self.server.letters.append("\n".join(letter))
                    letter = None
                    self._say("250 kept")
                else:
                    letter.append(words)
            elif words.upper() == "DATA":
                letter = []
                self._say("354 go on")
            elif words.upper() == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 yes")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class PostOffice(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True
    letters: list[str]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def twice(self) -> dict[str, int]:
        """Letters to one person of one event; a repeated one has the same Message-ID."""
        read = [message_from_string(letter) for letter in self.letters]
        found = Counter(f"{one['To']} {one['Message-ID']}" for one in read)
        return {name: n for name, n in found.items() if n > 1}


@contextmanager
def post_office() -> Iterator[PostOffice]:
    with PostOffice(("127.0.0.1", 0), Session) as server:
        server.letters = []
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
