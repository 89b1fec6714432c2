"""The daily risk briefing of the demonstration: its own people sign it, once."""

from uuid import uuid5

import psycopg

from app.accounts.secrets import factors_of
from app.core.settings import Settings
from app.demo import accounts, briefed, context
from app.packs import queries
from tests.entry import CHEAP
from tests.people import LEAD


def test_it_is_of_the_last_working_day_and_signed_by_both_sides(context_db, tmp_path):
    house = Settings(data_dir=tmp_path, demo=True, secret_key="a key of the tests only")
    accounts.ensure(context_db, house, factors_of(house, CHEAP))
    dsn = context_db.logins.cluster.dsn("postgres", context_db.logins.dbname)
    with psycopg.connect(dsn, autocommit=True) as admin:
        for name in context.ACCOUNTS:  # the work was made before there was anybody
            admin.execute(
                'update app.meeting_member set user_id = (select id from app."user" where '
                "username = %s) where user_id = %s",
                (name, uuid5(context.NAMES, name)),
            )

    ref = briefed.go_on(context_db, house)
    again = briefed.go_on(context_db, house)

    with context_db.read(LEAD) as session:
        pack = queries.find(session, ref)
        assert (pack.state, pack.is_synthetic, again) == ("FROZEN", True, None)
        assert pack.signed_by not in (None, pack.police_by)
