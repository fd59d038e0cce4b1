import { runEmbedded, stayUntilInterrupted } from './run-embedded.ts';

/** `npm start`: the embedded platform, running until Ctrl-C. */
await runEmbedded({ out: process.stdout, title: 'Freehold' }, async ({ screen, signal, showLinks }) => {
  showLinks();
  screen.print(screen.style('gray', ' Ctrl-C stops everything; the state stays in the folder.'));
  await stayUntilInterrupted(signal);
  return 0;
});
