import { enableCompileCache } from 'node:module';

/**
 * The Pulumi provider `freehold-local`, started by the engine: prints its port on standard output and serves until the
 * engine stops it. The address and the token of the cloud come from LOCAL_CLOUD_URL and LOCAL_CLOUD_TOKEN, so no
 * credential is ever part of a state.
 */
enableCompileCache();
const { serveLocalProvider } = await import('./server.ts');
const port = await serveLocalProvider(process.env);
process.stdout.write(`${port}\n`);
