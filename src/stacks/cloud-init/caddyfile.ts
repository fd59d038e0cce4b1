import type { Authority } from './host-setup.ts';

export interface CaddyfileInput {
  /** Only letters, digits, hyphens and dots. */
  hostnames: readonly string[];
  email: string;
  authorities: readonly Authority[];
  /** Loopback port of the product. */
  productPort: number;
  /** The public ports. */
  ports: { http: number; https: number };
}

/** None of the characters that `host-setup.ts` allows is special between quotes. */
const quoted = (text: string) => `"${text}"`;

function issuer({ directory, testDirectory, binding }: Authority): string {
  return [
    '	cert_issuer acme {',
    `		dir ${quoted(directory)}`,
    ...(testDirectory ? [`		test_dir ${quoted(testDirectory)}`] : []),
    ...(binding ? [`		eab ${quoted(binding.keyId)} ${quoted(binding.key)}`] : []),
    '	}',
  ].join('\n');
}

/**
 * Caddy's configuration on a host: TLS for the hostnames, everything else is forwarded to the product.
 *
 * Each attempt asks the authorities in order. Between attempts Caddy waits 1 min, 2 min, 2 min, 5 min, then 10 min and
 * longer, up to 6 h; after a failure it uses the first one's test directory until that succeeds, so that the limit of
 * failed validations is not used up. Account keys and certificates are stored below `XDG_DATA_HOME`.
 *
 * While the product does not answer, `/healthz` answers 503 with the phase of the boot. Health probes of load balancers
 * name no server, neither in the handshake nor in the request: they get the first hostname's certificate, and only
 * `/healthz`.
 */
export function caddyfile({ hostnames, email, authorities, productPort, ports }: CaddyfileInput): string {
  return `{
	admin off
	persist_config off
	http_port ${ports.http}
	https_port ${ports.https}
	email ${quoted(email)}
	default_sni ${hostnames[0]}
${authorities.map(issuer).join('\n')}
}

(product) {
	reverse_proxy 127.0.0.1:${productPort}
	handle_errors 502 503 504 {
		header Retry-After 5
		@health path /healthz
		handle @health {
			root {$FREEHOLD_RUN_FOLDER:/run/freehold}
			rewrite /phase.json
			header Cache-Control no-store
			file_server {
				status 503
			}
		}
		handle {
			respond "The server is starting." 503
		}
	}
}

${hostnames.join(', ')} {
	header Strict-Transport-Security "max-age=31536000"
	import product
}

:${ports.https} {
	@other not path /healthz
	respond @other 421
	import product
}
`;
}
