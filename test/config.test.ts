import { describe, expect, test } from '@jest/globals';
import { apiConfig, controlConfig } from '../src/config.ts';

const secret = 'a-secret-of-the-tests';
const env = {
  MONGODB_URI: 'mongodb://127.0.0.1:1/test',
  STRIPE_SECRET_KEY: 'sk_test_1',
  STRIPE_PUBLISHABLE_KEY: 'pk_test_1',
  STRIPE_WEBHOOK_SECRET: 'whsec_1',
  FREEHOLD_PUBLIC_URL: 'http://127.0.0.1:1',
  FREEHOLD_SIGNING_KEY: secret,
  FREEHOLD_OPERATOR_TOKEN: secret,
  LICENCE_SERVER_URL: 'http://127.0.0.1:1',
  LICENCE_ADMIN_TOKEN: secret,
  FREEHOLD_ACCOUNT_KEYS: '{}',
  SMTP_URL: 'smtp://127.0.0.1:1',
  FREEHOLD_ALERT_CRITICAL_MAIL: 'night@example.com, phone@example.com',
};

describe('how long an unpaid order holds its name', () => {
  const minute = 60_000;

  test('is half an hour, and two hours from each attempt to pay on', () => {
    expect(apiConfig(env).FREEHOLD_HOLD_WITHOUT_ATTEMPT_MS).toBe(30 * minute);
    expect(controlConfig(env)).toMatchObject({
      FREEHOLD_HOLD_WITHOUT_ATTEMPT_MS: 30 * minute,
      FREEHOLD_HOLD_AFTER_ATTEMPT_MS: 120 * minute,
    });
  });

  test('is one setting of the api and the control worker', () => {
    const changed = { ...env, FREEHOLD_HOLD_WITHOUT_ATTEMPT_MS: '1000' };
    for (const config of [apiConfig(changed), controlConfig(changed)]) {
      expect(config.FREEHOLD_HOLD_WITHOUT_ATTEMPT_MS).toBe(1_000);
    }
  });
});

describe('the control worker', () => {
  test('does not start while nobody would be told about incidents', () => {
    const { FREEHOLD_ALERT_CRITICAL_MAIL, ...nobody } = env;
    expect(controlConfig(env).FREEHOLD_ALERT_CRITICAL_MAIL).toEqual(FREEHOLD_ALERT_CRITICAL_MAIL.split(', '));
    expect(() => controlConfig(nobody)).toThrow('FREEHOLD_ALERT_CRITICAL_MAIL');
    const typo = { ...env, FREEHOLD_ALERT_CRITICAL_MAIL: 'night@example' };
    expect(() => controlConfig(typo)).toThrow('FREEHOLD_ALERT_CRITICAL_MAIL');
  });

  test('posts no unsigned webhook', () => {
    const unsigned = { ...env, FREEHOLD_ALERT_WARNING_WEBHOOK: 'https://example.com/alerts' };
    expect(() => controlConfig(unsigned)).toThrow('FREEHOLD_ALERT_WEBHOOK_SECRET');
    const signed = { ...unsigned, FREEHOLD_ALERT_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}` };
    expect(controlConfig(signed).FREEHOLD_ALERT_WARNING_WEBHOOK).toEqual(['https://example.com/alerts']);
  });
});
