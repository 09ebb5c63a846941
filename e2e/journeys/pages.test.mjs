// What holds on every page: axe finds nothing in light and in dark, nothing scrolls sideways at 360 px, the browser
// has nothing to complain of. The pages are found through the menu, so that a new one is covered by itself.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { startBrowser } from "../support/browser.mjs";
import { assertAccessible, assertNoSidewaysScroll, assertQuiet } from "../support/checks.mjs";
import { desk, signedIn, visit } from "../support/session.mjs";

let browser;
let paths;
before(async () => {
  browser = await startBrowser();
  paths = await find();
});
after(async () => {
  await browser.close();
});

/** Pages that no menu names: forms, tabs of a record, results, answers to what is not there. */
const FURTHER = [
  "/account",
  "/account/factor",
  "/accounts/new",
  "/accounts/1",
  "/incident/new",
  "/incident/INC-1/edit",
  "/incident/INC-1?tab=related",
  "/incident/INC-1?tab=files",
  "/incident/INC-1?tab=proof",
  "/desk?filter=stat",
  "/search?q=printer",
  "/search?q=nothinghasthisword",
  "/conformity/8.6",
  "/conformity/8.6.1-b",
  "/conformity/4.1-a",
  "/conformity?framework=nist-csf-2.0",
  "/conformity/RS.MA-03?framework=nist-csf-2.0",
  "/frameworks/nist-csf-2.0",
];

/** The menu's pages, the lists that the families' homes name, and of each list the first record. */
async function find() {
  const page = await signedIn(browser, {}, desk.administrator);
  const addresses = (links) => links.map((link) => link.getAttribute("href"));
  const menu = [...new Set(await page.locator("aside nav a").evaluateAll(addresses))];
  for (const home of menu.filter((path) => path.startsWith("/home/"))) {
    await page.goto(new URL(home, page.url()).href);
    const lists = await page.getByRole("main").locator(".kinds h3 a").evaluateAll(addresses);
    menu.push(...lists.filter((path) => !menu.includes(path)));
  }
  const found = new Set([...menu, ...FURTHER]);
  for (const path of menu) {
    await page.goto(new URL(path, page.url()).href);
    const first = page.getByRole("main").locator("tbody a.key").first();
    if ((await first.count()) > 0) found.add(await first.getAttribute("href"));
  }
  await page.context().close();
  return [...found];
}

for (const scheme of ["light", "dark"]) {
  test(`every page is accessible in ${scheme}`, async (context) => {
    const page = await signedIn(browser, { colorScheme: scheme }, desk.administrator);
    assert.ok(paths.length > 20, `the menu leads to ${paths.length} pages`);
    for (const path of paths) {
      await context.test(path, async () => {
        await visit(page, path);
        await assertAccessible(page, `${path} in ${scheme}`);
      });
    }
    assertQuiet(page);
  });
}

test("no page scrolls sideways at 360 px", async (context) => {
  const page = await signedIn(browser, { viewport: { width: 360, height: 740 } }, desk.administrator);
  for (const path of paths) {
    await context.test(path, async () => {
      await visit(page, path);
      await assertNoSidewaysScroll(page, path);
    });
  }
});

test("the ways in, and what is not there, are accessible too", async () => {
  const page = await signedIn(browser, {}, desk.administrator);
  for (const path of ["/nothing-here", "/incident/INC-999999"]) {
    const response = await page.goto(new URL(path, page.url()).href);
    assert.equal(response.status(), 404);
    await assertAccessible(page, path);
  }
  await page.context().clearCookies();
  await visit(page, "/sign-in");
  await assertAccessible(page, "/sign-in");
});
