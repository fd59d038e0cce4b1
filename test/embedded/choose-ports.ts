import { choosePorts } from '../../src/embedded/ports.ts';

/** Chooses ports and holds them until its input ends, like a platform: `choose-ports.ts <file> <base>`. */
const [file, base] = process.argv.slice(2);
const { ports } = await choosePorts({ file: file!, env: { FREEHOLD_PORT_BASE: base }, free: false });
console.log(JSON.stringify(ports));
process.stdin.resume();
