// The map page: layers, the panel, what is announced, the table's links.
import { createMap, helpBy, typing, wide } from "./map-engine.js";

const el = document.getElementById("map");
const panel = document.getElementById("panel");
const stage = document.getElementById("map-stage");
const help = document.getElementById("map-help");
const opener = document.getElementById("map-show");
const status = document.getElementById("map-status");
let { query } = el.dataset;
const { layer } = el.dataset;
const shows = new Set(el.dataset.shows.split(" ")); // what the role may see
const NOT_LOADED = "The map could not be loaded. The table below is complete.";
const PATIENCE_MS = 10_000;
let engine = null;
let opened = null;
let asking = null;
let onMap = null; // asked once: it does not change as the map moves
let waiting = null;
let drawn = null;
let later = null; // what a first view does without
let period = ""; // in words, once somebody has stepped to a month

/** Made when it is asked for; where it cannot be, the table stays. */
function made() {
  if (engine) return engine;
  try {
    engine = createMap(el, {
      tableId: "map-rows", statusEl: status, fine: true, bounds: el.dataset.bounds.split(",").map(Number),
    });
  } catch {
    status.textContent = NOT_LOADED;
    stage.classList.add("is-broken");
    return null;
  }
  ground();
  later?.contextBoxes(engine);
  engine.on("move", moved);
  engine.on("open", open);
  engine.on("close", closed);
  return engine;
}

const tiles = (name) => `/tiles/${name}/{z}/{x}/{y}.pbf${query ? `?${query}` : ""}`;

function ground() {
  const { basemap, attribution, maxZoom } = el.dataset;
  const outline = { kind: "outline", url: "/tiles/areas/{z}/{x}/{y}.pbf", attribution: "Contains OS data © Crown copyright and database right 2012" };
  engine.setBasemap(...(basemap ? [{ kind: "tiles", url: basemap, attribution, maxZoom }] : []), outline);
  draw();
}

function draw() {
  const names = ["incidents", "hotspots", "clusters", "places"].filter((name) => name === layer || (name === "clusters" && shows.has(name) && layer !== "hotspots"));
  drawn?.remove();
  drawn = engine.addTiles(names.map((name) => ({ name, url: tiles(name), paint: engine.style[`${name}Paint`] })));
}

/** Once the first view is there, or somebody wants some of it. */
async function rest() {
  const found = await import("./map-rest.js");
  if (later) return later;
  later = found;
  later.stepThroughMonths(stepTo);
  if (engine) {
    later.contextBoxes(engine);
    ahead(engine.view());
  }
  return later;
}

const ahead = (view) => later?.prefetchAround(el, { ...view, zoom: Math.round(view.zoom) });

function stepTo(next, words) {
  [query, period, onMap] = [next, words, null];
  if (!engine) return Promise.resolve(); // not shown yet: it will begin with that month
  draw();
  return refresh();
}

function moved() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 120);
}

const around = ({ west, south, east, north, zoom }) => `${query ? `${query}&` : ""}bbox=${[west, south, east, north].map((v) => v.toFixed(5)).join(",")}&z=${Math.floor(zoom)}`;

async function refresh() {
  const view = engine.view();
  ahead(view);
  asking?.abort();
  asking = new AbortController();
  const mine = asking;
  const late = setTimeout(() => mine.abort("late"), PATIENCE_MS);
  const address = `/map/items?${around(view)}${onMap === null ? "" : "&totals=no"}`;
  try {
    const answer = await fetch(address, { signal: mine.signal, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    engine.setItems(found.items);
    engine.setNames(found.names ?? []);
    onMap ??= found.on_map;
    engine.say(describe(view, found));
    remember(view);
  } catch {
    if (mine === asking && (!mine.signal.aborted || mine.signal.reason === "late")) engine.say(NOT_LOADED);
  } finally {
    clearTimeout(late);
  }
}

/** "Map 3.2 kilometres wide, around Kingston station. 33 places in view." */
function describe(view, found) {
  const where = found.around ? `, around ${found.around}` : "";
  const groups = found.mode === "groups" ? " More than 300 in view: groups." : "";
  return `${period ? `${period}. ` : ""}${wide(view)}${where}. ${found.in_view_words} in view.${groups}`;
}

/** The view is in the address: a reload and a shared link show the same. */
function remember(view) {
  const at = engine.centre();
  const hash = `#${opened ? `${opened.id}/` : ""}${view.zoom}/${at.lat.toFixed(5)}/${at.lng.toFixed(5)}`;
  history.replaceState(null, "", `${location.pathname}${location.search}${hash}`);
}

async function open(item) {
  // A group is gone into, to its first thing; as close as the map goes it is a list.
  if (item.kind === "group" && !(engine.view().zoom >= 17 && item.members.length)) {
    const [west, south, east, north] = item.box;
    engine.close();
    engine.enter(item.box);
    clearTimeout(waiting);
    await refresh();
    const inside = engine.shownItems().find((one) => one.lon >= west && one.lon <= east && one.lat >= south && one.lat <= north);
    if (!inside || !engine.focusItem(inside.id)) el.focus({ preventScroll: true });
    return;
  }
  opened = item;
  const { panelOf } = await rest();
  if (opened !== item) return;
  stage.classList.add("is-open");
  panel.replaceChildren(...panelOf(item, shows, () => engine.close()));
  panel.querySelector("h2").focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
  remember(engine.view());
}

function closed() {
  opened = null;
  stage.classList.remove("is-open");
  panel.replaceChildren();
  remember(engine.view());
}

const showHelp = helpBy(help);

function showMap(show) {
  stage.classList.toggle("is-shown", show);
  opener?.setAttribute("aria-expanded", String(show));
  if (opener) opener.textContent = show ? "Hide map" : "Show map";
  return show && made();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "?" && !typing() && engine) showHelp();
  if (event.key !== "Escape") return;
  if (opened) engine.close();
  else if (!help.hidden) showHelp(false);
  else if (el.dataset.leave && !document.fullscreenElement && !typing()) location.assign(el.dataset.leave);
});

const actions = {
  help: () => showHelp(),
  full: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.()),
};
stage.addEventListener("click", (event) => { if (engine) ({ ...engine.moves, ...actions })[event.target.closest("[data-do]")?.dataset.do]?.(); });
opener?.addEventListener("click", () => { if (showMap(!stage.classList.contains("is-shown"))) refresh(); });

/** A row of the table on the map: alone, or in the group that holds it. */
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-show]");
  if (!link || !showMap(true)) return;
  event.preventDefault();
  el.scrollIntoView({ block: "nearest" });
  const { show, lon, lat } = link.dataset;
  for (const zoom of [16, 18]) {
    engine.show(show, Number(lon), Number(lat), zoom);
    clearTimeout(waiting);
    await refresh();
    if (engine.focusItem(show)) return;
  }
  const group = engine.shownItems().find((one) => one.members?.some((member) => member.id === show));
  if (!group || !engine.focusItem(group.id)) el.focus({ preventScroll: true });
});

function rowOf(id) {
  const row = [...document.querySelectorAll("[data-show]")].find((link) => link.dataset.show === id);
  return row && { lat: Number(row.dataset.lat), lon: Number(row.dataset.lon) };
}

/** Of a row on another page of the table: the server knows by its reference. */
async function sought(id) {
  const asked = new URLSearchParams(query);
  asked.set("q", id);
  const answer = await fetch(`/map/items?${asked}&z=18&totals=no`, { headers: { Accept: "application/json" } }).catch(() => null);
  return answer?.ok ? (await answer.json()).items.find((item) => item.id === id) : undefined;
}

/** On paper is a picture of what is on the screen, fetched for it. */
document.addEventListener("click", (event) => {
  if (event.target.id !== "map-print" || !made()) return;
  const image = document.querySelector("#map-picture img");
  image.previousElementSibling?.remove(); // the picture for small screens
  image.onload = image.onerror = () => print();
  image.src = `/map/picture.png?${around(engine.view())}`;
  image.loading = "eager";
});

/** What the address asks for: an item by its id, or a view. */
async function start() {
  const parts = decodeURIComponent(location.hash.slice(1)).split("/");
  const narrow = opener && getComputedStyle(opener).display !== "none";
  if (narrow && parts.length === 1 && !parts[0]) return;
  if (!showMap(true)) return;
  const [zoom, lat, lon] = parts.slice(-3).map(Number);
  if (parts.length >= 3 && [zoom, lat, lon].every(Number.isFinite)) engine.setView(lat, lon, zoom);
  const id = parts.length === 3 ? null : parts[0];
  const at = id && (rowOf(id) ?? await sought(id));
  if (at && parts.length === 1) engine.setView(at.lat, at.lon, 16);
  clearTimeout(waiting);
  await refresh();
  if (at && parts.length > 3) engine.open(id);
  if (id && !at) engine.say("What this link leads to is not among what these filters show.");
}

const folded = document.querySelector("details.cm-fold");
const broad = matchMedia("(min-width: 75em)");
const fold = () => { if (folded) folded.open = broad.matches; };
fold();
broad.addEventListener("change", fold);
start().finally(() => (window.requestIdleCallback ?? setTimeout)(() => rest().catch(() => {})));
