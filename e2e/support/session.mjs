// What every journey does first: open a page of the desk under test, sign in, make a record of its own.

import assert from "node:assert/strict";
import { openPage } from "./browser.mjs";

/** Where the desk under test is, and who may sign in; `run.mjs` says so. All of the demo's accounts have one password. */
export const desk = {
  url: process.env.PROOFDESK_URL,
  /** An agent, as most who work here are. */
  name: process.env.PROOFDESK_NAME,
  /** Who may see every page. */
  administrator: "admin",
  password: process.env.PROOFDESK_PASSWORD,
};
if (!desk.url) throw new Error("start the journeys with `node run.mjs`: it fills and serves the desk that they visit");

/** Goes to a path of the desk and expects that there is a page. */
export async function visit(page, path) {
  const response = await page.goto(new URL(path, desk.url).href);
  assert.ok(response.status() < 400, `${path} answered ${response.status()}`);
  return response;
}

/** Signs in through the form and ends where that person begins. */
export async function signIn(page, name = desk.name) {
  await visit(page, "/sign-in");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(desk.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname !== "/" && !url.pathname.startsWith("/sign-in"));
}

/** A page of its own session, signed in. */
export async function signedIn(browser, options, name) {
  const page = await openPage(browser, options);
  await signIn(page, name);
  return page;
}

/**
 * Records an incident through the form and ends on its page; returns its reference. `more` gives further fields by
 * their label; a choice is given by what people read.
 */
export async function recordIncident(page, title, more = {}) {
  await visit(page, "/incident/new");
  await fill(page, { Summary: title, ...more });
  await page.getByRole("button", { name: "Record it" }).click();
  await page.waitForURL(/\/incident\/INC-\d+$/);
  return page.url().match(/INC-\d+/)[0];
}

/** Fills fields by the beginning of their label (a label goes on with what is needed and the clause). */
export async function fill(page, fields) {
  for (const [label, value] of Object.entries(fields)) {
    const field = page.getByRole("main").getByLabel(new RegExp(`^\\s*${label}\\b`)).first();
    // what comes with later steps is folded on a new record
    await field.evaluate((element) => element.closest("details")?.setAttribute("open", ""));
    if ((await field.evaluate((element) => element.tagName)) === "SELECT") await field.selectOption({ label: value });
    else await field.fill(value);
  }
}

/** The state that a record's page says it is in. */
export function state(page) {
  return page.getByRole("list", { name: "Stages" }).locator("[aria-current=step]");
}

/** The card of the record's page with that heading. */
export function card(page, heading) {
  return page.locator("section").filter({ has: page.getByRole("heading", { name: heading, exact: true }) });
}
