/** Loads a page anew when what it tells has changed; the browser keeps the place in it. */
const EVERY_MS = 60_000;
const part = document.querySelector("[data-state]");
let tries = 30; // half an hour: a screen that was left on keeps no session alive

/** @returns {boolean} whether somebody is in the middle of the page */
function inUse() {
  const chosen = document.getSelection();
  const { activeElement } = document;
  return document.hidden || !chosen.isCollapsed || activeElement !== document.body;
}

async function again() {
  try {
    if (!inUse()) {
      const said = await (await fetch(location.pathname)).text();
      const state = said.match(/data-state="([0-9a-f]+)"/)?.[1];
      if (state && state !== part.dataset.state && !inUse()) {
        location.reload();
        return;
      }
    }
  } catch {
    // The network is away: the next try may find it.
  }
  if (--tries) {
    setTimeout(again, EVERY_MS);
  }
}

if (part) {
  setTimeout(again, EVERY_MS);
}
