// Names on the ground: each where it covers no symbol and no other name, else left out.
// Whoever cannot see them hears what the map is around.
const SHIFTS = [[0, 0], [0, 26], [0, -26], [44, 0], [-44, 0], [0, 48], [0, -48], [60, 30], [-60, 30], [60, -30], [-60, -30]];
const FREE = { BOROUGH: 11, TOWN: 5, STATION: 3, PARK: 3 }; // of the shifts above: a station stays at its place
const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

export function layerOfNames(el, point, taken) {
  const layer = document.createElement("div");
  layer.className = "cm-names";
  layer.setAttribute("aria-hidden", "true");
  el.append(layer);
  let names = [];

  function place() {
    for (const { name, mark, shift } of names) {
      const at = point([name.lon, name.lat]);
      mark.style.transform = `translate(${Math.round(at.x + shift[0])}px, ${Math.round(at.y + shift[1])}px) translate(-50%, -50%)`;
    }
  }

  /** Boroughs first, then towns: as they come. */
  function arrange() {
    const full = taken();
    for (const one of names) {
      const at = point([one.name.lon, one.name.lat]);
      const [wide, high] = [one.mark.offsetWidth / 2 + 2, one.mark.offsetHeight / 2];
      const boxAt = ([x, y]) => [at.x + x - wide, at.y + y - high, at.x + x + wide, at.y + y + high];
      const shift = SHIFTS.slice(0, FREE[one.name.kind] ?? 1).find((tried) => {
        const box = boxAt(tried);
        return box[0] > 0 && box[1] > 0 && box[2] < el.clientWidth && box[3] < el.clientHeight && !full.some((other) => meet(box, other));
      });
      one.mark.classList.toggle("is-out", !shift);
      one.shift = shift ?? [0, 0];
      if (shift) full.push(boxAt(shift));
    }
    place();
  }

  function set(list) {
    names = list.map((name) => {
      const mark = document.createElement("span");
      mark.className = `cm-name cm-name--${name.kind.toLowerCase()} is-out`;
      mark.textContent = name.name;
      return { name, mark, shift: [0, 0] };
    });
    layer.replaceChildren(...names.map(({ mark }) => mark));
    arrange();
  }

  return { set, place, arrange };
}
