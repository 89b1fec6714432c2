/** Asks how far the work is until it has ended; without this script a button does. */
const EVERY_MS = 2000;
const place = document.querySelector("[data-progress]");
const bar = document.querySelector("progress");

async function again() {
  try {
    const answer = await fetch(place.dataset.progress, { headers: { accept: "application/json" } });
    const found = await answer.json();
    if (!answer.ok || found.work === null) {
      location.reload();
      return;
    }
    bar.value = found.percent;
    place.querySelector("label").textContent = `${found.percent} % done`;
  } catch {
    // The network is away: the next try may find it.
  }
  setTimeout(again, EVERY_MS);
}

if (place && bar) {
  setTimeout(again, EVERY_MS);
}
