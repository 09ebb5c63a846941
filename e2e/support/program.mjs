// Programs beside the browser: a token for the REST interface, and a command run to its end.

import { spawn } from "node:child_process";
import { desk, signedIn, visit } from "./session.mjs";

/** A token as a person makes it: on the account page, where it is shown once. */
export async function makeToken(browser, label) {
  const page = await signedIn(browser, {}, desk.administrator);
  await visit(page, "/account");
  await page.getByLabel("What the token is for").fill(label);
  await page.getByLabel("Your password").fill(desk.password);
  await page.getByRole("button", { name: "Make a token" }).click();
  return (await page.locator("pre").first().innerText()).trim();
}

/** Runs a program to its end and gives what it printed: all of it, so not at the exit but when its streams are closed. */
export function run(program, options) {
  return new Promise((done, fail) => {
    const child = spawn(program, options, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
    child.once("error", fail);
    child.once("close", (code) => done({ code, said }));
  });
}
