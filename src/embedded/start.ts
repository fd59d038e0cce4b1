import { runEmbedded, stayUntilInterrupted } from './run-embedded.ts';

/** `npm start`: the embedded platform, up until Ctrl-C. */
await runEmbedded({ out: process.stdout, title: 'Freehold' }, async ({ screen, signal, showLinks }) => {
  showLinks();
  screen.print(screen.style('gray', ' Ctrl-C ends everything; the state stays in the folder.'));
  await stayUntilInterrupted(signal);
  return 0;
});
