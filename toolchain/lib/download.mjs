import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { rememberedNo, rememberNo } from './cache.mjs';
import { setupFailure } from './failure.mjs';

const connectMs = 3_000;
const idleMs = 20_000;
const redirects = 5;

/** True when the site accepts a connection within 3 s; a "no" is remembered for a day. */
export async function isReachable(origin, signal) {
  if (rememberedNo(origin)) return false;
  try {
    (await open({ url: origin, method: 'HEAD', signal })).destroy();
    return true;
  } catch {
    signal.throwIfAborted();
    rememberNo(origin);
    return false;
  }
}

/**
 * Downloads a file, follows redirects, and checks it against the publisher's list of SHA-256 sums if there is one
 * (lines of `<sum>  <file name>`). `onBytes(received, total)`: total is 0 if unknown.
 */
export async function download({ url, to, checksums, onBytes, signal }) {
  const answer = await open({ url, method: 'GET', signal });
  const total = Number(answer.headers['content-length'] ?? 0);
  let received = 0;
  answer.on('data', (chunk) => {
    received += chunk.length;
    onBytes(received, total);
  });
  await pipeline(answer, createWriteStream(to), { signal });
  if (!checksums) return;
  const list = await text(await open({ url: checksums, method: 'GET', signal }));
  const name = new URL(url).pathname.split('/').pop();
  const wanted = list
    .split('\n')
    .map((line) => line.trim().split(/\s+\*?/))
    .find(([, file]) => file === name)?.[0];
  if (wanted !== (await sha256(to))) throw setupFailure(`The checksum of ${url} is not the published one.`);
}

async function sha256(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function text(stream) {
  let all = '';
  for await (const chunk of stream.setEncoding('utf8')) all += chunk;
  return all;
}

async function open({ url, method, signal, left = redirects }) {
  const answer = await new Promise((resolve, reject) => {
    const client = url.startsWith('https:') ? https : http;
    const request = client.request(url, { method, signal, agent: false }, resolve);
    const late = () => request.destroy(setupFailure(`${url} did not answer in time.`));
    const timer = setTimeout(late, connectMs);
    request.on('socket', (socket) =>
      socket.once(client === https ? 'secureConnect' : 'connect', () => clearTimeout(timer)),
    );
    request.setTimeout(idleMs, late);
    request.on('close', () => clearTimeout(timer));
    request.on('error', reject);
    request.end();
  });
  const { statusCode, headers } = answer;
  if (statusCode >= 300 && statusCode < 400 && headers.location && method !== 'HEAD') {
    answer.destroy();
    if (left === 0) throw setupFailure(`${url} redirects too often.`);
    return open({ url: new URL(headers.location, url).href, method, signal, left: left - 1 });
  }
  if (statusCode >= 400 && method !== 'HEAD') {
    answer.destroy();
    throw setupFailure(`${url} answered ${statusCode}.`);
  }
  return answer;
}
