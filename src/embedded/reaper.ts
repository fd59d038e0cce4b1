import { endAll, openProcessRecord } from './process-record.ts';
import { FolderBusyError, lockStateFolder, openStateFolder } from './state-folder.ts';

/**
 * Ends what a platform left running whose supervisor was killed. It is started with the platform by a shell that only
 * waits for the supervisor's pipe to close, and becomes this program at that moment.
 */
const [root] = process.argv.slice(2);
if (!root) throw new Error('usage: undertaker.ts <state folder>');
const folder = openStateFolder(root);
try {
  const lock = lockStateFolder(folder, 'undertaker');
  const record = openProcessRecord(folder);
  await endAll(record.all(), (name) => record.remove(name));
  lock.release();
} catch (error) {
  // A new platform was faster: it ends the leftovers itself before it starts.
  if (!(error instanceof FolderBusyError)) throw error;
}
