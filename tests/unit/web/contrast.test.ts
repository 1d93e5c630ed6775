/** Text can be read in both themes: every colour of text on every ground that it stands on, by WCAG's formula, 4.5 to 1 or more. */
import { describe, expect, test } from '@jest/globals';
import { readFile } from '../../architecture/source-files.js';

const colours = new Map(
  [...readFile('web/styles/tokens.css').matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/g)].map(([, name, light, dark]) => [
    name as string,
    { light: light as string, dark: dark as string },
  ]),
);

/** What stands on what. */
const PAIRS: [text: string, ground: string][] = [
  ...['bg', 'surface', 'sunken', 'hover'].flatMap((ground) => ['text', 'muted'].map((text): [string, string] => [text, ground])),
  ...['up', 'down', 'warn', 'accent'].flatMap((text): [string, string][] => [
    [text, 'surface'],
    [text, 'hover'],
    [text, `${text}-soft`],
  ]),
  ['on-accent', 'accent'],
  ['text', 'accent-soft'],
  ['muted', 'accent-soft'],
];

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

test('the formula is the one of WCAG', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
});

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  test.each(PAIRS)('%s on %s', (text, ground) => {
    const [above, below] = [colours.get(text), colours.get(ground)];
    if (above === undefined || below === undefined) throw new Error(`tokens.css has no ${text} or ${ground}`);
    expect(contrast(above[theme], below[theme])).toBeGreaterThanOrEqual(4.5);
  });
});
