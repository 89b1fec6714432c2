// Says how many characters are left while somebody writes; the server counts for itself.

const QUIET_MS = 800;

/** @param {number} left @returns {string} */
function words(left) {
  const many = Math.abs(left) === 1 ? "character" : "characters";
  return left < 0 ? `You have ${-left} ${many} too many.` : `You have ${left} ${many} left.`;
}

for (const group of document.querySelectorAll("[data-count]")) {
  const area = group.querySelector("textarea");
  const seen = group.querySelector(".cm-count");
  const spoken = document.createElement("div");
  let waiting = 0;
  spoken.className = "govuk-visually-hidden";
  spoken.setAttribute("aria-live", "polite");
  group.append(spoken);

  area.addEventListener("input", () => {
    const left = Number(group.dataset.count) - area.value.length;
    seen.textContent = words(left);
    seen.classList.toggle("cm-count--over", left < 0);
    clearTimeout(waiting);
    // Each letter would be read out.
    waiting = setTimeout(() => { spoken.textContent = words(left); }, QUIET_MS);
  });
}
