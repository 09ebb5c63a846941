// A directory keeps people and groups by SCIM: the public tester finds nothing, and who is removed is out at once.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startConfiguredDesk } from "../support/desk.mjs";
import { run } from "../support/program.mjs";
import { freePort } from "../support/provider.mjs";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const python = join(process.env.PROOFDESK_TOOLS ?? join(checkout, "target/tools/venv/bin"), "python");

let desk;
let token;
before(async () => {
  desk = await startConfiguredDesk(await freePort(), "");
  token = made(["account", "token", "boss", "--label", "directory", "--scope", "provisioning:*"]);
});
after(async () => {
  await desk?.stop();
});

/** What a command prints. */
function made(options) {
  const { status, stdout, stderr } = desk.command(options);
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

async function ask(method, path, body, more = {}) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/scim+json", ...more };
  const answer = await fetch(`${desk.url}/scim/v2${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, json: text ? JSON.parse(text) : null };
}

test("scim2-tester finds nothing", async () => {
  assert.ok(existsSync(python), `${python} is not there: run .ci/install`);
  const { code, said } = await run(python, [join(checkout, "e2e/support/scim.py"), `${desk.url}/scim/v2/`, token]);
  assert.equal(code, 0, said);
});

test("a person comes, works by a group, and is out when the directory says so", async () => {
  const user = { userName: "Nora.Lund", name: { givenName: "Nora", familyName: "Lund" }, emails: [{ value: "nora@desk.example", primary: true }], externalId: "d-1" };
  const come = await ask("POST", "/Users", user);
  assert.equal(come.status, 201, JSON.stringify(come.json));
  const { id } = come.json;
  assert.equal(come.headers.get("location"), `${desk.url}/scim/v2/Users/${id}`);
  assert.deepEqual([come.json.userName, come.json.displayName, come.json.active], ["nora.lund", "Nora Lund", true]);
  assert.equal((await ask("POST", "/Users", user)).status, 409, "one of a name");

  const into = { Operations: [{ op: "Add", path: "members", value: [{ value: id }] }] };
  assert.equal((await ask("PATCH", "/Groups/role-agent", into)).status, 200);
  const read = await ask("GET", `/Users/${id}`);
  assert.deepEqual(read.json.groups.map((group) => group.display), ["agent"]);
  const version = read.headers.get("etag");
  assert.equal((await ask("GET", `/Users/${id}`, null, { "if-none-match": version })).status, 304);

  const found = await ask("GET", `/Users?filter=${encodeURIComponent('userName eq "NORA.lund" and active eq true')}&attributes=userName`);
  assert.deepEqual(found.json.Resources.map(({ id: found, userName, active }) => [found, userName, active]), [[id, "nora.lund", undefined]]);
  const page = await ask("GET", "/Users?startIndex=2&count=1");
  assert.equal(page.json.itemsPerPage, 1);
  assert.ok(page.json.totalResults > 1);
  assert.equal((await ask("GET", "/Users?filter=userName+is+7")).json.scimType, "invalidFilter");

  const own = made(["account", "token", "nora.lund", "--label", "of her own"]);
  const works = () => fetch(`${desk.url}/api/v1/me`, { headers: { authorization: `Bearer ${own}` } }).then((answer) => answer.status);
  assert.equal(await works(), 200);
  const stale = await ask("PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path: "active", value: "False" }] }, { "if-match": 'W/"old"' });
  assert.equal(stale.status, 412);
  const closed = await ask("PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path: "active", value: "False" }] }, { "if-match": version });
  assert.deepEqual([closed.status, closed.json.active], [200, false]);
  assert.equal(await works(), 401, "the tokens ended");
  assert.equal((await ask("DELETE", `/Users/${id}`)).status, 204);
  assert.equal((await ask("GET", `/Users/${id}`)).status, 404);

  const back = await ask("POST", "/Users", user);
  assert.deepEqual([back.status, back.json.id, back.json.active, back.json.groups], [201, id, true, undefined]);
  const verified = desk.command(["verify"]);
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
});

test("only a token for it, of an administrator, gets in, and the last administrator stays", async () => {
  const of = async (sent) => (await fetch(`${desk.url}/scim/v2/Users`, { headers: sent ? { authorization: `Bearer ${sent}` } : {} })).status;
  assert.equal(await of(null), 401);
  assert.equal(await of("pd_nobody"), 401);
  assert.equal(await of(made(["account", "token", "boss", "--label", "narrow", "--scope", "incident:read"])), 403);
  const boss = (await ask("GET", `/Users?filter=${encodeURIComponent('userName eq "boss"')}`)).json.Resources[0].id;
  const out = await ask("PATCH", "/Groups/role-administrator", { Operations: [{ op: "remove", path: `members[value eq "${boss}"]` }] });
  assert.equal(out.status, 400);
  assert.match(out.json.detail, /last administrator/);
  assert.equal((await ask("DELETE", `/Users/${boss}`)).status, 400);
  assert.equal((await ask("DELETE", "/Groups/role-agent")).status, 400);
});
