import type { FleetPart, MismatchKind, ReconcileReport } from '../../contracts/fleet.ts';
import { reasons } from '../../contracts/reasons.ts';

const longestList = 50;

/** What the Temporal UI shows of a pass, as Markdown: where it is, what it found, and what to do about it. */
export function describeReconcile(pass: {
  parts: readonly FleetPart[];
  report: ReconcileReport;
  /** The list that is being gone through; null at the end. */
  list: string | null;
}): string {
  const { parts, report, list } = pass;
  const { compared, found, repaired, unread } = report;
  const title = parts.includes('records') ? 'Records against systems' : 'Clouds against records';
  const counts = `${compared} compared, ${found} mismatches${report.repair ? `, ${repaired} repaired` : ', nothing touched'}`;
  const silent = unread.length > 0 ? [`Did not answer: ${unread.join(', ')}. Its tickets stay as they are.`] : [];
  const kinds = [...new Set(report.mismatches.map(({ kind }) => kind))];
  return [
    `### ${title}${list === null ? ': done' : `: ${list}`}`,
    `${counts}.`,
    ...silent,
    ...kinds.map((kind) => section(kind, report)),
  ].join('\n\n');
}

function section(kind: MismatchKind, { mismatches }: ReconcileReport): string {
  const subjects = mismatches.filter((mismatch) => mismatch.kind === kind);
  const { operator, next } = reasons[kind];
  const shown = subjects.slice(0, longestList).map(({ subject, repair }) => {
    return `- \`${subject}\`${repair ? ` (by itself: ${repair})` : ''}`;
  });
  const more = subjects.length > longestList ? [`- and ${subjects.length - longestList} more`] : [];
  return [`**${kind}** ${operator} ${next}`, '', ...shown, ...more].join('\n');
}
