// The phases: kills, a full disk, clocks that jump, and several nodes on a database that fails.

import { execFile, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statfsSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { CreateGroupCommand, DeleteGroupCommand } from "@aws-sdk/client-cognito-identity-provider";

import { REPOSITORY } from "../server.mjs";
import { Dice } from "./dice.mjs";
import { inspect } from "./file.mjs";
import { memoryOf, Node } from "./node.mjs";
import { Scene } from "./scene.mjs";
import { times } from "./times.mjs";
import { sleep, Traffic } from "./traffic.mjs";

const run = promisify(execFile);

/** Operations that write nothing. */
const READS = new Set([
  "AdminGetUser",
  "AdminGetUserAuthFactors",
  "AdminListGroupsForUser",
  "AdminListUserSessions",
  "DescribeUserPool",
  "GetUser",
  "ListUsers",
  "ListUsersInGroup",
]);

/** A phase on its way: what all of them have. */
class Phase {
  constructor({ name, seconds, seed, folder, workers, names, ...options }) {
    Object.assign(this, { name, seconds, seed, folder });
    this.dice = new Dice(seed, 5_000);
    this.offset = 0;
    this.troubleUntil = 0;
    this.traffic = new Traffic({
      clock: () => Date.now() + this.offset,
      toleratesTrouble: (name) => Date.now() < this.troubleUntil && !(this.readsNeverFail && READS.has(name)),
    });
    this.scene = new Scene({ traffic: this.traffic, seed, workers, names, ...options });
    this.nodes = [];
    this.events = 0;
  }

  node(name, mode, options = {}) {
    const data = options.data ?? path.join(this.folder, "data");
    const log = path.join(this.folder, `${name}.log`);
    const node = new Node({ name, mode, data, log, traffic: this.traffic, ...options });
    this.nodes.push(node);
    return node;
  }

  /** Everybody works for the phase's time, while `chaos` happens; an error of either ends both. */
  async work(chaos, seconds = this.seconds) {
    const end = Date.now() + seconds * 1_000;
    let isStopped = false;
    const isOver = () => isStopped || Date.now() > end;
    const stopping = (promise) =>
      promise.catch((error) => {
        isStopped = true;
        throw error;
      });
    const results = await Promise.allSettled([stopping(this.scene.run(isOver)), stopping(chaos(isOver))]);
    for (const { reason } of results) if (reason !== undefined) throw reason;
  }

  /** Waits a while, unless the phase is over. */
  async pause(isOver, low, high) {
    const end = Date.now() + this.dice.between(low, high);
    while (!isOver() && Date.now() < end) await sleep(20);
  }

  async stop() {
    for (const node of this.nodes) if (node.child !== undefined && node.isUp) await node.stop();
  }

  row() {
    this.scene.finish();
    const { counts } = this.traffic;
    return {
      phase: this.name,
      ...counts,
      coverage: this.traffic.coverage,
      slowest: this.traffic.slowest,
      kills: this.nodes.reduce((sum, { kills }) => sum + kills, 0),
      events: this.events,
      differences: this.scene.differences,
      memory: memoryOf(this.nodes),
    };
  }
}

/** (a) `serve` on SQLite, killed and started again. */
export async function kills(options) {
  const phase = new Phase({ name: "kills (serve, SQLite)", ...options });
  const config = path.join(phase.folder, "cognate.toml");
  writeFileSync(config, UNLIMITED);
  const node = phase.node("node", "serve", { flags: ["--config", config] });
  try {
    await node.start();
    await phase.scene.prepare(node.client, node.endpoint);
    const calm = Math.round(phase.seconds * 0.4);
    // The last two fifths are calm, so that memory is seen over a long life.
    await phase.work(async (isOver) => {
      while (!isOver()) {
        await phase.pause(isOver, 2_000, 9_000);
        if (isOver()) return;
        if (phase.dice.chance(0.2)) {
          phase.events += 1;
          await node.stop();
        } else await node.kill();
        for (let n = phase.dice.below(3); n > 0; n -= 1) await node.startInVain(phase.dice.below(120));
        await node.start();
      }
    }, phase.seconds - calm);
    await phase.scene.sweep();
    await phase.work(async () => {}, calm);
    await node.kill();
    await node.start();
    await phase.scene.sweep();
    await phase.stop();
    await inspect(node.data, phase.scene);
  } finally {
    await phase.stop();
  }
  return phase.row();
}

/** (b) `serve` on a disk that fills up. */
export async function fullDisk(options) {
  const phase = new Phase({ name: "full disk (serve, SQLite)", ...options });
  const disk = path.join(phase.folder, "disk");
  mkdirSync(disk, { recursive: true });
  // What is kept for good, the audit trail above all, grows by half a MiB a second, and has to fit for the whole time.
  const size = `size=${48 + 2 * phase.seconds}m,mode=0700`;
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", size, "tmpfs", disk], { stdio: "pipe" });
  } catch (error) {
    return {
      phase: phase.name,
      skipped: `a small file system cannot be mounted: ${String(error.stderr ?? error).trim()}`,
    };
  }
  const config = path.join(phase.folder, "cognate.toml");
  writeFileSync(config, UNLIMITED);
  phase.readsNeverFail = true;
  const node = phase.node("node", "serve", { flags: ["--config", config], data: path.join(disk, "data") });
  const ballast = path.join(disk, "ballast");
  try {
    await node.start();
    await phase.scene.prepare(node.client, node.endpoint);
    await phase.work(async (isOver) => {
      while (!isOver()) {
        await phase.pause(isOver, 3_000, 5_000);
        if (isOver()) return;
        phase.events += 1;
        phase.troubleUntil = Infinity;
        fill(disk, ballast);
        const ballastGroups = await growUntilRefused(phase);
        await phase.pause(isOver, 2_000, 4_000);
        // Killed on a full disk, it starts on a full disk.
        if (phase.dice.chance(0.5)) {
          await node.kill();
          await node.start().catch(async () => {
            phase.startsRefused = (phase.startsRefused ?? 0) + 1;
            rmSync(ballast, { force: true });
            await node.start();
          });
        }
        rmSync(ballast, { force: true });
        await phase.traffic.whileQuiet(() => undefined);
        // From here on every write is done, without a restart.
        phase.troubleUntil = 0;
        await removeGroups(phase, ballastGroups);
      }
    });
    rmSync(ballast, { force: true });
    await phase.traffic.whileQuiet(() => undefined);
    phase.troubleUntil = 0;
    await phase.scene.sweep();
    await phase.stop();
    await inspect(node.data, phase.scene);
    const { bavail, blocks, bsize } = statfsSync(disk);
    phase.left = `${((blocks - bavail) * bsize) >> 20} of ${(blocks * bsize) >> 20} MiB at the end`;
  } finally {
    await phase.stop();
    execFileSync("umount", [disk]);
  }
  const refused = phase.startsRefused ? `; ${phase.startsRefused} starts refused while full` : "";
  return { ...phase.row(), note: `${phase.left}${refused}` };
}

/** Takes every page that is left. */
function fill(disk, ballast) {
  const size = 1 << 16;
  for (let step = size; step >= 4_096; step /= 16) {
    try {
      for (;;) writeFileSync(ballast, Buffer.alloc(step, 1), { flag: "a" });
    } catch (error) {
      if (error.code !== "ENOSPC") throw error;
    }
  }
  const { bavail } = statfsSync(disk);
  if (bavail > 1) throw new Error(`${bavail} blocks are still free`);
}

/** Writes more and more until it is refused: what only replaces may go on for long, in the log that is there already. */
async function growUntilRefused(phase) {
  const made = [];
  for (let n = 0; n < 9_000; n += 1) {
    const GroupName = `ballast-${n}`;
    const input = { UserPoolId: phase.scene.pool, GroupName, Description: "heavy ".repeat(340) };
    made.push(GroupName);
    const outcome = await phase.traffic.send({ name: "CreateGroup", command: new CreateGroupCommand(input) });
    if (outcome.kind === "lost") return made;
    if (outcome.kind === "refusal") phase.scene.report(plain(`CreateGroup: ${outcome.name}: ${outcome.message}`));
  }
  phase.scene.report(plain("nothing was refused on the full disk"));
  return made;
}

async function removeGroups(phase, names) {
  for (const [n, GroupName] of names.entries()) {
    const command = new DeleteGroupCommand({ UserPoolId: phase.scene.pool, GroupName });
    const { kind, message } = await phase.traffic.send({ name: "DeleteGroup", command });
    const isLast = n === names.length - 1;
    if (kind !== "answer" && !isLast) phase.scene.report(plain(`the group ${GroupName} is gone: ${kind} ${message}`));
  }
}

/** (c) `dev` with signatures, on SQLite, whose clock jumps. */
export async function clock(options) {
  const phase = new Phase({
    name: "clock (dev, SQLite)",
    ...options,
    outbox: (username, seen) => node.code(phase.scene.pool, username, seen),
  });
  const node = phase.node("node", "dev", { flags: ["--verify-signatures"] });
  return jumping(phase, node, {
    move: (seconds) => node.advance(seconds),
    // A start sets the clock of `dev` right, which is one more jump.
    offsetAfterStart: () => 0,
    work: (jump) => times(phase.scene.workers[0], jump),
  });
}

/** (c) `serve` on SQLite, on a machine whose clock jumps: clock.c stands between the program and the system. */
export async function wallClock(options) {
  const phase = new Phase({ name: "wall clock (serve, SQLite)", ...options });
  const [config, library, file] = ["cognate.toml", "clock.so", "clock"].map((name) => path.join(phase.folder, name));
  writeFileSync(config, UNLIMITED);
  const source = fileURLToPath(new URL("clock.c", import.meta.url));
  await run("cc", ["-shared", "-fPIC", "-O2", "-o", library, source]);
  const ahead = Buffer.alloc(8);
  writeFileSync(file, ahead);
  const env = { LD_PRELOAD: library, SOAK_CLOCK: file };
  const node = phase.node("node", "serve", { flags: ["--config", config], env });
  return jumping(phase, node, {
    move: (seconds) => {
      const offset = phase.offset + seconds * 1_000;
      // In place, and in one write: the program has these bytes in its memory.
      ahead.writeBigInt64LE(BigInt(offset));
      const descriptor = openSync(file, "r+");
      writeSync(descriptor, ahead, 0, ahead.length, 0);
      closeSync(descriptor);
      // Signatures are judged by the same clock.
      node.clockOffset = offset;
    },
    offsetAfterStart: () => phase.offset,
    work: async () => {},
  });
}

/** Jumps while everybody works; `move` does it, `work` is done at the end. */
async function jumping(phase, node, { move, offsetAfterStart, work }) {
  const jump = async (seconds) => {
    phase.events += 1;
    await phase.traffic.whileQuiet(async () => {
      await move(seconds);
      phase.offset += seconds * 1_000;
    });
  };
  try {
    await node.start();
    await phase.scene.prepare(node.client, node.endpoint);
    await phase.work(async (isOver) => {
      while (!isOver()) {
        await phase.pause(isOver, 400, 2_000);
        if (isOver()) return;
        if (phase.dice.chance(0.06)) {
          await phase.traffic.whileQuiet(async () => {
            await node.kill();
            phase.offset = offsetAfterStart();
            await node.start();
          });
          continue;
        }
        const seconds = phase.dice.of([1, 5, 29, 31, 120, 310, 610, 950, 1_850, 3_700, -2, -31, -310, -950, -3_700]);
        // Neither before the present nor so far ahead that what ended is forgotten.
        if (phase.offset + seconds * 1_000 < 0 || phase.offset > 12 * 3_600_000) await jump(-phase.offset / 1_000);
        else await jump(seconds);
      }
    });
    await phase.scene.sweep();
    await work(jump);
    await phase.scene.sweep();
    await phase.stop();
    await inspect(node.data, phase.scene);
  } finally {
    await phase.stop();
  }
  return phase.row();
}

/** (d) Three nodes on one PostgreSQL database. */
export async function database(options) {
  const phase = new Phase({
    name: "database (3 nodes, PostgreSQL)",
    ...options,
    settleMs: 1_500,
    outbox: async (username, seen) => upNode()?.code(phase.scene.pool, username, seen),
  });
  const upNode = () => phase.nodes.find((node) => phase.traffic.clients.has(node.name));
  const postgres = await Postgres.start();
  const env = { COGNATE_DATABASE_URL: postgres.url, COGNATE_MASTER_KEY: "5a".repeat(32) };
  try {
    for (const n of [1, 2, 3]) phase.node(`node-${n}`, "dev", { env, flags: ["--verify-signatures"] });
    // At the same time, on an empty database: one of them lays down the tables.
    await Promise.all(phase.nodes.map((node) => node.start()));
    await phase.scene.prepare(phase.nodes[0].client, phase.nodes[0].endpoint);
    await phase.work(async (isOver) => {
      while (!isOver()) {
        await phase.pause(isOver, 1_000, 5_000);
        if (isOver()) return;
        const event = phase.dice.weighted([
          [4, () => killOneOf(phase)],
          [4, () => postgres.terminate(phase.dice.between(1, 12))],
          [1.5, () => freeze(phase)],
          [1, () => restartDatabase(phase, postgres)],
        ]);
        phase.events += 1;
        await event();
      }
    });
    await phase.scene.sweep();
    await phase.stop();
    phase.deadlocks = postgres.deadlocks();
  } finally {
    await phase.stop();
    await postgres.stop();
  }
  return { ...phase.row(), note: `${phase.deadlocks} deadlocks` };
}

/** The first node is never killed, so that its memory is seen over the whole phase. */
async function killOneOf(phase) {
  const node = phase.dice.of(phase.nodes.slice(1));
  await node.kill();
  await sleep(phase.dice.below(1_500));
  await node.start();
}

/** A node that stands still for a while, with requests and transactions under way. */
async function freeze(phase) {
  const node = phase.dice.of(phase.nodes);
  node.child.kill("SIGSTOP");
  await sleep(phase.dice.between(500, 3_000));
  node.child.kill("SIGCONT");
}

async function restartDatabase(phase, postgres) {
  // A transaction whose outcome cannot be asked for in time is answered with InternalErrorException.
  phase.troubleUntil = Date.now() + 60_000;
  await postgres.restart();
  phase.troubleUntil = Date.now() + 15_000;
}

/** A database server of xtask/postgres. */
class Postgres {
  static async start() {
    const child = spawn(path.join(REPOSITORY, "xtask/postgres"), [], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout });
    const [url] = await Promise.race([
      new Promise((resolve) => lines.once("line", (line) => resolve([line]))),
      new Promise((_, reject) => child.once("exit", (code) => reject(new Error(`xtask/postgres ended with ${code}`)))),
    ]);
    return new Postgres(child, url);
  }

  constructor(child, url) {
    Object.assign(this, { child, url });
    this.folder = decodeURIComponent(/@([^:/]+):/.exec(url)[1]);
  }

  /** Ends up to so many random connections of the nodes. */
  async terminate(most) {
    const sql =
      "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity " +
      `WHERE application_name = 'cognate' ORDER BY random() LIMIT ${most}) AS some`;
    await run("psql", ["-qAt", "-d", this.url, "-c", sql]).catch(() => undefined);
  }

  /** How often the server had to part transactions that waited for each other: each time costs them a second. */
  deadlocks() {
    return readFileSync(`${this.folder}/server.log`, "utf8").split("deadlock detected").length - 1;
  }

  /** `pg_ctl restart -m immediate`: as a crash. */
  async restart() {
    const [bin] = execFileSync(
      "sh",
      ["-c", "ls -d /usr/lib/postgresql/*/bin $(dirname $(readlink -f $(command -v pg_ctl || echo /x)))"],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      },
    ).split("\n");
    const command = [
      `${bin}/pg_ctl`,
      "-D",
      `${this.folder}/data`,
      "-w",
      "-m",
      "immediate",
      "-l",
      `${this.folder}/server.log`,
      "restart",
    ];
    const owner = execFileSync("stat", ["-c", "%U", `${this.folder}/data`], { encoding: "utf8" }).trim();
    const as = process.getuid() === 0 ? ["runuser", "-u", owner, "--"] : [];
    const [program, ...args] = [...as, ...command];
    await run(program, args, { cwd: "/", timeout: 60_000 });
  }

  async stop() {
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin.end();
    await gone;
  }
}

/** Every request of a soak comes from one address. */
const UNLIMITED = 'undelivered = "keep"\n[limits]\naddress_per_second = 0\nuser_per_second = 0\n';

const plain = (what) => ({ who: "phase", what, worlds: [], trace: [] });
