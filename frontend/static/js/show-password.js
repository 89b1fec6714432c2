// Lets people see the password they type; it is hidden again when the form is sent.

for (const button of document.querySelectorAll("button[data-show]")) {
  const field = document.getElementById(button.dataset.show);
  const words = [button.firstChild.textContent, button.dataset.hide];

  /** @param {boolean} shown */
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.firstChild.textContent = words[Number(shown)];
  };

  button.addEventListener("click", () => show(field.type === "password"));
  field.form.addEventListener("submit", () => show(false)); // so that no browser remembers it as text
}
