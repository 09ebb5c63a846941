// The OpenAPI document, read by two linters with their strictest usual rules: no error and no warning.

import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
const paper = fileURLToPath(new URL("../../generated/openapi.json", import.meta.url));

function run(name, ...options) {
  const result = spawnSync(`${here}node_modules/.bin/${name}`, options, { cwd: here, encoding: "utf8", env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" } });
  return { code: result.status, said: `${result.stdout}${result.stderr}` };
}

test("spectral finds nothing", () => {
  const { code, said } = run("spectral", "lint", "--ruleset", "spectral.yaml", "--fail-severity", "warn", paper);
  assert.equal(code, 0, said);
});

test("redocly finds nothing", () => {
  const { code, said } = run("redocly", "lint", "--config", "redocly.yaml", "--max-problems", "50", paper);
  assert.equal(code, 0, said);
  assert.doesNotMatch(said, /\d+ warning/, said);
});
