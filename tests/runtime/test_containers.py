"""The image and the composition, checked without a container engine."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from app.core import pgconf
from app.core.prepare import OF_PROCESSES

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((Path(__file__).parent / "vendor" / "compose-spec.json").read_text())
COMPOSITION = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def mistakes(composition):
    return [error.message for error in Draft7Validator(SCHEMA).iter_errors(composition)]


def hadolint(text):
    return subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_dockerfile_has_nothing_to_complain_about():
    done = hadolint(DOCKERFILE)

    assert (done.returncode, done.stdout) == (0, "")


def test_the_linter_would_have_complained():
    done = hadolint(DOCKERFILE.replace("USER 10001:10001", "USER root"))

    assert done.returncode == 1


def test_the_composition_follows_the_specification():
    assert mistakes(COMPOSITION) == []


@pytest.mark.parametrize("typo", ["depend_on", "enviroment", "imgae"])
def test_a_planted_typo_in_a_service_is_found(typo):
    planted = copy.deepcopy(COMPOSITION)
    planted["services"]["web"][typo] = "x"

    assert any(typo in words for words in mistakes(planted))


@pytest.mark.parametrize("name", ["web", "worker", "migrate", "replay"])
def test_each_command_of_the_composition_is_one_of_the_image(name):
    command = COMPOSITION["services"][name]["command"][0]

    assert f"\n{command})" in (ROOT / "scripts" / "container").read_text()


def test_nothing_is_published_beyond_this_machine():
    ports = [p for service in COMPOSITION["services"].values() for p in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", ["web", "worker", "migrate", "replay", "proxy"])
def test_a_container_can_change_nothing_of_its_image_and_gain_no_right(name):
    service = COMPOSITION["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")


def test_nobody_is_served_before_what_was_erased_is_erased_again():
    for name in ("web", "worker"):
        before = COMPOSITION["services"][name]["depends_on"]["replay"]["condition"]
        assert before == "service_completed_successfully"
    assert COMPOSITION["services"]["replay"]["command"] == ["cli", "retention", "replay"]


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is():
    lines = DOCKERFILE.splitlines()

    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]
    assert any(line.startswith("HEALTHCHECK ") for line in lines)


def test_the_settings_of_the_example_reach_the_containers():
    assert COMPOSITION["services"]["web"]["env_file"] == ".env"
    assert COMPOSITION["services"]["worker"]["env_file"] == ".env"


def test_what_the_composition_mounts_is_in_the_repository():
    mounted = [v.split(":")[0] for v in COMPOSITION["services"]["proxy"]["volumes"]]

    assert (ROOT / mounted[0]).is_file()


@pytest.mark.asvs("13.4.1", "15.2.3")
def test_the_image_copies_only_what_the_context_lets_in():
    let_in = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    copied = {
        name.removeprefix("./")
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY ")
        for name in line.split()[1:-1]
    }

    assert copied == set(let_in)
    assert all((ROOT / name).exists() for name in let_in)


def test_the_container_refuses_an_unknown_command():
    done = subprocess.run(
        ["sh", ROOT / "scripts" / "container", "shell"], capture_output=True, check=False
    )

    assert done.returncode == 2


# Where the server listens and its socket are the container's, and where its changes go is the
# operator's: on without a command that works, it would keep each segment. All else is the same.
OF_THE_IMAGE = {"listen_addresses", "unix_socket_permissions", "archive_mode", "archive_command"}


@pytest.mark.asvs("16.2.5")
def test_the_database_is_as_quiet_and_as_careful_as_the_private_one():
    options = COMPOSITION["services"]["database"]["command"][1:]
    told = dict(option.removeprefix("-c").split("=", 1) for option in options)

    wanted = {name: value for name, value in pgconf.SAFE.items() if name not in OF_THE_IMAGE}
    assert {name: told.get(name) for name in wanted} == wanted


def test_what_an_operator_is_told_to_set_keeps_a_server_as_quiet():
    words = (ROOT / "docs/operator/web-protections.md").read_text()

    assert [n for n, value in pgconf.QUIET.items() if f"\n{n} = {value}\n" not in words] == []


@pytest.mark.asvs("13.2.2")
@pytest.mark.parametrize("name", ["web", "worker"])
def test_who_serves_has_no_login_that_may_change_the_database(name):
    service = COMPOSITION["services"][name]
    given, mounted = service["environment"], service["volumes"]

    assert "@" not in given["DATABASE_URL"]
    assert given["POSTGRES_PASSWORD"] == ""  # .env has it, and reaches the container
    folder = f"/var/lib/contextmap-roles/{name}"
    assert given["CONTEXTMAP_DB_ROLES_FILE"] == f"{folder}/db-roles.json"
    assert mounted == ["contextmap:/var/lib/contextmap", f"roles-{name}:{folder}:ro"]
    assert not {"postgres", "cs_migrate"} & {*OF_PROCESSES[name]}


@pytest.mark.parametrize("name", ["migrate", "replay"])
def test_who_prepares_writes_the_files_of_both(name):
    mounted = [volume.split(":")[1] for volume in COMPOSITION["services"][name]["volumes"]]

    assert {f"/var/lib/contextmap-roles{sub}" for sub in ("", "/web", "/worker")} <= {*mounted}
    assert "/var/lib/contextmap-roles/web" in DOCKERFILE  # or the volume would be root's
