"""How many have rated so far is told; who does not rate after all, and why, is written down.

Running code names people as before; once points are given it may no longer take somebody out
without a word. Reversible: the reasons are lost.
"""

from alembic import op

revision = "0035"
down_revision = "0032"

# Who has rated, never what: for those who are named, until their access ends, and for leads.
SO_FAR = """
create function app.rated_so_far(of_meeting uuid) returns table (place_id uuid, rater_id uuid)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select distinct said.place_id, said.rater_id
    from app.context_weighting as said join app.meeting on meeting.id = said.session_id
    where said.session_id = of_meeting and said.deleted_at is null and meeting.deleted_at is null
      and (sec.role() = 'cs_lead'
           or (sec.actor() = any (meeting.member_ids) and meeting.access_ends_at > now()))
$$
"""
# Points are shown without somebody's only when a chair of the meeting says why.
GUARD = """
create function app.meeting_member_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user not in ('cs_app', 'cs_job') or sec.job() = 'demo:load' then
        return null;
    end if;
    if new.absent_reason is not null
       and new.absent_reason is distinct from old.absent_reason and not exists (
            select from app.meeting join app.meeting_member as chair
                on chair.meeting_id = meeting.id
            where meeting.id = new.meeting_id and meeting.held_at <= now()
              and chair.user_id = sec.actor() and chair.is_chair and chair.deleted_at is null) then
        raise check_violation using message = 'a chair says who did not come, once it has begun';
    end if;
    if old.rates and not new.rates and new.absent_reason is null
       and exists (select from app.rated_so_far(new.meeting_id)) then
        raise check_violation using message = 'a chair says why somebody does not rate';
    end if;
    return null;
end $$
"""


def upgrade() -> None:
    op.execute("alter table app.meeting_member add column absent_reason text")
    op.execute("""
        alter table app.meeting_member add constraint meeting_member_absent_check
            check (absent_reason is null or (length(absent_reason) between 10 and 300
                                            and not rates)) not valid
    """)
    op.execute("alter table app.meeting_member validate constraint meeting_member_absent_check")
    op.execute(
        "comment on column app.meeting_member.absent_reason is "
        "'Why points are shown without those of this person'"
    )
    op.execute(SO_FAR)
    op.execute(GUARD)
    op.execute("revoke execute on function app.rated_so_far(uuid) from public")
    op.execute("grant execute on function app.rated_so_far(uuid) to cs_app, cs_job")
    op.execute("revoke execute on function app.meeting_member_guard() from public")
    op.execute("""
        create trigger meeting_member_guard after update on app.meeting_member
        for each row execute function app.meeting_member_guard()
    """)


def downgrade() -> None:
    op.execute("drop trigger meeting_member_guard on app.meeting_member")
    op.execute("drop function app.meeting_member_guard, app.rated_so_far")
    op.execute("alter table app.meeting_member drop column absent_reason")
