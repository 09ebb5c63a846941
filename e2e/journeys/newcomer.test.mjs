// A newcomer: the first administrator of an empty desk is led to set-up, answers its questions, sees what would be made,
// makes it, and comes to a first conformity page that says the truth.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPage, startBrowser } from "../support/browser.mjs";
import { assertAccessible, assertNoSidewaysScroll, assertQuiet } from "../support/checks.mjs";
import { startEmptyDesk } from "../support/desk.mjs";

const out = fileURLToPath(new URL("../out", import.meta.url));
const WHO = "Ilse Brandt";

let browser;
let desk;
before(async () => {
  mkdirSync(out, { recursive: true });
  desk = await startEmptyDesk("ilse", WHO);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await desk?.stop();
});

/** Opens a page of the empty desk and signs in; ends on the first page. */
async function begin(options) {
  const page = await openPage(browser, options);
  await page.goto(desk.url);
  await page.getByLabel("Name").fill(desk.name);
  await page.getByLabel("Password").fill(desk.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  return page;
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
const next = (page) => page.getByRole("main").getByRole("button", { name: "Next", exact: true }).last().click();
const row = (page, question, number) =>
  page.getByRole("group", { name: question }).getByRole("group", { name: `Row ${number}`, exact: true });
const picture = (page, name) => page.screenshot({ path: join(out, `newcomer-${name}.png`), fullPage: true });

test("an empty desk leads its administrator to set-up", async () => {
  const page = await begin();
  await heading(page, "Set up this desk");
  assert.match(await page.getByRole("main").innerText(), /0 of 27 answered/);
  await picture(page, "1-begin");
  // and so do the first pages that he may come to
  for (const path of ["/desk", "/conformity"]) {
    await page.goto(new URL(path, desk.url).href);
    await page.getByRole("link", { name: "Set up this desk" }).waitFor();
  }
  assertQuiet(page);
  await page.context().close();
});

test("what is wrong is said at its question, and nothing typed is lost", async () => {
  const page = await begin();
  await page.getByRole("link", { name: "Begin" }).click();
  await heading(page, "Organization and people");
  await page.getByLabel("What is your organization called?").fill("Retail IT");
  await page.getByLabel("In which time zone").fill("Europe/Berlim");
  await row(page, "Who works with you?", 2).getByLabel("Position").fill("Managing director");
  await next(page);
  const alert = page.getByRole("alert");
  await alert.waitFor();
  const says = await alert.innerText();
  assert.match(says, /Where do they work\?: Answer this/);
  assert.match(says, /There is no time zone `Europe\/Berlim`/);
  assert.match(says, /row 2, name: Name is missing/);
  assert.equal(await page.getByLabel("What is your organization called?").inputValue(), "Retail IT");
  await picture(page, "2-refused");

  // away and back: it is all there
  await page.goto(desk.url);
  await page.getByRole("link", { name: "Go on" }).waitFor();
  await page.getByRole("link", { name: "Organization and people" }).click();
  assert.equal(await page.getByLabel("In which time zone").inputValue(), "Europe/Berlim");
  assertQuiet(page);
  await page.context().close();
});

test("from questions to the first conformity page", { timeout: 300_000 }, async () => {
  const page = await begin();
  await page.goto(new URL("/setup/organization", desk.url).href);
  await page.getByLabel("What is your organization called?").fill("Retail IT");
  await page.getByLabel("Which parts of it").fill("Service desk\nNetwork");
  await page.getByLabel("Where do they work?").fill("Wiesbaden");
  await page.getByLabel("What lies outside").fill("Marketing agencies");
  await page.getByLabel("In which time zone").fill("Europe/Berlin");
  const people = [WHO, "Clara Weiss", "Otto Reiter", "Priya Nair"];
  for (const [i, name] of people.entries()) {
    if (i === 3 || !(await row(page, "Who works with you?", i + 1).count())) {
      await page.getByRole("button", { name: "More rows" }).click();
      await row(page, "Who works with you?", i + 4).waitFor();
    }
    await row(page, "Who works with you?", i + 1).getByLabel("Name").fill(name);
  }
  await next(page);

  await heading(page, "Roles");
  assert.equal(await page.getByLabel("SMS manager").inputValue(), WHO, "who sets up is proposed");
  for (const [role, name] of [
    ["Top management", "Clara Weiss"],
    ["Internal auditor", "Otto Reiter"],
    ["Approves changes", "Priya Nair"],
    ["Approves releases", "Priya Nair"],
    ["Approves budgets", "Clara Weiss"],
    ["Accepts high risks", "Clara Weiss"],
    ["Leads major incidents", "Priya Nair"],
    ["Approves documents", "Clara Weiss"],
    ["Relationship with customers", "Priya Nair"],
    ["Relationship with suppliers", "Priya Nair"],
    ["Information security", "Priya Nair"],
  ]) await page.getByLabel(role, { exact: true }).selectOption(name);
  const owners = page.getByRole("group", { name: "Who owns the processes?" }).getByRole("combobox");
  for (let i = 0; i < 6; i += 1) await owners.nth(i).selectOption(i < 3 ? WHO : "Priya Nair");
  await picture(page, "3-roles");
  await next(page);

  await heading(page, "Customers and services");
  const customer = row(page, "Who gets services from you?", 1);
  await customer.getByLabel("Name").fill("Retail North");
  await customer.getByLabel("Who they are").selectOption({ label: "Part of our organization" });
  await customer.getByLabel("Who keeps the relationship").selectOption("Priya Nair");
  const service = row(page, "Which services do you deliver?", 1);
  await service.getByLabel("Name").fill("Point of sale");
  await service.getByLabel("What it is (needed)", { exact: true }).fill("Tills, card payments and receipts");
  await service.getByLabel("What it is meant to bring").fill("Every customer can pay");
  await service.getByLabel("What it depends on").fill("none");
  await service.getByLabel("Owner").selectOption("Priya Nair");
  await service.getByLabel("How critical").selectOption({ label: "Critical" });
  await service.getByLabel("Live since").fill("2024-05-02");
  await picture(page, "4-services");
  await next(page);

  await heading(page, "Hours and targets");
  await page.getByLabel("On which days is that different?").fill("2026-12-25 closed");
  await picture(page, "5-promises");
  // back and forth: what was typed before is there
  await page.getByRole("button", { name: "Back" }).click();
  await heading(page, "Customers and services");
  assert.equal(await row(page, "Which services do you deliver?", 1).getByLabel("Name").inputValue(), "Point of sale");
  await next(page);
  await heading(page, "Hours and targets");
  await next(page);
  await heading(page, "Context and documents");
  await picture(page, "6-context");
  await next(page);
  await heading(page, "Rhythm");
  await picture(page, "7-rhythm");
  await next(page);

  await heading(page, "What will be made");
  const summary = await page.getByRole("main").textContent(); // what is folded, too
  for (const word of ["Incident management", "Review of the context", "Point of sale", "First management review"]) {
    assert.match(summary, new RegExp(word), word);
  }
  await picture(page, "8-summary");
  await assertAccessible(page, "the summary");
  await page.getByRole("button", { name: /^Make \d+ records$/ }).first().click();

  await page.getByRole("heading", { level: 1, name: "Your desk is set up" }).waitFor({ timeout: 120_000 });
  await picture(page, "9-made");
  await assertAccessible(page, "what was made");
  const made = await page.getByRole("main").innerText();
  const turned = Number(made.match(/(\d+) turned with set-up/)[1]);
  assert.ok(turned >= 5, `${turned} obligations turned`);
  const steps = page.locator("section").filter({ has: page.getByRole("heading", { name: "The next steps" }) }).getByRole("listitem");
  assert.equal(await steps.count(), 10);

  // the conformity page is honest: what people have not done does not hold
  await page.getByRole("link", { name: "Open the conformity page" }).click();
  await heading(page, /ISO\/IEC 20000-1/);
  const cell = (id, state) => page.getByRole("main").getByRole("link", { name: `${id} ${state}`, exact: true });
  await cell("9.3-a", "not proven").or(cell("9.3-a", "nonconforming")).first().waitFor();
  assert.equal(await page.getByRole("main").getByRole("link", { name: / conforming$/ }).count(), turned);
  await picture(page, "10-conformity");

  // the first page is the desk from now on, and going through the questions again makes nothing twice
  await page.goto(desk.url);
  await heading(page, "Desk");
  assert.equal(await page.getByRole("link", { name: "Set up this desk" }).count(), 0);
  await page.goto(new URL("/setup/summary", desk.url).href);
  await page.getByText("Everything that follows from your answers is there").waitFor();
  assertQuiet(page);
  await page.context().close();
});

test("without scripts, on a telephone, and readable for everybody", async () => {
  for (const options of [{ javaScriptEnabled: false }, { viewport: { width: 360, height: 780 } }, { colorScheme: "dark" }]) {
    const page = await begin(options);
    for (const name of ["", "/organization", "/roles", "/services", "/promises", "/context", "/rhythm", "/summary", "/made"]) {
      await page.goto(new URL(`/setup${name}`, desk.url).href);
      await page.getByRole("heading", { level: 1 }).waitFor();
      if (options.javaScriptEnabled !== false) await assertAccessible(page, `/setup${name}`);
      if (options.viewport) await assertNoSidewaysScroll(page, `/setup${name}`);
    }
    await page.goto(new URL("/setup/promises", desk.url).href);
    await page.getByLabel("On which days is that different?").fill("2026-12-25 closed\n2026-12-24 08:00-12:00");
    await next(page);
    await heading(page, "Context and documents");
    await page.goto(new URL("/setup/summary", desk.url).href);
    await page.getByRole("heading", { level: 1, name: "What will be made" }).waitFor();
    assertQuiet(page);
    await page.context().close();
  }
});
