"""Who asks can be asked of a replica, which cannot note when they were last seen.

Running code asks as before. Reversible.
"""

from alembic import op

revision = "0057"
down_revision = "0056"

REPLACED = """
do $outer$
declare
    written text := pg_get_functiondef('app.actor_of(bytea)'::regprocedure);
    changed text := replace(written, $old${old}$old$, $new${new}$new$);
begin
    if changed = written then
        raise exception 'function app.actor_of is not as it was';
    end if;
    execute changed;
end $outer$
"""
AS_BEFORE = (
    "if live.last_seen_at is null or live.last_seen_at < now_at - interval '30 seconds' then"
)
HERE_OR_THERE = """if not pg_is_in_recovery() and (live.last_seen_at is null
        or live.last_seen_at < now_at - interval '30 seconds') then"""


def upgrade() -> None:
    op.execute(REPLACED.format(old=AS_BEFORE, new=HERE_OR_THERE))


def downgrade() -> None:
    op.execute(REPLACED.format(old=HERE_OR_THERE, new=AS_BEFORE))
