import { type CloudKnowledge, listOf, type Opening } from '../knowledge.ts';

const tagged = new Set(['index/droplet:Droplet', 'index/volume:Volume', 'index/volumeSnapshot:VolumeSnapshot']);
const nameless = new Set([
  ...['index/volumeAttachment:VolumeAttachment', 'index/reservedIp:ReservedIp'],
  ...['index/reservedIpAssignment:ReservedIpAssignment', 'index/projectResources:ProjectResources'],
  'index/monitorAlert:MonitorAlert',
]);

/** `443`, `8000-9000`, `all`; no range at all is all of them. */
function range(text: unknown, protocol: unknown): Opening {
  if (typeof text !== 'string') return { from: text, to: text, protocol };
  if (text === 'all' || text === '0') return { from: 0, to: 65_535, protocol };
  const [from, to = from] = text.split('-').map(Number);
  return { from, to, protocol };
}

/** DigitalOcean, which encrypts every volume and cannot disable its metadata service. */
export const digitaloceanKnowledge: CloudKnowledge = {
  prefix: 'digitalocean:',
  typeOf: (token) => token.slice('digitalocean:'.length),
  volumes: new Set(['index/volume:Volume']),
  encryption: () => ({}),
  openings(type, { props }) {
    switch (type) {
      case 'index/firewall:Firewall':
        return listOf(props.inboundRules).map(({ portRange, protocol }) => range(portRange, protocol));
      case 'index/loadBalancer:LoadBalancer':
        return listOf(props.forwardingRules).map(({ entryPort, entryProtocol }) => ({
          ...{ from: entryPort, to: entryPort },
          protocol: entryProtocol === 'udp' || entryProtocol === 'http3' ? 'udp' : 'tcp',
        }));
      default:
        return [];
    }
  },
  // A droplet with its agent or a password reset allows sign-in besides sshd.
  machineFaults: (type, { props }) =>
    type === 'index/droplet:Droplet' && props.dropletAgent === true ? ['dropletAgent'] : [],
  userData: (_type, { props }) => (props.userData === undefined ? [] : [props.userData]),
  tags: (type) => (tagged.has(type) ? 'tags' : null),
  naming: (type) => (nameless.has(type) ? null : 'name'),
};
