// Drawing where one feels safe: squares are marked by a finger, a mouse or the keyboard. Without
// this the form has boxes to tick. The form's own fields are the drawing; nothing stays on the device.
const form = document.getElementById("drawing");
const grid = document.getElementById("squares");
const status = document.getElementById("draw-status");
const squares = [...grid.querySelectorAll("[data-square]")];
const fields = [...form.querySelectorAll("[data-colour]")];
const SIDE = 8;
const SAYS = new Map([...form.querySelectorAll("[name=pen]")].map((pen) => [pen.value, pen.closest("label").lastElementChild.textContent]));
const strokes = []; // each a list of squares with what they were before
let stroke = null;
let pen = "";

const chosen = () => form.elements.pen.value;

function start() {
  const ticks = form.querySelector("[data-ticks]");
  for (const box of ticks.querySelectorAll("input")) {
    if (box.checked) show(square(box.name.split("_")[1]), box.name.split("_")[0].toUpperCase());
    box.disabled = true;
  }
  ticks.hidden = true;
  for (const field of fields) field.disabled = false;
  form.querySelector("[data-script]").hidden = false;
  write();
  grid.addEventListener("pointerdown", down);
  grid.addEventListener("pointermove", over);
  for (const end of ["pointerup", "pointercancel"]) grid.addEventListener(end, up);
  grid.addEventListener("keydown", key);
  form.addEventListener("click", (event) => {
    if (event.target.dataset.do === "undo") undo();
    if (event.target.dataset.do === "clear") clear();
  });
}

const square = (name) => squares.find((one) => one.dataset.square === name);

/** What a square is, for the eye and for a screen reader. */
function show(one, colour) {
  if (colour) one.dataset.is = colour;
  else delete one.dataset.is;
  one.setAttribute("aria-label", colour ? `${one.dataset.square}: ${SAYS.get(colour)}` : one.dataset.square);
}

function write() {
  for (const field of fields) {
    const own = squares.filter((one) => one.dataset.is === field.dataset.colour);
    field.value = own.map((one) => one.dataset.square).join(" ");
  }
}

function mark(one, colour) {
  const was = one.dataset.is ?? "";
  if (was === colour) return;
  stroke.push([one, was]);
  show(one, colour);
  write();
}

function finish(words) {
  if (stroke?.length) strokes.push(stroke);
  stroke = null;
  const n = squares.filter((one) => one.dataset.is).length;
  status.textContent = words ?? `${n} ${n === 1 ? "square is" : "squares are"} marked.`;
}

/** A second touch of the same colour takes it away; a stroke then rubs out. */
function begin(one) {
  stroke = [];
  pen = one.dataset.is === chosen() ? "" : chosen();
  mark(one, pen);
}

function down(event) {
  const one = event.target.closest("[data-square]");
  if (!one || event.button) return;
  event.preventDefault();
  grid.setPointerCapture(event.pointerId);
  begin(one);
}

function over(event) {
  if (!stroke) return;
  const one = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-square]");
  if (one) mark(one, pen);
}

function up() {
  if (stroke) finish();
}

function key(event) {
  const one = event.target.closest("[data-square]");
  if (!one || event.ctrlKey || event.altKey || event.metaKey) return;
  const at = squares.indexOf(one);
  const column = at % SIDE;
  const to = { ArrowLeft: column ? at - 1 : at, ArrowRight: column < SIDE - 1 ? at + 1 : at, ArrowUp: at - SIDE, ArrowDown: at + SIDE, Home: at - column, End: at - column + SIDE - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    if (squares[to]) focus(squares[to], one);
  } else if (event.key === " " || event.key === "Enter") {
    event.preventDefault();
    begin(one);
    finish(one.getAttribute("aria-label") + (one.dataset.is ? "" : ": not marked"));
  }
}

function focus(one, before) {
  before.tabIndex = -1;
  one.tabIndex = 0;
  one.focus();
}

function undo() {
  for (const [one, was] of (strokes.pop() ?? []).reverse()) show(one, was);
  write();
  finish();
}

function clear() {
  stroke = [];
  for (const one of squares) mark(one, "");
  finish();
}

start();
