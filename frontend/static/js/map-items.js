// Things on the map that can be touched: buttons over it, one Tab stop for all, names in words,
// shape by kind of place, a printed number beside each colour. Knows no map program.
const LEVELS = ["#e8f1ee", "#a9d1c6", "#5fa899", "#267a6d", "#0a4a44"];
const SHAPES = {
  circle: "M14 3a11 11 0 1 0 .01 0Z",
  square: "M4 4h20v20H4Z",
  diamond: "M14 1 27 14 14 27 1 14Z",
  triangle: "M14 1 27.5 25.5 .5 25.5Z",
  pentagon: "M14 2 26 11 21 25 7 25 2 11Z",
  hexagon: "M8 3h12l6 11-6 11H8L2 14Z",
  line: "M1 20 8 8h19l-7 12Z",
};
const CLASSES = { MORE: LEVELS[4], FEWER: LEVELS[1] }; // of a square; others are bare, in words and by their edge
const EDGES = { FEWER: "4 2", UNKNOWN: "1.5 1.5" };
const STACK = "M19 1a11 11 0 1 1-.01 0Z"; // behind the circle of a group: there are more
const SVG = "http://www.w3.org/2000/svg";

/** Arrow keys, Home and End go between them in the order of the table. */
export function layerOfItems(el, point, onOpen) {
  const layer = document.createElement("div");
  layer.className = "cm-items";
  layer.setAttribute("role", "group");
  layer.setAttribute("aria-label", "Things on the map");
  let shown = [];
  let current = 0;

  function place() {
    for (const one of shown) {
      one.at = point([one.item.lon, one.item.lat]);
      one.button.style.transform = `translate(${Math.round(one.at.x)}px, ${Math.round(one.at.y)}px)`;
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
    if (shown.length && !layer.isConnected) el.append(layer);
    if (!shown.length) layer.remove();
    place();
    const again = indexOf(kept);
    rove(Math.max(0, again), held && again >= 0);
    if (held && again < 0) el.focus({ preventScroll: true });
  }

  const indexOf = (id) => shown.findIndex(({ item }) => item.id === id);

  function focus(id) {
    const at = indexOf(id);
    if (at >= 0) rove(at, true);
    return at >= 0;
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
  return {
    set, place, focus,
    find: (id) => shown[indexOf(id)]?.item,
    all: () => shown.map(({ item }) => item),
    pressed: (id) => shown.forEach(({ item, button }) => button.setAttribute("aria-pressed", String(item.id === id))),
    /** What the symbols cover, for names that must not lie beneath them. */
    boxes: () => shown.map(({ at, button }) => { const half = button.classList.contains("cm-item--cluster") ? 22 : 15; return [at.x - half, at.y - 15, at.x + half, at.y + 15]; }),
  };
}

function buttonOf(item) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `cm-item cm-item--${item.kind}`;
  button.dataset.id = item.id;
  button.dataset.level = String(item.kind === "place" ? item.level ?? 0 : item.class === "MORE" ? 4 : 0);
  button.setAttribute("aria-label", nameOf(item));
  button.setAttribute("aria-pressed", "false");
  const label = document.createElement("span");
  label.textContent = (item.kind === "place" ? item.level : item.count)?.toLocaleString("en-GB") ?? "";
  if (item.kind === "cluster") button.classList.toggle("cm-item--cross", item.cross_borough);
  else button.append(symbol(item));
  button.append(label);
  return button;
}

export function nameOf(item) {
  if (item.kind === "group") return item.name;
  if (item.kind === "cell") return [item.name, item.words].filter(Boolean).join(", ");
  if (item.kind === "cluster") {
    const where = item.cross_borough ? `cross-borough cluster, ${item.boroughs.join(", ")}` : `cluster in ${item.boroughs.join(", ")}`;
    return `${item.name}, ${where}, ${item.count.toLocaleString("en-GB")} ${item.count === 1 ? "incident" : "incidents"}, ${item.id.slice(0, 6)}`;
  }
  return `${item.name}, ${item.type}, ${item.level === undefined ? item.stage : `level ${item.level} of 4`}, ${item.id}`;
}

function symbol(item) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 28 28");
  svg.setAttribute("aria-hidden", "true");
  const group = item.kind === "group";
  if (group) svg.append(pathOf(STACK, "#ffffff", 1.5));
  const fill = group || item.kind === "cell" ? CLASSES[item.class] ?? "#ffffff" : LEVELS[item.level] ?? LEVELS[0];
  const path = pathOf(group ? SHAPES.circle : SHAPES[item.shape] ?? SHAPES.circle, fill, group ? 2 : 1.5);
  if (EDGES[item.class]) path.setAttribute("stroke-dasharray", EDGES[item.class]);
  svg.append(path);
  return svg;
}

function pathOf(d, fill, width) {
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", d);
  path.setAttribute("fill", fill);
  path.setAttribute("stroke", "#28203f");
  path.setAttribute("stroke-width", String(width));
  return path;
}
