// Starts Debian's Chromium and gives pages to a journey; knows nothing of Proofdesk.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const CANDIDATES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Nothing but the page under test may use the network, and a container has no sandbox and little shared memory. */
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--force-color-profile=srgb",
  "--font-render-hinting=none",
];

/** Starts the browser; close it in `after`. */
export async function startBrowser() {
  const executablePath = CANDIDATES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Chromium found: install it (apt install chromium) or set CHROMIUM to its path");
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/**
 * Opens a page of its own session. What the page complains about (script errors, a refused resource, a
 * server error) is kept in `page.complaints`, so that a journey can say at its end that there was nothing.
 */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: "light",
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(`script error: ${error.message}`));
  page.on("console", (message) => {
    // The browser notes every answer that is not a success; expected refusals (409, 422) are such answers too.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) page.complaints.push(`console: ${message.text()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 500) page.complaints.push(`${response.status()} from ${response.url()}`);
  });
  return page;
}
