// Creates the users that the programs connect as; they have no rights in another database than this one.
// The mongo image runs this once, on an empty data volume. By hand it may be run again: what is there, it leaves alone.
const database = db.getSiblingDB("drift_detection");

// No more than the release program asks for. An upsert is insert and update; collMod changes how long messages, looks
// and labels are kept. Decisions are only ever appended, and nothing is removed: what has expired, MongoDB removes.
const RELEASE_MAY = {
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
};

if (!database.getRole("release")) {
  database.createRole({
    role: "release",
    privileges: Object.entries(RELEASE_MAY).map(([collection, actions]) => ({
      resource: { db: "drift_detection", collection },
      actions,
    })),
    roles: [],
  });
}
if (!database.getUser(process.env.MONGODB_APP_USER)) {
  database.createUser({
    user: process.env.MONGODB_APP_USER,
    pwd: process.env.MONGODB_APP_PASSWORD,
    roles: [{ role: "readWrite", db: "drift_detection" }],
  });
}
if (!database.getUser(process.env.MONGODB_RELEASE_USER)) {
  database.createUser({
    user: process.env.MONGODB_RELEASE_USER,
    pwd: process.env.MONGODB_RELEASE_PASSWORD,
    roles: [{ role: "release", db: "drift_detection" }],
  });
}
