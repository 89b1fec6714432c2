"""Who was told by e-mail that a briefing is ready, was recalled or was replaced; once each.

Running code does not know the table, so it keeps working. Reversible: who was told is forgotten.
"""

from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.execute("""
        create table app.briefing_notice (
            briefing_id uuid not null references app.briefing (id) on delete cascade,
            event text not null,
            user_id uuid not null,
            made_at timestamptz not null default now(),
            state text not null default 'WAITING',
            tries int not null default 0,
            failed_at timestamptz,
            sent_at timestamptz,
            constraint briefing_notice_pkey primary key (briefing_id, event, user_id),
            constraint briefing_notice_event_check
                check (event in ('FROZEN', 'RECALLED', 'REPLACED')),
            constraint briefing_notice_state_check
                check (state in ('WAITING', 'SENT', 'NO_ADDRESS', 'DROPPED')),
            constraint briefing_notice_sent_check check ((state = 'SENT') = (sent_at is not null))
        )
    """)
    op.execute("comment on table app.briefing_notice is 'Who is told of a briefing by e-mail'")
    op.execute(
        "create index briefing_notice_waiting_idx on app.briefing_notice (made_at) "
        "where state = 'WAITING'"
    )
    op.execute("alter table app.briefing_notice enable row level security")
    op.execute("alter table app.briefing_notice force row level security")
    op.execute(
        "create policy briefing_notice_owner on app.briefing_notice "
        "for all to cs_owner using (true)"
    )
    op.execute("grant select on app.briefing_notice to cs_app")
    op.execute("grant select, insert, update on app.briefing_notice to cs_job")


def downgrade() -> None:
    op.execute("drop table app.briefing_notice")
