import type { HostContract } from '../../../src/contracts/host-contract.ts';
import type { IssueLicence, PlanData } from '../../../src/licence/protocol/admin.ts';
import { type LicenceWorld, product, startLicenceWorld } from '../../licence/support/licence-server.ts';
import { adminEmail, createMachine, type Machine, type Visitor } from './start-host.ts';

export const password = 'correct horse battery';

/** A plan that is checked every second, so that a test sees a change soon. */
const check = { intervalSec: 1, graceSec: 60, jitterPct: 0 };

/** A licence server of its own and machines that hold licences of it. */
export async function startLicensedMachines() {
  const world: LicenceWorld = await startLicenceWorld();
  await world.admin('PUT', `/products/${product}/releases/1.0.0`, { releasedOn: '2026-01-01' });
  const machines: Machine[] = [];

  /** A plan of this name, a licence of it and a machine that has not booted yet. */
  async function machine(
    plan: string,
    data: Partial<PlanData>,
    { wish = {}, changes = {} }: { wish?: Partial<IssueLicence>; changes?: Partial<HostContract> } = {},
  ) {
    await world.putPlan(plan, { check, ...data });
    const { licenseId } = await world.issue({ plan, ...wish });
    const { enrollmentToken } = await world.enrol(licenseId, 'node-1');
    const publicKeys = (await world.call<{ keys: Record<string, unknown>[] }>('GET', '/.well-known/license-keys.json'))
      .body;
    const made = await createMachine(
      { serverUrl: world.url(), publicKeys: { keys: publicKeys.keys }, enrollmentToken },
      { plan, ...changes },
    );
    machines.push(made);
    return { ...made, licenseId };
  }

  let revision = 1;
  return {
    world,
    machine,
    /** Replaces the entitlements of a licence, as the control plane does after a change. */
    async entitle(licenseId: string, plan: string, limits: Record<string, number | null>) {
      revision += 1;
      await world.admin('POST', `/licenses/${licenseId}/entitlements`, { revision, plan, seats: 1, limits });
    },
    async stand(licenseId: string, standing: string) {
      revision += 1;
      await world.admin('POST', `/licenses/${licenseId}/standing`, { standing, revision });
    },
    async stop() {
      await Promise.all(machines.map((one) => one.remove()));
      await world.stop();
    },
  };
}

export type LicensedMachines = Awaited<ReturnType<typeof startLicensedMachines>>;
export type LicensedMachine = Awaited<ReturnType<LicensedMachines['machine']>>;

/** Signs up by the API and answers the visitor. */
async function signUp(machine: Pick<Machine, 'visitor'>, email: string): Promise<Visitor> {
  const visitor = machine.visitor();
  const answer = await visitor.go('/api/sign-up', { json: { email, password } });
  if (answer.status !== 201) throw new Error(answer.text);
  return visitor;
}

export const signUpAdministrator = (machine: Pick<Machine, 'visitor'>) => signUp(machine, adminEmail);

/** Admits an address and signs it up. */
export async function admitAndSignUp(machine: Pick<Machine, 'visitor'>, administrator: Visitor, email: string) {
  const answer = await administrator.go('/api/users', { json: { email } });
  if (answer.status !== 201) throw new Error(answer.text);
  return signUp(machine, email);
}
