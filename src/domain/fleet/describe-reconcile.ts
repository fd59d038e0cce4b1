import type { FleetPart, MismatchKind, ReconcileReport } from '../../contracts/fleet.ts';
import { textsOf } from '../../texts/texts.ts';

const texts = textsOf('en');
const longestList = 50;

/** A reconcile run for the Temporal UI, as Markdown: progress, findings, and what to do about them. */
export function describeReconcile(pass: {
  parts: readonly FleetPart[];
  report: ReconcileReport;
  /** The list being processed; null at the end. */
  list: string | null;
}): string {
  const { parts, report, list } = pass;
  const { compared, inMotion, found, repaired, unread } = report;
  const { reconcile } = texts.details;
  const title = reconcile.title[parts.includes('records') ? 'records' : 'clouds'];
  const kinds = [...new Set(report.mismatches.map(({ kind }) => kind))];
  return [
    `### ${list === null ? reconcile.over({ title }) : reconcile.running({ title, list })}`,
    report.repair ? reconcile.repaired({ compared, found, repaired }) : reconcile.dryRun({ compared, found }),
    ...(inMotion > 0 ? [reconcile.inMotion({ count: inMotion })] : []),
    ...(unread.length > 0 ? [reconcile.unread({ systems: unread.join(', ') })] : []),
    ...kinds.map((kind) => section(kind, report)),
  ].join('\n\n');
}

function section(kind: MismatchKind, { mismatches }: ReconcileReport): string {
  const subjects = mismatches.filter((mismatch) => mismatch.kind === kind);
  const { operator, next } = texts.reasons[kind];
  const { more, reconcile } = texts.details;
  const shown = subjects.slice(0, longestList).map(({ subject, repair }) => {
    return `- \`${subject}\`${repair ? ` ${reconcile.byItself({ repair })}` : ''}`;
  });
  const rest = subjects.length - longestList;
  return [`**${kind}** ${operator} ${next}`, '', ...shown, ...(rest > 0 ? [`- ${more({ count: rest })}`] : [])].join(
    '\n',
  );
}
