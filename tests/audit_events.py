"""Many synthetic events at once, as the audit's own role writes them."""

import psycopg

FILL = """
    insert into audit.event (actor, role, agency, regime, action, object_type, object_ref,
                             purpose, outcome, rows, detail)
    select gen_random_uuid(), 'practitioner', 'AFC', 'UK_GDPR', 'child.read', 'child',
           'CH-' || lpad(i::text, 7, '0'), 'CASE_WORK', 'done', 1 + i %% 7,
           case when i %% 3 > 0 then jsonb_build_object('n', i, 'role', 'é') end
    from generate_series(1, %s) as i
"""


def fill(dsn: str, count: int, *, transactions: int = 1) -> None:
    """`dsn` of a superuser."""
    with psycopg.connect(dsn, autocommit=True) as admin:
        for _ in range(transactions):
            admin.execute(FILL, (count // transactions,))
