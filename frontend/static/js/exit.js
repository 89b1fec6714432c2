// Leaves this site at once, so that Back shows nothing of it: a click on the way out, or Shift three
// times within five seconds. Without this script the link does the same; only the key needs it.

const WITHIN_MS = 5_000;
const PRESSES = 3;
const status = document.querySelector("[data-exit-status]");
let pressed = [];

/** Nothing of the page is kept, seen, or restored with its fields. */
function clear() {
  document.documentElement.hidden = true;
  for (const form of document.forms) form.reset();
}

function leave() {
  clear();
  location.replace("/exit");
}

for (const link of document.querySelectorAll("[data-exit]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
}

addEventListener("keyup", (event) => {
  if (event.key !== "Shift") {
    pressed = [];
    return;
  }
  const now = Date.now();
  pressed = [...pressed.filter((at) => now - at < WITHIN_MS), now];
  const left = PRESSES - pressed.length;
  if (left <= 0) leave();
  else if (status && left < PRESSES) status.textContent = `Press Shift ${left} more ${left === 1 ? "time" : "times"} to exit.`;
});

// A page that Back brings from memory asks the server again, which knows whether it may be shown.
addEventListener("pagehide", clear);
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// The first page needs no cookie. The history remembers that a form was begun from it: Back to it
// after leaving is Back to this site, and leaves again.
const start = document.querySelector("[data-start]");
if (start) {
  if (history.state?.begun && !("begun" in start.dataset)) leave();
  start.addEventListener("submit", () => history.replaceState({ begun: true }, ""));
}
