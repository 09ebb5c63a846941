// What goes out as OSCAL is valid against the schemas of NIST's release and is read by compliance-trestle: both frameworks
// of the demo company, with the results of a real run that point to records and to the log's checkpoint.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../support/browser.mjs";
import { makeToken, run } from "../support/program.mjs";
import { desk } from "../support/session.mjs";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const shared = process.env.PROOFDESK_SHARED ?? join(checkout, "../shared");
const python = join(process.env.PROOFDESK_TOOLS ?? join(checkout, "target/tools/venv/bin"), "python");
const out = fileURLToPath(new URL("../out/oscal", import.meta.url));

let browser;
let token;
before(async () => {
  browser = await startBrowser();
  token = await makeToken(browser, "OSCAL");
  mkdirSync(out, { recursive: true });
});
after(async () => {
  await browser.close();
});

const ask = (path, options = {}) =>
  fetch(new URL(path, desk.url), { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } });

async function document(framework, kind) {
  const answer = await ask(`/api/v1/frameworks/${framework}/oscal/${kind}`);
  assert.equal(answer.status, 200, `${framework} as ${kind}: ${answer.status}`);
  const text = await answer.text();
  const path = join(out, `${framework}.${kind}.json`);
  writeFileSync(path, text);
  return { json: JSON.parse(text), argument: `${kind}=${path}` };
}

test("OSCAL documents are valid and read by compliance-trestle", async () => {
  assert.ok(existsSync(python), `${python} is not there: run .ci/install`);
  const made = [];
  for (const framework of ["iso-20000-1-2018", "nist-csf-2.0"])
    for (const kind of ["catalog", "component-definition", "assessment-results"]) made.push(await document(framework, kind));
  made.push(await document("nist-csf-2.0", "mapping-collection"));
  const script = join(checkout, "e2e/support/oscal.py");
  const { code, said } = await run(python, [script, join(shared, "data/oscal"), ...made.map((m) => m.argument)]);
  assert.equal(code, 0, said);
  assert.equal(said.match(/: good$/gm)?.length, made.length, said);

  const results = made[5].json["assessment-results"];
  const [result] = results.results;
  const evidence = result.observations.flatMap((o) => o["relevant-evidence"] ?? []);
  const record = evidence.find((e) => e.href.startsWith("/api/v1/"));
  assert.ok(record, "no observation names a record");
  assert.equal((await ask(record.href)).status, 200, `${record.href} is no record`);
  const checkpoint = results["back-matter"].resources.find((r) => r.title.startsWith("Checkpoint"));
  assert.ok(evidence.some((e) => e.href === `#${checkpoint.uuid}`), "no observation points to the checkpoint");
  const observed = new Set(result.observations.map((o) => o.uuid));
  for (const finding of result.findings)
    for (const related of finding["related-observations"] ?? []) assert.ok(observed.has(related["observation-uuid"]));
});

test("a wrong file is noticed", async () => {
  const path = join(out, "wrong.json");
  writeFileSync(path, JSON.stringify({ catalog: { uuid: "no", metadata: { title: "T" } } }));
  const script = join(checkout, "e2e/support/oscal.py");
  const { code, said } = await run(python, [script, join(shared, "data/oscal"), `catalog=${path}`]);
  assert.equal(code, 1, said);
});

test("our catalog comes back as a draft of another name, is published, and is frozen", async () => {
  const { json } = await document("nist-csf-2.0", "catalog");
  const send = (path, body) =>
    ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const made = await send("/api/v1/frameworks", { catalog: json, id: "csf-copy", edition: "1" });
  assert.equal(made.status, 201, await made.text());
  const draft = await (await ask("/api/v1/frameworks/csf-copy/draft")).json();
  assert.equal(draft.differences.filter((d) => d.part === "requirement" && d.turn === "added").length, draft.requirements);
  assert.equal((await send("/api/v1/frameworks/csf-copy/publication", undefined)).status, 201);
  json.catalog.groups[0].groups[0].groups[0].controls[0].parts[0].prose = "Something else is asked";
  const refused = await send("/api/v1/frameworks", { catalog: json, id: "csf-copy", edition: "1" });
  assert.equal(refused.status, 422);
  assert.match(await refused.text(), /published and frozen, but this differs: requirement GV\.OC-01 changed \(says\)/);
});
