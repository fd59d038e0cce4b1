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
import { fleet } from '../lib/fleet-activities.ts';
import { causeOf } from '../lib/reason-of.ts';
import { type Answered, walksOf } from './reconcile-runs.ts';
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
  const walks = walksOf(input, settings.clouds);

  for (; progress.walk < walks.length; progress.walk += 1) {
    const walk = walks[progress.walk]!;
    for (let cursor: string | null = progress.cursor; cursor !== null; ) {
      show(parts, progress, walk.title);
      progress.cursor = cursor;
      await keepShort();
      const page: Page<unknown> | null = await answered(walk.source, () => walk.read(settings, cursor as string));
      if (page === null) break;
      const { mismatches, leftAlone } = await walk.judge(settings, page.items, answered);
      await take(progress, { compared: page.items.length, mismatches, leftAlone });
      cursor = page.next;
    }
    progress.cursor = '';
  }

  if (repair) {
    const asked = new Set(walks.flatMap(({ sources }) => sources));
    const told = FleetSource.options.filter((source) => asked.has(source) && !report.unread.includes(source));
    await fleet().closeTickets(settings, told);
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
  const settings = await fleet().beginPass();
  const report: ReconcileReport = { repair, compared: 0, found: 0, repaired: 0, mismatches: [], unread: [] };
  return { settings, walk: 0, cursor: '', report, repairable: [], done: [] };
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
  const repairable = await fleet().noteMismatches(settings, { mismatches, leftAlone });
  progress.repairable.push(...repairable.slice(0, longestReport - progress.repairable.length));
}

function show(parts: ReconcileInput['parts'], { report }: ReconcileProgress, walk: string | null): void {
  setCurrentDetails(describeReconcile({ parts, report, walk }));
}
