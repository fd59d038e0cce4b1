/** The plugins of this product, by code; the texts have a name for each. */
export const productPlugins = [
  'grafana',
  'influxdb',
  'jupyter',
  'mqtt-bridge',
  'node-red',
  'sigfox',
  'telegram',
  'the-things-stack',
  'vs-code',
  'webhooks',
] as const;
export type ProductPlugin = (typeof productPlugins)[number];
