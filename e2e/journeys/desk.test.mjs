// The desk: keys, filters with their mistakes, and what another session does, as it happens.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { startBrowser } from "../support/browser.mjs";
import { assertQuiet } from "../support/checks.mjs";
import { fill, recordIncident, signedIn, visit } from "../support/session.mjs";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser.close();
});

const selected = (page) => page.locator("[data-list] [aria-selected=true]");

test("J and K move, the preview follows, and Enter opens the record", async () => {
  const page = await signedIn(browser);
  await visit(page, "/desk?view=open");
  const keys = page.locator("[data-list] tbody tr td:first-child a");
  const [first, second] = [await keys.nth(0).innerText(), await keys.nth(1).innerText()];
  assert.match(await selected(page).innerText(), new RegExp(first));
  await page.keyboard.press("j");
  assert.match(await selected(page).innerText(), new RegExp(second));
  await page.getByRole("complementary", { name: "Selected record" }).getByRole("link", { name: second, exact: true }).waitFor();
  await page.keyboard.press("k");
  assert.match(await selected(page).innerText(), new RegExp(first));
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/incident/${second}`);
  assertQuiet(page);
});

test("a key opens what it says: N the form, / the search, ? the list of keys", async () => {
  const page = await signedIn(browser);
  await visit(page, "/desk");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type("INC-1");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/incident/INC-1");
  await visit(page, "/desk");
  await page.keyboard.press("n");
  await page.waitForURL("**/incident/new");
  // one types at once, and sends without the mouse
  await page.getByLabel(/^\s*Summary/).and(page.locator(":focus")).waitFor();
  await page.keyboard.type("Label printer jams");
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(/\/incident\/INC-\d+$/);
});

test("a long menu on a low screen shows where one is", async () => {
  const page = await signedIn(browser);
  await page.setViewportSize({ width: 1440, height: 380 });
  const last = await page.locator(".rail .areas nav a:visible").last().getAttribute("href");
  await visit(page, last);
  const [item, menu] = [page.locator(".rail .areas [aria-current]:visible"), page.locator(".rail .areas:visible")];
  const [inner, outer] = [await item.boundingBox(), await menu.boundingBox()];
  assert.ok(inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height + 1, JSON.stringify({ inner, outer }));
  assert.equal(await page.evaluate(() => window.scrollY), 0, "the page itself stays at its beginning");
});

test("a mistake in a filter is shown where it is, and the mended filter lists what it says", async () => {
  const page = await signedIn(browser);
  const name = await recordIncident(page, "Badge printer offline in building C", { Location: "Gate 7" });
  await visit(page, "/desk");
  await page.getByText("Filter and keep as view").click();
  const filter = page.getByLabel("Records for which this holds");
  await filter.fill("locaton == 'Gate 7'");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  const wrong = page.locator("#filter-wrong");
  await wrong.waitFor();
  assert.match(await wrong.innerText(), /At character 1/);
  assert.match(await wrong.innerText(), /location/, "the name that was meant is offered");
  await filter.fill("location == 'Gate 7'");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await page.locator(`#row-${name}`).waitFor();
  const rows = await page.locator("[data-list] tbody tr").count();
  assert.equal(rows, 1);
});

test("what another session records appears without asking, and what it writes on the record as well", async () => {
  const mine = await signedIn(browser);
  const theirs = await signedIn(browser);
  await visit(mine, `/desk?filter=${encodeURIComponent("location == 'Gate 8'")}`);
  await mine.getByText("No incidents meet this view at present.").waitFor();
  const name = await recordIncident(theirs, "Turnstile at gate 8 stays locked", { Location: "Gate 8" });
  await mine.locator(`#row-${name}`).waitFor();

  await visit(mine, `/incident/${name}`);
  await visit(theirs, `/incident/${name}/edit`);
  await fill(theirs, { Summary: "Turnstile at gate 8 stays locked for everybody" });
  await theirs.getByRole("button", { name: "Save the changes" }).click();
  await mine.getByRole("heading", { level: 1, name: "Turnstile at gate 8 stays locked for everybody" }).waitFor();
  assertQuiet(mine);
});
