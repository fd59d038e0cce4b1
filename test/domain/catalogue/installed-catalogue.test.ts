import { expect, test } from '@jest/globals';
import { checkCart } from '../../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { installedCatalogue } from '../../../src/domain/catalogue/installed-catalogue.ts';

const cart = { plan: 'MAKER', cycle: 'monthly', cloud: 'aws', region: 'eu-west-1' };

test('an installation sells on the clouds that it names, and on no other', () => {
  const here = installedCatalogue(catalogue, { clouds: ['aws'], simulated: [] });
  expect(checkCart(cart, here).cloud).toMatchObject({ name: 'aws', title: 'Amazon Web Services' });
  expect(() => checkCart({ ...cart, cloud: 'local', region: 'home' }, here)).toThrow('cloud_not_enabled');
});

test('a cloud that is not the real one says so in its title', () => {
  const here = installedCatalogue(catalogue, { clouds: ['aws', 'local'], simulated: ['aws'] });
  expect(here.clouds.filter(({ enabled }) => enabled).map(({ title }) => title)).toEqual([
    'Amazon Web Services (simulated)',
    'This machine',
  ]);
});
