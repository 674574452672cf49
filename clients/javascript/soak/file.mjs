// Looks into the SQLite file of a server that has ended: whole, and without rows that belong to nobody.

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const SCRIPT = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
whole = db.execute("PRAGMA integrity_check").fetchall()
if whole != [("ok",)]:
    print("integrity_check:", whole[:5])
for what, query in {
    "names of nobody": "SELECT COUNT(*) FROM user_aliases a WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.pool = a.pool AND u.id = a.user_id)",
    "search values of nobody": "SELECT COUNT(*) FROM user_attributes a WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.pool = a.pool AND u.id = a.user_id)",
    "users without a name": "SELECT COUNT(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM user_aliases a WHERE a.pool = u.pool AND a.user_id = u.id)",
    "sign-ins of nobody": "SELECT COUNT(*) FROM refresh_tokens r WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.pool = r.pool AND u.id = r.user_id)",
    "members who are nobody": "SELECT COUNT(*) FROM group_members m WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.pool = m.pool AND u.id = m.user_id)",
    "pools whose counter is wrong": "SELECT COUNT(*) FROM user_pools p WHERE (SELECT COALESCE(SUM(c.users), 0) FROM counters c WHERE c.pool = p.id) <> (SELECT COUNT(*) FROM users u WHERE u.pool = p.id)",
}.items():
    (rows,) = db.execute(query).fetchone()
    if rows:
        print(what + ":", rows)
`;

/** Reports what is wrong with the file in this folder. */
export async function inspect(folder, scene) {
  const { stdout } = await promisify(execFile)("python3", ["-c", SCRIPT, path.join(folder, "cognate.db")]);
  scene.traffic.counts.checked += 7;
  for (const line of stdout.split("\n").filter(Boolean)) {
    scene.report({ who: "file", what: line, worlds: [], trace: [] });
  }
}
