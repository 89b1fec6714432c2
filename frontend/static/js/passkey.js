// Asks the browser for a passkey, and sends what it answers with the form. One form a page.

const form = document.querySelector("form[data-passkey]");

/** @param {string} text base64url @returns {Uint8Array} */
function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (symbol) => symbol.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer @returns {string} base64url */
function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Passkeys named in the options. @param {{id: string}[] | undefined} listed */
function named(listed) {
  return (listed ?? []).map((each) => ({ ...each, id: bytes(each.id) }));
}

/** Makes a passkey. @param {object} asked options of the server @returns {Promise<object>} */
async function added(asked) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: named(asked.excludeCredentials),
    },
  });
  return spoken(made, ["clientDataJSON", "attestationObject"]);
}

/** Shows a passkey. @param {object} asked options of the server @returns {Promise<object>} */
async function shown(asked) {
  const found = await navigator.credentials.get({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      allowCredentials: named(asked.allowCredentials),
    },
  });
  return spoken(found, ["clientDataJSON", "authenticatorData", "signature"]);
}

/** As JSON. @param {PublicKeyCredential} credential @param {string[]} parts of its response */
function spoken(credential, parts) {
  const response = Object.fromEntries(parts.map((part) => [part, text(credential.response[part])]));
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

/** @param {"unknown" | "failed"} which sentence of the page is shown */
function say(which) {
  for (const line of form.querySelectorAll("[data-say]")) {
    line.hidden = line.dataset.say !== which;
  }
}

async function send(event) {
  if (form.elements.answer.value) return;
  event.preventDefault();
  if (!form.reportValidity()) return;
  const ask = form.dataset.passkey === "add" ? added : shown;
  try {
    form.elements.answer.value = JSON.stringify(await ask(JSON.parse(form.dataset.options)));
  } catch {
    say("failed"); // closed by the person, no key at hand, or one that is there already
    return;
  }
  form.requestSubmit();
}

if (form) {
  if (window.PublicKeyCredential) form.addEventListener("submit", send);
  else say("unknown");
}
