// Five minutes before the hour of an open form is over: a button to have another.

const LASTS_MS = 60 * 60_000;
const BEFORE_MS = 5 * 60_000;
const line = document.querySelector("[data-stay]");
const token = document.querySelector("input[name=token]");
let offer = 0;
let end = 0;

function begin() {
  clearTimeout(offer);
  clearTimeout(end);
  line.querySelector("button")?.remove();
  offer = setTimeout(ask, LASTS_MS - BEFORE_MS);
  // Whoever left it open is not left with an open page.
  end = setTimeout(() => location.replace("/exit"), LASTS_MS);
}

function ask() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "govuk-button govuk-button--secondary cm-stay__button";
  button.textContent = "Keep this page open";
  button.addEventListener("click", stay);
  line.setAttribute("role", "alert");
  line.append(" It closes in five minutes. ", button);
}

async function stay() {
  const body = new URLSearchParams({ token: token.value });
  const answer = await fetch("/report/stay", { method: "POST", body }).catch(() => null);
  if (!answer?.ok) return;
  line.removeAttribute("role");
  line.textContent = "This page stays open for one more hour.";
  begin();
}

if (line && token) begin();
