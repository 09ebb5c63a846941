// One incident from its report to its resolution, as an agent works it.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { startBrowser } from "../support/browser.mjs";
import { assertQuiet } from "../support/checks.mjs";
import { card, fill, recordIncident, signedIn, state, visit } from "../support/session.mjs";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser.close();
});

test("a report without a summary is refused, and the form keeps what was typed", async () => {
  const page = await signedIn(browser);
  await visit(page, "/incident/new");
  await fill(page, { Location: "Store 118, till 4" });
  await page.getByRole("button", { name: "Record it" }).click();
  const alert = page.getByRole("alert").first();
  await alert.waitFor();
  assert.match(await alert.innerText(), /Nothing was written yet/);
  assert.match(await alert.innerText(), /Summary/);
  assert.equal(await page.getByLabel(/^\s*Location/).inputValue(), "Store 118, till 4");
});

test("an incident is recorded, assigned, talked about, refused without a resolution, and resolved", async () => {
  const page = await signedIn(browser);
  const name = await recordIncident(page, "Card payments declined at till 4", { Impact: "Medium", Urgency: "High" });
  await page.getByRole("heading", { level: 1, name: "Card payments declined at till 4" }).waitFor();
  assert.match(await page.getByRole("main").innerText(), /P2/, "impact and urgency give the priority");
  assert.match(await state(page).innerText(), /New/);

  // assign to oneself: the form of the step offers it
  await page.getByRole("main").getByRole("link", { name: /^Assign/ }).click();
  await page.getByRole("main").getByRole("button", { name: /^Assign/ }).click();
  await page.waitForURL(`**/incident/${name}`);
  assert.match(await state(page).innerText(), /Assigned/);

  // a note for staff
  await page.getByLabel("Comment").fill("Both failing tills are pinned to the second gateway.");
  await page.getByLabel("Staff only").check();
  await page.getByRole("button", { name: /^Send/ }).click();
  const note = page.getByRole("list", { name: "Activity" }).getByRole("listitem").filter({ hasText: "second gateway" });
  await note.waitFor();
  assert.match(await note.innerText(), /seen by staff only/);

  // begin, and see what the record owes for its next step
  await page.getByRole("main").getByRole("link", { name: /^Start work/ }).click();
  await page.getByRole("main").getByRole("button", { name: /^Start work/ }).click();
  await page.waitForURL(`**/incident/${name}`);
  const owes = card(page, "What this record still owes");
  assert.match(await owes.innerText(), /Open:\s+Resolution/);
  assert.match(await owes.innerText(), /8\.6\.1/);

  // resolving without saying how is refused, all that is missing at once, and nothing is written
  await page.getByRole("main").getByRole("link", { name: /^Resolve/ }).click();
  await fill(page, { Service: "SVC-1", Category: "Failure" });
  await page.getByRole("main").getByRole("button", { name: /^Resolve/ }).click();
  const alert = page.getByRole("alert").first();
  await alert.waitFor();
  assert.match(await alert.innerText(), /Resolution/);
  assert.match(await alert.innerText(), /Closure code/);
  assert.equal(await page.getByLabel(/^\s*Category/).inputValue(), "Failure", "what was typed is kept");

  // and with it, it is done
  await fill(page, { Resolution: "Moved the till to the second gateway.", "Closure code": "workaround" });
  await page.getByRole("main").getByRole("button", { name: /^Resolve/ }).click();
  await page.waitForURL(`**/incident/${name}`);
  assert.match(await state(page).innerText(), /Resolved/);
  assert.doesNotMatch(await owes.innerText(), /Open:\s+Resolution/, "what it owed is given");

  // every change is in the history, with who and where
  await page.getByRole("link", { name: "History and proof" }).click();
  const history = await page.getByRole("main").innerText();
  for (const word of ["Resolution", "Closure code"]) assert.match(history, new RegExp(word));
  assertQuiet(page);
});
