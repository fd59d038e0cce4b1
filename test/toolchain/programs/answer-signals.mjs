/** Says each signal that reaches it and is ended by SIGTERM, with an exit code of its own. */
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => console.log(signal));
process.on('SIGTERM', () => {
  console.log('SIGTERM');
  process.exit(7);
});
// It runs in a session of its own, where the end of a failed test does not reach it.
setTimeout(() => process.exit(1), 60_000);
console.log(`up ${process.argv.slice(2).join(' ')} ${process.env.FREEHOLD_NODE}`);
