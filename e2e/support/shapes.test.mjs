// Which operations stand for all: none of another shape is left out, and few of the same shape are taken.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { kind, representatives, shape } from "./shapes.mjs";

const paper = JSON.parse(readFileSync(new URL("../../generated/openapi.json", import.meta.url), "utf8"));
const types = new Set(Object.keys(paper.paths).map((path) => path.match(/^\/api\/v1\/(\w+)\/\{reference\}$/)?.[1]).filter(Boolean));

test("every shape is among the representatives", () => {
  const chosen = representatives(paper, types);
  const covered = new Set(chosen.flatMap(([method, path]) => [...shape(paper, path, method, types)]));
  let all = 0;
  for (const [path, item] of Object.entries(paper.paths)) {
    for (const method of ["get", "post", "put", "patch", "delete"].filter((m) => item[m])) {
      all += 1;
      for (const one of shape(paper, path, method, types)) assert.ok(covered.has(one), `${method} ${path}: ${one}`);
    }
  }
  assert.ok(chosen.length * 2 < all, `${chosen.length} of ${all} operations stand for all`);
});

test("a shape tells kinds of values apart, not names", () => {
  assert.equal(kind({ type: "string", pattern: "^INC-[1-9][0-9]{0,17}$" }), kind({ type: "string", pattern: "^CHG-[1-9][0-9]{0,17}$" }));
  assert.equal(kind({ type: ["string", "null"], enum: ["a"] }), kind({ type: ["null", "string"], enum: ["b", "c"] }));
  assert.notEqual(kind({ type: "string", format: "date" }), kind({ type: "string", format: "date-time" }));
  assert.notEqual(kind({ type: "array", items: { type: "string" } }), kind({ type: "array", items: { type: "integer" } }));
});
