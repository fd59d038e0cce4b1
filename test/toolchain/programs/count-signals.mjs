/** Counts the SIGINTs that reach it and says so when it is ended by SIGTERM, with an exit code of its own. */
let count = 0;
process.on('SIGINT', () => count++);
process.on('SIGTERM', () => {
  console.log(`signals ${count}`);
  process.exit(7);
});
setInterval(() => {}, 1_000);
console.log(`up ${process.argv.slice(2).join(' ')} ${process.env.FREEHOLD_NODE}`);
