import type { DriftReport } from '../../contracts/drift.ts';
import { textsOf } from '../../texts/texts.ts';

const { scan, more } = textsOf('en').details;
const longestList = 50;

/** A drift scan for the Temporal UI, as Markdown: its progress and the servers that had drifted. */
export function describeScan({ checked, skipped, drifted }: DriftReport, { isOver }: { isOver: boolean }): string {
  const rows = drifted
    .slice(0, longestList)
    .map(({ instanceId, operationId }) => `- \`${instanceId}\`, \`${operationId}\``);
  const rest = drifted.length - longestList;
  return [
    `### ${isOver ? scan.over : scan.running}`,
    scan.counts({ checked, drifted: drifted.length, skipped }),
    ...(drifted.length > 0
      ? [[scan.drifted, '', ...rows, ...(rest > 0 ? [`- ${more({ count: rest })}`] : [])].join('\n')]
      : []),
  ].join('\n\n');
}
