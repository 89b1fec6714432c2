"""Forty scripts in every stored text, in every view, without the policy that would stop them."""

import re
import time
from collections import Counter
from urllib.parse import urlencode

import psycopg
import pytest
from playwright.sync_api import Error as PlaywrightError

from app.accounts.deps import query_names
from app.accounts.permissions import ROLES
from app.core.actor import PUBLIC
from app.reports.jobs import SCREEN
from app.reports.schemas import TEXTS as TEXTS_OF_REPORT
from app.reports.schemas import ContactIn, ReportIn
from app.reports.screening import screen
from app.reports.sealing import Keys
from app.reports.service import Sending, receive
from tests.conftest import CLAIMS_KEY, cloned
from tests.e2e.conftest import session_cookie
from tests.live import serving
from tests.people import csrf, sign_in_as
from tests.reports import PARK
from tests.routes import CHANGES, READS, Clients
from tests.sql import world

# To other sites: so does each page of the form without its cookie, and it shows one's own words.
LEAVING = ("/sign-in/oidc", "/exit", "/report/")
# `X` is the script: it says that it ran.
RAN = "window.__xss=1"
PAYLOADS = [
    line.replace("X", RAN)
    for line in r"""
<script>X</script>
"><script>X</script>
'><script>X</script>
</title><script>X</script>
</textarea><script>X</script>
</option></select><script>X</script>
</script><script>X</script>
--><script>X</script>
]]><script>X</script>
<img src=x: onerror=X>
<img src=x: onerror="X">
"><img src=x: onerror=X>
'><img src=x: onerror=X>
`><img src=x: onerror=X>
<svg onload=X>
<svg><script>X</script></svg>
<svg><animate onbegin=X attributeName=x dur=1s>
<math><mtext></mtext></math><img src=x: onerror=X>
<body onload=X>
<iframe srcdoc="<script>parent.X</script>"></iframe>
<iframe src="javascript:parent.X"></iframe>
<details open ontoggle=X>
<input autofocus onfocus=X>
<select autofocus onfocus=X></select>
<textarea autofocus onfocus=X></textarea>
<button autofocus onfocus=X>x</button>
<xss tabindex=1 autofocus onfocus=X id=x></xss>
<video><source onerror=X></video>
<audio src=x: onerror=X></audio>
<object data="x:" onerror=X></object>
<style onload=X></style>
<link rel=stylesheet href=x: onerror=X>
<noscript><p title="</noscript><img src=x: onerror=X>">
<a href="javascript:X">x</a>
" onmouseover="X" autofocus onfocus="X" x="
' autofocus onfocus='X' x='
javascript:X
{{constructor.constructor("X")()}}${X}
&lt;script&gt;X&lt;/script&gt;%3Cscript%3EX%3C/script%3E
\u003cscript\u003eX\u003c/script\u003e\x3cimg src=x: onerror=X\x3e
""".strip().splitlines()
]
ALL = "".join(PAYLOADS)
# What a text of ours must not become: an element, or an attribute, that runs.
LIVING = """() => {
  const found = [];
  for (const el of document.querySelectorAll("*")) {
    for (const { name, value } of el.attributes) {
      if (name.startsWith("on") || name === "srcdoc") found.push(`${el.tagName} ${name}`);
      const leads = /^(href|src|action|formaction|data|xlink:href)$/.test(name);
      if (leads && /^\\s*javascript:/i.test(value))
        found.push(`${el.tagName} ${name}`);
    }
    if (el.tagName === "SCRIPT" && !el.src && el.type !== "application/json") found.push("SCRIPT");
    if (/^(XSS|MARQUEE|IFRAME|OBJECT|EMBED|MATH|BASE)$/.test(el.tagName)) found.push(el.tagName);
  }
  return { ran: window.__xss === 1, found };
}"""
# Texts that mean something to the program; a script in them would only break the page earlier.
MEANS = re.compile(
    r"(^|_)(id|ref|key|hash|code|codes|kind|state|stage|role|scope|tier|level|source|sensitivity"
    r"|regime|precision|confidence|confidence_code|by|band|series|issuer|subject|window|object_type"
    r"|action|outcome|lang|vintage|geom|cell|grid|shape|purpose|audience|format|label_kind|view)$"
)
TEXTS = """
    select n.nspname, c.relname, a.attname
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname in ('app', 'reference', 'release', 'intake')
      and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      and a.atttypid in ('text'::regtype, 'varchar'::regtype)
      and not exists (select from pg_constraint k where k.conrelid = c.oid
                      and k.contype in ('p', 'f', 'u') and a.attnum = any (k.conkey))
      and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'c'
                      and a.attnum = any (k.conkey)
                      and pg_get_constraintdef(k.oid) like '%ANY (ARRAY%')
    order by 1, 2, 3
"""
LENGTHS = """
    select format('alter table %I.%I drop constraint %I', n.nspname, c.relname, k.conname)
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'c' and n.nspname in ('app', 'reference', 'release', 'intake')
      and pg_get_constraintdef(k.oid) ~ 'length|~|file_name'
"""
PEOPLE = [name for name in ROLES if name != "public"]
NO_MAP = {"vca_member", "administrator", "auditor"}
ONE_OF = {
    "/places/": "select ref from app.place where sensitivity = 'PUBLIC_REALM' and tier = 'H0'"
    " or sensitivity = 'PUBLIC_REALM' order by ref limit 1",
    "/audit/seen/": "select ref from app.place order by ref limit 1",
    "/admin/users/": 'select ref from app."user" where is_synthetic order by ref limit 1',
    "/admin/grants/": "select ref from app.access_grant order by ref limit 1",
    "/reports/": "select ref from app.report order by ref limit 1",
    "/incidents/": "select ref from app.incident where deleted_at is null order by ref limit 1",
    "/exports/waiting/": "select ref from app.export where state = 'REQUESTED'"
    " order by ref limit 1",
    "/exports/": "select ref from app.export where state = 'QUEUED' order by ref limit 1",
    "/clusters/": "select content_id from app.cluster order by n_incidents desc limit 1",
}


@pytest.fixture(scope="module")
def poisoned(cluster, clusters_template, settings):
    """Every kind of row, and in every text of it forty scripts, one after the other."""
    with cloned(cluster, clusters_template, "xss") as db:
        with psycopg.connect(db.logins.dsn("postgres"), autocommit=True) as admin:
            for thing in [*world.batches(), *world.exports(), *world.accounts()]:
                world.write(thing, admin)
            told_with_scripts(db, settings)
            people = {role: sign_in_as(db, role, agency="AFC") for role in PEOPLE}
            fields = poison(admin)
            mine = "update app.export set created_by = %s where state = 'QUEUED'"
            admin.execute(mine, (people["cs_lead"].user_id,))
        yield db, people, fields


def poison(admin: psycopg.Connection) -> list[str]:
    """The whole chain of scripts in each text column; where an index is too small, one a row."""
    fields = []
    for (statement,) in admin.execute(LENGTHS).fetchall():
        admin.execute(statement.encode())
    admin.execute("set session_replication_role = replica")  # no trigger puts it right again
    for schema, table, column in admin.execute(TEXTS).fetchall():
        if MEANS.search(column):
            continue
        try:
            admin.execute(f'update "{schema}"."{table}" set "{column}" = %s'.encode(), (ALL,))
        except (psycopg.errors.ProgramLimitExceeded, psycopg.errors.UniqueViolation):
            turn = f'"{column}" = (%s::text[])[1 + abs(hashtext(ctid::text)) % 40] || ctid::text'
            admin.execute(f'update "{schema}"."{table}" set {turn}'.encode(), (PAYLOADS,))
        fields.append(f"{schema}.{table}.{column}")
    return fields


@pytest.fixture(scope="module")
def served(poisoned, cluster, tmp_path_factory):
    """Twice: without the policy, and as it is."""
    dsn = cluster.dsn("ROLE", "xss")
    bare, whole = (tmp_path_factory.mktemp(name) for name in ("bare", "whole"))
    with (
        serving(dsn, CLAIMS_KEY, bare, csp=False) as without,
        serving(dsn, CLAIMS_KEY, whole) as with_policy,
    ):
        yield without, with_policy


def told_with_scripts(db, settings):
    """A report whose every word is all forty scripts, longer than the form takes, and screened."""
    words = dict.fromkeys(TEXTS_OF_REPORT, ALL)
    # An address that the form takes: a slash parts attributes as well as a space does.
    email = re.sub(r"[@\s]", "/", ALL) + "@scripts.example"
    contact = ContactIn.model_construct(email=email, phone=ALL, safe_times=ALL)
    report = ReportIn.model_validate(PARK).model_copy(update=words | {"contact": contact})
    keys = Keys.of(settings)
    with db.begin(PUBLIC) as session:
        received = receive(session, keys, report, Sending(b"scripts", b"scripts"))
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        (known,) = admin.execute(
            "select id from app.report where ref = %s", (received.ref,)
        ).fetchone()
    with db.begin(SCREEN) as session:
        screen(session, keys, known)


def addresses(db, role: str, *, filters: bool = True):
    """Pages that the role may open, at records that exist, plain and with scripts as filters."""
    with psycopg.connect(db.logins.dsn("postgres"), autocommit=True) as admin:
        known = {start: admin.execute(q).fetchone()[0] for start, q in ONE_OF.items()}
    for route in READS:
        if route.is_api or not route.opens_for(role) or route.path.startswith(LEAVING):
            continue
        if route.path.endswith(".png"):  # shown alone, the browser's own viewer has styles
            continue
        start = next((start for start in known if route.path.startswith(start + "{")), None)
        given = {} if start is None else {"ref": known[start], "key": known[start]}
        path = route.address(**given)
        yield path
        names = sorted(query_names(route.found.dependant)) or ["q"]
        if filters and role == "cs_lead":
            yield f"{path}?{urlencode(dict.fromkeys(names[:1], ALL))}"


def page_of(chromium, person):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([session_cookie(person.cookie)])
    context.route(re.compile(r"\.(woff2|svg|ico)$"), lambda route: route.abort())
    page = context.new_page()
    page.dialogs = []
    page.on("dialog", lambda box: (page.dialogs.append(box.message), box.dismiss()))
    return page


def opened(page, url: str, seen: Counter) -> list[str]:
    """What came alive on a page; its map items are opened one after the other."""
    if page.context.cookies() == []:
        raise AssertionError("signed out")
    try:
        answer = page.goto(url, wait_until="load")
    except PlaywrightError:  # nothing to show, or a file to keep
        answer = page.context.request.get(url)
        kept = answer.headers.get("content-disposition", "").startswith("attachment")
        assert answer.status == 204 or kept, url
        return []
    seen[answer.status] += 1
    assert answer.status < 500, url
    if page.locator("#map").count():
        page.locator("#map-status", has_text="wide").wait_for(timeout=10_000)
        seen["opened"] += open_items(page)
    seen["shown"] += RAN in page.content()
    found = page.evaluate(LIVING)
    alive = found["found"] + (["it ran"] if found["ran"] else []) + page.dialogs
    return [f"{url}: {what}" for what in alive]


def open_items(page) -> bool:
    """Six things of the map, once one is no group: as close as it goes a group is opened itself."""
    single = page.locator("button.cm-item:not(.cm-item--group)")
    group = page.locator("button.cm-item--group")
    panel = page.locator("#panel h2").first
    while group.count() and not single.count() and not panel.count():
        before = page.evaluate("location.hash")
        group.first.dispatch_event("click")
        moved = "before => location.hash !== before"
        page.wait_for_function(moved, arg=before, timeout=10_000)
    for item in single.all()[:6]:
        item.dispatch_event("click")
        panel.wait_for(timeout=2_000, state="attached")
    return panel.count() > 0


@pytest.mark.asvs("1.1.2", "1.2.1", "1.2.3")
@pytest.mark.parametrize("role", PEOPLE)
def test_no_script_in_any_text_runs_in_any_view_of_a_role(chromium, poisoned, served, role):
    db, people, _ = poisoned
    page, seen = page_of(chromium, people[role]), Counter()

    alive = []
    for path in addresses(db, role):
        alive += opened(page, served[0].url + path, seen)
    page.context.close()

    assert alive == []
    assert seen[200] >= 8, seen
    assert seen["shown"] >= 4, seen  # that many had scripts in them, as text
    assert seen["opened"] or role in NO_MAP, seen


@pytest.mark.asvs("1.2.1")
def test_no_form_that_is_shown_again_runs_what_was_typed(chromium, poisoned, settings):
    """Every form with scripts for answers: refused pages keep what was typed."""
    db, _, _ = poisoned
    clients = Clients(db, settings, raise_server_exceptions=False)
    page, kept = chromium.new_page(), 0
    for route in CHANGES:
        if not (route.is_form or route.is_door) or "sign-out" in route.path:
            continue
        client = clients[route.role()]
        with psycopg.connect(db.logins.dsn("postgres"), autocommit=True) as admin:
            start = next((s for s in ONE_OF if route.path.startswith(s + "{")), None)
            ref = admin.execute(ONE_OF[start]).fetchone()[0] if start else "x"
        names = ("name", "description", "username", "email", "reason", "label", "note", "code")
        more = (
            "type_code",
            "harm_code",
            "summary",
            "eps_m",
            "source",
            "place",
            "hours",
            "password",
        )
        typed = dict.fromkeys((*names, *more), ALL) | {"csrf": csrf(client)}
        answer = client.request(
            route.method,
            route.address(ref=ref),
            data=typed,
            headers={"Accept": "text/html", "Origin": "https://testserver"},
        )
        assert answer.status_code < 500, (route, answer.text[:300])
        kept += "window.__xss" in answer.text
        page.set_content(answer.text, wait_until="load")
        found = page.evaluate(LIVING)
        assert found == {"ran": False, "found": []}, route
    page.close()

    assert kept >= 4


@pytest.mark.asvs("3.4.3")
def test_nothing_breaks_the_policy_where_it_is_on(chromium, poisoned, served):
    db, people, _ = poisoned
    page, seen = page_of(chromium, people["cs_lead"]), Counter()
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', () => { window.__broken = 1; })"
    )

    alive, broken = [], []
    for path in addresses(db, "cs_lead", filters=False):
        alive += opened(page, served[1].url + path, seen)
        broken += [path] if page.evaluate("window.__broken === 1") else []
    page.context.close()

    assert (alive, broken) == ([], [])
    assert served[1].violations() == 0


def test_every_kind_of_text_was_poisoned(poisoned):
    _, _, fields = poisoned

    wanted = {
        "app.place.name",
        "app.place.description",
        "app.incident.summary",
        "app.user.name",
        "app.access_grant.reason",
        "app.import_batch.file_name",
        "reference.area.name",
        "reference.place_type.label",
        "reference.lookup.label",
    }
    assert wanted - set(fields) == set()
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 40


def test_the_scripts_would_run_and_their_elements_would_be_found(chromium):
    """As a careless page would show them: in the text, or in an attribute."""
    page = chromium.new_page()
    ran = found = 0
    for payload in PAYLOADS:
        for careless in (f"<p>{payload}</p>", f'<p title="{payload}">', f"<p title='{payload}'>"):
            page.set_content(f"<html><body>{careless}</body></html>", wait_until="load")
            told = page.evaluate(LIVING)
            ran += told["ran"]
            found += bool(told["found"])
    page.close()

    assert ran >= 40
    assert found >= 40


@pytest.mark.asvs("3.4.7")
def test_a_page_that_breaks_the_policy_would_be_counted(chromium, served, poisoned):
    _, people, _ = poisoned
    page = page_of(chromium, people["cs_lead"])
    before = served[1].violations()
    page.goto(served[1].url + "/accessibility")
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.__xss = 1";
        document.body.append(script);
    }""")
    until = time.monotonic() + 10
    while served[1].violations() == before and time.monotonic() < until:
        page.wait_for_timeout(100)

    assert served[1].violations() > before
    assert page.evaluate("window.__xss") is None
    page.context.close()
