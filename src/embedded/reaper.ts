import { endAll, openProcessRecord } from './process-record.ts';
import { FolderBusyError, lockStateFolder, openStateFolder } from './state-folder.ts';

/**
 * Stops the processes of a platform whose supervisor was killed. A shell, started with the platform, waits for the
 * supervisor's pipe to close and then becomes this program.
 */
const [root] = process.argv.slice(2);
if (!root) throw new Error('usage: reaper.ts <state folder>');
const folder = openStateFolder(root);
try {
  const lock = lockStateFolder(folder, 'reaper');
  const record = openProcessRecord(folder);
  await endAll(record.all(), (name) => record.remove(name));
  lock.release();
} catch (error) {
  // A new platform was faster: it stops the leftovers itself before it starts.
  if (!(error instanceof FolderBusyError)) throw error;
}
