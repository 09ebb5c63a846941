// The REST interface under a fuzzer that reads its own description: no fault of the server, no answer that the
// description does not know. By default the operations that stand for all shapes; PROOFDESK_FUZZ_PATHS takes others
// (`.` takes all), PROOFDESK_FUZZ_EXAMPLES makes it longer. What it said is kept in out/fuzz.log.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../support/browser.mjs";
import { makeToken, run } from "../support/program.mjs";
import { desk } from "../support/session.mjs";
import { representatives } from "../support/shapes.mjs";

let browser;
let token;
before(async () => {
  browser = await startBrowser();
  token = await makeToken(browser, "the fuzzer");
});
after(async () => {
  await browser.close();
});

test("a token opens the interface, and nothing else does", async () => {
  const ask = (headers) => fetch(new URL("/api/v1/incident?limit=1", desk.url), { headers });
  assert.equal((await ask({ authorization: `Bearer ${token}` })).status, 200);
  assert.equal((await ask({ authorization: "Bearer wrong" })).status, 401);
  assert.equal((await ask({})).status, 401);
});

const askText = async (path) => {
  const answer = await fetch(new URL(path, desk.url), { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200, `${path} answered ${answer.status}`);
  return answer.text();
};
const ask = async (path) => JSON.parse(await askText(path));

/** The fuzzer's settings, with a record of each type, so that it gets beyond "there is no such record". */
async function settings(types) {
  const parts = [readFileSync(new URL("../schemathesis.toml", import.meta.url), "utf8")];
  for (const type of types) {
    const { records } = await ask(`/api/v1/${type}?limit=1&fields=reference`);
    if (records.length === 0) continue;
    const reference = JSON.stringify(records[0].reference);
    parts.push(`[[operations]]\ninclude-path-regex = "^/api/v1/${type}/"\nparameters = { "path.reference" = ${reference} }\n`);
  }
  const path = fileURLToPath(new URL("../out/schemathesis.toml", import.meta.url));
  writeFileSync(path, parts.join("\n"));
  return path;
}

test("schemathesis finds nothing", async () => {
  const program = process.env.PROOFDESK_TOOLS ? join(process.env.PROOFDESK_TOOLS, "schemathesis") : "schemathesis";
  // as it is written: the numbers in it are larger than this language can count
  const text = await askText("/api/v1/openapi.json");
  const paper = JSON.parse(text);
  const kept = fileURLToPath(new URL("../out/openapi.json", import.meta.url));
  writeFileSync(kept, text);
  const types = new Set((await ask("/api/v1/types")).types.map((type) => type.name));
  const paths = process.env.PROOFDESK_FUZZ_PATHS;
  const which = paths
    ? ["--include-path-regex", paths]
    : representatives(paper, types).flatMap(([method, path]) => ["--include-name", `${method.toUpperCase()} ${path}`]);
  const { code, said } = await run(program, [
    "--config-file",
    await settings(types),
    "run",
    kept,
    "--url",
    desk.url,
    "--header",
    `Authorization: Bearer ${token}`,
    "--phases",
    "examples,coverage,fuzzing",
    "--max-examples",
    process.env.PROOFDESK_FUZZ_EXAMPLES ?? "8",
    ...which,
    // a busy machine is no finding
    "--request-timeout",
    "60",
    "--suppress-health-check",
    "too_slow",
    "--seed",
    "7",
    "--no-color",
  ]);
  writeFileSync(new URL("../out/fuzz.log", import.meta.url), said);
  const failures = said.slice(Math.max(0, said.indexOf("= FAILURES =")));
  assert.equal(code, 0, failures.slice(0, 12_000));
});
