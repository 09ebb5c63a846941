// A policy from its template to in force: reviewed and approved by role, read by another person, then a new version
// that is compared with the first.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { startBrowser } from "../support/browser.mjs";
import { assertAccessible, assertNoSidewaysScroll, assertQuiet } from "../support/checks.mjs";
import { fill, signedIn, state, visit } from "../support/session.mjs";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser.close();
});

/** Takes a transition of the page by its label, filling what it asks for. */
async function take(page, label, values = {}) {
  await page.getByRole("main").getByRole("link", { name: new RegExp(`^${label}\\b`) }).first().click();
  await page.waitForURL("**/transition/*");
  await fill(page, values);
  await page.getByRole("main").locator("form button.primary").last().click();
  await page.waitForURL(/\/document(-version)?\/[A-Z]+-\d+$/);
}

/**
 * Takes a version from its draft into force: written by one, approved and put in force by another. Between the two its
 * document is approved, where it is not yet.
 */
async function intoForce(author, approver, at, changed, approveDocument = async () => {}) {
  await visit(author, at);
  await take(author, "Send to review", { "What changed": changed });
  await visit(approver, at);
  await take(approver, "Approve");
  assert.equal(await state(approver).innerText(), "Approved");
  await approveDocument();
  await visit(approver, at);
  await take(approver, "Put in force");
  assert.equal(await state(approver).innerText(), "In force");
}

test("a policy is begun from a template, approved by role, read by another person, and compared with its next version", async () => {
  const author = await signedIn(browser, {}, "priya");
  const manager = await signedIn(browser, {}, "ilse");
  const reader = await signedIn(browser, { viewport: { width: 390, height: 844 } }, "mara");

  // from the list of documents to a draft with its places filled as far as the desk knows
  await visit(author, "/document");
  await author.getByRole("link", { name: "New from template" }).click();
  await author.getByRole("heading", { level: 1, name: "Starter templates" }).waitFor();
  await assertAccessible(author, "the list of templates");
  await author.getByRole("link", { name: "Release and deployment procedure" }).click();
  await assertAccessible(author, "a template");
  await author.getByRole("button", { name: "Begin a document from it" }).click();
  await author.waitForURL(/\/document-version\/DVR-\d+$/);
  const first = new URL(author.url()).pathname;
  assert.equal(await state(author).innerText(), "Draft");
  const whole = await author.getByRole("main").locator("a[href^='/document/DOC-']").first().getAttribute("href");
  // the same template once more is said, and refused
  await visit(author, "/templates/release-and-deployment-procedure");
  assert.match(await author.getByRole("main").innerText(), /Begun already: DOC-\d+/);

  // the version: open places filled, reviewed and put in force by somebody else
  await visit(author, `${first}/edit`);
  await fill(author, { Content: "# Releases\n\nA release is announced two days before.\n\nIt is tested.\n" });
  await author.getByRole("button", { name: "Save the changes" }).click();
  await author.waitForURL(`**${first}`);
  // the document: its audience acknowledges; approved by who does not write it, before its version is in force
  await intoForce(author, manager, first, "First version.", async () => {
    await visit(author, `${whole}/edit`);
    await fill(author, { "Readers acknowledge each version": "Yes" });
    await author.getByRole("button", { name: "Save the changes" }).click();
    await author.waitForURL(`**${whole}`);
    await take(author, "Send to review");
    await visit(manager, whole);
    await take(manager, "Approve", { "Next review": "2031-01-15" });
  });
  await visit(manager, whole);
  await take(manager, "Put in force");
  assert.equal(await state(manager).innerText(), "In force");

  // another person finds it among what needs him, and says with one click that it was read
  await visit(reader, "/needs");
  const button = reader.locator(`form[action='${first}/read'] button`);
  await assertNoSidewaysScroll(reader, "Needs you");
  await button.click();
  await reader.waitForURL(`**${first}`);
  assert.match(await reader.getByRole("main").innerText(), /You have read version 1\.0/);
  await visit(manager, `${first}/readers`);
  const read = manager.locator("section").filter({ has: manager.getByRole("heading", { name: "Read", exact: true }) });
  assert.match(await read.innerText(), /Mara Rehn/);
  const open = manager.locator("section").filter({ has: manager.getByRole("heading", { name: "Not yet", exact: true }) });
  assert.match(await open.innerText(), /Ilse Brandt/);
  await assertAccessible(manager, "who has read it");

  // the next version takes the text along; what is different is marked by words
  await visit(author, whole);
  await author.getByRole("button", { name: "Begin the next version" }).click();
  await author.waitForURL(/\/document-version\/DVR-\d+\/edit$/);
  const second = new URL(author.url()).pathname.replace(/\/edit$/, "");
  await fill(author, { Content: "# Releases\n\nA release is announced five days before.\n\nIt is tested.\n" });
  await author.getByRole("button", { name: "Save the changes" }).click();
  await author.waitForURL(`**${second}`);
  await visit(manager, first);
  await take(manager, "Supersede");
  await intoForce(author, manager, second, "More time for customers.");
  await visit(reader, second);
  assert.match(await reader.getByRole("main").innerText(), /You are asked to read .*version 2\.0/);
  await reader.getByRole("link", { name: "Compare with version 1.0" }).click();
  await reader.getByRole("heading", { name: "Text", exact: true }).waitFor();
  assert.deepEqual(await reader.locator(".diff del").allInnerTexts(), ["two"]);
  assert.deepEqual(await reader.locator(".diff ins").allInnerTexts(), ["five"]);
  await assertNoSidewaysScroll(reader, "the comparison at 390 px");
  await assertAccessible(reader, "the comparison");
  for (const page of [author, manager, reader]) assertQuiet(page);
});
