"""Spellings that have hurt somebody: none is in the project, and each rule can find one."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CODE = ("app/**/*.py", "geo/**/*.py", "migrations/**/*.py", "data/**/*.py")
SQL = ("app/**/*.sql", "migrations/**/*.sql", "migrations/versions/*.py", "app/accounts/*.py")
SCRIPTS = ("frontend/static/js/*.js", "geo/*.js")
TEMPLATES = ("frontend/templates/**/*.html",)


@dataclass(frozen=True)
class Rule:
    """`finds` gives the lines of a text that break it; `planted` breaks it, `innocent` does not."""

    name: str
    files: tuple[str, ...]
    finds: Callable[[str], list[int]]
    planted: tuple[str, ...]
    innocent: tuple[str, ...] = ()
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pattern:
    """Lines where one of the words is; each can be taken out, to see that it is missed."""

    words: tuple[str, ...]

    def __call__(self, text: str) -> list[int]:
        found = re.finditer("|".join(self.words), text, re.IGNORECASE)
        return [text.count("\n", 0, match.start()) + 1 for match in found]


def pattern(expression: str) -> Pattern:
    return Pattern(tuple(alternatives(expression)))


def alternatives(expression: str) -> Iterator[str]:
    """What stands between the bars that are in no bracket."""
    begin = depth = 0
    bare = re.sub(r"\\.|\[(?:\\.|[^\]])*\]", lambda one: "x" * len(one[0]), expression)
    for at, letter in enumerate(bare):
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and depth == 0:
            yield expression[begin:at]
            begin = at + 1
    yield expression[begin:]


def calls(wrong: Callable[[ast.Call, str], bool]) -> Callable[[str], list[int]]:
    """Lines of calls; the name is written as in the code, `yaml.load` for one."""

    def finds(text: str) -> list[int]:
        return [node.lineno for node, name in called(text) if wrong(node, name)]

    return finds


@cache
def called(text: str) -> list[tuple[ast.Call, str]]:
    """Read once: a dozen rules ask the same of the same files."""
    nodes = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call))
    return [(node, ast.unparse(node.func)) for node in nodes]


@dataclass(frozen=True)
class Imports:
    words: tuple[str, ...]

    def __call__(self, text: str) -> list[int]:
        return [line for line, name in imported(text) if name.startswith(self.words)]


def imports(*modules: str) -> Imports:
    return Imports(modules)


@cache
def imported(text: str) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def put_together(node: ast.expr) -> bool:
    """An f-string, a sum with a name in it, `%` or `.format`: not one text of the programmer's."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod) or any(
            put_together(side) or not isinstance(side, ast.Constant | ast.BinOp | ast.Name)
            for side in (node.left, node.right)
        )
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
        and isinstance(node.func.value, ast.Constant)
    )


def sql_put_together(node: ast.Call, name: str) -> bool:
    asks = name == "text" or name.endswith((".text", ".execute", ".executemany", "sql.SQL"))
    return asks and bool(node.args) and put_together(node.args[0])


def runs_a_shell(node: ast.Call, name: str) -> bool:
    shell = any(
        k.arg == "shell" and not (isinstance(k.value, ast.Constant) and k.value.value is False)
        for k in node.keywords
    )
    return shell or name in {"os.system", "os.popen", "subprocess.getoutput"}


def formats_what_came(node: ast.Call, name: str) -> bool:
    """`said.format(...)`: such a text may ask for anything of its arguments. Ours are capitals."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in {"format", "format_map"}:
        return False
    of = node.func.value
    if isinstance(of, ast.Constant | ast.JoinedStr) or ast.unparse(of).startswith("sql.SQL("):
        return False
    if node.args and all(ast.unparse(value).startswith("sql.") for value in node.args):
        return False  # psycopg's own, which knows names from values
    return not ast.unparse(of).split("[")[0].split(".")[-1].isupper()


def matches_what_came(node: ast.Call, name: str) -> bool:
    """An expression with a value in it that nobody escaped."""
    if not name.startswith("re.") or name == "re.escape" or not node.args:
        return False
    asked = node.args[0]
    if not isinstance(asked, ast.JoinedStr):
        return False
    values = [part.value for part in asked.values if isinstance(part, ast.FormattedValue)]
    return any(not escaped(value) for value in values)


def escaped(value: ast.expr) -> bool:
    """By name a constant of the code, joined from one, or put through re.escape."""
    said = ast.unparse(value)
    names = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    return said.startswith("re.escape(") or (bool(names) and all(n.isupper() for n in names))


TREE = "xml.etree.ElementTree"
WRITES_XML = (
    "xml.sax.saxutils.",
    *(f"{TREE}.{name}" for name in ("Element", "SubElement", "tostring", "ParseError")),
)


def reads_xml(name: str) -> bool:
    return name.startswith(("xml.", "lxml")) and not name.startswith(WRITES_XML)


def definers_without_path(text: str) -> list[int]:
    """Each function up to its body: whoever calls must not choose what its names mean."""
    lines = []
    for match in re.finditer(r"create (?:or replace )?(?:function|procedure)", text, re.IGNORECASE):
        head = re.split(r"\$[a-z]*\$", text[match.start() :], maxsplit=1)[0]
        if re.search("security\\s+definer", head, re.IGNORECASE) and "search_path" not in head:
            lines.append(text.count("\n", 0, match.start()) + 1)
    return lines


RULES = [
    Rule(
        "SQL is never put together from values",
        ("app/**/*.py", "geo/**/*.py"),
        calls(sql_put_together),
        (
            'text(f"select {name}")',
            'session.execute(text("select %s" % name))',
            'cursor.execute("select " + str(name))',
            'cursor.execute("select {}".format(name))',
        ),
        ('text("select :name")', "text(FIRST + SECOND)", 'text(f"select 1")'),
        # Names of tables in a file of somebody else's, in memory, in a process without anything.
        frozenset({"app/reading/database.py", "app/exports/as_gpkg.py"}),
    ),
    Rule(
        "only accounts fetches anything, from the issuer of sign-on",
        ("app/**/*.py", "geo/**/*.py"),
        imports("httpx", "requests", "aiohttp", "urllib.request", "urllib3", "http.client"),
        (
            *("import httpx", "from urllib.request import urlopen", "import requests.sessions"),
            *("import aiohttp", "import urllib3", "from http.client import HTTPConnection"),
        ),
        ("from urllib.parse import quote",),
        # serve asks its own web process whether it is alive.
        frozenset({"app/accounts/issuer.py", "app/serve.py"}),
    ),
    Rule(
        "text reaches a page as text",
        (*SCRIPTS, *TEMPLATES),
        pattern(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|createContextualFragment"
            r"|bind(Popup|Tooltip)\(\s*[\"'`a-z]|divIcon\(\s*\{[^}]*\bhtml\b|DOMParser"
        ),
        (
            "el.innerHTML = name;",
            "marker.bindPopup(item.name)",
            'marker.bindTooltip("<b>x</b>")',
            "L.divIcon({ className: 'a', html: name })",
            'panel.insertAdjacentHTML("beforeend", x)',
            "el.outerHTML = name;",
            "document.write(name)",
            '<iframe srcdoc="x">',
            "range.createContextualFragment(name)",
            "new DOMParser()",
        ),
        ("el.textContent = name;", "el.replaceChildren(node);"),
    ),
    Rule(
        "no text is run as a script",
        SCRIPTS,
        pattern(r"\beval\(|new Function\(|set(Timeout|Interval)\(\s*[\"'`]|javascript:"),
        ("eval(x)", "new Function(x)()", 'setTimeout("go()", 1)', 'a.href = "javascript:x"'),
        ("setTimeout(go, 1)",),
    ),
    Rule(
        "templates escape",
        TEMPLATES,
        pattern(r"\|\s*safe\b|autoescape\s+false|<script(?![^>]*\bsrc=)|\son[a-z]+\s*=\s*[\"']"),
        ("{{ name | safe }}", "{% autoescape false %}", "<script>x</script>", '<a onclick="x">'),
        ("{{ name }}", '<script type="module" src="/static/js/map-page.js">'),
    ),
    Rule(
        "nobody says of a text that it is safe",
        CODE,
        calls(lambda _node, name: name.split(".")[-1] in {"Markup", "HTMLResponse"}),
        ("Markup(name)", "markupsafe.Markup(name)", "HTMLResponse(name)"),
        ("render(name)",),
    ),
    Rule(
        "files of people are opened by the import alone",
        ("app/**/*.py", "geo/**/*.py"),
        calls(
            lambda _n, name: (
                name.split(".")[-1] in {"read_file", "read_dataframe"} or name.endswith("raw.read")
            )
        ),
        ("geopandas.read_file(path)", "pyogrio.read_dataframe(path)"),
        ("path.read_text()",),
        frozenset({"app/reference/gdal.py"}),
    ),
    Rule(
        "tiles name their columns",
        ("app/maps/*.sql", "app/maps/*.py"),
        pattern(r"select\s+([a-z_]+\.)?\*"),
        ("select * from app.place", "SELECT p.* from app.place p"),
        ("select count(*) from app.place",),
    ),
    Rule(
        "no user geometry reaches what can crash the server",
        ("app/**/*.py", "app/**/*.sql", "geo/**/*.py"),
        pattern(r"\bST_MakeValid\b|\bST_ClusterDBSCAN\b|\bmake_valid\(|\bST_Buffer\("),
        (
            *("select ST_MakeValid(geom)", "shapely.make_valid(shape)", "st_buffer(:shape, 1)"),
            "ST_ClusterDBSCAN(geom, 1, 2) over ()",
        ),
        ("ST_IsValid(geom)",),
        # In the walled process, which may break.
        frozenset({"app/reading/streets.py"}),
    ),
    Rule(
        "a definer says what its names mean",
        SQL,
        definers_without_path,
        ("create function f() returns int\n language sql security definer as $$ select 1 $$",),
        (
            "create function f() returns int language sql as $$ select 1 $$",
            "create function f() returns int security definer set search_path = a as $$ $$",
        ),
    ),
    Rule(
        "no materialised view: it has no policies",
        (*SQL, *CODE),
        pattern(r"create\s+materiali[sz]ed\s+view"),
        ("create materialized view app.v as select 1",),
        ("create view app.v as select 1",),
    ),
    Rule(
        "nothing is loaded that can run",
        CODE,
        imports("pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"),
        (
            *("import pickle", "from joblib import load", "import marshal", "import shelve"),
            *("import dill", "import cloudpickle"),
        ),
        ("import json",),
    ),
    Rule(
        "YAML is only data",
        CODE,
        calls(lambda _n, name: name.startswith("yaml.") and name != "yaml.safe_load"),
        ("yaml.load(said)", "yaml.unsafe_load(said)", "yaml.full_load(said)"),
        ("yaml.safe_load(said)",),
        frozenset({"app/accounts/permissions.py"}),  # a safe loader that also refuses repeats
    ),
    Rule(
        "no text is run as Python",
        CODE,
        calls(lambda _n, name: name in {"eval", "exec", "compile", "__import__"}),
        ("eval(said)", "exec(said)"),
        ("re.compile(said)",),
    ),
    Rule(
        "no format string comes from elsewhere",
        ("app/**/*.py", "geo/**/*.py"),
        calls(formats_what_came),
        ("said.format(user)", "form['text'].format_map(values)"),
        (
            "'{}'.format(said)",
            "WORDS.format(said)",
            "a.LEFT_OUT.format(title=x)",
            "rename.format(sql.Identifier(said))",
        ),
        # Titles, questions, caveats and addresses of tables in the code; SQL of psycopg.
        frozenset(
            {
                "app/admin/pages.py",
                "app/admin/grant_routes.py",
                "app/briefings/caveats.py",
                "app/comments/rules.py",
                "app/core/bulk.py",
            }
        ),
    ),
    Rule(
        "what is looked for is escaped in an expression",
        ("app/**/*.py", "geo/**/*.py"),
        calls(matches_what_came),
        ('re.search(f"({said})", text)', 're.compile(f"{said}.*")'),
        (
            're.split(f"({re.escape(said)})", text)',
            're.compile(f"{STREETS}s")',
            "re.search(r'x', a)",
        ),
    ),
    Rule(
        "pages are made from files of ours",
        ("app/**/*.py", "geo/**/*.py"),
        calls(lambda _n, name: name.endswith("from_string") or name.split(".")[-1] == "Template"),
        ("env.from_string(said)", "jinja2.Template(said)"),
        ("env.get_template('x.html')",),
        # A dataclass of replies; the frame of the portable map, a text in the code.
        frozenset({"app/reports/replies.py", "geo/portable.py"}),
    ),
    Rule(
        "certificates are checked",
        ("app/**/*.py", "geo/**/*.py", "scripts/*"),
        pattern(
            r"verify\s*=\s*False|CERT_NONE|_create_unverified_context|check_hostname\s*=\s*False"
            r"|curl\s+(-k|--insecure)|--no-check-certificate|trusted-host|verify_ssl\s*=\s*False"
        ),
        (
            *("httpx.get(a, verify=False)", "context.verify_mode = ssl.CERT_NONE"),
            *("curl -k https://x", "ssl._create_unverified_context()", "a.check_hostname = False"),
            *("wget --no-check-certificate x", "pip --trusted-host x", "get(a, verify_ssl=False)"),
        ),
        ("httpx.get(a, verify=context)",),
    ),
    Rule(
        "weak or home-made cryptography is not used",
        CODE,
        pattern(
            r"\bhashlib\.(md5|sha1|new)\b|\bfrom hashlib import .*(md5|sha1)"
            r"|\b(DES|ARC4|RC4|Blowfish)\b|\bmodes\.(ECB|CBC|CTR|CFB|OFB)\b|PKCS1v15|\bcrypt\.crypt\b|ciphers\.algorithms"
        ),
        (
            *("hashlib.md5(x)", "from hashlib import sha1", "modes.ECB()", "padding.PKCS1v15()"),
            *("ARC4(key)", "crypt.crypt(word)", "from cryptography import ciphers.algorithms"),
        ),
        ("hashlib.sha256(x)", "AESGCM(key)"),
    ),
    Rule(
        "nothing that must not be guessed comes from random",
        ("app/**/*.py", "migrations/**/*.py"),
        imports("random"),
        ("import random", "from random import choice"),
        ("import secrets",),
    ),
    Rule(
        "XML is read without entities",
        ("app/**/*.py", "geo/**/*.py"),
        lambda text: [line for line, name in imported(text) if reads_xml(name)],
        (
            "import xml.etree.ElementTree as ET",
            "from xml.etree.ElementTree import fromstring",
            "from lxml import etree",
            "from xml.sax import parseString",
        ),
        (
            "from defusedxml.ElementTree import iterparse",
            "from xml.etree.ElementTree import Element, tostring",
            "from xml.sax.saxutils import quoteattr",
        ),
    ),
    Rule(
        "archives are read part by part and never unpacked",
        ("app/**/*.py", "geo/**/*.py"),
        pattern(r"\.extract(all)?\(|unpack_archive|tarfile\.open"),
        (
            *("archive.extractall(to)", "archive.extract(one)", "shutil.unpack_archive(a)"),
            "tarfile.open(path)",
        ),
        ("archive.open(one)",),
    ),
    Rule(
        "temporary files are made in one step",
        CODE,
        pattern(r"\bmktemp\(|os\.tempnam"),
        ("tempfile.mktemp()", "os.tempnam()"),
        ("tempfile.mkstemp()",),
    ),
    Rule(
        "nobody is led to an address that came with the request",
        ("app/**/*.py",),
        calls(lambda _n, name: name.split(".")[-1] == "RedirectResponse"),
        ("RedirectResponse(request.query_params['next'])",),
        ("html.see(own_path(asked))",),
        # see() itself; the page people leave for, which the partnership sets.
        frozenset(
            {
                "app/core/pages.py",
                "app/core/closed.py",
                "app/intake/deps.py",
                "app/intake/status_routes.py",
            }
        ),
    ),
    Rule(
        "scripts take no message of another window and no name of a prototype",
        SCRIPTS,
        pattern(
            r"((window|self)\.|(?<![.\w]))addEventListener\(\s*[\"']message|window\.(opener|parent)|__proto__|constructor\s*\["
            r"|Object\.setPrototypeOf|document\.domain|\bfor\s*\(\s*(const|let|var)\s+\w+\s+in\b"
        ),
        (
            *('window.addEventListener("message", go)', "a.__proto__ = b"),
            *("for (const k in given) {}", "window.opener.x()", "a.constructor[name]"),
            *("Object.setPrototypeOf(a, b)", 'document.domain = "x"'),
        ),
        ('others.addEventListener("used", go)', "for (const one of all) {}"),
    ),
    Rule(
        "no shell",
        CODE,
        calls(runs_a_shell),
        ("subprocess.run(said, shell=True)", "os.system(said)"),
        ("subprocess.run([program])",),
    ),
    Rule(
        "no session without claims",
        ("app/**/*.py",),
        calls(
            lambda _n, name: (
                name.split(".")[-1]
                in {"Session", "sessionmaker", "scoped_session", "create_engine"}
            )
        ),
        ("Session(engine)", "orm.Session(bind=engine)", "create_engine(dsn)"),
        ("ClaimedSession(bind=connection)",),
        frozenset({"app/core/engines.py"}),
    ),
    Rule(
        "connections without claims are for starting, migrating, and whole copies",
        ("app/**/*.py",),
        calls(lambda _n, name: name in {"psycopg.connect", "psycopg.Connection.connect"}),
        ("psycopg.connect(dsn)",),
        ("db.begin(actor)",),
        frozenset(
            {
                "app/core/engines.py",  # opens those that get claims
                "app/core/postgres.py",
                "app/core/prepare.py",
                "app/core/migrate.py",
                "app/backups/creating.py",
                "app/backups/filling.py",
                "app/backups/leftovers.py",
                "app/backups/recovering.py",
                "app/backups/restoring.py",
                "app/backups/returning.py",
                "app/backups/wal.py",
            }
        ),
    ),
    Rule(
        "nothing is left in a session, which behind a pooler is the next person's",
        ("app/**/*.py", "app/**/*.sql"),
        pattern(
            r"set_config\([^()]*,\s*false\)|\bset session\b|pg_(try_)?advisory_lock\(|\blisten \w|"
            r"\bprepare \w+ as\b|\bdeclare \w+ [^;]*with hold|"
            r"create temp(orary)? table(?![^;]*\bon commit drop)"
        ),
        (
            "select set_config('cs.claims', %s, false)",
            "set session statement_timeout = 0",
            "select pg_advisory_lock(1)",
            "select pg_try_advisory_lock(1)",
            "listen procrastinate_any",
            "prepare tile as select 1",
            "declare found cursor with hold for select 1",
            "create temporary table rows_in (id int)",
        ),
        (
            "select set_config('cs.claims', %s, true)",
            "select pg_advisory_xact_lock(1)",
            "create temporary table rows_in (id int) on commit drop",
            "create temporary table known on commit drop as select 1",
        ),
        # `alone`, commands and backups log in at the server itself, each in a session of its own.
        frozenset({"app/core/engines.py", "app/backups/measuring.py"}),
    ),
    Rule(
        "one log, with allow-listed keys",
        ("app/**/*.py",),
        calls(lambda _n, name: name.startswith(("logging.", "logger.", "traceback."))),
        ("logging.info(body)", "logger.exception(error)", "traceback.print_exc()"),
        ("log.info('answered')",),
        # engines makes a library silent.
        frozenset({"app/core/log.py", "app/core/engines.py"}),
    ),
]


def files(rule: Rule) -> dict[str, str]:
    paths = sorted({path for glob in rule.files for path in ROOT.glob(glob)})
    found = {str(path.relative_to(ROOT)): path.read_text() for path in paths}
    return {name: text for name, text in found.items() if name not in rule.allowed}


def named(rule: Rule) -> str:
    return rule.name


@pytest.mark.asvs(
    "1.2.4",
    "1.2.5",
    "1.2.9",
    "1.3.2",
    "1.3.6",
    "1.3.7",
    "1.3.10",
    "1.5.2",
    "3.2.2",
    "12.3.2",
    "13.2.4",
    "13.2.5",
    "15.3.6",
    "16.2.3",
)
@pytest.mark.parametrize("rule", RULES, ids=named)
def test_the_project_keeps(rule):
    looked_at = files(rule)

    assert looked_at
    broken = {name: rule.finds(text) for name, text in looked_at.items()}
    assert {name: lines for name, lines in broken.items() if lines} == {}


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_the_rule_finds_what_it_is_for_and_leaves_the_rest(rule):
    assert [text for text in rule.planted if not rule.finds(text)] == []
    assert [text for text in rule.innocent if rule.finds(text)] == []


# With one word less each: what it was for must go unseen, or nobody knows that it works.
MUTANTS = [
    (rule, word)
    for rule in RULES
    if isinstance(rule.finds, Pattern | Imports)
    for word in rule.finds.words
]


@pytest.mark.parametrize(("rule", "word"), MUTANTS, ids=[f"{r.name}: {w}" for r, w in MUTANTS])
def test_a_rule_without_one_of_its_words_misses_what_is_planted(rule, word):
    left = tuple(each for each in rule.finds.words if each != word)
    mutant = replace(rule.finds, words=left or ("(?!)",))

    assert [text for text in rule.planted if not mutant(text)]


def test_words_are_told_apart_at_the_bars_between_them():
    assert [*alternatives(r"a(b|c)|[|]\||d")] == ["a(b|c)", r"[|]\|", "d"]
    assert len(MUTANTS) > 50


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_each_exception_is_still_needed(rule):
    needed = {name for name in rule.allowed if rule.finds((ROOT / name).read_text())}

    assert needed == set(rule.allowed)
