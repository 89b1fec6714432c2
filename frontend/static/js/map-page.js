// The map page: layers by filter, the panel beside the map, what is announced, the table's links.
import { createMap, plain } from "./map-engine.js";

const el = document.getElementById("map");
const panel = document.getElementById("panel");
const legend = document.getElementById("legend");
const status = document.getElementById("map-status");
const query = el.dataset.query;
const layer = el.dataset.layer;
const shows = new Set(el.dataset.shows.split(" ")); // what the role may see
let opened = null;
let asking = null;
let onMap = null; // asked once: it does not change as the map moves
let lastWords = 0;
let waiting = null;

const engine = createMap(el, {
  bounds: el.dataset.bounds.split(",").map(Number),
  onMove: () => moved(),
  onOpen: (item) => open(item),
});

const tiles = (name) => `/tiles/${name}/{z}/{x}/{y}.pbf${query ? `?${query}` : ""}`;
const { style } = engine;
if (el.dataset.basemap) {
  engine.addTiles(el.dataset.basemap, style.basemapPaint, style.basemapLabels, {
    maxDataZoom: Number(el.dataset.maxZoom), attribution: plain(el.dataset.attribution),
  });
}
engine.addTiles("/tiles/areas/{z}/{x}/{y}.pbf", style.areasPaint, el.dataset.basemap ? [] : style.areasLabels, {
  attribution: "Contains OS data © Crown copyright and database right 2012",
});
if (layer === "incidents") engine.addTiles(tiles("incidents"), style.incidentsPaint);
if (shows.has("clusters")) engine.addTiles(tiles("clusters"), style.clustersPaint);
if (layer === "places") engine.addTiles(tiles("places"), style.placesPaint);

function moved() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 120);
}

async function refresh() {
  const view = engine.view();
  asking?.abort();
  asking = new AbortController();
  const box = [view.west, view.south, view.east, view.north].map((v) => v.toFixed(5)).join(",");
  const address = `/map/items?${query ? `${query}&` : ""}bbox=${box}&z=${view.zoom}${onMap === null ? "" : "&part=view"}`;
  try {
    const answer = await fetch(address, { signal: asking.signal, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    engine.setItems(found.items);
    onMap ??= found.on_map;
    if (opened) engine.pressed(opened.id);
    announce(describe(view, found));
    remember(view);
  } catch (error) {
    if (error.name !== "AbortError") announce("The map could not be loaded. The table below is complete.");
  }
}

function describe(view, found) {
  const km = view.width_m / 1000;
  const width = km >= 1 ? `${km.toFixed(1)} kilometres` : `${Math.round(view.width_m)} metres`;
  const things = [...(layer === "places" ? ["places"] : []), ...(shows.has("clusters") ? ["clusters"] : [])].join(" and ");
  const groups = found.mode === "groups" ? " Shown in groups: go closer to see each." : "";
  return `Map ${width} wide. ${found.in_view} ${things} in view of ${onMap} on the map.${groups}`;
}

/** One message a second at most. */
function announce(words) {
  const wait = Math.max(0, 1000 - (Date.now() - lastWords));
  clearTimeout(announce.later);
  announce.later = setTimeout(() => { status.textContent = words; lastWords = Date.now(); }, wait > 900 ? wait : Math.min(wait, 200));
}

/** The view is in the address, so that a reload and a shared link show the same. */
function remember(view) {
  const at = engine.centre();
  const hash = `#${opened ? `${opened.id}/` : ""}${view.zoom}/${at.lat.toFixed(5)}/${at.lng.toFixed(5)}`;
  history.replaceState(null, "", `${location.pathname}${location.search}${hash}`);
}

function open(item) {
  if (item.kind === "group" && (engine.view().zoom < 17 || !item.members.length)) {
    engine.setView(item.lat, item.lon, Math.min(18, engine.view().zoom + 2));
    return;
  }
  opened = item;
  engine.pressed(item.id);
  legend.hidden = true;
  panel.replaceChildren(...parts(item));
  panel.querySelector("h2").focus();
  remember(engine.view());
}

function parts(item) {
  const made = [text("h2", item.name, { tabindex: "-1" })];
  if (item.kind === "group") {
    // As close as the map goes, its members are a list.
    const list = document.createElement("ul");
    list.className = "govuk-list";
    for (const member of item.members) {
      const line = document.createElement("li");
      line.append(text("a", member.name, { class: "govuk-link", href: member.href }));
      list.append(line);
    }
    made.push(list);
  } else if (item.kind === "cluster") {
    if (item.cross_borough) made.push(text("p", `Cross-borough: incidents in ${joined(item.boroughs.map((b) => b.replace(/ \d+$/, "")))}.`, { class: "govuk-!-font-weight-bold" }));
    made.push(text("p", `${item.count} incidents: ${joined(item.boroughs)}.`));
    made.push(text("p", `Period: ${day(item.first_on)} to ${day(item.last_on)}.`));
    made.push(text("p", "A pattern that may be chance: not yet tested.", { class: "cm-secondary" }));
  } else {
    made.push(text("p", `${item.type}. Level ${item.level} of 4.`));
    made.push(text("p", joined(item.boroughs) || "Outside every known borough"));
    if (shows.has("incidents")) made.push(text("p", item.count ? `${item.count} linked incidents.` : "No linked incidents."));
    if (item.last_on) made.push(text("p", `Last information ${day(item.last_on)}.`));
    made.push(text("p", item.id, { class: "cm-secondary" }));
  }
  const link = text("a", item.kind === "cluster" ? "Open cluster" : "Open place", { class: "govuk-button", href: item.href });
  const shut = text("button", "Close", { class: "govuk-button govuk-button--secondary", type: "button" });
  shut.addEventListener("click", close);
  made.push(...(item.kind === "group" ? [shut] : [link, shut]));
  return made;
}

function text(tag, words, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = words;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const joined = (list) => (list.length > 1 ? `${list.slice(0, -1).join(", ")} and ${list.at(-1)}` : list[0] ?? "");
const day = (iso) => (iso ? new Date(`${iso}T12:00`).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" }) : "");

function close() {
  if (!opened) return;
  const { id } = opened;
  opened = null;
  engine.pressed(null);
  panel.replaceChildren();
  legend.hidden = false;
  if (!engine.focusItem(id)) el.focus({ preventScroll: true });
  remember(engine.view());
}

function help(show) {
  const box = document.getElementById("map-help");
  box.hidden = !(show ?? box.hidden);
  document.querySelector('[data-do="help"]').setAttribute("aria-expanded", String(!box.hidden));
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { close(); help(false); }
  const typing = /INPUT|SELECT|TEXTAREA/.test(document.activeElement?.tagName ?? "");
  if (event.key === "?" && !typing) help();
});

const actions = {
  west: () => engine.pan(-1, 0, true), east: () => engine.pan(1, 0, true), north: () => engine.pan(0, -1, true), south: () => engine.pan(0, 1, true),
  in: () => engine.zoom(1), out: () => engine.zoom(-1), all: () => engine.all(), help: () => help(),
};
document.getElementById("map-buttons").addEventListener("click", (event) => actions[event.target.dataset?.do]?.());

document.getElementById("map-table")?.addEventListener("click", (event) => {
  const link = event.target.closest("[data-show]");
  if (!link) return;
  event.preventDefault();
  el.scrollIntoView({ block: "nearest" });
  engine.show(link.dataset.show, Number(link.dataset.lon), Number(link.dataset.lat));
  clearTimeout(waiting);
  refresh().then(() => engine.focusItem(link.dataset.show));
});

/** What the address asks for: an item by its id, or a view. */
async function start() {
  const parts = decodeURIComponent(location.hash.slice(1)).split("/");
  const [zoom, lat, lon] = parts.slice(-3).map(Number);
  if (parts.length >= 3 && [zoom, lat, lon].every(Number.isFinite)) engine.setView(lat, lon, zoom);
  const id = parts.length === 3 ? null : parts[0];
  const row = id && [...document.querySelectorAll("[data-show]")].find((link) => link.dataset.show === id);
  if (row && parts.length === 1) engine.setView(Number(row.dataset.lat), Number(row.dataset.lon), 15);
  await refresh();
}
start();
