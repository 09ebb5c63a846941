// An obligation turns: it names the records that break it and why; when they are mended, it conforms.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { startBrowser } from "../support/browser.mjs";
import { assertQuiet } from "../support/checks.mjs";
import { card, desk, fill, recordIncident, signedIn, visit } from "../support/session.mjs";

/** "The organization shall prioritize": impact, urgency and the priority that follows from them. */
const OBLIGATION = "8.6.1-b";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser.close();
});

/** Asks every test anew, as its button does, and opens the obligation. */
async function testNow(page) {
  await visit(page, "/conformity");
  await page.getByRole("button", { name: /^Test everything now/ }).click();
  await page.getByRole("heading", { name: "Clause map" }).waitFor();
  await visit(page, `/conformity/${OBLIGATION}`);
}

/** The obligation's own state: the first tag of the page, beside its number. */
const state = (page) => page.getByRole("main").locator(".tag").first();

/** The records named as exceptions. */
async function exceptions(page) {
  return page.getByRole("main").locator("tbody a.key").allInnerTexts();
}

test("an obligation names who breaks it and why, and conforms when all is mended", async () => {
  const page = await signedIn(browser, {}, desk.administrator);
  const name = await recordIncident(page, "Price tags show yesterday's price", { Service: "SVC-1", Category: "Failure" });
  await testNow(page);
  assert.equal(await state(page).innerText(), "Nonconforming");
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
  assert.match(await row.innerText(), /The impact is not assessed/);
  assert.match(await row.innerText(), /The urgency is not assessed/);
  assert.match(await card(page, "Every incident has its priority from impact and urgency").first().innerText(), /1?\d+ fail/);

  const broken = await exceptions(page);
  assert.ok(broken.length <= 60, `${broken.length} exceptions are few enough to mend by hand`);
  for (const other of broken) {
    await visit(page, `/incident/${other}/edit`);
    await fill(page, { Impact: "Low", Urgency: "Low" });
    await page.getByRole("button", { name: "Save the changes" }).click();
    await page.waitForURL(`**/incident/${other}`);
  }

  await testNow(page);
  assert.deepEqual(await exceptions(page), []);
  assert.equal(await state(page).innerText(), "Conforming");
  assert.match(await card(page, "History").innerText(), /Conforming[\s\S]*Nonconforming/, "the turn is kept");

  // the cell of the map says the same, with a word and not by its colour alone
  await visit(page, "/conformity");
  await page.getByRole("link", { name: `${OBLIGATION} conforming` }).waitFor();
  assertQuiet(page);
});

test("every obligation of the shipped framework has its test", async () => {
  const page = await signedIn(browser, {}, desk.administrator);
  await visit(page, "/conformity");
  assert.match(await page.getByRole("main").innerText(), /no test yet\s+0\b/);
  assert.equal(await page.getByRole("link", { name: /no test yet$/ }).count(), 0);
});
