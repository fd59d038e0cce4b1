import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contrast, readableOn, textOn } from '../../src/host/colours.ts';

const colour = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`);

describe('colours of a brand', () => {
  test('contrast is WCAG’s', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  });

  test('text on any colour can be read', () => {
    fc.assert(fc.property(colour, (background) => contrast(textOn(background), background) >= 4));
  });

  test('any accent becomes readable on light and dark pages, and one that is readable stays', () => {
    fc.assert(
      fc.property(colour, fc.constantFrom('#ffffff', '#171d1b'), (accent, paper) => {
        const shade = readableOn(paper, accent);
        return contrast(shade, paper) >= 4.5 && (contrast(accent, paper) < 4.5 || shade === accent);
      }),
    );
  });
});
