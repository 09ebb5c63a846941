// Two people change the same record: the second is told what changed and chooses.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { startBrowser } from "../support/browser.mjs";
import { assertAccessible } from "../support/checks.mjs";
import { fill, recordIncident, signedIn, visit } from "../support/session.mjs";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser.close();
});

test("a stale form is not written over what another wrote; one chooses field by field", async () => {
  const first = await signedIn(browser);
  const second = await signedIn(browser);
  const name = await recordIncident(first, "Printer in building C prints blank pages", { Location: "Building C" });
  await visit(first, `/incident/${name}/edit`);
  await visit(second, `/incident/${name}/edit`);

  await fill(second, { Location: "Building C, second floor" });
  await second.getByRole("button", { name: "Save the changes" }).click();
  await second.waitForURL(`**/incident/${name}`);

  await fill(first, { Location: "Building D", Symptom: "Blank pages" });
  await first.getByRole("button", { name: "Save the changes" }).click();
  await first.getByRole("heading", { level: 1, name: `${name} was changed meanwhile` }).waitFor();
  const said = await first.getByRole("main").innerText();
  assert.match(said, /Location is now Building C, second floor, by /, "who changed what is said");
  assert.match(said, /Building C, second floor/);
  assert.match(said, /Building D/);
  assert.match(said, /Blank pages/, "what only this one changed is kept");
  await assertAccessible(first, "the conflict page");

  await first.getByLabel(/Keep mine/).check();
  await first.getByRole("button", { name: "Write it so" }).click();
  await first.waitForURL(`**/incident/${name}`);
  const facts = await first.getByRole("main").innerText();
  assert.match(facts, /Building D/);
  assert.match(facts, /Blank pages/);
});
