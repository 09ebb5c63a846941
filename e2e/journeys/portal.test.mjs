// Customers' people in the portal: reporting on a phone, approving on a phone, German, without scripts.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPage, startBrowser } from "../support/browser.mjs";
import { assertAccessible, assertNoSidewaysScroll, assertQuiet } from "../support/checks.mjs";
import { desk, fill, signedIn, state, visit } from "../support/session.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };
const pictures = fileURLToPath(new URL("../out", import.meta.url));

let browser;
before(async () => {
  browser = await startBrowser();
  mkdirSync(pictures, { recursive: true });
});
after(async () => {
  await browser.close();
});

/** Signs in in whichever language and ends in the portal. */
async function customer(name, options = {}) {
  const page = await openPage(browser, options);
  await visit(page, "/");
  await page.locator("#sign_in").fill(name);
  await page.locator("#password").fill(desk.password);
  await page.locator("form button").click();
  await page.waitForURL("**/portal");
  return page;
}

async function looksRight(page, name) {
  await assertAccessible(page, name);
  await assertNoSidewaysScroll(page, name);
}

/** Whatever names a control for assistive technology holds the text that is seen on it. */
async function assertNamesHoldText(page, name) {
  const wrong = await page.evaluate(() =>
    [...document.querySelectorAll("button[aria-label], a[aria-label], summary[aria-label]")]
      .filter((e) => !e.getAttribute("aria-label").includes(e.innerText.trim()))
      .map((e) => e.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(wrong, [], name);
}

test("a customer reports on a phone, an agent answers and resolves, the customer confirms and rates", async () => {
  const page = await customer("elif", PHONE);
  await page.getByRole("textbox", { name: "Describe it in your own words" }).pressSequentially("card payments declined");
  await page.getByText("We know about this:").waitFor();
  await looksRight(page, "offers on a phone");
  await page.getByRole("link", { name: "This affects me too" }).first().click();
  await page.getByLabel("What is the matter").fill("Till 4 of store 118, since half past eight.");
  await looksRight(page, "report on a phone");
  await page.getByRole("button", { name: "Send" }).click();
  await page.waitForURL(/\/portal\/incident\/INC-\d+/);
  const name = page.url().match(/INC-\d+/)[0];
  assert.match(await page.getByRole("status").innerText(), new RegExp(name));

  const agent = await signedIn(browser, {}, "mara");
  await visit(agent, `/incident/${name}`);
  await agent.getByLabel("Comment").fill("Please use the second payment route; we are on it.");
  await agent.getByRole("button", { name: /^Send/ }).click();
  for (const [step, fields] of [
    ["Start work", { Owner: "Mara Rehn" }],
    ["Resolve", { Resolution: "The first route is back.", "Closure code": "fixed", Category: "Failure" }],
  ]) {
    await visit(agent, `/incident/${name}`);
    await agent.getByRole("main").getByRole("link", { name: new RegExp(`^${step}`) }).click();
    if (step === "Resolve") {
      const edit = agent.getByLabel(/^Impact/);
      if (await edit.count()) await edit.selectOption({ label: "Medium" });
    }
    await fill(agent, fields);
    await agent.getByRole("main").getByRole("button", { name: new RegExp(`^${step}`) }).click();
    if (step === "Start work") {
      await visit(agent, `/incident/${name}/edit`);
      await fill(agent, { Impact: "Medium", Urgency: "Medium" });
      await agent.getByRole("button", { name: "Save the changes" }).click();
    }
  }
  assert.match(await state(agent).innerText(), /Resolved/);

  await visit(page, "/portal/requests");
  await looksRight(page, "my requests on a phone");
  await page.locator(`main a[href$="/${name}"]`).first().click();
  assert.match(await page.getByRole("list", { name: "What happened so far" }).innerText(), /second payment route/);
  await looksRight(page, "a resolved request on a phone");
  await assertNamesHoldText(page, "a resolved request");
  await page.screenshot({ path: join(pictures, "portal-confirm-390.png") });
  await page.getByLabel("very good").check();
  await page.getByRole("button", { name: "Yes, it is done" }).click();
  await page.locator("#state").getByText("Closed").waitFor();
  await visit(agent, `/incident/${name}`);
  assert.match(await state(agent).innerText(), /Closed/);
  assertQuiet(page);
});

test("a form of a model is filled in and the named person approves on a phone", async () => {
  const page = await customer("elif");
  await page.getByRole("link", { name: /^New starter/ }).click();
  await page.getByLabel(/^Name/).fill("Aylin Demir");
  await page.getByLabel(/^First day/).fill("2026-12-01");
  await page.getByLabel(/^Computer/).selectOption({ label: "For design work" });
  await looksRight(page, "a form");
  await page.getByRole("button", { name: "Send" }).click();
  await page.waitForURL(/REQ-\d+/);
  const name = page.url().match(/REQ-\d+/)[0];
  assert.match(await page.getByRole("main").innerText(), /Approval[\s\S]*For design work/);

  const phone = await customer("nils", PHONE);
  await phone.getByRole("link", { name: /^Approvals/ }).click();
  await looksRight(phone, "approvals on a phone");
  await phone.locator(`a[href$="${name}"]`).click();
  await phone.getByRole("heading", { name: "Elif Aydin asks for your approval" }).waitFor();
  const link = phone.getByRole("main").getByRole("link", { name: "Approve …" });
  const box = await link.boundingBox();
  assert.ok(box.height >= 40 && box.y < 500, `the button is within reach: ${JSON.stringify(box)}`);
  await looksRight(phone, "an approval on a phone");
  await phone.screenshot({ path: join(pictures, "portal-approve-390.png") });
  await link.click();
  await phone.getByRole("heading", { name: "Approve this request?" }).waitFor();
  const question = await phone.getByRole("main").innerText();
  for (const part of ["New starter", "Asked by", "Elif Aydin", "Asked on", "For design work"]) assert.ok(question.includes(part), `${part} is shown before it is approved`);
  await looksRight(phone, "the question on a phone");
  const button = phone.getByRole("button", { name: "Yes, I approve it" });
  assert.ok((await button.boundingBox()).height >= 40, "the button is large enough for a finger");
  await phone.screenshot({ path: join(pictures, "portal-approve-question-390.png"), fullPage: true });
  await button.click();
  await phone.getByRole("status").getByText("Thank you. The request is approved").waitFor();
  assert.doesNotMatch(await phone.locator("#state").innerText(), /Approval/);
  await phone.locator("#state").getByText("Approved").waitFor();
  await phone.close();
  assertQuiet(page);
});

test("in German nothing English is left, and the language is kept", async () => {
  const page = await customer("elif", { locale: "de-DE", ...PHONE });
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await page.getByRole("heading", { name: "Was brauchen Sie?" }).waitFor();
  for (const path of ["/portal", "/portal/requests", "/status", "/portal/me", "/portal/incident/new", "/portal/complaint/new", "/account/factor", "/portal?q=kaffeemaschine", "/portal/nothing/here"]) {
    await page.goto(new URL(path, desk.url).href);
    const text = await page.locator("body").innerText();
    assert.doesNotMatch(text, /\b(Your|Send|Sign out|requests|Nothing is here|working|disturbed|Sessions|Second factor|code|needed|Which)\b/, path);
    await looksRight(page, `${path} in German`);
  }
  await visit(page, "/portal/me");
  await page.getByLabel("Deutsch").check();
  await page.getByRole("button", { name: "Sprache speichern" }).click();
  const english = await customer("elif", { locale: "en-GB" });
  assert.equal(await english.locator("html").getAttribute("lang"), "de");
  await visit(english, "/portal/me");
  await english.getByLabel("Wie der Browser es sagt").check();
  await english.getByRole("button", { name: "Sprache speichern" }).click();
  assert.equal(await english.locator("html").getAttribute("lang"), "en");
});

test("without scripts one describes, finds, sends and follows", async () => {
  const page = await customer("elif", { javaScriptEnabled: false, ...PHONE });
  await page.getByRole("textbox", { name: "Describe it in your own words" }).fill("second payment route");
  await page.getByRole("button", { name: "Look" }).click();
  await page.getByRole("link", { name: "Move a till to the second payment route" }).click();
  await page.getByRole("heading", { name: "Move a till to the second payment route" }).waitFor();
  await visit(page, "/portal/incident/new?q=The+scanner+beeps+twice");
  assert.equal(await page.getByLabel(/^In a sentence/).inputValue(), "The scanner beeps twice");
  await page.getByLabel(/^Which service is it about/).selectOption({ label: "I do not know" });
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByLabel("Your answer").fill("Only the blue one.");
  await page.getByRole("button", { name: "Send the answer" }).click();
  assert.match(await page.getByRole("main").innerText(), /Only the blue one/);
});

test("status tells of disturbances and is followed; every page of the portal is accessible in light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await customer("elif", { colorScheme });
    for (const path of ["/portal", "/portal?q=vpn", "/portal/requests", "/portal/approvals", "/status", "/portal/me", "/portal/complaint/new", "/portal/service-request/new", "/portal/notice/NTC-2"]) {
      await visit(page, path);
      await looksRight(page, `${path} ${colorScheme}`);
      await assertNamesHoldText(page, path);
    }
    assertQuiet(page);
  }
  const page = await customer("elif");
  await visit(page, "/status");
  assert.match(await page.getByRole("main").innerText(), /Card payments declined in some stores/);
  await page.getByRole("button", { name: "Tell me about E-mail" }).click();
  await page.getByRole("button", { name: "Stop telling me about E-mail" }).waitFor();
});
