// Without scripts everything that reads or submits a form works.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { startBrowser } from "../support/browser.mjs";
import { fill, recordIncident, signedIn, state, visit } from "../support/session.mjs";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser.close();
});

test("without scripts one signs in, reads the desk, records, comments, assigns and searches", async () => {
  const page = await signedIn(browser, { javaScriptEnabled: false });
  await visit(page, "/desk?view=open");
  assert.ok((await page.locator("tbody tr").count()) > 5, "the desk lists open incidents");
  await page.locator("tbody tr a").first().click();
  await page.getByRole("heading", { level: 1 }).waitFor();

  const name = await recordIncident(page, "Shared mailbox is empty after the migration");
  await page.getByLabel("Comment").fill("Seen by the whole team.");
  await page.getByRole("button", { name: /^Send/ }).click();
  assert.match(await page.getByRole("list", { name: "Activity" }).innerText(), /Seen by the whole team/);

  await page.getByRole("main").getByRole("link", { name: /^Assign/ }).click();
  await page.getByRole("main").getByRole("button", { name: /^Assign/ }).click();
  assert.match(await state(page).innerText(), /Assigned/);

  await page.getByRole("searchbox").fill(name);
  await page.getByRole("searchbox").press("Enter");
  assert.match(page.url(), new RegExp(`/incident/${name}$`));
});

test("without scripts a refused step says what is missing", async () => {
  const page = await signedIn(browser, { javaScriptEnabled: false });
  await recordIncident(page, "Slow search in the contract library");
  await page.getByRole("main").getByRole("link", { name: /^Start work/ }).click();
  await fill(page, { Owner: "" });
  await page.getByRole("main").getByRole("button", { name: /^Start work/ }).click();
  assert.match(await page.getByRole("alert").first().innerText(), /Owner/);
});
