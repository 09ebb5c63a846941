// The checks themselves, on small pages of their own: a check that cannot fail proves nothing.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { openPage, startBrowser } from "./browser.mjs";
import { assertQuiet, overflowing, violations } from "./checks.mjs";

const GOOD = `<!doctype html><html lang="en"><title>Good</title><meta name="viewport" content="width=device-width">
  <main><h1>Good</h1><label>Name <input></label><button>Send</button></main></html>`;

let browser;
before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser.close();
});

test("a good page has no violation and does not scroll sideways", async () => {
  const page = await openPage(browser, { viewport: { width: 360, height: 640 } });
  await page.setContent(GOOD);
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(await overflowing(page), []);
  assertQuiet(page);
});

test("a field without a label and faint text are found", async () => {
  const page = await openPage(browser);
  await page.setContent(GOOD.replace("<label>Name <input></label>", "<input><p style='color:#ccc'>faint</p>"));
  const found = (await violations(page)).join("\n");
  assert.match(found, /^label:/m);
  assert.match(found, /^color-contrast:/m);
});

test("an element wider than the window is named", async () => {
  const page = await openPage(browser, { viewport: { width: 360, height: 640 } });
  await page.setContent(GOOD.replace("<h1>", "<h1 class='wide' style='width:500px'>"));
  assert.match((await overflowing(page)).join("\n"), /wide/);
});

test("an error in a script is a complaint", async () => {
  const page = await openPage(browser);
  await page.setContent(GOOD.replace("</main>", "</main><script>undefined.x</script>"));
  assert.throws(() => assertQuiet(page), /complained/);
});
