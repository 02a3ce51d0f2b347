// Creates the user that the programs connect as: it may read and write one database and nothing else.
// The mongo image runs this once, on an empty data volume.
db.getSiblingDB("drift_detection").createUser({
  user: process.env.MONGODB_APP_USER,
  pwd: process.env.MONGODB_APP_PASSWORD,
  roles: [{ role: "readWrite", db: "drift_detection" }],
});
