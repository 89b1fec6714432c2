"""A child that is erased is erased from packs too, and a replaced pack goes when its time is over.

The hash of a frozen pack was checked against its text, so that no reference in one could be
blotted out and the whole erasure of the child failed. It follows the text now, where retention
blots. Running code keeps working. Reversible: children in packs can then not be erased.
"""

from alembic import op

revision = "0046"
down_revision = "0045"

HASH = """
create function app.pack_hash() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user not in ('cs_app', 'cs_job')
       and coalesce(sec.job() in ('retention:erase', 'retention:replay'), false) then
        new.snapshot_sha256 := encode(sha256(convert_to(new.snapshot, 'UTF8')), 'hex');
    end if;
    return new;
end $$
"""
REPLACES = """
    -- squawk-ignore ban-drop-constraint
    alter table app.pack drop constraint pack_replaces_id_fkey;
    alter table app.pack add constraint pack_replaces_id_fkey
        foreign key (replaces_id) references app.pack (id){deleted};
"""


def upgrade() -> None:
    op.execute(HASH)
    op.execute("revoke execute on function app.pack_hash from public")
    op.execute(
        "create trigger pack_hash before update on app.pack for each row "
        "when (new.snapshot is distinct from old.snapshot) execute function app.pack_hash()"
    )
    op.execute(REPLACES.format(deleted=" on delete set null"))


def downgrade() -> None:
    op.execute(REPLACES.format(deleted=""))
    op.execute("drop trigger pack_hash on app.pack")
    op.execute("drop function app.pack_hash")
