/**
 * Standard input of a runner: its request is the first line (null if there is none), and the pipe stays open as long as
 * the owner is alive.
 */
export function readRequest({ onClosed }: { onClosed: () => void }): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    for (const event of ['end', 'close', 'error']) {
      process.stdin.on(event, () => {
        resolve(null);
        onClosed();
      });
    }
  });
}
