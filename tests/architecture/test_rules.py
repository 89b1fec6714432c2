"""Rules of architecture.md that a reader could break without noticing."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from app import main
from app.accounts.permissions import PERMISSIONS
from app.core import log

ROOT = Path(__file__).resolve().parents[2]
APP = sorted(ROOT.glob("app/**/*.py"))
SLICES = sorted(
    p.name for p in (ROOT / "app").iterdir() if p.is_dir() and p.name not in {"core", "__pycache__"}
)


def source(path):
    return path.read_text()


def test_only_core_db_commits_or_rolls_back():
    found = [p for p in APP if re.search(r"\.(commit|rollback)\(", source(p))]

    # engines.py rolls back what a connection brings home to the pool; together.py ends the
    # transaction that it sends at once behind a pooler.
    core = {f"app/core/{name}.py" for name in ("db", "engines", "migrate", "together")}
    assert {str(p.relative_to(ROOT)) for p in found} <= core


def test_only_settings_reads_the_environment():
    found = {str(p.relative_to(ROOT)) for p in APP if re.search(r"os\.(environ|getenv)", source(p))}

    # The others pass it on to programs they start, or tell GDAL what to leave alone.
    passing_on = {"app/serve.py", "app/core/postgres.py", "app/core/debian.py"}
    passing_on |= {"app/backups/programs.py", "app/core/metrics.py"}
    assert found <= {"app/core/settings.py", "app/reference/service.py", *passing_on}


def test_every_slice_is_under_the_contract_of_file_kinds():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    inside = next(c for c in contracts if c["name"].startswith("inside a slice"))

    assert {f"app.{name}" for name in SLICES} == set(inside["containers"])


# One idea each that has no kind of its own; a new one is a decision.
FURTHER = {
    "accounts/account_routes",
    "accounts/browsers",
    "accounts/confirm_routes",
    "accounts/catalogue",
    "accounts/definers",
    "accounts/emergency_routes",
    "accounts/endings",
    "accounts/gate",
    "accounts/identity",
    "accounts/install",
    "accounts/issuer",
    "accounts/letters",
    "accounts/oidc",
    "accounts/passkey_routes",
    "accounts/passkeys",
    "accounts/passwords",
    "accounts/permissions",
    "accounts/policies",
    "accounts/reasons",
    "accounts/refusals",
    "accounts/requesters",
    "accounts/routing",
    "accounts/secrets",
    "accounts/setup",
    "accounts/setup_routes",
    "accounts/sign_in",
    "accounts/sign_in_routes",
    "accounts/sign_on",
    "accounts/sign_on_routes",
    "accounts/terms",
    "accounts/visits",
    "admin/grant_routes",
    "admin/grants",
    "admin/pages",
    "admin/token_routes",
    "admin/tokens",
    "admin/user_routes",
    "admin/words",
    "assessments/indicators",
    "assessments/scoring",
    "assessments/weighting",
    "assessments/answers",
    "assessments/basics",
    "assessments/boundary",
    "assessments/dots",
    "assessments/evidence",
    "assessments/forms",
    "assessments/item_routes",
    "assessments/locking",
    "assessments/part_routes",
    "assessments/parts",
    "assessments/reading",
    "assessments/routers",
    "assessments/section_routes",
    "assessments/telling",
    "assessments/view",
    "assessments/words",
    "assessments/writing",
    "audit/anchors",
    "audit/chain",
    "audit/seals",
    "audit/verification",
    "backups/box",
    "backups/creating",
    "backups/filling",
    "backups/leftovers",
    "backups/measuring",
    "backups/opening",
    "backups/programs",
    "backups/recovering",
    "backups/restoring",
    "backups/returning",
    "backups/shipping",
    "backups/verifying",
    "backups/wal",
    "basemaps/cutting",
    "basemaps/encoding",
    "basemaps/sources",
    "children/link_pages",
    "children/pages",
    "children/why",
    "clusters/across",
    "clusters/asking",
    "clusters/chapters",
    "clusters/children",
    "clusters/compare_routes",
    "clusters/comparing",
    "clusters/deciding",
    "clusters/decision_routes",
    "clusters/decisions",
    "clusters/evidence",
    "clusters/lineages",
    "clusters/lines",
    "clusters/lists",
    "clusters/flow_cells",
    "clusters/home_flows",
    "clusters/hot_cells",
    "clusters/names",
    "clusters/page_routes",
    "clusters/partnership",
    "clusters/police",
    "clusters/renewal",
    "clusters/results",
    "clusters/squares",
    "clusters/standing",
    "clusters/study",
    "clusters/telling",
    "clusters/view",
    "clusters/week_rhythm",
    "clusters/weighing",
    "demo/accounts",
    "demo/assessed",
    "demo/briefed",
    "demo/changes",
    "demo/clusters",
    "demo/compared",
    "demo/context",
    "demo/decided",
    "demo/documents",
    "demo/drawn",
    "demo/everything",
    "demo/imports",
    "demo/life",
    "demo/lives",
    "demo/met",
    "demo/planned",
    "demo/publishing",
    "demo/intelligence",
    "demo/incidents",
    "demo/reports",
    "demo/vault",
    "exports/as_geojson",
    "exports/as_gpkg",
    "exports/as_map",
    "exports/as_table",
    "exports/making",
    "exports/of_incidents",
    "exports/of_intelligence",
    "exports/of_map",
    "exports/of_places",
    "exports/of_reports",
    "exports/qgis",
    "exports/rights",
    "exports/sheet",
    "exports/source",
    "exports/sources",
    "exports/asking_routes",
    "exports/view",
    "exports/waiting_routes",
    "imports/files",
    "imports/finish_routes",
    "imports/forms",
    "imports/mapping_routes",
    "imports/api_routes",
    "imports/applying",
    "imports/batches",
    "imports/incident_rows",
    "imports/intel_rows",
    "imports/kinds",
    "imports/location",
    "imports/mapping",
    "imports/place_rows",
    "imports/preview",
    "imports/reading_cells",
    "imports/sorts",
    "imports/staging",
    "imports/steps",
    "imports/step_routes",
    "imports/step_views",
    "imports/templates",
    "imports/trial",
    "imports/writing",
    "imports/wizard_commands",
    "imports/claims",
    "imports/counts",
    "imports/earlier",
    "imports/keyed",
    "imports/layouts",
    "imports/lines",
    "imports/mailbox",
    "imports/mbox",
    "imports/named",
    "imports/points",
    "imports/pyramid",
    "imports/native",
    "imports/police_upload",
    "imports/police_work",
    "imports/stop_search",
    "imports/tables",
    "imports/undo",
    "imports/undo_police",
    "imports/undo_reference",
    "incidents/away",
    "incidents/change_routes",
    "incidents/changes",
    "incidents/corrections",
    "incidents/forms",
    "incidents/history",
    "incidents/missing",
    "incidents/missing_routes",
    "incidents/view",
    "incidents/when",
    "ogc/describing",
    "ogc/whole",
    "intake/drafts",
    "intelligence/api_routes",
    "intelligence/audience",
    "intelligence/checking",
    "intelligence/draft_routes",
    "intelligence/drafts",
    "intelligence/qa",
    "intelligence/qa_routes",
    "intelligence/sections",
    "intelligence/view",
    "intake/places",
    "intake/questions",
    "intake/tokens",
    "intake/view",
    "intake/pin",
    "intake/where",
    "intake/where_routes",
    "intake/api_routes",
    "intake/mailbox",
    "intake/partner_routes",
    "briefings/aloud",
    "briefings/asked",
    "briefings/building",
    "briefings/caveats",
    "briefings/checks",
    "briefings/document",
    "briefings/drawing",
    "briefings/composing",
    "briefings/context_sql",
    "briefings/of_clusters",
    "briefings/of_fairness",
    "briefings/of_maps",
    "briefings/notices",
    "briefings/of_numbers",
    "briefings/of_places",
    "briefings/of_records",
    "briefings/of_work",
    "briefings/pages",
    "briefings/plotting",
    "briefings/printing",
    "briefings/products",
    "briefings/record_sql",
    "briefings/public",
    "briefings/public_routes",
    "briefings/public_words",
    "briefings/routers",
    "briefings/shading",
    "briefings/sheets",
    "briefings/strays",
    "briefings/words",
    "briefings/work_sql",
    "briefings/write_routes",
    *("packs/building", "packs/checks", "packs/content", "packs/daily", "packs/daily_day"),
    *("packs/location", "packs/marve", "packs/marve_facts", "packs/marve_rules"),
    *("packs/marve_sql", "packs/missing", "packs/missing_facts", "packs/missing_places"),
    *("packs/missing_sql", "packs/naming", "packs/pictures", "packs/themes"),
    *("packs/daily_new", "packs/daily_night", "packs/daily_sql", "packs/redaction"),
    *("packs/routers", "packs/tonight", "packs/view", "packs/work_routes"),
    "releases/building",
    "releases/counting",
    "releases/gating",
    "releases/insider",
    "releases/lattice",
    "releases/longer_tables",
    "releases/true_tables",
    "releases/view",
    "releases/routers",
    "reports/own_keys",
    "reports/mine",
    "reports/mine_routes",
    "intake/status_routes",
    "intake/programs",
    "intake/limits",
    "intake/work",
    "reports/answers",
    "reports/decisions",
    "reports/ending",
    "reports/homes",
    "reports/inbox",
    "reports/matching",
    "reports/replies",
    "reports/reply_routes",
    "reports/screening",
    "reports/suggestions",
    "reports/triage",
    "reports/unfinished",
    "reports/view",
    "reports/receipts",
    "reports/sealing",
    "reference/boundaries",
    "reference/gazetteer",
    "reference/gazetteer_files",
    "reference/gazetteer_load",
    "reference/local_lists",
    "reference/gdal",
    "reference/personal",
    "maps/safety_picture",
    "safety_maps/check_routes",
    "safety_maps/draw_routes",
    "safety_maps/grid",
    "safety_maps/releasing",
    "safety_maps/routers",
    "safety_maps/view",
    "plans/action_routes",
    "plans/actions",
    "plans/building",
    "plans/drafting",
    "plans/finding",
    "plans/forms",
    "plans/green",
    "plans/letters",
    "plans/library",
    "plans/lists",
    "plans/measure_routes",
    "plans/owner_routes",
    "plans/owning",
    "plans/routers",
    "plans/view",
    "outcomes/comparing",
    "outcomes/counting",
    "outcomes/dated",
    "outcomes/design_routes",
    "outcomes/designing",
    "outcomes/gathering",
    "outcomes/judging",
    "outcomes/nearby",
    "outcomes/observing",
    "outcomes/review_routes",
    "outcomes/reviewing",
    "outcomes/routers",
    "outcomes/scale_routes",
    "outcomes/scaling",
    "outcomes/sides",
    "outcomes/verdict_routes",
    "outcomes/view",
    "outcomes/waiting",
    "places/address",
    "places/arrivals",
    "places/assessed",
    "places/audiences",
    "places/decision_routes",
    "places/details",
    "places/drafts",
    "places/features",
    "places/guardian_routes",
    "places/guards",
    "places/history",
    "places/labels",
    "places/life",
    "places/masks",
    "places/life_models",
    "places/life_queries",
    "places/life_schemas",
    "places/merging",
    "places/moves",
    "places/near",
    "places/objection_routes",
    "places/objections",
    "places/online",
    "places/online_routes",
    "places/ranking",
    "places/recording",
    "places/relations",
    "places/routers",
    "places/section_routes",
    "places/shown",
    "places/view",
    "places/weeks",
    "timeline/as_known",
    "timeline/as_known_routes",
    "timeline/split_routes",
    "scale/checkpoints",
    "scale/engines",
    "scale/given",
    "scale/reading",
    "scale/tasks",
    "scale/weighing",
    "scale/writing",
    "site/pausing",
    "site/rooms",
    "site/routers",
    "meetings/conference",
    "meetings/item_routes",
    "meetings/measures",
    "meetings/minutes",
    "meetings/routers",
    "meetings/screen",
    "meetings/view",
    "meetings/weighting_routes",
    "maps/api_routes",
    "maps/basemap",
    "maps/boxes",
    "maps/canvas",
    "maps/hints",
    "maps/hotspots",
    "maps/choices",
    "maps/cluster_routes",
    "maps/comparing",
    "maps/conditions",
    "maps/fragments",
    "maps/items",
    "maps/kept",
    "maps/lists",
    "maps/map_picture",
    "maps/months",
    "maps/naming",
    "maps/period_routes",
    "maps/picture",
    "maps/picture_page",
    "maps/picture_routes",
    "maps/pin",
    "maps/pin_page",
    "maps/pin_routes",
    "maps/place_routes",
    "maps/saved",
    "maps/saved_routes",
    "maps/street_layers",
    "maps/symbols",
    "maps/table",
    "maps/tiers",
    "maps/times",
    "maps/view",
    "site/coverage",
    "site/alerts",
    "site/degraded",
    "site/figures",
    "site/presence",
    "site/service_routes",
    "site/frame",
    "site/health_routes",
    "site/readiness",
    "site/statement",
    "site/work",
    "oversight/unusual",
    "retention/erased_list",
    "retention/erasing",
    "retention/removing",
    "retention/replaying",
    "subjects/document",
    "subjects/gathering",
    "vault/keeping",
    "vault/keys",
    "vault/letters",
    "vault/request_routes",
    "reading/answers",
    "reading/archives",
    "reading/child",
    "reading/coordinates",
    "reading/database",
    "reading/delimited",
    "reading/enclosure",
    "reading/frames",
    "reading/geojson",
    "reading/geopackage",
    "reading/kml",
    "reading/letters",
    "reading/marking",
    "reading/marked_shapes",
    "reading/marked_workbook",
    "reading/sandbox",
    "reading/shapes",
    "reading/signatures",
    "reading/street_words",
    "reading/streets",
    "reading/tables",
    "reading/walls",
    "reading/workbook",
}


def test_a_slice_holds_only_the_agreed_kinds_of_file():
    kinds = {
        "__init__",
        "commands",
        "routes",
        "deps",
        "jobs",
        "service",
        "queries",
        "schemas",
        "models",
        "rules",
    }
    odd = {
        f"{path.parent.name}/{path.stem}"
        for name in SLICES
        for path in (ROOT / "app" / name).glob("*.py")
        if path.stem not in kinds
    }

    assert odd <= FURTHER


def routes():
    for router in main.ROUTERS:
        yield from router.routes


def test_every_router_of_the_slices_is_included():
    with_routes = {p.parent.name for p in ROOT.glob("app/*/*routes.py")}
    included = {route.endpoint.__module__.split(".")[1] for route in routes()}

    assert included == with_routes


def test_every_other_route_says_who_may_call_it():
    from app.accounts.deps import May

    silent = {
        f"{method} {route.path}"
        for route in routes()
        for method in route.methods
        if not any(isinstance(d.call, May) for d in route.dependant.dependencies)
    }

    assert list(routes())
    assert silent == {route for route, may in PERMISSIONS.routes.items() if may == "public"}


@pytest.mark.asvs("1.2.4")
@pytest.mark.parametrize("path", APP, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_query_is_built_from_an_f_string(path):
    tree = ast.parse(source(path))
    built = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "text"
        and node.args
        and isinstance(node.args[0], ast.JoinedStr)
    ]

    assert built == []


@pytest.mark.asvs("15.2.2")
def test_no_user_geometry_reaches_a_function_that_can_crash_the_server():
    banned = re.compile(r"ST_MakeValid|ST_ClusterDBSCAN", re.IGNORECASE)
    files = [*APP, *ROOT.glob("app/**/*.sql")]

    assert [str(p) for p in files if banned.search(source(p))] == []


@pytest.mark.asvs("15.3.1")
def test_tile_sql_names_its_columns():
    files = list(ROOT.glob("app/maps/*.sql"))

    assert files
    assert [p.name for p in files if re.search(r"select\s+\*", source(p), re.IGNORECASE)] == []


def test_every_line_of_the_log_has_keys_of_the_list():
    """A key that is not on it fails where the line is written: in the middle of a failure."""
    calls = [
        (path.name, node.lineno, keyword.arg)
        for path in APP
        for node in ast.walk(ast.parse(source(path)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"log.info", "log.error"}
        for keyword in node.keywords
    ]

    assert len(calls) > 40
    assert [call for call in calls if call[-1] not in log.KEYS - {"event"}] == []
