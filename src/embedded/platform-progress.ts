import type { Platform, PlatformEvent } from './platform.ts';
import type { Row, Screen, Section } from './terminal.ts';

/** Shows the events of a platform on a screen: rows while it starts and stops, single lines while it runs. */
export function showPlatform(screen: Screen): { onEvent(event: PlatformEvent): void; started(): void } {
  let section: Section | undefined;
  let phase: 'starting' | 'running' | 'stopping' = 'starting';
  const rows = new Map<string, Row>();
  const rowOf = (name: string, title: string) => {
    section ??= screen.section('Platform', 'every process on this machine, loopback only');
    const known = rows.get(name);
    if (known) return known;
    const row = section.row(title);
    rows.set(name, row);
    row.start();
    return row;
  };
  const quiet = (text: string) => screen.style('gray', text);

  return {
    started() {
      phase = 'running';
      section?.end();
    },
    onEvent(event) {
      if (event.type === 'leftover') {
        const row = rowOf(`leftover ${event.name}`, 'Left by a previous run');
        return row.end('done', `${event.name} ended`, event.tookMs);
      }
      if (event.type === 'moved') {
        return rowOf('moved', 'Ports').end('done', `busy, so free ones are used for ${event.services.join(', ')}`, 0);
      }
      if (event.type === 'stopping') {
        phase = 'stopping';
        section = screen.section('Stopping');
        rows.clear();
        for (const { name, title } of event.processes) rowOf(name, title);
        return;
      }
      const { name, title } = event;
      if (phase === 'starting') {
        if (event.type === 'starting') rowOf(name, title);
        if (event.type === 'ready') rowOf(name, title).end('done', undefined, event.tookMs);
        if (event.type === 'died') rowOf(name, title).update({ note: `${event.how}, again in a moment` });
        return;
      }
      if (phase === 'stopping') {
        if (event.type === 'stopped') rowOf(name, title).end('done', 'ended');
        return;
      }
      if (event.type === 'died') screen.print(quiet(`  ${title} ${event.how} and is being restarted`));
      if (event.type === 'ready') screen.print(quiet(`  ${title} serves again`));
      if (event.type === 'stopped') screen.print(quiet(`  ${title} has been stopped`));
    },
  };
}

/** Links to show while the platform runs. */
export function platformLinks({ urls }: Platform): [title: string, url: string][] {
  return [
    ['API docs', `${urls.api}/docs`],
    ['Licence server', urls.licence],
    ['Temporal UI', urls.temporalUi],
    ['Mailbox', urls.mailbox],
  ];
}
