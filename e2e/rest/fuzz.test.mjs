// The REST interface under a fuzzer that reads its own description: no fault of the server, no answer that the
// description does not know. Short by default; PROOFDESK_FUZZ_EXAMPLES makes it longer.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../support/browser.mjs";
import { desk, signedIn, visit } from "../support/session.mjs";

// All record types are served by the same code: one of them and everything that is no record takes two minutes, all
// of them twenty. PROOFDESK_FUZZ_PATHS=. fuzzes all.
const SHORT = "^/api/v1(/(types|search|me|tokens|views|log|conformity|figures|incident|openapi.json).*)?$";

let browser;
let token;
before(async () => {
  browser = await startBrowser();
  token = await makeToken();
});
after(async () => {
  await browser.close();
});

/** A token as a person makes it: on the account page, where it is shown once. */
async function makeToken() {
  const page = await signedIn(browser);
  await visit(page, "/account");
  await page.getByLabel("What the token is for").fill("the fuzzer");
  await page.getByRole("button", { name: "Make a token" }).click();
  return (await page.locator("pre").first().innerText()).trim();
}

/** Runs a program to its end and gives what it printed. */
function run(program, options) {
  return new Promise((done, fail) => {
    const child = spawn(program, options, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
    child.once("error", fail);
    child.once("exit", (code) => done({ code, said }));
  });
}

test("a token opens the interface, and nothing else does", async () => {
  const ask = (headers) => fetch(new URL("/api/v1/incident?limit=1", desk.url), { headers });
  assert.equal((await ask({ authorization: `Bearer ${token}` })).status, 200);
  assert.equal((await ask({ authorization: "Bearer wrong" })).status, 401);
  assert.equal((await ask({})).status, 401);
});

test("schemathesis finds nothing", async () => {
  const program = process.env.PROOFDESK_TOOLS ? join(process.env.PROOFDESK_TOOLS, "schemathesis") : "schemathesis";
  const examples = process.env.PROOFDESK_FUZZ_EXAMPLES ?? "8";
  const { code, said } = await run(program, [
    "--config-file",
    fileURLToPath(new URL("../schemathesis.toml", import.meta.url)),
    "run",
    new URL("/api/v1/openapi.json", desk.url).href,
    "--header",
    `Authorization: Bearer ${token}`,
    "--phases",
    "examples,coverage,fuzzing",
    "--max-examples",
    examples,
    "--include-path-regex",
    process.env.PROOFDESK_FUZZ_PATHS ?? SHORT,
    "--seed",
    "7",
    "--no-color",
  ]);
  assert.equal(code, 0, said.slice(-12_000));
});
