// Passkeys: asks the device for one and sends what it answers with the form. A form with `data-passkey` ("new" makes one, "in"
// signs in) is hidden until this file says that the browser can; without it the page offers its other ways.
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => {
    if (!buffer) return null;
    const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const named = (all) => (all ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function ask(kind, options) {
    const publicKey = { ...options, challenge: bytes(options.challenge) };
    if (kind === "new") {
      publicKey.user = { ...options.user, id: bytes(options.user.id) };
      publicKey.excludeCredentials = named(options.excludeCredentials);
      const made = await navigator.credentials.create({ publicKey });
      const { attestationObject, clientDataJSON } = made.response;
      return answer(made, { attestationObject: text(attestationObject), clientDataJSON: text(clientDataJSON) });
    }
    publicKey.allowCredentials = named(options.allowCredentials);
    const used = await navigator.credentials.get({ publicKey });
    const { authenticatorData, clientDataJSON, signature, userHandle } = used.response;
    return answer(used, {
      authenticatorData: text(authenticatorData),
      clientDataJSON: text(clientDataJSON),
      signature: text(signature),
      userHandle: text(userHandle),
    });
  }

  const answer = (credential, response) =>
    JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });

  async function go(form) {
    const begun = await fetch(`${form.getAttribute("action")}/begin`, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const said = await begun.json();
    if (said.wrong) throw new Error(said.wrong);
    form.elements.answer.value = await ask(form.dataset.passkey, said.options);
    form.elements.step.value = said.step;
    form.submit();
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    const wrong = form.querySelector("[role=alert]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      wrong.hidden = true;
      go(form).catch((error) => {
        const ours = error.name === "Error";
        wrong.textContent = ours ? error.message : form.dataset.failed;
        wrong.hidden = false;
        button.disabled = false;
      });
    });
  }
})();
