/** Asks how far it is until it has ended; without this script a button or a link does. */
const EVERY_MS = 2000;
const place = document.querySelector("[data-progress]");
const bar = document.querySelector("progress");
let tries = 900; // half an hour: a screen that was left on keeps no session alive

async function again() {
  try {
    const answer = await fetch(place.dataset.progress);
    const said = await answer.text();
    if (!/"work":"|data-waiting/.test(said)) {
      location.reload();
      return;
    }
    const sofar = said.match(/data-waiting="([^"]*)"/)?.[1]; // "2 of 3": the rest stays as it is
    const shown = place.querySelector("[data-waiting] strong");
    if (sofar && shown && shown.textContent !== sofar) {
      shown.textContent = sofar;
    }
    if (bar) {
      bar.value = JSON.parse(said).percent;
      place.querySelector("label").textContent = `${bar.value} % done`;
    }
  } catch {
    // The network is away: the next try may find it.
  }
  if (bar || --tries) {
    setTimeout(again, EVERY_MS);
  }
}

if (place) {
  setTimeout(again, EVERY_MS);
}
