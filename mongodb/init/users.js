// Creates the users that the programs connect as; they have no rights in another database than this one.
// The mongo image runs this once, on an empty data volume. By hand it may be run again: users that are there, it leaves
// alone, and roles are what stands here.
const database = db.getSiblingDB("drift_detection");

// For each collection no more than a program asks for. An upsert is insert and update; collMod changes how long messages,
// looks and labels are kept. Decisions are only ever appended, and the release program removes nothing: what has expired,
// MongoDB removes.
const ROLES = {
  release: {
    drift_results: ["find"],
    feedback: ["find"],
    packages: ["find"],
    samples: ["find"],
    notifications: ["find", "insert", "update", "createIndex", "collMod"],
    release_decisions: ["find", "insert", "createIndex"],
    release_labels: ["find", "insert", "createIndex", "collMod"],
    release_looks: ["find", "insert", "update", "createIndex", "collMod"],
    release_shadow: ["find", "insert", "update"],
    release_state: ["find", "insert", "update"],
  },
  // The job server and its workers together.
  jobs: {
    job_chunks: ["find", "insert", "update", "remove", "createIndex"],
    job_inputs: ["find", "insert", "update", "remove", "createIndex"],
    jobs: ["find", "insert", "update", "remove"],
    samples: ["insert"],
  },
};
const USERS = [
  { user: process.env.MONGODB_APP_USER, pwd: process.env.MONGODB_APP_PASSWORD, role: "readWrite" },
  { user: process.env.MONGODB_RELEASE_USER, pwd: process.env.MONGODB_RELEASE_PASSWORD, role: "release" },
  { user: process.env.MONGODB_JOBS_USER, pwd: process.env.MONGODB_JOBS_PASSWORD, role: "jobs" },
];

for (const [role, may] of Object.entries(ROLES)) {
  const privileges = Object.entries(may).map(([collection, actions]) => ({
    resource: { db: "drift_detection", collection },
    actions,
  }));
  if (database.getRole(role)) {
    database.updateRole(role, { privileges, roles: [] });
  } else {
    database.createRole({ role, privileges, roles: [] });
  }
}
for (const { user, pwd, role } of USERS) {
  if (!database.getUser(user)) {
    database.createUser({ user, pwd, roles: [{ role, db: "drift_detection" }] });
  }
}
