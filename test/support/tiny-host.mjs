// The smallest host that meets the host contract: answers /healthz, and keeps a counter of its boots on its volume.
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const contract = JSON.parse(readFileSync(process.env.FREEHOLD_HOST_CONTRACT, 'utf8'));
const bootsFile = join(process.env.FREEHOLD_HOST_DATA, 'boots');
appendFileSync(bootsFile, `${process.pid}\n`);
console.log(`boot of ${contract.instanceId}`);

const server = createServer((request, response) => {
  const boots = readFileSync(bootsFile, 'utf8').trim().split('\n').length;
  const licence = { state: 'OK', revision: 1 };
  const health = { status: 'ok', instanceId: contract.instanceId, version: contract.productVersion, licence };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ...health, boots, pid: process.pid, host: request.headers.host, env: process.env }));
});
server.on('upgrade', (_request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
  socket.pipe(socket);
});
server.listen(Number(process.env.FREEHOLD_HOST_PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
