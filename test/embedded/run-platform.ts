import { startPlatform } from '../../src/embedded/platform.ts';

/** A supervisor in a separate process, for tests that kill it: `run-platform.ts <state folder> [names]`. */
const [stateDir, names] = process.argv.slice(2);
const platform = await startPlatform({ stateDir: stateDir!, ports: 'free', only: names?.split(',') });
process.once('SIGTERM', () => {
  platform.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
const pids = Object.fromEntries(platform.processes.map(({ name, pid }) => [name, pid]));
console.log(JSON.stringify({ pids, ports: platform.ports }));
setInterval(() => {}, 60_000);
