// The way in and out.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { openPage, startBrowser } from "../support/browser.mjs";
import { assertQuiet } from "../support/checks.mjs";
import { desk, signIn, visit } from "../support/session.mjs";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser.close();
});

test("a wrong password is refused, without saying which of the two was wrong, and the right one leads to the desk", async () => {
  const page = await openPage(browser);
  await visit(page, "/sign-in");
  await page.getByLabel("Name").fill(desk.name);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  const said = await page.getByRole("alert").innerText();
  assert.doesNotMatch(said, /unknown|no such/i);
  assert.equal(await page.getByLabel("Name").inputValue(), desk.name, "what was typed is kept");
  await page.getByLabel("Password").fill(desk.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Desk" }).waitFor();
  assertQuiet(page);
});

test("a page that needs a sign-in is where one ends after it", async () => {
  const page = await openPage(browser);
  await visit(page, "/log");
  assert.match(page.url(), /\/sign-in\?next=/);
  await page.getByLabel("Name").fill(desk.name);
  await page.getByLabel("Password").fill(desk.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/log");
});

test("signing out ends the session, also for the way back", async () => {
  const page = await openPage(browser);
  await signIn(page);
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await page.waitForURL("**/sign-in*");
  await page.goBack();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
});
