// The only module that knows Leaflet. What can be touched is a <button> of map-items.js; tiles
// are decoration.
/* global L, protomapsL */
import { layerOfItems } from "./map-items.js";
import { layerOfNames } from "./map-names.js";
import * as style from "./map-style.js";

const PAN = 80;
const PAN_FAR = 240;
const CLOSE = 16;
const NARROW = 560;

/** A map in `el`: a named region, moved by keys, buttons, two fingers or a mouse. */
export function createMap(el, { tableId, statusEl, bounds, maxZoom = 18, scale = "bottomleft", fine = false }) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // One finger scrolls the page; two move the map, by Leaflet's pinch.
  const touch = matchMedia("(pointer: coarse)").matches;
  const map = L.map(el, {
    zoomControl: false, keyboard: false, maxZoom, minZoom: 8, scrollWheelZoom: false, dragging: !touch, boxZoom: !touch,
    zoomAnimation: !still, fadeAnimation: false, markerZoomAnimation: !still, inertia: !still, zoomSnap: fine ? 0.25 : 1, wheelPxPerZoomLevel: 90,
  });
  map.attributionControl.setPrefix(false);
  L.control.scale({ imperial: false, position: scale }).addTo(map);
  const credit = map.attributionControl.getContainer();
  const corner = credit.parentElement;
  // On a narrow map the credit would cover the scale: there it stands beneath, but not in the frame of a cross.
  const credited = () => {
    const narrow = scale === "bottomleft" && el.clientWidth > 0 && el.clientWidth < NARROW;
    credit.classList.toggle("cm-credit", narrow);
    if (narrow) el.after(credit);
    else corner.append(credit);
  };
  credited();
  const home = L.latLngBounds([[bounds[1], bounds[0]], [bounds[3], bounds[2]]]);
  const all = () => map.fitBounds(home, { animate: false });
  all();
  el.setAttribute("role", "region");
  el.tabIndex = 0;
  if (tableId) el.setAttribute("aria-details", tableId);

  const heard = { move: [], open: [], close: [] };
  const tell = (name, value) => heard[name].forEach((fn) => fn(value));
  const point = ([lon, lat]) => map.latLngToContainerPoint([lat, lon]);
  const items = layerOfItems(el, point, open);
  const names = layerOfNames(el, point, items.boxes);
  const context = new Map();
  let opened = null;
  let middle = map.getCenter();

  const placed = () => { items.place(); names.place(); };
  map.on("move zoom viewreset", placed);
  map.on("zoomanim", () => el.classList.add("is-moving"));
  map.on("moveend zoomend", () => { el.classList.remove("is-moving"); middle = map.getCenter(); placed(); names.arrange(); tell("move", view()); });
  // A page is scrolled with the wheel until somebody has chosen the map.
  el.addEventListener("focusin", () => map.scrollWheelZoom.enable());
  el.addEventListener("focusout", () => map.scrollWheelZoom.disable());
  // Turned, widened, hidden before: never blank.
  new ResizeObserver(() => {
    const size = map.getSize();
    if (!el.clientWidth || (el.clientWidth === size.x && el.clientHeight === size.y)) return;
    credited();
    const kept = middle;
    map.invalidateSize({ pan: false, animate: false });
    map.setView(kept, map.getZoom(), { animate: false, reset: true });
  }).observe(el);

  const pan = (x, y, far) => map.panBy([x * (far ? PAN_FAR : PAN), y * (far ? PAN_FAR : PAN)], { animate: !still });
  const zoom = (by) => map.setZoom(Math.round(map.getZoom() + by), { animate: !still });
  el.addEventListener("keydown", (event) => movedByKey(event, el, zoom, pan));

  function view() {
    const b = map.getBounds();
    const width_m = map.distance([b.getCenter().lat, b.getWest()], [b.getCenter().lat, b.getEast()]);
    return { west: b.getWest(), south: b.getSouth(), east: b.getEast(), north: b.getNorth(), zoom: map.getZoom(), width_m };
  }

  function open(item) {
    opened = item.id;
    items.pressed(opened);
    tell("open", item);
  }

  /** Layers of tiles on one canvas each tile, in the order that they are painted: {name, url, paint, labels, maxZoom}. */
  function addTiles(layers, attribution = "") {
    const of = (rules) => layers.flatMap((one) => (one[rules] ?? []).map((rule) => ({ ...rule, dataSource: one.name })));
    const sources = Object.fromEntries(layers.map(({ name, url, maxZoom: most = 17 }) => [name, { url, maxDataZoom: most }]));
    return protomapsL.leafletLayer({ sources, paintRules: of("paint"), labelRules: of("labels"), attribution, noWrap: true }).addTo(map);
  }

  /** A fine map names places itself. */
  const groundOf = ({ kind, url, maxZoom: most }) => (kind === "tiles"
    ? { name: kind, url, paint: style.basemapPaint, labels: style.basemapLabels.filter(({ dataLayer }) => !fine || !/place|station/.test(dataLayer)), maxZoom: Number(most) }
    : { name: kind, url, paint: style.areasPaint, labels: fine ? [] : style.areasLabels });

  return {
    all, view, addTiles, style,
    moves: {
      north: () => pan(0, -1, true), south: () => pan(0, 1, true), west: () => pan(-1, 0, true), east: () => pan(1, 0, true),
      in: () => zoom(1), out: () => zoom(-1), all,
    },
    centre: () => map.getCenter(),
    setView: (lat, lon, to) => map.setView([lat, lon], to, { animate: false }),
    /** At least one step closer. */
    enter([west, south, east, north]) {
      const box = L.latLngBounds([[south, west], [north, east]]);
      const closest = Math.min(maxZoom, map.getBoundsZoom(box, false, L.point(80, 80)));
      map.setView(box.getCenter(), Math.min(maxZoom, Math.max(Math.floor(map.getZoom()) + 1, closest)), { animate: false });
    },
    show(id, lon, lat, closest = CLOSE) {
      map.setView([lat, lon], Math.max(map.getZoom(), closest), { animate: false });
      return items.focus(id);
    },
    open(id) { const item = items.find(id); if (item) open(item); return Boolean(item); },
    close() {
      if (opened === null) return;
      const id = opened;
      opened = null;
      items.pressed(null);
      tell("close", id);
      if (!items.focus(id)) el.focus({ preventScroll: true });
    },
    setItems(list) {
      items.set(list);
      items.pressed(opened);
      names.arrange();
    },
    setNames: names.set,
    focusItem: items.focus,
    shownItems: items.all,
    /** From below: pictures alone, or a street map, an outline, or the one over the other. */
    setBasemap(...kinds) {
      const words = plain(kinds.map(({ attribution }) => attribution).filter(Boolean).join(", "));
      if (kinds[0].kind === "pictures") L.tileLayer(kinds[0].url, { minZoom: 9, maxZoom, attribution: words, noWrap: true }).addTo(map);
      else addTiles(kinds.map(groundOf), words);
    },
    /** Decoration: never to be touched. */
    setContext(layer, on, url, rules) {
      if (on && !context.has(layer)) context.set(layer, addTiles([{ name: layer, url, ...rules }]));
      else if (!on && context.has(layer)) { context.get(layer).remove(); context.delete(layer); }
    },
    on(name, fn) { heard[name].push(fn); },
    say: speaker(statusEl),
  };
}

/** One message a second at most. */
function speaker(el) {
  let last = 0;
  let waiting = null;
  return (words) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { last = Date.now(); if (el) el.textContent = words; }, Math.max(0, 1000 - (Date.now() - last)));
  };
}

export const wide = ({ width_m: m }) => `Map ${m >= 1000 ? `${(m / 1000).toFixed(1)} kilometres` : `${Math.round(m / 10) * 10} metres`} wide`;
export const typing = () => /INPUT|SELECT|TEXTAREA/.test(document.activeElement?.tagName ?? "");

/** Shows or hides the help with keys, and says so at its button. */
export const helpBy = (help) => (show) => {
  help.hidden = !(show ?? help.hidden);
  document.querySelector('[data-do="help"]').setAttribute("aria-expanded", String(!help.hidden));
};

/** Attribution of an operator's file is text here, whatever it holds. */
export function plain(words) {
  const marks = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return words.replace(/<[^>]*>/g, "").replace(/[&<>"]/g, (mark) => marks[mark]);
}

function movedByKey(event, el, zoom, pan) {
  if (event.target !== el || event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (moves[event.key]) pan(...moves[event.key], event.shiftKey);
  else if (event.key === "+" || event.key === "=") zoom(1);
  else if (event.key === "-" || event.key === "_") zoom(-1);
  else return;
  event.preventDefault();
}
