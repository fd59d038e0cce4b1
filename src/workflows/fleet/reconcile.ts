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
  type Mismatch,
  type Page,
  type ReconcileInput,
  type ReconcileProgress,
  type ReconcileReport,
} from '../../contracts/fleet.ts';
import { describeReconcile } from '../../domain/fleet/describe-reconcile.ts';
import { fleetActivities } from '../lib/fleet-activities.ts';
import { causeOf } from '../lib/reason-of.ts';
import { type Answered, listsOf } from './reconcile-lists.ts';
import { repairAll } from './repair-mismatches.ts';

/** How many mismatches a report names and a pass repairs; all of them have a ticket. */
const longestReport = 500;

/**
 * Compares what the systems hold: `fleet/reconcile` what our records say with what the others have, `fleet/orphan-sweep`
 * what the clouds hold with our records. Opens a ticket per mismatch, closes those that are gone, and repairs what can be
 * repaired by itself; a dry run only reports. A system that does not answer is left out, and its tickets stay.
 */
export async function reconcileFleet(input: ReconcileInput): Promise<ReconcileReport> {
  const { parts, repair, soFar } = input;
  const progress = soFar ? { ...soFar, done: soFar.done ?? [] } : await begin(repair);
  const { settings, report } = progress;
  const lists = listsOf(input, settings.clouds);

  for (; progress.list < lists.length; progress.list += 1) {
    const list = lists[progress.list]!;
    for (let cursor: string | null = progress.cursor; cursor !== null; ) {
      show(parts, progress, list.title);
      progress.cursor = cursor;
      await keepShort();
      const page: Page<unknown> | null = await answered(list.source, () => list.read(settings, cursor as string));
      if (page === null) break;
      const { mismatches, leftAlone } = await list.judge(settings, page.items, answered);
      await take(progress, { compared: page.items.length, mismatches, leftAlone });
      cursor = page.next;
    }
    progress.cursor = '';
  }

  if (repair) {
    const asked = new Set(lists.flatMap(({ sources }) => sources));
    const told = FleetSource.options.filter((source) => asked.has(source) && !report.unread.includes(source));
    await fleetActivities().closeTickets(settings, told);
    // Not before everything was compared: one repair may mend what would have been another ticket.
    show(parts, progress, 'repairs');
    await repairAll(progress, keepShort);
  }
  show(parts, progress, null);
  return report;

  /** Goes on as new where the history has grown: between two pages, and between two repairs. */
  async function keepShort(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return;
    await continueAsNew<typeof reconcileFleet>({ ...input, soFar: progress });
  }

  /** What a source says; null when it does not answer, which the report tells. */
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
  const report: ReconcileReport = { repair, compared: 0, found: 0, repaired: 0, mismatches: [], unread: [] };
  return { settings, list: 0, cursor: '', report, repairable: [], done: [] };
}

/** Takes the result of one page into the report, and in a run that repairs onto the tickets. */
async function take(
  progress: ReconcileProgress,
  { compared, mismatches, leftAlone }: { compared: number; mismatches: Mismatch[]; leftAlone: string[] },
): Promise<void> {
  const { settings, report } = progress;
  report.compared += compared;
  report.found += mismatches.length;
  report.mismatches.push(...mismatches.slice(0, longestReport - report.mismatches.length));
  if (!report.repair || mismatches.length + leftAlone.length === 0) return;
  const repairable = await fleetActivities().noteMismatches(settings, { mismatches, leftAlone });
  progress.repairable.push(...repairable.slice(0, longestReport - progress.repairable.length));
}

function show(parts: ReconcileInput['parts'], { report }: ReconcileProgress, list: string | null): void {
  setCurrentDetails(describeReconcile({ parts, report, list }));
}
