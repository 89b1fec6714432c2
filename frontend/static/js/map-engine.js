// The only module that knows Leaflet and the tile renderer. Everything to touch is a <button>;
// tiles are decoration. Interface: createMap(el, options) -> engine.
/* global L, protomapsL */
import * as style from "./map-style.js";

const PAN = 80;
const PAN_FAR = 240;
const LEVELS = ["#e8f1ee", "#a9d1c6", "#5fa899", "#267a6d", "#0a4a44"];
const SHAPES = {
  circle: "M14 3a11 11 0 1 0 .01 0Z",
  square: "M4 4h20v20H4Z",
  diamond: "M14 1 27 14 14 27 1 14Z",
  triangle: "M14 2 27 25 1 25Z",
  pentagon: "M14 2 26 11 21 25 7 25 2 11Z",
  hexagon: "M8 3h12l6 11-6 11H8L2 14Z",
  line: "M2 10h24v8H2Z",
};
const SVG = "http://www.w3.org/2000/svg";

/**
 * Without `onOpen` there are no items: a map to point at a spot with its middle.
 * @param {HTMLElement} el
 * @param {{bounds: number[], maxZoom?: number, onMove: Function, onOpen?: Function}} options
 */
export function createMap(el, { bounds, maxZoom = 18, onMove, onOpen }) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // One finger scrolls the page; two move the map, by Leaflet's pinch.
  const touch = matchMedia("(pointer: coarse)").matches;
  const map = L.map(el, {
    zoomControl: false, keyboard: false, maxZoom, minZoom: 8, scrollWheelZoom: false, dragging: !touch,
    zoomAnimation: !still, fadeAnimation: !still, inertia: !still, zoomSnap: 1,
  });
  map.attributionControl.setPrefix(false);
  L.control.scale({ imperial: false, position: onOpen ? "bottomleft" : "topleft" }).addTo(map);
  const home = L.latLngBounds([[bounds[1], bounds[0]], [bounds[3], bounds[2]]]);
  map.fitBounds(home, { animate: false });
  const items = onOpen ? layerOfItems(el, map, onOpen) : { place() {} };
  map.on("moveend zoomend resize", () => { items.place(); onMove(); });
  // A page is scrolled with the wheel until somebody has chosen the map.
  el.addEventListener("focusin", () => map.scrollWheelZoom.enable());
  el.addEventListener("focusout", () => map.scrollWheelZoom.disable());
  const pan = (x, y, far) => map.panBy([x * (far ? PAN_FAR : PAN), y * (far ? PAN_FAR : PAN)], { animate: !still });
  el.addEventListener("keydown", (event) => movedByKey(event, el, map, pan));
  return {
    pan,
    zoom: (by) => map.setZoom(map.getZoom() + by, { animate: !still }),
    all: () => map.fitBounds(home, { animate: false }),
    view() {
      const b = map.getBounds();
      const width_m = map.distance([b.getCenter().lat, b.getWest()], [b.getCenter().lat, b.getEast()]);
      return { west: b.getWest(), south: b.getSouth(), east: b.getEast(), north: b.getNorth(), zoom: map.getZoom(), width_m };
    },
    centre: () => map.getCenter(),
    setView: (lat, lon, zoom) => map.setView([lat, lon], zoom, { animate: false }),
    show(id, lon, lat) {
      map.setView([lat, lon], Math.max(map.getZoom(), 15), { animate: false });
      return items.focus(id);
    },
    setItems: items.set,
    focusItem: items.focus,
    pressed: items.pressed,
    addTiles: (url, paintRules, labelRules = [], extra = {}) => addTiles(map, url, paintRules, labelRules, extra),
    addPictures: (url, credit) => L.tileLayer(url, { minZoom: 9, maxZoom, attribution: plain(credit), noWrap: true }).addTo(map),
    style,
    destroy: () => map.remove(),
  };
}

function addTiles(map, url, paintRules, labelRules, extra) {
  protomapsL.leafletLayer({ url, paintRules, labelRules, attribution: "", maxDataZoom: 17, noWrap: true, ...extra }).addTo(map);
}

/** Attribution of an operator's file is text here, whatever it holds. */
export function plain(words) {
  const marks = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return words.replace(/<[^>]*>/g, "").replace(/[&<>"]/g, (mark) => marks[mark]);
}

function movedByKey(event, el, map, pan) {
  if (event.target !== el || event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (moves[event.key]) pan(...moves[event.key], event.shiftKey);
  else if (event.key === "+" || event.key === "=") map.setZoom(map.getZoom() + 1);
  else if (event.key === "-" || event.key === "_") map.setZoom(map.getZoom() - 1);
  else return;
  event.preventDefault();
}

/** Buttons over the map: one Tab stop for all, arrow keys, Home and End between them. */
function layerOfItems(el, map, onOpen) {
  const layer = document.createElement("div");
  layer.className = "cm-items";
  layer.setAttribute("role", "group");
  layer.setAttribute("aria-label", "Things on the map");
  el.append(layer);
  let shown = [];
  let current = 0;

  function place() {
    for (const { item, button } of shown) {
      const at = map.latLngToContainerPoint([item.lat, item.lon]);
      button.style.transform = `translate(${Math.round(at.x)}px, ${Math.round(at.y)}px)`;
    }
  }

  function rove(to, focus) {
    if (!shown.length) return;
    current = (to + shown.length) % shown.length;
    shown.forEach(({ button }, i) => { button.tabIndex = i === current ? 0 : -1; });
    if (focus) shown[current].button.focus({ preventScroll: true });
  }

  function set(items) {
    const kept = shown[current]?.item.id;
    const held = layer.contains(document.activeElement);
    shown = items.map((item) => ({ item, button: buttonOf(item) }));
    layer.replaceChildren(...shown.map(({ button }) => button));
    place();
    const again = shown.findIndex(({ item }) => item.id === kept);
    rove(Math.max(0, again), held && again >= 0);
    if (held && again < 0) el.focus({ preventScroll: true });
  }

  function focus(id) {
    const at = shown.findIndex(({ item }) => item.id === id);
    if (at >= 0) rove(at, true);
    return at >= 0;
  }

  function pressed(id) {
    shown.forEach(({ item, button }) => button.setAttribute("aria-pressed", String(item.id === id)));
  }

  layer.addEventListener("keydown", (event) => {
    const to = { ArrowRight: current + 1, ArrowDown: current + 1, ArrowLeft: current - 1, ArrowUp: current - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    rove(to, true);
  });
  layer.addEventListener("click", (event) => {
    const at = shown.findIndex(({ button }) => button.contains(event.target));
    if (at < 0) return;
    rove(at, false);
    onOpen(shown[at].item);
  });
  // While it moves the buttons move with it.
  map.on("move zoom", place);
  return { set, place, focus, pressed };
}

function buttonOf(item) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "cm-item";
  button.dataset.id = item.id;
  button.dataset.level = String(item.kind === "group" ? 0 : item.level);
  button.setAttribute("aria-label", nameOf(item));
  button.setAttribute("aria-pressed", "false");
  const label = document.createElement("span");
  if (item.kind === "cluster") {
    button.classList.add("cm-item--cluster");
    button.classList.toggle("cm-item--cross", item.cross_borough);
    label.textContent = String(item.count);
  } else {
    button.append(symbol(item));
    if (item.kind === "group") button.classList.toggle("cm-item--many", true);
    label.textContent = String(item.kind === "group" ? item.count : item.level);
  }
  button.append(label);
  return button;
}

export function nameOf(item) {
  if (item.kind === "group") return item.name;
  if (item.kind === "cluster") {
    const where = item.cross_borough ? `cross-borough cluster, ${item.boroughs.join(", ")}` : `cluster in ${item.boroughs.join(", ")}`;
    return `${item.name}, ${where}, ${item.count} incidents`;
  }
  return `${item.name}, ${item.type}, level ${item.level} of 4, ${item.id}`;
}

function symbol(item) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 28 28");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[item.shape] ?? SHAPES.circle);
  path.setAttribute("fill", item.kind === "group" ? "#ffffff" : LEVELS[item.level] ?? LEVELS[0]);
  path.setAttribute("stroke", "#28203f");
  path.setAttribute("stroke-width", item.kind === "group" ? "2.5" : "1.5");
  svg.append(path);
  return svg;
}
