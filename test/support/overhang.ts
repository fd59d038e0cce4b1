import type { Page } from 'playwright-core';

/**
 * What makes a page scroll sideways or leaves its card, each with how far, px: elements beyond the right edge of the
 * nearest card, and the page itself. Elements that are cut off or scroll inside another one do not count.
 */
export async function overhang(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const report = (element: Element, by: number) => {
      if (by > 1) found.push(`${element.tagName.toLowerCase()}.${element.className}: ${Math.round(by)} px`);
    };
    const root = document.documentElement;
    report(root, root.scrollWidth - root.clientWidth);
    for (const element of document.querySelectorAll('body *')) {
      const { right, width } = element.getBoundingClientRect();
      const hidden = getComputedStyle(element).clipPath !== 'none' || element.closest('.unseen, .skip');
      if (width === 0 || hidden) continue;
      const card = element.parentElement?.closest('.card, body');
      let outer = element.parentElement;
      while (outer && outer !== card && getComputedStyle(outer).overflowX === 'visible') outer = outer.parentElement;
      if (card && outer === card) report(element, right - card.getBoundingClientRect().right);
    }
    return found;
  });
}
