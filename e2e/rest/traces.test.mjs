// Traces reach a collector that reads them by the published definitions; they hold patterns and kinds, and nobody's data.
// A collector that is away changes nothing for who asks.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startConfiguredDesk } from "../support/desk.mjs";
import { freePort } from "../support/provider.mjs";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const python = join(process.env.PROOFDESK_TOOLS ?? join(checkout, "target/tools/venv/bin"), "python");

let collector;
before(async () => {
  assert.ok(existsSync(python), `${python} is not there: run .ci/install`);
  collector = await startCollector();
});
after(() => collector?.stop());

/** A collector of its own: its port, and the spans that came. */
async function startCollector() {
  const program = spawn(python, [join(checkout, "e2e/support/spans.py")], { stdio: ["ignore", "pipe", "inherit"] });
  const spans = [];
  const port = await new Promise((done, fail) => {
    let first = true;
    createInterface({ input: program.stdout }).on("line", (line) => {
      if (!first) return spans.push(JSON.parse(line));
      first = false;
      done(Number(line));
    });
    program.once("exit", (code) => fail(new Error(`the collector ended with ${code}`)));
  });
  const until = async (what, fits) => {
    for (const end = Date.now() + 60_000; Date.now() < end; ) {
      const found = spans.find(fits);
      if (found) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
    return assert.fail(`${what} did not come; what came: ${[...new Set(spans.map((span) => span.name))].join(", ")}`);
  };
  return { port, spans, until, stop: () => program.kill() };
}

const trace = (digit) => ({ trace: digit.repeat(32), parent: digit.repeat(16), header: `00-${digit.repeat(32)}-${digit.repeat(16)}-01` });

test("a request, its write and its statements are one trace of whoever asks, without anybody's data", async () => {
  const desk = await startConfiguredDesk(await freePort(), `[traces]\nendpoint = "http://127.0.0.1:${collector.port}"\n`);
  const [one, two, three, last] = ["a", "b", "c", "d"].map(trace);
  let ended;
  try {
    const made = desk.command(["account", "token", "boss", "--label", "tracer"]);
    assert.equal(made.status, 0, made.stderr);
    const token = made.stdout.trim();
    const form = new URLSearchParams({ sign_in: "boss", password: desk.password });
    const entered = await fetch(`${desk.url}/sign-in`, { method: "POST", body: form, redirect: "manual", headers: { traceparent: one.header } });
    assert.equal(entered.status, 303);
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", traceparent: two.header };
    const body = JSON.stringify({ name: "Quintessa Privatissima", mail: "quintessa@private.example" });
    const created = await fetch(`${desk.url}/api/v1/person`, { method: "POST", body, headers });
    assert.equal(created.status, 201, await created.text());
    const missing = await fetch(`${desk.url}/link/verysecretlink`, { headers: { traceparent: three.header } });
    const nowhere = await fetch(`${desk.url}/nowhere/verysecretplace?q=verysecretword`, { method: "PROPFIND" });
    assert.ok(missing.status >= 400 && nowhere.status >= 400);

    const request = await collector.until("the sign-in", (span) => span.trace === one.trace && span.kind === "SERVER");
    assert.equal(request.name, "POST /sign-in");
    assert.equal(request.parent, one.parent);
    assert.equal(request.attributes["http.route"], "/sign-in");
    assert.equal(request.attributes["http.request.method"], "POST");
    assert.equal(Number(request.attributes["http.response.status_code"]), 303);
    assert.equal(request.resource["service.name"], "proofdesk");
    const read = await collector.until("a question to the database", (span) => span.trace === one.trace && span.name === "read");
    assert.deepEqual([read.kind, read.attributes["db.system.name"]], ["CLIENT", "sqlite"]);

    const write = await collector.until("the write", (span) => span.trace === two.trace && span.name === "write");
    assert.equal(write.attributes["proofdesk.record_type"], "person");
    const asked = await collector.until("its request", (span) => span.id === write.parent);
    assert.deepEqual([asked.kind, asked.parent], ["SERVER", two.parent]);
    const commit = await collector.until("its commit", (span) => span.parent === write.id && span.name === "commit");
    assert.ok(commit.took > 0 && commit.took <= write.took, `${commit.took} of ${write.took}`);

    const link = await collector.until("the link", (span) => span.trace === three.trace && span.kind === "SERVER");
    assert.equal(link.name, "GET /link/{secret}");
    await collector.until("a request to nowhere", (span) => span.attributes["http.request.method"] === "_OTHER");
    const run = await collector.until("a job", (span) => span.name === "job conformity retest");
    assert.deepEqual([run.kind, run.parent], ["CONSUMER", ""]);
    // what is asked at the end is sent at the end
    assert.equal((await fetch(`${desk.url}/sign-in`, { headers: { traceparent: last.header } })).status, 200);
    for (const secret of [token, desk.password, "boss", "Bo Sand", "Quintessa", "private.example", "verysecret", "tracer"]) {
      assert.ok(!JSON.stringify(collector.spans).includes(secret), `${secret} is in a span`);
    }
  } finally {
    ended = await desk.stop();
  }
  assert.equal(ended.code, 0, ended.said.join("\n"));
  await collector.until("the last request", (span) => span.trace === last.trace && span.name === "GET /sign-in");
  const roots = collector.spans.filter((span) => span.parent === "").map((span) => span.kind);
  assert.deepEqual(roots.filter((kind) => !["SERVER", "CONSUMER", "PRODUCER"].includes(kind)), [], "only what begins a trace is one");
  assert.deepEqual(collector.spans.filter((span) => span.mistake), []);
});

test("a collector that is away delays nobody", async () => {
  await delaysNobody(await freePort());
});

test("a collector that takes connections and says nothing delays nobody", async () => {
  const held = [];
  const silent = createServer((socket) => held.push(socket.on("error", () => {})));
  await new Promise((done) => silent.listen(0, "127.0.0.1", done));
  try {
    await delaysNobody(silent.address().port);
    assert.ok(held.length > 0, "nothing was sent to it");
  } finally {
    held.forEach((socket) => socket.destroy());
    silent.close();
  }
});

/** Asks a desk whose collector is at a port more than its queue of spans holds, and ends it: in time, and said once. */
async function delaysNobody(port) {
  const away = `http://127.0.0.1:${port}`;
  const desk = await startConfiguredDesk(await freePort(), `[traces]\nendpoint = "${away}"\n`);
  let ended;
  const begun = Date.now();
  try {
    for (let i = 0; i < 1_200; i += 1) {
      // more spans than the queue holds
      assert.equal((await fetch(`${desk.url}/sign-in`)).status, 200);
    }
    assert.ok(Date.now() - begun < 60_000, `${Date.now() - begun} ms`);
    for (const end = Date.now() + 7_000; Date.now() < end; ) {
      if ((await fetch(`${desk.url}/sign-in`)).status !== 200) assert.fail("it does not go on");
      await new Promise((done) => setTimeout(done, 500));
    }
  } finally {
    const asked = Date.now();
    ended = await desk.stop();
    assert.ok(Date.now() - asked < 15_000, `it took ${Date.now() - asked} ms to end`);
  }
  assert.equal(ended.code, 0, ended.said.join("\n"));
  const told = ended.said.filter((line) => line.includes("the collector is away"));
  assert.equal(told.length, 1, ended.said.join("\n"));
}
