// Somebody signs in at a certified provider: the account is made at the first time, roles follow the groups, what is replayed or
// made up opens nothing, and signing out leads to the provider, too.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { openPage, startBrowser } from "../support/browser.mjs";
import { assertAccessible, assertNoSidewaysScroll, assertQuiet } from "../support/checks.mjs";
import { startConfiguredDesk } from "../support/desk.mjs";
import { freePort, startProvider } from "../support/provider.mjs";

const people = new Map();
let browser;
let desk;
let provider;

before(async () => {
  const [port, other] = [await freePort(), await freePort()];
  provider = await startProvider(other, `http://localhost:${port}`, people);
  const configuration = `
[outgoing]
allow = ["127.0.0.1"]
[[provider]]
name = "example"
label = "Example"
issuer = "${provider.issuer}"
client_id = "desk"
client_secret_file = "oidc.secret"
scopes = ["profile", "email", "groups"]
groups_claim = "groups"
roles = { desk = ["agent"], readers = ["auditor"] }
make_accounts = true
[[provider]]
name = "gone"
label = "Gone"
issuer = "http://127.0.0.1:${await freePort()}"
client_id = "desk"
everybody = ["requester"]
`;
  desk = await startConfiguredDesk(port, configuration, { "oidc.secret": "a secret that both sides know\n" });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await desk?.stop();
  await provider?.stop();
});

/** A page whose answers come from this machine only: the provider's own pages ask for a font elsewhere. */
async function page() {
  const opened = await openPage(browser);
  await opened.route(/fonts\.googleapis|fonts\.gstatic/, (route) => route.fulfill({ status: 200, contentType: "text/css", body: "" }));
  return opened;
}

/** To the provider, by an address that somebody kept: it shows the button, and the button begins. */
async function begin(at, query = "") {
  await at.goto(`${desk.url}/sign-in/with/example${query}`);
  assert.ok(at.url().startsWith(desk.url), "an address alone begins nothing");
  await at.getByRole("button", { name: "Sign in with Example" }).click();
  await at.getByPlaceholder("Enter any login").waitFor();
}

/** From the desk to the provider and back, as this person. */
async function come(at, login) {
  await at.goto(`${desk.url}/sign-in`);
  await at.getByRole("button", { name: "Sign in with Example" }).click();
  await at.getByPlaceholder("Enter any login").fill(login);
  await at.getByPlaceholder("and password").fill("anything");
  await at.getByRole("button", { name: "Sign-in" }).click();
  await at.waitForURL(`${desk.url}/**`);
}

test("the first sign-in makes the account, roles follow the groups, and all of it is sealed", async () => {
  people.set("m-7", { name: "Mara Rehn", preferred_username: "Mara", email: "mara@desk.example", email_verified: true, groups: ["desk", "choir"] });
  const first = await page();
  await first.goto(`${desk.url}/sign-in`);
  await assertAccessible(first, "sign-in with a provider");
  await come(first, "m-7");
  await first.goto(`${desk.url}/account`);
  const facts = first.locator("dl.facts");
  assert.match(await facts.innerText(), /Sign-in name\s+mara\s+Roles\s+agent\s/);
  assert.equal(await first.getByText("by example").count(), 1, "the session says by whom");
  assertQuiet(first);

  people.get("m-7").groups = ["readers"];
  const second = await page();
  await come(second, "m-7");
  await second.goto(`${desk.url}/account`);
  assert.match(await second.locator("dl.facts").innerText(), /Roles\s+auditor\s/, "the group's role ended, another began");
  await first.goto(`${desk.url}/account`);
  assert.match(await first.locator("dl.facts").innerText(), /Roles\s+auditor\s/, "in the open session, too");

  people.get("m-7").groups = [];
  const third = await page();
  await come(third, "m-7");
  assert.match(await third.getByRole("alert").innerText(), /None of your groups gives you a role here/);

  const accounts = desk.command(["account", "list"]).stdout;
  assert.equal(accounts.match(/mara/g).length, 1, "one account for one person");
  const verified = desk.command(["verify"]);
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
});

test("an answer that is replayed, made up, or declined opens nothing", async () => {
  people.set("i-8", { name: "Ida Voss", preferred_username: "ida", groups: ["desk"] });
  const at = await page();
  let answer;
  at.on("request", (request) => {
    if (request.url().includes("/sign-in/from/example?")) answer = request.url();
  });
  await come(at, "i-8");
  await at.goto(answer);
  assert.match(await at.getByRole("alert").innerText(), /used already/);
  const fresh = await page();
  await fresh.goto(answer);
  assert.match(await fresh.getByRole("alert").innerText(), /used already/, "nor in another browser");

  // a sign-in of this browser is under way, and an answer to another one comes
  const wrong = await page();
  await begin(wrong);
  await wrong.goto(answer);
  assert.match(await wrong.getByRole("alert").innerText(), /cannot be accepted/);
  await wrong.goto(`${desk.url}/desk`);
  assert.match(wrong.url(), /\/sign-in\?/, "nobody is signed in");

  const mixed = await page();
  await begin(mixed);
  const state = new URL(answer).searchParams;
  state.set("iss", "https://evil.example");
  await mixed.goto(`${desk.url}/sign-in/from/example?${state}`);
  assert.match(await mixed.getByRole("alert").innerText(), /cannot be accepted/);

  const declined = await page();
  await begin(declined, "?next=https://evil.example/");
  await declined.getByRole("link", { name: "Cancel" }).click();
  await declined.waitForURL(`${desk.url}/**`);
  assert.match(await declined.getByRole("alert").innerText(), /^Example did not let you in/);
  await assertAccessible(declined, "a refused sign-in");
  await declined.setViewportSize({ width: 390, height: 800 });
  await assertNoSidewaysScroll(declined, "a refused sign-in");
});

test("a way in leads nowhere else", async () => {
  people.set("i-8", { name: "Ida Voss", preferred_username: "ida", groups: ["desk"] });
  const at = await page();
  await begin(at, "?next=//evil.example/");
  await at.getByPlaceholder("Enter any login").fill("i-8");
  await at.getByPlaceholder("and password").fill("anything");
  await at.getByRole("button", { name: "Sign-in" }).click();
  await at.waitForURL(`${desk.url}/desk*`);
});

test("a local account of the same name is not taken over", async () => {
  people.set("b-9", { name: "Not Bo", preferred_username: "boss", groups: ["desk"] });
  const at = await page();
  await come(at, "b-9");
  assert.match(await at.getByRole("alert").innerText(), /belongs to an account here that is not bound to Example/);
});

test("signing out leads to the provider, which asks again afterwards", async () => {
  people.set("u-3", { name: "Uwe Lang", preferred_username: "uwe", groups: ["desk"] });
  const at = await page();
  await come(at, "u-3");
  await at.getByRole("button", { name: "Sign out" }).click();
  await assertAccessible(at, "signed out");
  await at.getByRole("link", { name: "Sign out at Example, too" }).click();
  await at.getByRole("button", { name: "Yes, sign me out" }).click();
  await at.waitForURL(`${desk.url}/sign-in*`);
  await at.getByRole("button", { name: "Sign in with Example" }).click();
  await at.getByPlaceholder("Enter any login").waitFor();
});

test("who signs out at the provider is signed out here, and nobody else is", async () => {
  people.set("o-5", { name: "Olga Ness", preferred_username: "olga", groups: ["desk"] });
  people.set("p-6", { name: "Piet Moor", preferred_username: "piet", groups: ["desk"] });
  const [olga, piet] = [await page(), await page()];
  await come(olga, "o-5");
  await come(piet, "p-6");
  await olga.goto(`${desk.url}/account`);
  assert.ok(olga.url().endsWith("/account"));
  const leave = await olga.context().newPage();
  await leave.goto(`${provider.issuer}/session/end`);
  await leave.getByRole("button", { name: "Yes, sign me out" }).click();
  await leave.waitForURL(/session\/end\/success/);
  await olga.goto(`${desk.url}/account`);
  assert.match(olga.url(), /\/sign-in/, "the provider said so, and the session is over");
  await piet.goto(`${desk.url}/account`);
  assert.ok(piet.url().endsWith("/account"));
  const verified = desk.command(["verify"]);
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
});

test("a provider that is gone is said plainly", async () => {
  const at = await page();
  await at.goto(`${desk.url}/sign-in`);
  await at.getByRole("button", { name: "Sign in with Gone" }).click();
  assert.match(await at.getByRole("alert").innerText(), /^Gone cannot be reached/);
});
