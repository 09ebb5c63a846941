// What must hold on every page: no accessibility violation, no horizontal scroll, no complaint of the browser.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Runs axe on the page as it stands and returns one line a violation, with the element. */
export async function violations(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return result.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${violation.help} — ${node.html.slice(0, 160)} (${node.any[0]?.message ?? node.failureSummary})`),
  );
}

/** Fails with all violations at once. */
export async function assertAccessible(page, name) {
  const found = await violations(page);
  assert.deepEqual(found, [], `${name} has ${found.length} accessibility violations`);
}

/** The elements that stick out to the right of the window, widest first; empty where nothing scrolls sideways. */
export async function overflowing(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
      .map((element) => ({ element, right: element.getBoundingClientRect().right }))
      .filter(({ right }) => right > width + 0.5)
      .sort((a, b) => b.right - a.right)
      .slice(0, 5)
      .map(({ element, right }) => `<${element.tagName.toLowerCase()} class="${element.className}"> ends at ${Math.round(right)} of ${width}`);
  });
}

/** Fails where the page scrolls sideways. */
export async function assertNoSidewaysScroll(page, name) {
  assert.deepEqual(await overflowing(page), [], `${name} scrolls sideways`);
}

/** Fails where the browser complained since the page was opened. */
export function assertQuiet(page) {
  assert.deepEqual(page.complaints, [], "the browser complained");
}
