import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const entry = fileURLToPath(new URL('../../src/embedded/demo.ts', import.meta.url));

test('a demo that fails before its summary says so in one JSON document, and the rest on stderr', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'freehold-demo-'));
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', entry, '--json', '--fault', 'cancel'],
    {
      env: { ...process.env, NODE_OPTIONS: '', FREEHOLD_STATE_DIR: stateDir, FREEHOLD_PORT_API: 'none' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const [out, shown, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  rmSync(stateDir, { recursive: true, force: true });
  const sentence = 'FREEHOLD_PORT_API is not a port number.';
  expect(JSON.parse(out)).toEqual({ ok: false, fault: 'cancel', reason: 'port_refused', sentence, step: 'Platform' });
  expect(shown).toContain(sentence);
  expect(code).toBe(1);
}, 30_000);
