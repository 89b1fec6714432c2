// Pointing at a spot: a cross over a map that moves under it. Without this the form works with a
// picture from the server.
import { createMap, helpBy, typing, wide } from "./map-engine.js";

const el = document.getElementById("pin-map");
const canvas = document.getElementById("pin-canvas");
const status = document.getElementById("pin-status");
const help = document.getElementById("pin-help");
const form = el.closest("form");
const CLOSE_ZOOM = 16;
const DECIMALS = 4; // of a degree: about 10 metres
let asking = null;
let waiting = null;
let engine = null;
let located = null; // where the device said it is, until the map is moved from there

/** Where the map cannot be made, the picture stays. */
function start() {
  const shown = el.querySelector("[data-script]");
  shown.hidden = false;
  try {
    const made = createMap(canvas, { bounds: around(Number(el.dataset.lon), Number(el.dataset.lat)), statusEl: status, scale: "topleft" });
    made.setView(Number(el.dataset.lat), Number(el.dataset.lon), Number(el.dataset.zoom));
    ground(made);
    for (const part of form.querySelectorAll("[data-picture]")) part.hidden = true;
    for (const field of form.querySelectorAll("[data-picture] input, [data-picture] button")) field.disabled = true;
    engine = made;
    engine.on("move", moved);
  } catch {
    shown.hidden = true;
  }
}

const around = (lon, lat) => [lon - 0.01, lat - 0.006, lon + 0.01, lat + 0.006];

function ground(map) {
  const { basemap, attribution, maxZoom } = el.dataset;
  const ours = "Contains OS data © Crown copyright and database right 2025";
  if (!basemap) {
    map.setBasemap({ kind: "pictures", url: "/basemap/outline/{z}/{x}/{y}.png", attribution: ours });
    return;
  }
  map.setBasemap({ kind: "tiles", url: basemap, attribution, maxZoom });
}

/** The middle, as it goes into the form. */
function remember() {
  const at = engine.centre();
  form.elements.longitude.value = at.lng.toFixed(6);
  form.elements.latitude.value = at.lat.toFixed(6);
  if (located && (Math.abs(located.lat - at.lat) > 1e-4 || Math.abs(located.lon - at.lng) > 1e-4)) {
    located = null;
    form.elements.accuracy_m.value = "";
  }
}

function moved() {
  if (!engine) return; // while it is made
  remember();
  clearTimeout(waiting);
  waiting = setTimeout(ask, 250);
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const at = engine.centre();
  try {
    const answer = await fetch("/report/where/near", {
      method: "POST",
      signal: asking.signal,
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ longitude: Number(at.lng.toFixed(6)), latitude: Number(at.lat.toFixed(6)) }),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    say(`${words(await answer.json())} ${width()}`);
  } catch (error) {
    if (error.name !== "AbortError") say(`We cannot name this spot at the moment. You can still use it. ${width()}`);
  }
}

function words({ label, inside, borough }) {
  if (inside === "too_far") return `This is too far away for us. Move the map back to ${el.dataset.partnership}.`;
  const near = label ? `The cross is near ${label}` : "The cross is on this spot";
  const where = borough ? `, in ${borough}.` : ".";
  return `${near}${where}${inside === "outside" ? " We will pass it on to the council there." : ""}`;
}

const width = () => `${wide(engine.view())}.`;

const say = (message) => engine?.say(message);

const NOT_FOUND = { 1: "Your device did not share where you are. Move the map instead." };
const NO_PLACE = "Your device could not tell where it is. Move the map instead.";

/** Asked for only here, on a press. */
function locate() {
  if (!navigator.geolocation) {
    say(NO_PLACE);
    return;
  }
  say("Looking for where you are.");
  navigator.geolocation.getCurrentPosition(found, (error) => say(NOT_FOUND[error.code] ?? NO_PLACE), { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
}

function found({ coords }) {
  located = { lat: Number(coords.latitude.toFixed(DECIMALS)), lon: Number(coords.longitude.toFixed(DECIMALS)) };
  form.elements.accuracy_m.value = String(Math.max(10, Math.round(coords.accuracy / 10) * 10));
  const before = located;
  engine.setView(located.lat, located.lon, Math.max(engine.view().zoom, CLOSE_ZOOM));
  located = before;
}

const showHelp = helpBy(help);

start();

if (engine) {
  const actions = { ...engine.moves, locate, help: () => showHelp() };
  el.querySelector("[data-script]").addEventListener("click", (event) => actions[event.target.closest("[data-do]")?.dataset.do]?.());
  form.addEventListener("submit", remember);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") showHelp(false);
    if (event.key === "?" && !typing()) showHelp();
  });
  remember();
  ask();
}
