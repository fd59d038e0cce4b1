const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const titleWidth = 24;

/** How often a long step reports progress where lines cannot be redrawn, in ms: at first, and after a minute. */
const plainIntervalMs = (elapsed) => (elapsed < 60_000 ? 5_000 : 10_000);

/** `1.4 s`, `42 s`, `3 min 05 s`. */
export function duration(ms) {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** `812 kB`, `44.5 MB`. */
export function size(bytes) {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.round(bytes / 1e6)} MB`;
}

/**
 * Progress of the set-up, on stderr only: one line per step with its name, its current activity and the time. On a
 * terminal the line is redrawn; elsewhere a new line appears every few seconds. No colours if NO_COLOR is set.
 */
export function createReport(stream = process.stderr) {
  const live = Boolean(stream.isTTY) && process.env.TERM !== 'dumb';
  const coloured = live && !process.env.NO_COLOR;
  const paint = (code, text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
  const write = (text) => stream.write(text);

  return {
    line: (text) => write(`${text}\n`),

    /** Starts a step. `progress` shows its current activity; exactly one of `done` and `failed` ends it. */
    step(title) {
      const started = Date.now();
      const name = title.padEnd(titleWidth);
      let text = '';
      let frame = 0;
      let nextPlain = started;
      const draw = () => {
        if (live) {
          frame = (frame + 1) % frames.length;
          const line = `${name} ${text}`.slice(0, Math.max(20, (stream.columns || 100) - 18));
          write(`\r\u001b[K${paint(36, frames[frame])} ${line}  ${duration(Date.now() - started)}`);
        } else if (Date.now() >= nextPlain && text) {
          nextPlain = Date.now() + plainIntervalMs(Date.now() - started);
          write(`… ${name} ${text}  ${duration(Date.now() - started)}\n`);
        }
      };
      const timer = setInterval(draw, live ? 120 : 500);
      const end = (mark, note) => {
        clearInterval(timer);
        write(`${live ? '\r\u001b[K' : ''}${mark} ${name} ${note}  ${duration(Date.now() - started)}\n`);
      };
      return {
        progress(next) {
          text = next;
          if (!live) draw();
        },
        done: (note) => end(paint(32, '✓'), note),
        failed: (note) => end(paint(31, '✗'), note),
      };
    },
  };
}
