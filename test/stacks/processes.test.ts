import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { identify, isAlive, isSessionOver, killSession, sessionMembers } from '../../src/stacks/processes.ts';
import { until } from '../support/until.ts';

const forever = 'setInterval(() => {}, 1e6)';
/** A session of a leader and a child in its own process group, as the engine starts its plugins. */
const family = `require('node:child_process').spawn('/bin/sh', ['-c', 'set -m; sleep 1000 & wait'], { stdio: 'ignore' }); ${forever}`;

function startSession(program: string) {
  const child = spawn(process.execPath, ['-e', program], { detached: true, stdio: 'ignore', env: {} });
  return { child, sid: child.pid! };
}

describe('processes', () => {
  test('a session is known with members in process groups of their own, and ends whole', async () => {
    const { child, sid } = startSession(family);
    await until(() => sessionMembers(sid).length === 3, { what: 'leader, shell and sleeper run' });
    const leader = identify(sid)!;
    expect(isSessionOver(leader)).toBe(false);
    const ended = once(child, 'exit');
    await killSession(sid, sid);
    expect(sessionMembers(sid)).toEqual([sid]);
    await killSession(sid);
    await ended;
    expect(isSessionOver(leader)).toBe(true);
  });

  test('a session lives on after its leader', async () => {
    const { child, sid } = startSession(family);
    await until(() => sessionMembers(sid).length === 3);
    const leader = identify(sid)!;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(isAlive(leader)).toBe(false);
    expect(isSessionOver(leader)).toBe(false);
    await killSession(sid);
    await until(() => isSessionOver(leader));
  });

  test('another process is never taken for an earlier one with its pid', () => {
    const me = identify(process.pid)!;
    expect(isAlive(me)).toBe(true);
    expect(isAlive({ ...me, startTime: `${me.startTime}1` })).toBe(false);
    expect(isSessionOver({ ...me, startTime: 'earlier' })).toBe(true);
  });
});
