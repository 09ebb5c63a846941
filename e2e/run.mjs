// The runner: one filled desk for the whole run, then node's own test runner over support/, journeys/, bugs/ and rest/,
// one file at a time; last what leaves nothing of the desk as it was (fuzz/). `node e2e/run.mjs desk` runs the files whose
// name contains "desk".

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDesk } from "./support/desk.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const filesOf = (folder) =>
  (existsSync(join(here, folder)) ? readdirSync(join(here, folder)) : [])
    .map((name) => join(here, folder, name))
    .filter((path) => path.endsWith(".test.mjs"))
    .filter((path) => wanted.length === 0 || wanted.some((word) => basename(path).includes(word)));
// the test runner puts the files of one run in an order of its own, so what comes last is a run of its own
const runs = [["support", "journeys", "bugs", "rest"], ["fuzz"]].map((folders) => folders.flatMap(filesOf)).filter((files) => files.length > 0);
if (runs.length === 0) {
  console.error(`no journey is named ${wanted.join(" or ")}`);
  process.exit(1);
}

mkdirSync(join(here, "out"), { recursive: true });
const desk = await startDesk();
console.log(`e2e: ${runs.flat().length} files against ${desk.url}`);
const environment = {
  ...process.env,
  PROOFDESK_URL: desk.url,
  PROOFDESK_NAME: desk.name,
  PROOFDESK_PASSWORD: desk.password,
  PROOFDESK_FOLDER: desk.folder,
};
let code = 0;
for (const files of runs) {
  const options = ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files];
  const runner = spawn(process.execPath, options, { stdio: "inherit", env: environment });
  code = (await new Promise((done) => runner.once("exit", (code) => done(code ?? 1)))) || code;
}
const { said } = await desk.stop();
const errors = said.filter((line) => /\b(ERROR|panicked)\b/.test(line));
if (errors.length > 0) console.error(`the program reported errors:\n${errors.join("\n")}`);
process.exit(code !== 0 || errors.length > 0 ? 1 : 0);
