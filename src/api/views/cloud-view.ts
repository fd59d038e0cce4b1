import type { CloudCheck, ShownCloud } from '../../contracts/api/clouds.ts';
import type { Catalogue } from '../../contracts/catalogue.ts';
import type { CloudReport } from '../../contracts/clouds.ts';
import { findCloud } from '../../domain/catalogue/catalogue.ts';
import { soldPlanCosts } from '../../domain/catalogue/cloud-costs.ts';
import { cloudCosts, exchangeRate } from '../../domain/catalogue/cloud-costs-data.ts';
import { textsOf } from '../../texts/texts.ts';

const { reasons: reasonTexts } = textsOf('en');

export function cloudCheckView(id: string, reports: CloudReport[] | null, catalogue: Catalogue): CloudCheck {
  return { id, done: reports !== null, clouds: reports?.map((report) => shown(report, catalogue)) ?? null };
}

function shown(report: CloudReport, catalogue: Catalogue): ShownCloud {
  const { title, enabled } = findCloud(report.cloud, catalogue);
  const { problem } = report;
  return {
    ...report,
    problem: problem && {
      ...problem,
      meaning: reasonTexts[problem.reason].operator,
      next: reasonTexts[problem.reason].next,
    },
    title,
    enabled,
    plans: soldPlanCosts(catalogue, cloudCosts, exchangeRate)
      .filter(({ cloud }) => cloud === report.cloud)
      .map(({ cloud, lines: _lines, ...estimate }) => {
        const { currency, asOf, source } = cloudCosts[cloud];
        const { currency: priceCurrency } = catalogue;
        return { ...estimate, currency, asOf, source, exchange: exchangeRate, priceCurrency };
      }),
  };
}
