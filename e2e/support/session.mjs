// What every journey does first: open a page of the desk under test, sign in, make a record of its own.

import assert from "node:assert/strict";
import { openPage } from "./browser.mjs";

/** Where the desk under test is, and who may sign in; `run.mjs` says so. */
export const desk = {
  url: process.env.PROOFDESK_URL,
  name: process.env.PROOFDESK_NAME,
  password: process.env.PROOFDESK_PASSWORD,
};
if (!desk.url) throw new Error("start the journeys with `node run.mjs`: it fills and serves the desk that they visit");

/** Goes to a path of the desk and expects that there is a page. */
export async function visit(page, path) {
  const response = await page.goto(new URL(path, desk.url).href);
  assert.ok(response.status() < 400, `${path} answered ${response.status()}`);
  return response;
}

/** Signs in through the form and ends on the desk. */
export async function signIn(page) {
  await visit(page, "/sign-in");
  await page.getByLabel("Name").fill(desk.name);
  await page.getByLabel("Password").fill(desk.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/desk*");
}

/** A page of its own session, signed in. */
export async function signedIn(browser, options) {
  const page = await openPage(browser, options);
  await signIn(page);
  return page;
}

/** Reports an incident through the form and ends on its page; returns its reference. */
export async function reportIncident(page, title, more = {}) {
  await visit(page, "/incident/new");
  await page.getByLabel("Summary").fill(title);
  for (const [label, option] of Object.entries(more)) {
    const field = page.getByLabel(label, { exact: false }).first();
    if ((await field.evaluate((element) => element.tagName)) === "SELECT") await field.selectOption({ label: option });
    else await field.fill(option);
  }
  await page.getByRole("main").getByRole("button", { name: /^(Report|Create|Save)/ }).first().click();
  await page.waitForURL(/\/incident\/INC-\d+$/);
  return page.url().match(/INC-\d+/)[0];
}
