import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { useDeliveries } from '../support/delivered-server.ts';

const deliver = useDeliveries();

test('a restarted server is the same one with the same data, and its stack sees no difference', async () => {
  const it = await deliver('restarted');
  const before = await it.find();
  const [host] = await it.hosts();
  const note = join(await it.dataFolder(), 'note');
  await appendFile(note, 'written before the restart');

  // While a runner of an abandoned operation may still be writing, nothing is restarted.
  const release = await it.holdLease();
  await expect(it.restart()).rejects.toMatchObject({ code: 'stack_busy' });
  expect((await it.hosts())[0]?.pid).toBe(host!.pid);
  await release();

  const [line, ...others] = await it.restart();
  expect(others).toEqual([]);
  expect(line).toMatch(/^The machine of node-1 was restarted; the server answers again.* \(1 of 1\)\.$/);
  console.log(line);
  const [restarted] = await it.hosts();
  expect({ ...restarted, pid: null }).toEqual({ ...host, pid: null });
  expect(restarted!.pid).not.toBe(host!.pid);
  expect(await it.health()).toMatchObject({ boots: 2, version: '1.0.0' });
  expect(await readFile(note, 'utf8')).toBe('written before the restart');
  expect(await it.find()).toEqual(before);

  // The next change begins from the same machine. In the middle of it there are two, and the serving one is restarted.
  expect(await it.change({ desired: await it.desired() })).toEqual([]);
  const larger = { desired: await it.desired({ size: 'local-2' }) };
  expect(await it.take(larger)).toMatchObject({ kind: 'create-machine' });
  await it.restart();
  expect((await it.health()).boots).toBe(3);
  expect(await it.machines()).toEqual(['host-node-1-m1 local-1 running', 'host-node-1-m2 local-2 idle']);
  await it.destroy();
}, 240_000);
