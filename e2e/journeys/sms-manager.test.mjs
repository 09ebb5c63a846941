// The SMS manager: a risk from its finding to its acceptance by the role that may; an audit, its finding and the
// nonconformity to its closing by somebody else; a management review from its inputs to minutes on paper.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../support/browser.mjs";
import { assertAccessible, assertQuiet } from "../support/checks.mjs";
import { binary } from "../support/desk.mjs";
import { card, fill, signedIn, state, visit } from "../support/session.mjs";

const out = fileURLToPath(new URL("../out", import.meta.url));
const DAY = 86_400_000;

let browser;
let ilse;
let clara;
let otto;
let priya;
before(async () => {
  mkdirSync(out, { recursive: true });
  browser = await startBrowser();
  [ilse, clara, otto, priya] = await Promise.all(["ilse", "clara", "otto", "priya"].map((name) => signedIn(browser, {}, name)));
});
after(async () => {
  await browser.close();
});

const day = (offset) => new Date(Date.now() + offset * DAY).toISOString().slice(0, 10);
const main = (page) => page.getByRole("main");
const picture = (page, name) => page.screenshot({ path: join(out, `sms-manager-${name}.png`), fullPage: true });

/** Fills the form at hand, records it and gives the new record's address. */
async function record(page, fields) {
  await fill(page, fields);
  await page.getByRole("button", { name: "Record it" }).click();
  await page.waitForURL(/\/[A-Z]+-\d+$/);
  return new URL(page.url()).pathname;
}

/** Opens a record and asks for one of its steps. */
async function ask(page, address, step, fields = {}) {
  await visit(page, address);
  await main(page).getByRole("link", { name: new RegExp(`^${step}`) }).first().click();
  await fill(page, fields);
  await main(page).locator("button").filter({ hasText: new RegExp(`^${step}`) }).click();
}

/** Takes a step and ends on the record. */
async function take(page, address, step, fields) {
  await ask(page, address, step, fields);
  const alert = page.getByRole("alert").first();
  await Promise.race([page.waitForURL(`**${address}`), alert.waitFor()]).catch(() => {});
  const says = (await alert.count()) > 0 ? await alert.innerText() : "";
  assert.equal(new URL(page.url()).pathname, address, `${step} of ${address}: ${says}`);
}

/** Asks for a step that is refused, and gives the sentences: where no form helps, the record says them beside the step. */
async function refused(page, address, step, fields) {
  await visit(page, address);
  const barred = main(page).locator(".not-now li").filter({ has: page.locator("button[disabled]", { hasText: new RegExp(`^${step}`) }) });
  if ((await barred.count()) > 0) {
    await main(page).locator(".not-now summary").click();
    return barred.first().innerText();
  }
  await ask(page, address, step, fields);
  const alert = page.getByRole("alert").first();
  await alert.waitFor();
  return alert.innerText();
}

/** Begins a related record from a record's page. */
async function begin(page, address, what) {
  await visit(page, address);
  await card(page, "Related").getByRole("link", { name: `New ${what}`, exact: true }).click();
}

test("a risk is assessed, treated, and accepted by somebody else than its owner", async () => {
  await visit(ilse, "/risk/new");
  const risk = await record(ilse, { Title: "The till provider fails in the season", Category: "Other parties" });
  await take(ilse, risk, "Assess", { Likelihood: "Likely", Consequence: "Major", "Effect on customers": "No store can sell.", "Next review": day(90) });
  assert.match(await main(ilse).innerText(), /High/, "the table gives the level");
  await take(ilse, risk, "Treat", { Treatment: "Reduce", "What is to be done": "A second provider for the largest stores.", Priority: "First" });
  assert.match(await state(ilse).innerText(), /In treatment/);

  await begin(ilse, risk, "action");
  assert.match(await ilse.getByLabel(/^\s*Risk\b/).inputValue(), /^RSK-\d+/, "the action knows its risk");
  const action = await record(ilse, { Title: "Contract with a second provider", Kind: "Treats a risk", Owner: "Priya Nair", "Due on": day(30) });
  await take(priya, action, "Start");
  await take(priya, action, "Done", { Result: "Signed; forty stores are connected." });
  assert.match(await state(priya).innerText(), /Done/);
  await take(ilse, action, "Judge the effect", { Effect: "It worked in part", "How the effect was judged": "Tried in two stores." });

  const why = { "Why it is accepted": "The rest costs more than it saves.", "Accepted until": day(180) };
  assert.match(await refused(ilse, risk, "Accept", why), /A high risk is accepted by somebody else than its owner/);
  await picture(ilse, "1-risk-refused");
  await take(clara, risk, "Accept", why);
  assert.match(await state(clara).innerText(), /Accepted/);
  assert.match(await main(clara).innerText(), /Clara Weiss/);
  await assertAccessible(clara, "an accepted risk");
  await picture(clara, "2-risk-accepted");
  for (const page of [ilse, clara, priya]) assertQuiet(page);
});

test("an audit leads to a finding, a nonconformity, its cause, an action, and a closing by somebody else", async () => {
  await visit(otto, "/audit/new");
  await otto.getByRole("group", { name: /^Clauses/ }).getByLabel("8.6 Resolution and fulfilment").check();
  const audit = await record(otto, { Title: "Resolution and fulfilment", "Lead auditor": "Otto Reiter" });
  const plan = { Criteria: "ISO/IEC 20000-1, 8.6", Scope: "Incidents of a quarter", Plan: "Two interviews, a sample of twenty" };
  assert.match(
    await refused(otto, audit, "Plan ready", { ...plan, "Planned start": `${day(-2)}T09:00`, "Planned end": `${day(-3)}T17:00` }),
    /It ends before it begins/,
  );
  await take(otto, audit, "Plan ready", { ...plan, "Planned start": `${day(-2)}T09:00`, "Planned end": `${day(-1)}T17:00` });
  await take(otto, audit, "Start");

  await begin(otto, audit, "finding");
  const finding = await record(otto, {
    Summary: "Incidents are closed without asking the user",
    Grade: "Minor nonconformity",
    Clause: "8.6.1",
    Criterion: "Closure is agreed with who reported",
    "What was found": "Three of twenty users had not been asked.",
  });
  await take(otto, finding, "Assign", { Owner: "Ilse Brandt", "To be answered by": day(30) });
  await take(otto, audit, "Report", {
    "Records that were sampled": "Twenty of 310 incidents, every fifteenth.",
    "Effectively implemented": "In part",
    Conclusion: "Works, with one gap.",
    "Report sent to": "Ilse Brandt, Clara Weiss",
    "Report\\s+(?=9)": "One minor nonconformity.", // the field of this name, not the one that begins so

  });
  assert.match(await state(otto).innerText(), /Reported/);
  await picture(otto, "3-audit");

  // the owner works on it in a nonconformity
  const answer = { Answer: "Corrected; the desk asks before it closes." };
  assert.match(await refused(ilse, finding, "Answer", answer), /Work on a nonconformity in a nonconformity/);
  await begin(ilse, finding, "nonconformity");
  const ncr = await record(ilse, { Summary: "Incidents are closed without asking", Grade: "Minor", Owner: "Ilse Brandt", "To be closed by": day(60) });
  await take(ilse, ncr, "Corrected", { Correction: "The three users were asked.", Consequences: "None." });
  await take(ilse, ncr, "Cause known", {
    Cause: "The form lets an agent close at once.",
    "Are there others like it": "Requests are not closed so; looked at thirty.",
    "Corrective action": "Needed",
  });
  assert.match(await refused(priya, ncr, "Action done", { "Effect to be checked on": day(0) }), /Link the corrective action/);
  await begin(ilse, ncr, "action");
  const action = await record(ilse, { Title: "Ask the user before closing", Kind: "Corrects a nonconformity", Owner: "Priya Nair", "Due on": day(20) });
  await take(priya, action, "Start");
  await take(priya, action, "Done", { Result: "The step asks for the user's word." });
  await take(priya, ncr, "Action done", { "Effect to be checked on": day(0) });
  assert.match(
    await refused(priya, ncr, "Check the effect", { Effect: "It worked", "What shows it": "Twenty closed incidents." }),
    /Somebody else than who did it checks/,
  );
  await take(ilse, ncr, "Check the effect", { Effect: "It worked", "What shows it": "Twenty closed incidents, all agreed." });
  assert.match(await refused(ilse, ncr, "Close"), /Somebody else than its owner closes/);
  await take(otto, ncr, "Close");
  assert.match(await state(otto).innerText(), /Closed/);
  await assertAccessible(otto, "a closed nonconformity");
  await picture(otto, "4-nonconformity");

  await take(ilse, finding, "Answer", answer);
  await take(otto, finding, "Accept the answer");
  await take(otto, finding, "Close");
  await take(otto, audit, "Close");
  assert.match(await state(otto).innerText(), /Closed/);
  for (const page of [ilse, otto, priya]) assertQuiet(page);
});

test("a management review gathers its inputs, decides, acts, and ends in minutes", async () => {
  await visit(ilse, "/management-review/new");
  const review = await record(ilse, {
    Title: "Management review of the autumn",
    "Period reviewed, from": day(-180),
    "Period reviewed, to": day(-1),
    "Inputs as of": day(0),
    "Planned on": day(0),
  });
  await main(ilse).getByRole("link", { name: /Gathered/ }).click();
  const gathered = await main(ilse).innerText();
  for (const input of ["Nonconformities", "Audits", "Objectives", "Risks that are not accepted", "Changes to come"]) {
    assert.match(gathered, new RegExp(input), input);
  }
  await picture(ilse, "5-gathered");
  await ilse.getByRole("button", { name: "Link what is gathered" }).click();
  await ilse.waitForURL(`**${review}?tab=gathered`);
  assert.equal(await ilse.getByRole("button", { name: "Link what is gathered" }).count(), 0, "all of it is linked");

  const inputs = [
    "Status of actions", "Changes in external", "Trends in nonconformities", "Trends in monitoring", "Trends in audit", "Opportunities for improvement",
    "Whether the policies", "Whether the objectives", "Feedback from customers", "Performance of the services", "Performance of other parties",
    "Present and forecast", "Results of risk", "Changes that can affect",
  ];
  const last = inputs.pop();
  const said = Object.fromEntries(inputs.map((label) => [label, "As gathered; nothing that worries."]));
  assert.match(await refused(ilse, review, "Inputs ready", said), /Changes that can affect/, "thirteen inputs are not fourteen");
  await take(ilse, review, "Inputs ready", { ...said, [last]: "Four new stores." });
  await take(ilse, review, "Held", {
    "Held on": day(0),
    "Chaired by": "Clara Weiss",
    "Top management took part": "Yes",
    Attendees: "Clara Weiss, Ilse Brandt, Priya Nair",
    Suitable: "Yes.",
    Adequate: "Yes, but for one person.",
    Effective: "Yes.",
    "Decision on opportunities": "Three improvements go on.",
    "Decision on changes": "None needed.",
    Minutes: "Clara asked for a second till provider.",
  });
  assert.match(await refused(clara, review, "Approve the minutes"), /Record its decisions/);
  await begin(ilse, review, "decision");
  const decision = await record(ilse, { Title: "One more person for the tills", Kind: "Resources", Decides: "Clara Weiss", "What is to be decided": "May we hire?" });
  await take(clara, decision, "Decide", { Outcome: "Agreed", "What was decided": "One person from spring.", Why: "The risk is too high." });
  await begin(ilse, review, "action");
  await record(ilse, { Title: "Find one person for the tills", Kind: "Carries out a decision", Owner: "Ilse Brandt", "Due on": day(60) });
  await take(clara, review, "Approve the minutes");
  assert.match(await state(clara).innerText(), /Minutes approved/);
  assert.doesNotMatch(await card(clara, "What this record still owes").innerText(), /No (risk|audit|objective) is linked/);
  await assertAccessible(clara, "an approved management review");
  await picture(clara, "6-review");

  // the minutes on paper, and as PDF where the renderer is installed
  await main(clara).getByRole("link", { name: /Print/ }).first().click();
  const paper = await main(clara).innerText();
  for (const word of ["Clara asked for a second till provider", "One more person for the tills", "Find one person for the tills", "Four new stores"]) {
    assert.match(paper, new RegExp(word), word);
  }
  await picture(clara, "7-minutes");
  const pdf = clara.getByRole("link", { name: /PDF/ });
  if (existsSync(join(dirname(binary()), "proofdesk-render"))) {
    const address = new URL(await pdf.first().getAttribute("href"), clara.url()).href;
    const answer = await clara.request.get(address, { timeout: 60_000 });
    assert.equal(answer.status(), 200);
    assert.equal((await answer.body()).subarray(0, 5).toString(), "%PDF-");
  } else {
    assert.equal(await pdf.count(), 0, "no PDF is offered without the renderer");
  }
  for (const page of [ilse, clara]) assertQuiet(page);
});
