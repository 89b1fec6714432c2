// Says two minutes before a page has been left too long, lets the person stay, and leaves in time.
// Asking the server is using the service: every answer but a static file starts the time anew, and
// pages of one browser tell each other.

const box = document.querySelector("[data-idle-min]");
const BEFORE_MS = 2 * 60_000;
const MARGIN_MS = 5_000; // after the server's own end, which this page must not put off

/** @param {number} at milliseconds @returns {string} as a clock in London shows it */
function clockTime(at) {
  const shown = { hour: "2-digit", minute: "2-digit", timeZone: "Europe/London" };
  return new Date(at).toLocaleTimeString("en-GB", shown);
}

function leave() {
  const here = location.pathname + location.search;
  location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
}

/** @param {HTMLElement} line @param {number} lastsMs */
function watch(line, lastsMs) {
  const others = new BroadcastChannel("contextmap-session");
  const banner = line.querySelector("template").content.firstElementChild;
  let warning = 0;
  let end = 0;

  function warn() {
    const shown = banner.cloneNode(true);
    shown.querySelector("[data-time]").textContent = clockTime(Date.now() + BEFORE_MS);
    shown.querySelector("button").addEventListener("click", stay);
    line.append(shown);
  }

  function begin() {
    clearTimeout(warning);
    clearTimeout(end);
    line.querySelector("[data-banner]")?.remove();
    warning = setTimeout(warn, Math.max(0, lastsMs - BEFORE_MS));
    end = setTimeout(leave, lastsMs + MARGIN_MS);
  }

  function used() {
    begin();
    others.postMessage("used");
  }

  async function stay() {
    const answer = await fetch("/account/stay").catch(() => null);
    if (answer?.ok) used();
    else if (answer) leave();
  }

  others.addEventListener("message", begin);
  new PerformanceObserver((list) => {
    const asked = list.getEntries().filter((entry) => entry.initiatorType === "fetch");
    if (asked.some((entry) => !new URL(entry.name).pathname.startsWith("/static/"))) used();
  }).observe({ type: "resource" });
  used();
}

if (box) watch(box, Number(box.dataset.idleMin) * 60_000);
