// The soak: real clients under load, a model that checks every answer, and everything that can fail failing meanwhile.
//
//   node soak/main.mjs [--seconds 1200] [--seed N] [--phases kills,disk,clock,wall,database] [--workers 24]
//
// Ends with 1 if any answer differed from the model. CONTRIBUTING.md says what it does.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { clock, database, fullDisk, kills, wallClock } from "./phases.mjs";

/** Each phase with its part of the time. */
const PHASES = {
  kills: [kills, 0.32],
  disk: [fullDisk, 0.12],
  clock: [clock, 0.16],
  wall: [wallClock, 0.08],
  database: [database, 0.32],
};
/** How much a process may grow once it is warm, in MiB, before the growth counts as a difference. */
const MOST_GROWTH = 96;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "1200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    phases: { type: "string", default: Object.keys(PHASES).join(",") },
    workers: { type: "string", default: "24" },
    names: { type: "string", default: "4" },
    coverage: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});
const [total, seed, workers, names] = [values.seconds, values.seed, values.workers, values.names].map(Number);
const chosen = values.phases.split(",");
const share = chosen.reduce((sum, name) => sum + PHASES[name][1], 0);
console.log(`soak: ${total} seconds, seed ${seed}, ${workers} workers of ${names} users, phases ${values.phases}`);

const base = mkdtempSync(path.join(tmpdir(), "cognate-soak-"));
const rows = [];
for (const [n, name] of chosen.entries()) {
  const [phase, part] = PHASES[name];
  const folder = path.join(base, name);
  mkdirSync(folder);
  const seconds = Math.max(10, Math.round((total * part) / share));
  console.log(`${new Date().toISOString()} ${name}: ${seconds} seconds`);
  rows.push(await phase({ seconds, seed: seed + n, folder, workers, names }));
  tell(rows.at(-1));
  if (values.coverage)
    for (const [what, times] of [...(rows.at(-1).coverage ?? [])].sort()) console.log(`  ${times} ${what}`);
}

table(rows);
const isFine = rows.every(({ differences = [], memory }) => differences.length === 0 && growth(memory) <= MOST_GROWTH);
if (isFine && !values.keep) rmSync(base, { recursive: true, force: true });
else console.log(`the servers' data and logs are in ${base}`);
console.log(isFine ? "soak: no difference" : "soak: FAILED");
process.exit(isFine ? 0 : 1);

function growth(memory) {
  return memory === undefined ? 0 : memory.end - memory.warm;
}

/** Prints what differed, with the last operations on that user. */
function tell({ phase, differences = [] }) {
  for (const { who, what, worlds, trace } of differences.slice(0, 20)) {
    console.log(`DIFFERENCE in ${phase}: ${who}: ${what}`);
    for (const state of worlds.slice(0, 4)) console.log(`  the model says: ${JSON.stringify(state)}`);
    for (const line of trace) console.log(`  ${line}`);
  }
}

function table(all) {
  const columns = [
    "phase",
    "operations",
    "checked",
    "retries",
    "maybe",
    "resolved",
    "refused by faults",
    "kills",
    "events",
    "differences",
    "slowest answer",
    "memory (MiB)",
  ];
  const lines = all.map((row) => {
    if (row.skipped !== undefined) return [row.phase, `SKIPPED: ${row.skipped}`];
    const { memory } = row;
    const grown = memory && `${memory.warm.toFixed(0)} -> ${memory.end.toFixed(0)} in ${memory.seconds} s`;
    return [
      row.note ? `${row.phase}; ${row.note}` : row.phase,
      row.operations,
      row.checked,
      row.retries,
      row.maybes,
      row.resolved,
      row.troubles,
      row.kills,
      row.events,
      row.differences.length,
      `${(row.slowest.ms / 1_000).toFixed(1)} s, ${row.slowest.name}`,
      grown ?? "-",
    ];
  });
  console.log(`\n| ${columns.join(" | ")} |\n|${" --- |".repeat(columns.length)}`);
  for (const line of lines) console.log(`| ${line.join(" | ")} |`);
  console.log("");
}
