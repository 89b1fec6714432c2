"""The people of the mixes: accounts made beforehand, signed in over the wire with both factors."""

import re
import threading
from dataclasses import dataclass

from app.core.db import Database
from app.core.settings import Settings
from tests.endurance.wire import Tally, Wire
from tests.entry import PASSWORD, Account, account

TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
ROLES = {
    "lead": ("cs_lead", "AFC"),
    "police analyst": ("police_analyst", "MPS_SWBCU"),
    "VCA reader": ("vca_member", "VRU"),
    "partner": ("partner", "EDU"),
}


@dataclass
class Person:
    """One signed-in user of a mix; `tally` counts sign-ins with the rest."""

    account: Account
    wire: Wire

    def signed_in(self) -> bool:
        """Both factors, as a browser does it; the codes of an account are good for once each."""
        self.wire.cookies.clear()
        self.wire.page("/sign-in")
        self.wire.form("/sign-in", username=self.account.username, password=PASSWORD)
        self.wire.page("/sign-in/code")
        answer = self.wire.form("/sign-in/code", code=self.account.code())
        if answer.status != 303:
            return False
        found = TOKEN.search(self.wire.page("/account").text)
        self.wire.csrf = found[1] if found else ""
        return bool(found)


def everybody(db: Database, settings: Settings, port: int, tally: Tally) -> dict[str, Person]:
    """One of each role that signs in, at once; each from an address of their own."""
    found = {
        mix: Person(
            account(db, settings, role, agency=agency),
            Wire(port, mix, tally, address=f"198.19.200.{n}"),
        )
        for n, (mix, (role, agency)) in enumerate(ROLES.items(), start=1)
    }
    entered: dict[str, bool] = {}

    def enter(mix: str) -> None:
        entered[mix] = found[mix].signed_in()

    threads = [threading.Thread(target=enter, args=(mix,)) for mix in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(entered.get(mix) for mix in found), entered
    return found
