// A headless Chromium with a virtual authenticator, driven over the DevTools protocol through a pipe: no library and no
// port. COGNATE_CHROMIUM names the program; without it the usual places are tried.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
export const CHROMIUM = process.env.COGNATE_CHROMIUM ?? PLACES.find((place) => existsSync(place));

const ANSWERS_WITHIN_MS = 60_000;
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-pipe",
];

/** A running browser with one page. */
export class Browser {
  #replies = new Map();
  #next = 1;
  #buffer = "";

  static async start() {
    const browser = new Browser();
    browser.profile = mkdtempSync(path.join(tmpdir(), "cognate-chromium-"));
    browser.child = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${browser.profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    process.on("exit", () => browser.child.kill("SIGKILL"));
    browser.child.once("exit", () => browser.#fail(new Error("the browser ended")));
    browser.child.stdio[4].setEncoding("utf8").on("data", (text) => browser.#read(text));
    // Every site of a test is a port of its own, all of them on this one page.
    browser.site = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end("<!doctype html><title>Passkeys</title>");
    }).listen(0, "127.0.0.1");
    await once(browser.site, "listening");
    const { targetId } = await browser.#send("Target.createTarget", { url: "about:blank" });
    browser.session = (await browser.#send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
    await browser.page("Page.enable");
    await browser.page("WebAuthn.enable", { enableUI: false });
    return browser;
  }

  /** Shows the page of this test under a host name of the machine. */
  async open(host = "localhost") {
    this.origin = `http://${host}:${this.site.address().port}`;
    await this.page("Page.navigate", { url: this.origin });
    await this.evaluate(`new Promise((done) => {
      if (document.readyState === "complete") done(); else addEventListener("load", () => done());
    })`);
  }

  /** A virtual authenticator like that of a laptop; answers its id. */
  async authenticator(options = {}) {
    const { authenticatorId } = await this.page("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        ctap2Version: "ctap2_1",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        ...options,
      },
    });
    return authenticatorId;
  }

  removeAuthenticator(authenticatorId) {
    return this.page("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  }

  /** What the authenticator holds. */
  async credentials(authenticatorId) {
    return (await this.page("WebAuthn.getCredentials", { authenticatorId })).credentials;
  }

  /** navigator.credentials.create with options in JSON; answers RegistrationResponseJSON. */
  create(options) {
    return this.evaluate(`navigator.credentials
      .create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(${JSON.stringify(options)}) })
      .then((credential) => credential.toJSON())`);
  }

  /** navigator.credentials.get, likewise; answers AuthenticationResponseJSON. */
  get(options) {
    return this.evaluate(`navigator.credentials
      .get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(${JSON.stringify(options)}) })
      .then((credential) => credential.toJSON())`);
  }

  /** The value of an expression on the page, awaited. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.page("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** A command to the page. */
  page(method, params = {}) {
    return this.#send(method, params, this.session);
  }

  async stop() {
    this.site.close();
    this.site.closeAllConnections();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, "exit");
      await this.#send("Browser.close").catch(() => {});
      const deadline = setTimeout(() => this.child.kill("SIGKILL"), ANSWERS_WITHIN_MS);
      await exit;
      clearTimeout(deadline);
    }
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #send(method, params = {}, sessionId = undefined) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`${method}: no answer`)), ANSWERS_WITHIN_MS);
      this.#replies.set(id, { resolve, reject, deadline, method });
      this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  #read(text) {
    const messages = (this.#buffer + text).split("\0");
    this.#buffer = messages.pop();
    for (const message of messages) {
      const { id, result, error } = JSON.parse(message);
      const reply = this.#replies.get(id);
      // Events have no id; nobody here waits for one.
      if (reply === undefined) continue;
      this.#replies.delete(id);
      clearTimeout(reply.deadline);
      if (error) reply.reject(new Error(`${reply.method}: ${error.message}`));
      else reply.resolve(result);
    }
  }

  #fail(error) {
    for (const { reject, deadline } of this.#replies.values()) {
      clearTimeout(deadline);
      reject(error);
    }
    this.#replies.clear();
  }
}
