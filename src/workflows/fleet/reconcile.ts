import {
  ActivityFailure,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import {
  FleetSource,
  type Page,
  type ReconcileInput,
  type ReconcileProgress,
  type ReconcileReport,
} from '../../contracts/fleet.ts';
import { describeReconcile } from '../../domain/fleet/describe-reconcile.ts';
import type { Judged } from '../../domain/fleet/reconcile.ts';
import { fleetActivities } from '../lib/fleet-activities.ts';
import { causeOf } from '../lib/reason-of.ts';
import { type Answered, listsOf } from './reconcile-lists.ts';
import { repairAll } from './repair-mismatches.ts';

/** Maximum number of mismatches that a report names and a pass repairs; all of them have a ticket. */
const longestReport = 500;

/**
 * Compares our systems: `fleet/reconcile` our records with the other systems, `fleet/orphan-sweep` the resources at
 * the clouds with our records. Opens a ticket per mismatch, closes those that are gone, and makes the automatic
 * repairs; a dry run only reports. A source that does not respond is left out, and its tickets stay.
 */
export async function reconcileFleet(input: ReconcileInput): Promise<ReconcileReport> {
  const { parts, repair, soFar } = input;
  const progress = soFar ?? (await begin(repair));
  const { settings, report } = progress;
  const lists = listsOf(input, settings.clouds);

  for (; progress.list < lists.length; progress.list += 1) {
    const list = lists[progress.list]!;
    for (let cursor: string | null = progress.cursor; cursor !== null; ) {
      show(parts, progress, list.title);
      progress.cursor = cursor;
      await continueIfLong();
      const page: Page<unknown> | null = await answered(list.source, () => list.read(settings, cursor as string));
      if (page === null) break;
      await take(progress, page.items.length, await list.judge(settings, page.items, answered));
      cursor = page.next;
    }
    progress.cursor = '';
  }

  if (repair) {
    const needed = new Set(lists.flatMap(({ sources }) => sources));
    const responding = FleetSource.options.filter((source) => needed.has(source) && !report.unread.includes(source));
    await fleetActivities().closeTickets(settings, responding);
    // Only after everything was compared: one repair may fix several mismatches.
    show(parts, progress, 'repairs');
    await repairAll(progress, continueIfLong);
  }
  show(parts, progress, null);
  return report;

  /** Continues as new when the history has grown: between two pages, and between two repairs. */
  async function continueIfLong(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return;
    await continueAsNew<typeof reconcileFleet>({ ...input, soFar: progress });
  }

  /** Reads a source; null when it does not respond, which is in the report. */
  async function answered<Result>(source: FleetSource, ask: () => Promise<Result>): ReturnType<Answered<Result>> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      log.warn('a system does not answer', { source, ...causeOf(error, 'internal') });
      if (!report.unread.includes(source)) report.unread.push(source);
      return null;
    }
  }
}

async function begin(repair: boolean): Promise<ReconcileProgress> {
  const settings = await fleetActivities().beginPass();
  const counts = { compared: 0, inMotion: 0, found: 0, repaired: 0 };
  const report: ReconcileReport = { repair, ...counts, mismatches: [], unread: [] };
  return { settings, list: 0, cursor: '', report, repairable: [], done: [] };
}

/** Adds the result of one page to the report, and opens tickets unless it is a dry run. */
async function take(
  progress: ReconcileProgress,
  compared: number,
  { mismatches, inMotion, leftAlone }: Judged,
): Promise<void> {
  const { settings, report } = progress;
  report.compared += compared;
  report.inMotion += inMotion;
  report.found += mismatches.length;
  report.mismatches.push(...mismatches.slice(0, longestReport - report.mismatches.length));
  if (!report.repair || mismatches.length + leftAlone.length === 0) return;
  const repairable = await fleetActivities().noteMismatches(settings, { mismatches, leftAlone });
  progress.repairable.push(...repairable.slice(0, longestReport - progress.repairable.length));
}

function show(parts: ReconcileInput['parts'], { report }: ReconcileProgress, list: string | null): void {
  setCurrentDetails(describeReconcile({ parts, report, list }));
}
