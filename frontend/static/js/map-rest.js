// What a first view of the map does without: panel, months, boxes beside it, the street map around.

// What is open, in words, beside the map. Text only: a name that is markup is shown as it is.

/** Heading first: it takes the focus. */
export function panelOf(item, shows, onClose) {
  const made = [text("h2", item.name, { tabindex: "-1" }), ...(TOLD[item.kind] ?? TOLD.place)(item, shows)];
  const shut = text("button", "Close", { class: "govuk-button govuk-button--secondary", type: "button" });
  shut.addEventListener("click", onClose);
  const link = { place: "Open place", cluster: "Open cluster" }[item.kind];
  if (link && item.href) made.push(text("a", link, { class: "govuk-button", href: item.href }));
  return [...made, shut];
}

const TOLD = { place: placeParts, cluster: clusterParts, group: groupParts, cell: cellParts };

function placeParts(item, shows) {
  const counts = [];
  if (shows.has("incidents")) counts.push(many(item.count ?? 0, "incident"));
  if (typeof item.reports === "number") counts.push(many(item.reports, "report"));
  return [
    text("p", `${[item.type, levelOf(item), item.stage && `Stage: ${item.stage}`].filter(Boolean).join(". ")}.`),
    text("p", `${joined(item.boroughs) || "Outside every known borough"}.`),
    ...(item.last_on === undefined ? [] : [text("p", item.last_on ? `Last information ${day(item.last_on)}.` : "No information with a date yet.")]),
    ...(counts.length ? [text("p", `${joined(counts)} within these filters.`)] : []),
    text("p", item.id, { class: "cm-secondary" }),
  ];
}

/** Partners are told the stage of a place, and no level. */
function levelOf(item) {
  return item.level === undefined ? "" : `Level ${item.level} of 4${item.level_words ? `: ${item.level_words}` : ""}`;
}

function clusterParts(item) {
  const made = [];
  const names = item.boroughs.map((one) => one.replace(/ [\d,]+$/, ""));
  if (item.cross_borough) made.push(text("p", item.across ? `Cross-borough. ${item.across}` : `Cross-borough: incidents in ${joined(names)}.`, { class: "govuk-!-font-weight-bold" }));
  made.push(text("p", `${many(item.count, "incident")}: ${joined(item.boroughs)}.`));
  made.push(text("p", `Period: ${day(item.first_on)} to ${day(item.last_on)}.`));
  for (const words of item.sure ?? []) made.push(text("p", words));
  return made;
}

/** As close as the map goes, its members are a list. */
function groupParts(item) {
  const list = text("ul", "", { class: "govuk-list" });
  for (const member of item.members) {
    const line = document.createElement("li");
    line.append(text("a", member.name, { class: "govuk-link", href: member.href }), text("span", ` ${member.type}${levelOf(member) ? `, ${levelOf(member).toLowerCase()}` : ""}`, { class: "cm-secondary" }));
    list.append(line);
  }
  const left = item.count - item.members.length;
  return left > 0 ? [list, text("p", `and ${left.toLocaleString("en-GB")} more in the table.`)] : [list];
}

function cellParts(item) {
  return (item.lines ?? [item.words]).filter(Boolean).map((words) => text("p", words));
}

function text(tag, words, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = words;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const many = (n, noun) => `${n.toLocaleString("en-GB")} ${noun}${n === 1 ? "" : "s"}`;
const joined = (list) => (list.length > 1 ? `${list.slice(0, -1).join(", ")} and ${list.at(-1)}` : list[0] ?? "");
const day = (iso) => (iso ? new Date(`${iso}T12:00`).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" }) : "");

// The month slider: map, table, sentence and address follow it.
const STEP_MS = 2500; // [Play]: long enough to read a number
const SETTLE_MS = 250; // a drag over ten months asks for the last one
// What of the page belongs to the filters. Each is filled anew, so that what points at it stays.
const PARTS = ["map-filters", "map-list", "count", "legend", "map-rows", "map-picture", "map-links"];

/**
 * @param {(query: string, words: string) => Promise<void>} show draws the map of other filters
 */
export function stepThroughMonths(show) {
  const range = document.getElementById("month");
  if (!range) return;
  const shown = document.getElementById("month-shown");
  const whole = document.getElementById("month-whole");
  const stops = [...document.querySelectorAll("#month-stops option")].map((option) => ({
    words: option.getAttribute("label"), query: option.dataset.query,
  }));
  let settling = null;
  let asking = null;

  /** In words at once; the map when the hand has come to rest. */
  function chosen() {
    const stop = stops[Number(range.value)];
    range.setAttribute("aria-valuetext", stop.words);
    shown.textContent = stop.words;
    whole.hidden = Number(range.value) === 0;
    clearTimeout(settling);
    settling = setTimeout(() => changeTo(stop), SETTLE_MS);
  }

  async function changeTo(stop) {
    asking?.abort();
    const address = `/map${stop.query ? `?${stop.query}` : ""}`;
    asking = new XMLHttpRequest();
    const page = await pageAt(address, asking);
    if (page === "stopped") return;
    if (!page?.getElementById("map-rows")) return void location.assign(address); // signed out, or an error in words
    replaceParts(page);
    history.replaceState(null, "", `${address}${location.hash}`);
    await show(stop.query, stop.words);
  }

  function goTo(step) {
    range.value = String(step);
    chosen();
  }

  range.addEventListener("input", chosen);
  whole.addEventListener("click", () => {
    goTo(0);
    range.focus();
  });
  whole.hidden = range.value === "0"; // not before a click does something
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) addPlay(range, stops.length - 1, goTo);
  if (range.value !== range.defaultValue) chosen(); // moved before this was there
}

/** Read by the browser as it reads any page: nothing here makes markup of text. */
function pageAt(address, asking) {
  return new Promise((resolve) => {
    asking.open("GET", address);
    asking.responseType = "document";
    asking.addEventListener("load", () => resolve(asking.status === 200 ? asking.responseXML : null));
    asking.addEventListener("error", () => resolve(null));
    asking.addEventListener("abort", () => resolve("stopped"));
    asking.send();
  });
}

/** The page of those filters has the same parts; theirs come in. */
function replaceParts(page) {
  for (const id of PARTS) {
    const here = document.getElementById(id);
    const there = page.getElementById(id);
    if (here && there) here.replaceChildren(...there.childNodes);
  }
}

/** Goes on by itself until the end, or until anybody does anything. */
function addPlay(range, last, goTo) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "govuk-button govuk-button--secondary cm-time__button";
  button.textContent = "Play";
  range.parentElement.append(button);
  let playing = null;

  function stop() {
    clearInterval(playing);
    playing = null;
    button.textContent = "Play";
  }

  function step() {
    if (Number(range.value) >= last) return stop();
    goTo(Number(range.value) + 1);
  }

  button.addEventListener("click", () => {
    if (playing !== null) return stop();
    button.textContent = "Stop";
    if (Number(range.value) >= last) range.value = "0";
    playing = setInterval(step, STEP_MS);
    step();
  });
  range.addEventListener("input", stop);
  document.addEventListener("visibilitychange", () => document.hidden && stop());
  document.addEventListener("keydown", (event) => event.key === "Escape" && stop());
}

// Schools, parks, stations and bus stops, drawn for finding one's way where a box is ticked.
// Decoration: nothing is told by it alone.

const CONTEXT_URL = "/tiles/context/{z}/{x}/{y}.pbf";

export function contextBoxes(engine) {
  const boxes = [...document.querySelectorAll("[data-context]")];
  let drawn = "";
  const draw = () => {
    const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    if (drawn) engine.setContext(drawn, false);
    drawn = [...kinds].join(" ");
    const { contextPaint, contextLabels } = engine.style;
    if (drawn) engine.setContext(drawn, true, CONTEXT_URL, { paint: contextPaint(kinds), labels: contextLabels(kinds) });
  };
  boxes.forEach((box) => box.addEventListener("change", draw));
  draw();
}

// The street map around the view, fetched while nobody waits. Data are never fetched ahead.

const SETTLED_MS = 400;
const MOST = 24; // tiles of one ring
const KEPT = 1000; // addresses remembered
const LANES = 2;

const asked = new Set();
let latest = null;
let waiting = null;
let running = null;
let used = false; // nothing for a map that nobody touches

/** Tiles of a zoom that touch the view, and those one further out. */
export function ringOf(view, maxZoom) {
  const z = Math.max(0, Math.min(view.zoom - 1, maxZoom)); // drawn at 512 pixels a tile
  const n = 2 ** z;
  const column = (lon) => Math.floor(((lon + 180) / 360) * n);
  const row = (lat) => {
    const radians = (lat * Math.PI) / 180;
    return Math.floor(((1 - Math.asinh(Math.tan(radians)) / Math.PI) / 2) * n);
  };
  const [west, east, north, south] = [column(view.west), column(view.east), row(view.north), row(view.south)];
  const found = [];
  for (let x = west - 1; x <= east + 1; x += 1) {
    for (let y = north - 1; y <= south + 1; y += 1) {
      const seen = x >= west && x <= east && y >= north && y <= south;
      if (!seen && x >= 0 && y >= 0 && x < n && y < n) found.push({ z, x, y });
    }
  }
  return found.slice(0, MOST);
}

/** Not on a plan, a slow line, or in the background. */
function welcome() {
  const line = navigator.connection;
  const sparing = line?.saveData || /2g/.test(line?.effectiveType ?? "") || matchMedia("(prefers-reduced-data: reduce)").matches;
  return used && !sparing && document.visibilityState === "visible";
}

/** To be told of each view. */
export function prefetchAround(el, view) {
  if (!el.dataset.basemap) return;
  if (!latest) {
    const touched = () => { if (!used) { used = true; later(el); } };
    for (const sign of ["pointerdown", "pointerenter", "keydown"]) el.addEventListener(sign, touched, { passive: true });
  }
  latest = view;
  later(el);
}

function later(el) {
  clearTimeout(waiting);
  running?.abort();
  if (used) waiting = setTimeout(() => fetchRing(el, latest), SETTLED_MS);
}

async function fetchRing(el, view) {
  if (!welcome()) return;
  running = new AbortController();
  const { signal } = running;
  const addresses = ringOf(view, Number(el.dataset.maxZoom))
    .map(({ z, x, y }) => el.dataset.basemap.replace("{z}", z).replace("{x}", x).replace("{y}", y))
    .filter((address) => !asked.has(address));
  const lane = async () => {
    while (addresses.length && !signal.aborted) {
      const address = addresses.shift();
      try {
        const answer = await fetch(address, { signal, priority: "low" });
        await answer.arrayBuffer(); // or it is not kept
        if (asked.size > KEPT) asked.clear();
        asked.add(address);
      } catch {
        return; // the map itself will say so
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
