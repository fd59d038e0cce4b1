import {
  ActivityFailure,
  ApplicationFailure,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  KeepSnapshotsInput,
  SnapshotsPage,
  SnapshotsProgress,
  SnapshotsReport,
} from '../../contracts/snapshots.ts';
import { textsOf } from '../../texts/texts.ts';
import { cloudFleetActivities, fleetActivities } from '../lib/fleet-activities.ts';
import { causeOf } from '../lib/reason-of.ts';

const { snapshots: texts } = textsOf('en').details;
const longestReport = 100;

/**
 * Maintains the snapshots of data volumes at clouds without a schedule of their own: creates those of the day,
 * deletes expired ones. Covers all clouds, page by page; after a failure it continues and fails at the end, so that
 * the run is noticed, and the next one tries again.
 */
export async function keepSnapshots({ soFar }: KeepSnapshotsInput): Promise<SnapshotsReport> {
  const progress: SnapshotsProgress = soFar ?? {
    settings: await fleetActivities().beginPass(),
    cloud: 0,
    cursor: '',
    report: { made: 0, removed: 0, problems: [] },
  };
  const { settings, report } = progress;
  for (; progress.cloud < settings.clouds.length; progress.cloud += 1) {
    const cloud = settings.clouds[progress.cloud]!;
    for (let cursor: string | null = progress.cursor; cursor !== null; ) {
      progress.cursor = cursor;
      setCurrentDetails(describe(progress));
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof keepSnapshots>({ soFar: progress });
      try {
        const page: SnapshotsPage = await cloudFleetActivities(cloud).keepSnapshots(cloud, settings, cursor);
        report.made += page.made;
        report.removed += page.removed;
        report.problems.push(...page.problems.slice(0, longestReport - report.problems.length));
        cursor = page.next;
      } catch (error) {
        if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
        const { reason, detail } = causeOf(error, 'cloud_unavailable');
        log.warn('a cloud does not answer', { cloud, reason, detail });
        if (report.problems.length < longestReport) report.problems.push({ cloud, reason });
        cursor = null;
      }
    }
    progress.cursor = '';
  }
  setCurrentDetails(describe(progress));
  await fleetActivities().noteSnapshotRound(report.problems);
  const [first] = report.problems;
  if (first) throw ApplicationFailure.nonRetryable(summary(report), first.reason, report);
  return report;
}

function summary({ made, removed, problems }: SnapshotsReport): string {
  return texts.counts({ made, removed, problems: problems.length });
}

function describe({ settings, cloud, report }: SnapshotsProgress): string {
  const lines = report.problems.map(({ cloud: where, subject, reason }) => `- ${where} ${subject ?? ''} ${reason}`);
  return [`**${settings.clouds[cloud] ?? texts.over}**: ${summary(report)}.`, ...lines].join('\n\n');
}
