"""The peer: the same framework and the same fields, inserted as they are into one table.

No sealing, no receipt that can be asked for again, no trace, no job, no limit, no policies.
"""

import os
from typing import Annotated

import psycopg
from fastapi import FastAPI, Header
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from app.core.ids import random_id
from app.intake.programs import SentIn

TABLE = """
    create table if not exists public.plain_report (
        id uuid primary key, key text unique, said jsonb not null, at timestamptz default now()
    )
"""
INSERT = "insert into public.plain_report (id, key, said) values (%s, %s, %s)"


def app() -> FastAPI:
    dsn = os.environ["PLAIN_DSN"]
    with psycopg.connect(dsn) as admin:
        admin.execute(TABLE)
    pool = ConnectionPool(dsn, min_size=5, max_size=5, open=True)
    made = FastAPI()

    @made.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @made.post("/api/v1/reports", status_code=201)
    def send(sent: SentIn, key: Annotated[str, Header(alias="Idempotency-Key")]) -> dict[str, str]:
        receipt = random_id()
        with pool.connection() as connection:
            connection.execute(INSERT, (receipt, key, Jsonb(sent.model_dump(mode="json"))))
        return {"receipt": str(receipt)}

    return made
