// An invited agent comes in by a passkey and never has a password; an administrator uses one as the second step. The device is
// Chromium's virtual one, which asks for a finger as a real one does.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { openPage, startBrowser } from "../support/browser.mjs";
import { assertAccessible, assertNoSidewaysScroll, assertQuiet } from "../support/checks.mjs";
import { startConfiguredDesk } from "../support/desk.mjs";
import { freePort } from "../support/provider.mjs";

let browser;
let desk;

before(async () => {
  desk = await startConfiguredDesk(await freePort(), "");
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await desk?.stop();
});

/** A page with a device of its own: `verify` says whether it recognizes who holds it. */
async function withDevice(options) {
  const page = await openPage(browser, options);
  const devices = await page.context().newCDPSession(page);
  await devices.send("WebAuthn.enable");
  const { authenticatorId } = await devices.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  const verify = (isUserVerified) => devices.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
  const keys = async () => (await devices.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
  return { page, verify, keys };
}

async function signOut(page) {
  await page.context().clearCookies();
  await page.goto(`${desk.url}/sign-in`);
}

test("an invited agent signs in with a passkey", async () => {
  const invited = desk.command(["account", "create", "--sign-in", "ida", "--name", "Ida Voss", "--role", "agent", "--invite"]);
  assert.equal(invited.status, 0, invited.stderr);
  const link = invited.stdout.trim();
  assert.ok(link.startsWith(`${desk.url}/link/`), link);

  const { page, verify, keys } = await withDevice({ viewport: { width: 390, height: 800 } });
  await page.goto(link);
  await page.getByLabel("Name of the passkey").fill("laptop");
  await assertAccessible(page, "an invitation");
  await assertNoSidewaysScroll(page, "an invitation");
  await page.getByRole("button", { name: "Use a passkey instead" }).click();
  await page.waitForURL(`${desk.url}/desk*`);
  const [made] = await keys();
  assert.ok(made.isResidentCredential, "found without a name");
  assert.equal(made.rpId, "localhost");
  assert.equal((await page.goto(link)).status(), 410, "the link worked once");

  await signOut(page);
  let sent;
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/sign-in/passkey")) sent = request.postData();
  });
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.waitForURL(`${desk.url}/desk*`);
  await page.goto(`${desk.url}/account`);
  assert.ok(await page.getByRole("cell", { name: "laptop", exact: true }).isVisible());
  assert.equal(await page.getByText("by passkey").count(), 2, "both sessions say how they began");
  assert.equal(await page.getByLabel("New password").count(), 0, "there is no password");
  await assertAccessible(page, "an account with a passkey");
  await page.getByRole("link", { name: "Remove the passkey laptop" }).click();
  await assertAccessible(page, "who it is, asked again");
  await page.getByRole("button", { name: "Remove it" }).click();
  assert.match(await page.getByRole("alert").innerText(), /only way in/);

  await signOut(page);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const again = await page.request.post(`${desk.url}/sign-in/passkey`, { headers, data: sent });
  assert.equal(again.status(), 422);
  assert.match(await again.text(), /used already/, "an answer counts once");

  await verify(false);
  await page.goto(`${desk.url}/sign-in`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("alert").getByText("The device gave no passkey").waitFor();
  assert.equal(new URL(page.url()).pathname, "/sign-in", "a device that does not know who holds it opens nothing");
  assertQuiet(page);
  const verified = desk.command(["verify"]);
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
});

test("an administrator is asked for a passkey after the password", async () => {
  const { page } = await withDevice({ colorScheme: "dark" });
  const password = async () => {
    await page.goto(`${desk.url}/sign-in`);
    await page.getByLabel("Name").fill(desk.name);
    await page.getByLabel("Password").fill(desk.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  };
  await password();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  await page.goto(`${desk.url}/account`);
  const form = page.locator("form[data-passkey]");
  await form.getByLabel("Name of the passkey").fill("key on the ring");
  await form.getByLabel("Present password").fill("not the right one");
  await form.getByRole("button", { name: "Register a passkey" }).click();
  await form.getByRole("alert").getByText("The present password is not right").waitFor();
  await form.getByLabel("Present password").fill(desk.password);
  await form.getByRole("button", { name: "Register a passkey" }).click();
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  const code = await page.getByLabel("Recovery codes").getByRole("listitem").first().innerText();
  await assertAccessible(page, "recovery codes");

  await signOut(page);
  await password();
  await page.getByRole("heading", { name: "The second step" }).waitFor();
  await assertAccessible(page, "the second step");
  await page.goto(`${desk.url}/desk`);
  assert.match(page.url(), /\/sign-in\?/, "the password alone opens nothing");
  await password();
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));

  await signOut(page);
  await password();
  await page.getByLabel("Code").fill(code);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  await page.goto(`${desk.url}/account`);
  await page.getByRole("link", { name: "Remove the passkey key on the ring" }).click();
  await page.getByLabel("Present password").fill("not the right one");
  await page.getByRole("button", { name: "Remove it" }).click();
  assert.match(await page.getByRole("alert").innerText(), /password is not right/);
  await page.getByLabel("Present password").fill(desk.password);
  await page.getByRole("button", { name: "Remove it" }).click();
  await page.waitForURL(`${desk.url}/account`);
  await signOut(page);
  await password();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  assertQuiet(page);
});
