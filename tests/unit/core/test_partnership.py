"""The file of a partnership: every fault is told in a sentence that says what to write."""

import re

import pytest

from app.core.partnership import PartnershipError, partnership
from app.reference.local_lists import REPLACEABLE, Lists
from tests.another_partnership import EXAMPLE, ROOT

OURS = ROOT / "data" / "partnership.toml"
AGENCIES = REPLACEABLE["agency.csv"].read_text()


def file_with(folder, old="", new="", text=None):
    made = folder / "partnership.toml"
    whole = OURS.read_text() if text is None else text
    assert old in whole
    made.write_text(whole.replace(old, new, 1))
    return made


@pytest.mark.parametrize("file", [OURS, EXAMPLE])
def test_what_ships_is_in_order(file):
    Lists.of(file)

    house = partnership(file)
    assert len(house.codes) == len(house.names) == 2
    assert all(" " not in code for code in house.codes)


WRONG = [
    ('name = "King', 'names = "King', "names: this is no name of a setting here"),
    ('name = "Kingston and Richmond"', "", "name: this is needed"),
    ('name = "Kingston and Richmond"', 'name = " "', "name: this is empty; write something"),
    ('name = "Kingston and Richmond"', "name = 7", 'name: give words in "quotation marks"'),
    ('exit_site = "https://', 'exit_site = "ftp://', "exit_site: give an address that begins"),
    ("@achieving", " at achieving", "contact_email: give an e-mail address such as"),
    ('phone = "020 8547', 'phone = "ring 8547', "front_door, phone: give a telephone number"),
    ("area = [-0.393, ", "area = [", "area: give four numbers in [brackets]"),
    ("area = [-0.393", "area = [9.393", "area: give [west, south, east, north] in degrees"),
    ("area = [-0.393", 'area = ["west"', "area 1: give a number"),
    ('code = "E09000021"', 'code = "Kingston"', "borough 1, code: “Kingston” is no code"),
    ('code = "E09000021"', 'code = "E09000027"', "borough: 2 boroughs are named; a partnership is"),
    ("# residents_source", "residents_source", "residents_source: this is empty"),
    ('name = "Kingston upon', 'residents_10_17 = 12\nname = "Kingston upon', "at least 1000"),
    ('name = "Kingston upon', 'residents_10_17 = 1.5\nname = "Kingston upon', "a whole number"),
    ("[public]", "[public", "cannot be read as TOML"),
    ("[public]", '[public]\ncolour = "blue"', "public, colour: this is no name of a setting"),
]


@pytest.mark.parametrize(("old", "new", "words"), WRONG)
def test_a_fault_is_told_with_its_place_and_what_to_write(tmp_path, old, new, words):
    with pytest.raises(PartnershipError, match=re.escape(words)) as refused:
        partnership(file_with(tmp_path, old, new))

    assert all(line.startswith("partnership.toml") for line in str(refused.value).splitlines())
    assert "pydantic" not in str(refused.value)


def test_every_fault_is_told_at_once(tmp_path):
    text = OURS.read_text().replace('exit_name = "BBC Weather"', "").replace('"AFC"', "[]")

    with pytest.raises(PartnershipError) as refused:
        partnership(file_with(tmp_path, text=text))

    assert len(str(refused.value).splitlines()) == 2


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path):
    with pytest.raises(PartnershipError, match="No such file"):
        partnership(tmp_path / "absent.toml")
    (tmp_path / "other.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PartnershipError, match="save the file as UTF-8"):
        partnership(tmp_path / "other.toml")


def with_list(folder, name, body):
    (folder / "own").mkdir()
    (folder / "own" / name).write_text(body)
    return file_with(folder, 'exit_name = "BBC Weather"', 'exit_name = "W"\nlists = "own"')


KINDS = REPLACEABLE["place_type.csv"].read_text()
HARMS = REPLACEABLE["harm.csv"].read_text()
UNUSABLE = [
    ("purpose.csv", "code,label,sort\nX,Y,1\n", "purpose.csv: this list cannot be replaced"),
    ("agency.csv", "code;label\nX;Y\n", "agency.csv: the first line must be code,label,sort"),
    ("agency.csv", "code,label,sort\n", "at least one line must follow"),
    ("agency.csv", f"{AGENCIES}afc,Again,40\n", "agency.csv, line 38: “afc” is no code"),
    ("agency.csv", f"{AGENCIES}AFC,Again,40\n", "agency.csv: AFC stands there twice"),
    ("agency.csv", f"{AGENCIES}NEW,New,last\n", "line 38: sort must be a whole number"),
    ("agency.csv", f"{AGENCIES}NEW,New\n", "line 38: there are more or fewer values"),
    ("agency.csv", AGENCIES.replace("AFC", "AFX"), "controller: AFC is no code of agency.csv"),
    ("agency.csv", AGENCIES.replace("EDU", "EDX"), "expected_to_report: EDU is no code"),
    ("place_type.csv", KINDS.replace("PARK,", "PARKS,", 1), "PARK must stay: records may hold it"),
    ("harm.csv", f"{HARMS}NEW,New,EXPLOIT,HG_EXPLOIT,9,90,\n", "severity must be one of"),
    ("term_dates.csv", "lad_code,first_day,last_day\nE09000001,2026-09-01,2026-10-01\n",
     "E09000001 is no borough of this partnership"),
    ("term_dates.csv", "lad_code,first_day,last_day\nE09000021,1/9/2026,2026-10-01\n",
     "days must be written like 2026-09-01"),
    ("term_dates.csv", "lad_code,first_day,last_day\nE09000021,2026-10-02,2026-10-01\n",
     "the last day is before the first"),
    ("known_places.csv", "name,kind,easting,northing\nAngel,INN,531440,183240\n",
     "kind must be one of"),
    ("known_places.csv", "name,kind,easting,northing\nAngel,TOWN,-0.1,51.5\n",
     "easting must be a whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "body", "words"), UNUSABLE)
def test_a_list_that_cannot_be_used_is_told_by_its_line(tmp_path, name, body, words):
    with pytest.raises(PartnershipError, match=re.escape(words)):
        Lists.of(with_list(tmp_path, name, body))


def test_a_folder_that_is_not_there_and_a_file_in_another_coding_are_told(tmp_path):
    file = file_with(tmp_path, 'exit_name = "BBC Weather"', 'exit_name = "W"\nlists = "own"')
    with pytest.raises(PartnershipError, match="there is no folder own"):
        Lists.of(file)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "lad.csv").write_bytes(b"code,label,sort\nE10000003,\xff,1\n")
    with pytest.raises(PartnershipError, match=r"lad\.csv: save the file as CSV in UTF-8"):
        Lists.of(file)


def test_more_kinds_of_place_may_be_added_and_a_kind_retired(tmp_path):
    added = KINDS.replace("\nPARK,", '\nCANAL,"Canal, lock",PA,PUBLIC_REALM,PG_OPEN,99,\nPARK,', 1)

    lists = Lists.of(with_list(tmp_path, "place_type.csv", added))

    packaged = REPLACEABLE["place_type.csv"]
    assert lists.at(packaged) == tmp_path / "own" / "place_type.csv"
    assert lists.at(REPLACEABLE["harm.csv"]) == REPLACEABLE["harm.csv"]
