import { Type } from 'typebox';
import { listOf, oneOf, text } from './fields.ts';
import { isAbsolutePath, isHttpUrl, name } from './receiver-keys.ts';

/** The keys of `api` and `web`: where the agent can be asked, and by whom. */

/** What a path can be put behind. */
export function isExternalUrl(value: string): boolean {
  return isHttpUrl(value) && !/[?#]/.test(value);
}

function isOrigin(value: string): boolean {
  return isHttpUrl(value) && new URL(value).origin === value;
}

const token = Type.Object(
  {
    name: text({ description: 'Names the token in logs; each name once.', ...name }),
    scope: oneOf(['read', 'operate'], {
      description:
        '`read`: file names and questions about files. `operate`: the same and everything that changes anything.',
    }),
    hash: text({
      description: 'SHA-256 of the token, as `sha256:` and 64 hex digits (`printf %s "$TOKEN" | sha256sum`).',
      expected: '"sha256:" and 64 hex digits',
      secret: true,
      matches: (value) => /^sha256:[0-9a-f]{64}$/.test(value),
    }),
  },
  { description: 'One token for the HTTP API.' },
);

export const api = Type.Object(
  {
    socket: text({
      description: 'The unix socket that the command line asks; `off`: none.',
      default: '/run/pmemwatch/api.sock',
      expected: 'an absolute path of at most 107 bytes, or off',
      matches: (value) => value === 'off' || (isAbsolutePath(value) && Buffer.byteLength(value) <= 107),
    }),
    tokens: listOf(token, {
      default: [],
      description: 'Who may see file names and change things over TCP. Empty: nobody.',
    }),
  },
  { description: 'The HTTP API.' },
);

export const web = Type.Object(
  {
    external_url: Type.Optional(
      text({
        description:
          'Where people open the page, such as `https://db07.example.org:9915` or a path behind a reverse proxy: what links in messages begin with. Its host name is served too. Without it, links name the listening address.',
        expected: 'an http or https URL without user name, password, query and fragment',
        matches: isExternalUrl,
      }),
    ),
    allowed_hosts: listOf(
      text({
        description: 'A host name.',
        expected: 'a host name without scheme and port',
        matches: (value) => /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(value),
      }),
      {
        default: [],
        description:
          'Host names that requests may ask for, beside addresses and localhost. Others are refused, so that a page in a browser cannot reach the agent under a name of its own.',
      },
    ),
    cors_origins: listOf(
      text({
        description: 'An origin.',
        expected:
          'an origin as browsers send it, such as https://ops.example.org: scheme, host and a port that is not the usual one',
        matches: isOrigin,
      }),
      {
        default: [],
        description:
          'Pages from elsewhere that may ask the API in a browser, with what the browser knows of its user (CORS). Each exactly as it is; there is no pattern. Empty: none.',
      },
    ),
  },
  { description: 'The listening address is a flag (`--web.listen-address`).' },
);
