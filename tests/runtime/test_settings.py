"""Settings: each with a safe default, each documented, none that can be wrong in silence."""

import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.core.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
URL = "postgres://boot:secret%21@db.example:5433/contextmap?sslmode=require"


def names():
    """As an operator writes them."""
    return {
        "DATABASE_URL" if name == "database_url" else f"CONTEXTMAP_{name.upper()}"
        for name in Settings.model_fields
    }


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in names():
        monkeypatch.delenv(name, raising=False)


def test_without_any_setting_there_is_a_safe_default_for_each():
    settings = load_settings()

    assert settings.database_url is None
    assert settings.demo is False
    assert settings.pool_size >= settings.web_threads


def test_what_the_command_line_gives_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("CONTEXTMAP_DATA_DIR", "/nowhere")
    monkeypatch.setenv("CONTEXTMAP_DEMO", "1")

    settings = load_settings(data_dir=tmp_path, demo=False)

    assert settings.data_dir == tmp_path
    assert settings.demo is False


def test_the_environment_wins_over_defaults(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("CONTEXTMAP_WEB_THREADS", "4")

    settings = load_settings()

    assert settings.admin_dsn() == URL
    assert settings.web_threads == 4


def test_fewer_connections_than_threads_are_refused():
    with pytest.raises(ValidationError, match="CONTEXTMAP_POOL_SIZE must be at least"):
        Settings(web_threads=9, pool_size=8)


def test_a_short_secret_is_refused():
    with pytest.raises(ValidationError, match="at least 16 characters"):
        Settings(secret_key="changeme")


def test_a_folder_for_backups_without_a_key_is_refused(tmp_path):
    for name in ("backup_dir", "wal_archive"):
        with pytest.raises(ValidationError, match="need CONTEXTMAP_BACKUP_RECIPIENT"):
            Settings(**{name: tmp_path})


def test_a_setting_cannot_be_changed_later():
    settings = Settings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.demo = True


def test_secrets_do_not_show_in_what_is_printed():
    settings = Settings(secret_key="not to be seen by anyone", database_url=URL)

    assert "not to be seen" not in repr(settings)
    assert "secret%21" not in repr(settings)


@pytest.mark.asvs("13.3.1", "13.3.2")
def test_the_secret_is_made_once_kept_and_closed_to_others(tmp_path):
    both = [Settings(data_dir=tmp_path / "new") for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        keys = list(pool.map(Settings.claims_key, both))

    path = tmp_path / "new" / "secret-key"
    assert keys[0] == keys[1] == Settings(data_dir=tmp_path / "new").claims_key()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["secret-key"]


def test_each_use_has_a_key_of_its_own(tmp_path):
    settings = Settings(data_dir=tmp_path)

    assert settings.key_for("claims") != settings.key_for("receipts")


def test_a_role_logs_in_with_its_own_password_on_the_given_server(tmp_path):
    (tmp_path / "db-roles.json").write_text(json.dumps({"cs_app": "p@ss/word"}))

    dsn = Settings(data_dir=tmp_path, database_url=URL).dsn("cs_app")

    assert dsn == "postgresql://cs_app:p%40ss%2Fword@db.example:5433/contextmap?sslmode=require"


def test_a_role_logs_in_over_the_socket_of_the_private_cluster(tmp_path):
    dsn = Settings(data_dir=tmp_path).dsn("cs_app")

    assert re.fullmatch(r"postgresql://cs_app@/contextmap\?host=\S*contextmap-[0-9a-f]{12}", dsn)


@pytest.mark.parametrize("document", ["docs/operator/settings.md", ".env.example"])
def test_every_setting_is_documented_and_nothing_else_is(document):
    written = set(
        re.findall(r"\b(?:CONTEXTMAP_[A-Z_]+|DATABASE_URL)\b", (ROOT / document).read_text())
    )

    assert written == names()
