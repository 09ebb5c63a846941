// Starts the program on a filled desk in a temporary folder; the only file that knows its command line.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** The binary under test: `PROOFDESK_BIN`, else the newest place where cargo puts it. */
export function binary() {
  const target = process.env.CARGO_TARGET_DIR ?? join(checkout, "target");
  const places = [process.env.PROOFDESK_BIN, join(target, "release", "proofdesk"), join(target, "debug", "proofdesk")];
  const found = places.find((path) => path && existsSync(path));
  if (!found) throw new Error("the program is not built: run `cargo build -p proofdesk`, or set PROOFDESK_BIN");
  return resolve(found);
}

/** The accounts' password, on every desk of the journeys. */
const PASSWORD = "apple-sand-tower-1";

/** The journeys and the fuzzer of the interface ask oftener than any person does. */
const UNCOUNTED = "[limits]\nenabled = false\n";

/**
 * Fills a small demo company (always the same one: the seed is fixed) and serves it on a free port.
 * Resolves to its address, a sign-in and `stop`, once the first page can be had.
 */
export async function startDesk() {
  return serve(["demo", "--folder", "demo", "--seed", "7", "--incidents", "120", "--serve", "--listen", "127.0.0.1:0"], (folder) => {
    writeFileSync(join(folder, "proofdesk.toml"), UNCOUNTED);
    return {};
  });
}

/** Serves an empty desk with one account, an administrator: what a newcomer has after the first command. */
export async function startEmptyDesk(signIn, name) {
  const account = ["--database", "desk.db", "account", "create", "--administrator", "--sign-in", signIn, "--name", name];
  const desk = await serve(["--database", "desk.db", "serve", "--listen", "127.0.0.1:0"], (folder) => {
    const made = spawnSync(binary(), account, { cwd: folder, input: `${PASSWORD}\n`, encoding: "utf8" });
    if (made.status !== 0) throw new Error(`no account: ${made.stderr}`);
    return { name: signIn, password: PASSWORD };
  });
  return desk;
}

/**
 * Serves an empty desk with one administrator at `http://localhost:PORT`, with a configuration of its own: passkeys and single
 * sign-on need to know the address, and passkeys want a name in it. `files` are written beside the configuration.
 */
export async function startConfiguredDesk(port, configuration, files = {}) {
  const name = "boss";
  const account = ["account", "create", "--administrator", "--sign-in", name, "--name", "Bo Sand"];
  const text = `listen = "127.0.0.1:${port}"\npublic_url = "http://localhost:${port}"\n${configuration}\n${UNCOUNTED}`;
  const desk = await serve(["serve"], (folder) => {
    for (const [file, content] of Object.entries({ ...files, "proofdesk.toml": text })) writeFileSync(join(folder, file), content);
    const made = spawnSync(binary(), account, { cwd: folder, input: `${PASSWORD}\n`, encoding: "utf8" });
    if (made.status !== 0) throw new Error(`no account: ${made.stderr}`);
    return { name, password: PASSWORD };
  });
  const command = (options) => spawnSync(binary(), options, { cwd: desk.folder, encoding: "utf8" });
  return { ...desk, url: `http://localhost:${port}`, command };
}

/** Runs the program in a folder of its own; `before` prepares it and may give a sign-in. */
async function serve(options, before) {
  const folder = await mkdtemp(join(tmpdir(), "proofdesk-e2e-"));
  const given = before ? before(folder) : {};
  const program = spawn(binary(), options, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  const ended = new Promise((done) => program.once("exit", (code, signal) => done(code ?? signal)));
  const stop = async () => {
    program.kill("SIGTERM");
    const code = await ended;
    await rm(folder, { recursive: true, force: true });
    return { code, said };
  };
  const announced = new Promise((done, fail) => {
    const facts = { ...given };
    const read = (line) => {
      said.push(line);
      facts.url ??= line.match(/https?:\/\/127\.0\.0\.1:\d+/)?.[0];
      const login = line.match(/sign in as (\S+) with (?:the )?password (\S+)/i);
      if (login) [facts.name, facts.password] = [login[1], login[2]];
      if (facts.url && facts.name) done(facts);
    };
    for (const stream of [program.stdout, program.stderr]) createInterface({ input: stream }).on("line", read);
    ended.then((code) => fail(new Error(`the program ended with ${code} before it served:\n${said.join("\n")}`)));
    setTimeout(() => fail(new Error(`the program did not serve within 5 minutes:\n${said.join("\n")}`)), 300_000).unref();
  });
  try {
    const facts = await announced;
    return { ...facts, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
