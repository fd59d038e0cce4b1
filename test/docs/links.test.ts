import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const pages = ['README.md', 'CHANGELOG.md'].concat(
  readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
);
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found as string);

test.each(pages)('every link, picture and file that %s names is there', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const links = all(text, /\]\((?!https?:|#)([^)#]+)/g).map((link) => join(dirname(join(root, page)), link));
  const files = all(text, /`((?:src|docs|test|toolchain)\/[\w./-]+)`/g).map((path) => join(root, path));
  expect([...links, ...files].filter((path) => !existsSync(path)).map((path) => relative(root, path))).toEqual([]);
});

test('pictures are small', () => {
  const pictures = readdirSync(join(root, 'docs/pictures')).filter((name) => name.endsWith('.png'));
  const large = pictures.filter((name) => readFileSync(join(root, 'docs/pictures', name)).length > 200_000);
  expect(large).toEqual([]);
});
