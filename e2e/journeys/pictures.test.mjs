// The pictures of the README and of docs/. Written to e2e/out; with PROOFDESK_PICTURES=1 to docs/img, for a commit.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../support/browser.mjs";
import { desk, signedIn, visit } from "../support/session.mjs";

const folder = fileURLToPath(new URL(process.env.PROOFDESK_PICTURES ? "../../docs/img" : "../out", import.meta.url));
const LARGEST = 300_000;

let browser;
before(async () => {
  browser = await startBrowser();
  mkdirSync(folder, { recursive: true });
});
after(async () => {
  await browser.close();
});

const WIDE = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1 };

const PICTURES = [
  { name: "desk", path: "/desk?view=open", options: WIDE },
  { name: "desk-dark", path: "/desk?view=open", options: { ...WIDE, colorScheme: "dark" } },
  { name: "desk-390", path: "/desk?view=open", options: PHONE },
  { name: "incident", path: "first of /desk?view=open", options: WIDE },
  { name: "incident-390", path: "first of /desk?view=open", options: PHONE },
  { name: "conformity", path: "/conformity", options: WIDE },
  { name: "obligation", path: "first of /conformity", options: WIDE },
  { name: "figures", path: "/figures", options: WIDE },
];

for (const { name, path, options } of PICTURES) {
  test(`picture of ${name}`, async () => {
    const page = await signedIn(browser, options, desk.name);
    await visit(page, path.replace("first of ", ""));
    if (path.startsWith("first of ")) await visit(page, await first(page, name));
    await page.evaluate(() => document.fonts.ready);
    const file = join(folder, `${name}.png`);
    await page.screenshot({ path: file });
    const size = statSync(file).size;
    assert.ok(size > 10_000, `${name}.png shows something (${size} bytes)`);
    assert.ok(size < LARGEST, `${name}.png has ${size} bytes, ${LARGEST} at most`);
    await page.context().close();
  });
}

/** The record or obligation to show: an urgent record, a nonconforming obligation where there is one. */
async function first(page, name) {
  const links = page.getByRole("main").locator(name === "obligation" ? "a.bad[href^='/conformity/']" : "tbody a.key");
  return links.first().getAttribute("href");
}
