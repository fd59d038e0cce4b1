import { randomBytes } from 'node:crypto';
import { idText } from './id-text.ts';

const id = (prefix: string) => idText(prefix, randomBytes(16));

/** Ids of this server's records, in the formats of the protocol. */
export const newLicenceId = () => id('lic_');
export const newActivationId = () => id('act_');
export const newRequestId = () => id('req_');
export const newWebhookId = () => id('whk_');
export const newOfflineFileId = () => id('off_');
